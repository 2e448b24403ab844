/**
 * Payments without network (`KLVP:`): what may be promised, what a wallet has left to promise, and whether a till may take
 * what it is shown. A till keeps a promise in the outbox like what it signs itself: it is sent until there is an answer.
 */

import type { Account } from "./api.ts";
import { type Hat, type Outgoing, get, recall } from "./db.ts";
import { facts, given, now } from "./dom.ts";
import { accountText } from "./lib/account.ts";
import { base64url, fromBase64url, fromHex, hex } from "./lib/bytes.ts";
import { type Entry, decodeEnvelope, entryId, signingInput } from "./lib/entry.ts";
import { verify } from "./lib/ed25519.ts";
import { LinkError, checkCommunity, parseLink, printLink } from "./lib/links.ts";
import { fromDecimal } from "./lib/money.ts";
import { isOpen, outbox } from "./outbox.ts";
import { type Had, accountOf } from "./wallet.ts";

/** What the node told the page, which the phone keeps: as `node/api/src/promise.rs` has it, and the shops of the town. */
interface Told {
  terms: { cap: string; valid_for: number; pot_name: string | null };
  shops: { account: string; name: string }[];
}

/** What begins the key of a promise that this phone made, and of one that it was given. */
export const [GIVEN, TAKEN] = ["promise:", "taken:"];
/** How far the clock of whoever promises may be ahead, in seconds. */
const LEAD_MAX = 3_600;
/** How long the node is waited for before the balance that was seen last counts, in milliseconds. */
const PATIENCE = 1_500;

const told = (): Told => given<Told>() ?? { terms: { cap: "0", valid_for: 0, pot_name: null }, shops: [] };
/** Most that one promise may be, in minor units; zero where there are none. */
export const cap = (): number => fromDecimal(told().terms.cap, facts.scale);
/** How long a promise may wait: a little less than the rules have, so that no clock makes it too long. */
export const lasts = (): number => told().terms.valid_for - Math.min(LEAD_MAX, told().terms.valid_for / 2);
export const shops = (): Told["shops"] => told().shops;

/** What a shop is called that this phone knows; nobody else's word is taken for it. */
export function nameOf(account: string): string | null {
  return shops().find((shop) => shop.account === accountText(account))?.name ?? null;
}

/** The code by which a till asks for a promise: a page of the wallet that opens without network. */
export const askingCode = ({ account }: Hat, minor: number): string => `${facts.origin}/promise#pay/${accountText(account)}/${minor}`;

/** The code that shows a promise to a till. */
export function codeOf({ envelope }: Outgoing): string {
  return printLink({ link: "payment", ledger_prefix: facts.ledger.slice(0, 16), envelope: hex(fromBase64url(envelope)) });
}

/** Promises of this phone, newest first. */
export async function kept(prefix: string, hat?: Hat): Promise<Outgoing[]> {
  return (await outbox()).filter(({ key, account }) => key.startsWith(prefix) && (!hat || account === hat.account));
}

/**
 * What an account has left to promise: what it could pay when it was looked at last, less what was promised or paid since.
 * Null where this phone never looked.
 */
export async function purse(hat: Hat): Promise<number | null> {
  const looked: Promise<Account | void> = navigator.onLine ? accountOf(hat).catch(() => undefined) : Promise.resolve();
  await Promise.race([looked, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  const had = await recall<Had>(`had:${hat.account}`);
  if (!had?.can) return null;
  const { can, at = 0 } = had;
  const since = (await outbox()).filter((one) => one.account === hat.account && one.what === "pay" && !one.key.startsWith(TAKEN) && (isOpen(one) || (one.doneAt ?? 0) > at));
  return Math.max(0, since.reduce((left, { amount }) => left - amount, fromDecimal(can, facts.scale)));
}

/** Why a till does not take a code. */
export type PromiseFault = "other" | "damaged" | "community" | "shop" | "cap" | "over" | "clock";

export class NoPromise extends Error {
  readonly fault: PromiseFault;
  constructor(fault: PromiseFault) {
    super(fault);
    this.fault = fault;
  }
}

/**
 * Reads a promise that was shown to the till of `hat`; what is held already is returned as it is. Whether its payer has
 * so much, only the ledger knows.
 *
 * @throws NoPromise
 */
export async function readPromise(hat: Hat, text: string): Promise<Outgoing> {
  const bytes = envelopeIn(text);
  const { payload, entry, signatures } = decodeEnvelope(bytes);
  const line = lineOf(entry);
  if (!line) throw new NoPromise("other");
  if (line.to !== hat.account) throw new NoPromise("shop");
  const input = signingInput(facts.ledger, payload, entry.kind);
  const hold = await Promise.all(signatures.map(({ key, signature }) => verify(fromHex(key, 32), fromHex(signature, 64), input)));
  if (hold.length === 0 || hold.includes(false)) throw new NoPromise("damaged");
  const key = `${TAKEN}${await entryId(input)}`;
  const held = await get<Outgoing>("outbox", key);
  if (held) return held;
  if (line.amount > cap()) throw new NoPromise("cap");
  const left = entry.expires_at - now() / 1_000;
  if (left <= 0) throw new NoPromise("over");
  if (left > told().terms.valid_for + LEAD_MAX) throw new NoPromise("clock");
  return {
    key, what: "pay", id: key.slice(TAKEN.length), envelope: base64url(bytes), account: hat.account, name: hat.name ?? "", amount: line.amount,
    signedAt: now(), expiresAt: entry.expires_at, sent: false, state: "waiting",
  };
}

function envelopeIn(text: string): ReturnType<typeof fromHex> {
  try {
    const code = parseLink(text);
    checkCommunity(code, facts.origin, facts.ledger);
    if (code.link === "payment") return fromHex(code.envelope);
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    if (error.code === "other_community") throw new NoPromise("community");
    if (text.trim().startsWith("KLVP:")) throw new NoPromise("damaged");
  }
  throw new NoPromise("other");
}

/** The one line of a payment that is meant to be shown without network. */
function lineOf(entry: Entry): { to: string; amount: number } | null {
  if (entry.kind !== "pay" || !entry.body.late || entry.memo !== null || entry.body.payees.length !== 1) return null;
  return entry.body.payees[0] ?? null;
}
