/**
 * What an account had when a ledger ended, as the council signed it: proven, never taken from the node. Mirrors
 * `wallet-cli/src/share.rs`.
 */

import { ask, isRefused, NoAnswer } from "./api.ts";
import { askCharters, follow } from "./charters.ts";
import type { Hat } from "./db.ts";
import { equal, fromBase64url, fromHex, hex } from "./lib/bytes.ts";
import { type Share, closingDigest, shareHash } from "./lib/shares.ts";
import { within } from "./patience.ts";
import { type Trusted, askAs, trusted } from "./wallet.ts";

/** How long a tile or list is waited for, in milliseconds. */
const PATIENCE = 20_000;

/** What binds the share of each account in a ledger that ended. */
export type Predecessor = NonNullable<Trusted["predecessor"]>;

interface ShareJson { debits_minor: number; credits_minor: number; returned_minor: number; lines: number; state: string; salt: string }

/** What a node says that an account had is not what the council signed. */
export class WrongShare extends Error {
  readonly shown: unknown;
  constructor(why: string, shown: unknown) {
    super(why);
    this.shown = shown;
  }
}

/** Returns what an account had when `ended` ended; `isNewest`: it is the ledger before the node's. @throws WrongShare, NoAnswer, Refused */
export async function provenShare(hat: Hat, { ledger, snapshot, closing }: Predecessor, isNewest: boolean): Promise<Share> {
  // The one before needs no name: older nodes know no other.
  const query = isNewest ? "" : `?ledger=${ledger}`;
  const said = await askAs<ShareJson>(hat, "GET", `/v1/succession/share${query}`).catch((error: unknown) => {
    if (!isRefused(error, "no_predecessor")) throw error;
    throw new WrongShare("it is not among the accounts that came over", error.problem);
  });
  const share: Share = { account: hat.account, debits: said.debits_minor, credits: said.credits_minor, returned: said.returned_minor, lines: said.lines, state: said.state };
  const list = await bytesOf(`/v1/succession/shares${query}`);
  if (hex(await closingDigest(fromHex(snapshot, 32), list)) !== closing) {
    throw new WrongShare("the list of what came over is not the one that the council signed", said);
  }
  const hash = await shareHash(share, fromBase64url(said.salt));
  const isListed = Array.from({ length: list.length / 32 }, (_, i) => list.subarray(32 * i, 32 * i + 32)).some((one) => equal(one, hash));
  if (!isListed) throw new WrongShare("what the node says it had is not in the list that the council signed", said);
  return share;
}

/**
 * Returns the digest of the state that an account began with in the node's ledger: a phone that did not follow from the
 * ledger before finds in the founding entry, which the ledger's id proves, what binds it.
 *
 * @throws WrongShare, LineageError, NoAnswer, Refused
 */
export async function stateBegunWith(hat: Hat): Promise<string> {
  const known = (await trusted())?.predecessor;
  return (await provenShare(hat, known ?? (await namedBefore(hat.ledger)), true)).state;
}

async function namedBefore(ledger: string): Promise<Predecessor> {
  const shown = await askCharters();
  const { predecessor } = await follow(ledger, shown);
  if (!predecessor) throw new WrongShare("this ledger continues no other", shown);
  const { snapshot } = await ask<{ snapshot: string }>("GET", "/v1/succession");
  return { ledger: predecessor.ledger, snapshot, closing: predecessor.snapshot };
}

/** Fetches something that is no text; whatever is not there was not had, which accuses nobody. @throws NoAnswer */
export async function bytesOf(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(path, { signal: within(PATIENCE), cache: "no-store" }).catch((error: unknown) => { throw new NoAnswer(String(error)); });
  if (!response.ok) throw new NoAnswer(`${path}: status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer().catch((error: unknown) => { throw new NoAnswer(String(error)); }));
}
