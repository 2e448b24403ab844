/** The key of a card or voucher: derived from the secret that is printed on it. */

import { type Bytes, concat, fromHex, sha256, utf8 } from "./bytes.ts";

/** Returns the seed of the key that paper of a ledger derives from its secret. */
export function paperSeed(ledger: string, secret: Bytes): Promise<Bytes> {
  return sha256(concat(utf8("klaver/paper/v1\n"), fromHex(ledger, 32), secret));
}
