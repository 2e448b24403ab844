/** What each account had when its ledger ended: proven to its owner, hidden from others. Mirrors `ledger/src/books/shares.rs`. */

import { type Bytes, fromHex, sha256, utf8 } from "./bytes.ts";
import { Writer } from "./cbor.ts";

/** What one account had: sums of debits and credits, what comes back of redeems never settled, how many lines, and the digest of its state. */
export interface Share {
  /** The account, in hexadecimal. */
  account: string;
  debits: number;
  credits: number;
  returned: number;
  lines: number;
  /** SHA-256 of state and status in force, in hexadecimal. */
  state: string;
}

/** Returns its hash in the public list, under its own salt. */
export function shareHash({ account, debits, credits, returned, lines, state }: Share, salt: Bytes): Promise<Bytes> {
  const w = new Writer().array(6).bytes(fromHex(account, 16)).uint(debits).uint(credits).uint(returned).uint(lines).bytes(fromHex(state, 32));
  return sha256(utf8("klaver/share/v1\n"), salt, w.finish());
}

/** Returns what binds a closing snapshot, of which SHA-256 is given, and the public list of its shares. */
export async function closingDigest(snapshot: Bytes, list: Bytes): Promise<Bytes> {
  return sha256(utf8("klaver/closing/v1\n"), snapshot, await sha256(list));
}

/** Says what is wrong when an account had `after` at the end of the ledger that it began with `before`; null when nothing is. */
export function contradiction(before: Share, after: Share): string | null {
  const credits = before.credits + before.returned;
  if (after.lines === 0 && (after.debits !== before.debits || after.credits !== credits)) {
    return "nothing was recorded for it in between, and it had another balance at the end";
  }
  // Sums of debits and of credits only grow.
  return after.debits < before.debits || after.credits < credits ? "its sums became less in between" : null;
}
