/** What each account had when its ledger ended: proven to its owner, hidden from others. Mirrors `ledger/src/books/shares.rs`. */

import { type Bytes, fromHex, sha256, utf8 } from "./bytes.ts";
import { Writer } from "./cbor.ts";

/** What one account had: sums of debits and credits, what comes back of redeems never settled, and how many lines. */
export interface Share {
  /** The account, in hexadecimal. */
  account: string;
  debits: number;
  credits: number;
  returned: number;
  lines: number;
}

/** Returns its hash in the public list, under its own salt. */
export function shareHash({ account, debits, credits, returned, lines }: Share, salt: Bytes): Promise<Bytes> {
  const w = new Writer().array(5).bytes(fromHex(account, 16)).uint(debits).uint(credits).uint(returned).uint(lines);
  return sha256(utf8("klaver/share/v1\n"), salt, w.finish());
}

/** Returns what binds a closing snapshot, of which SHA-256 is given, and the public list of its shares. */
export async function closingDigest(snapshot: Bytes, list: Bytes): Promise<Bytes> {
  return sha256(utf8("klaver/closing/v1\n"), snapshot, await sha256(list));
}
