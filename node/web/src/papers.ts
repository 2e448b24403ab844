/** Cards and vouchers at hand: what their code says, and signing with the key that is printed on them. */

import { type Account, ask } from "./api.ts";
import { facts, now } from "./dom.ts";
import { borrowSeed, sign } from "./keys.ts";
import { parseAccount, accountText } from "./lib/account.ts";
import { base64url, fromHex, hex, random } from "./lib/bytes.ts";
import { type Entry, encodeEntry, encodeEnvelope, signingInput } from "./lib/entry.ts";
import { LinkError, checkCommunity, parseLink } from "./lib/links.ts";
import { fromDecimal } from "./lib/money.ts";
import { paperSeed } from "./lib/paper.ts";
import { signedChallenge } from "./wallet.ts";

/** How long a payment that was signed may wait to be recorded, in seconds. */
const LASTS = 300;

/** A card or voucher, as the node tells it to whoever has its code. */
export interface Paper {
  id: string;
  kind: "card" | "voucher";
  account: string;
  ledger: string;
  state: "usable" | "resting" | "lost" | "waiting" | "ended" | "replaced";
  until: string | null;
}

/** The inside of a card, or a voucher. Its key is forgotten when the page closes. */
export interface AtHand {
  paper: Paper;
  account: string;
  key: string;
}

/** Why a code pays nothing here: the outside of a card, or no card or voucher at all. */
export class NoPaper extends Error {
  readonly code: "outside" | "other";
  constructor(code: "outside" | "other") {
    super(code);
    this.code = code;
  }
}

/** Reads a code as it was scanned or typed. @throws NoPaper, LinkError, Refused, NoAnswer */
export async function read(text: string): Promise<AtHand> {
  const link = parseLink(text);
  checkCommunity(link, facts.origin, facts.ledger);
  if (link.link !== "card" && link.link !== "voucher") throw new NoPaper("other");
  if (link.secret === null) throw new NoPaper("outside");
  const paper = await ask<Paper>("GET", `/v1/papers/${link.id}`);
  const account = parseAccount(paper.account);
  if (!account) throw new LinkError("link_malformed", "the node named no account");
  return { paper, account, key: await borrowSeed(await paperSeed(paper.ledger, fromHex(link.secret, 16))) };
}

/** Signs a payment from it to `to`; of a request, if one is named. Returns the envelope as it travels. */
export async function signPayment({ account, key }: AtHand, to: string, minor: number, request?: { id: string; until: number }): Promise<string> {
  const ends = Math.floor(now() / 1_000) + LASTS;
  const payees = [{ to, amount: minor, request: request ?? null }];
  const entry = {
    kind: "pay", nonce: hex(random(16)), expires_at: Math.min(ends, request?.until ?? ends), memo: null,
    body: { from: account, payees, late: false },
  } as unknown as Entry;
  const payload = encodeEntry(entry);
  const signature = hex(await sign(key, signingInput(facts.ledger, payload, "pay")));
  return base64url(encodeEnvelope(payload, [{ key, signature }]));
}

/** A voucher's account and what it holds: its holder may know. @throws Refused, NoAnswer */
export async function held({ account, key }: AtHand): Promise<{ left: number; account: Account }> {
  const { token } = await ask<{ token: string }>("POST", "/v1/sessions", await signedChallenge(key, account));
  const seen = await ask<Account>("GET", `/v1/accounts/${accountText(account)}`, undefined, token);
  return { left: Math.max(0, fromDecimal(seen.available ?? "0", facts.scale)), account: seen };
}
