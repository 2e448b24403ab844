/** What an old and a new phone compare before the new one may sign. */

import { fromHex, sha256, utf8 } from "./lib/bytes.ts";

/** Returns a number of six digits that stands for a key: whoever sees the same one on both phones has the same key. */
export async function checkNumber(key: string): Promise<string> {
  const hash = await sha256(utf8("klaver/device/v1\n"), fromHex(key, 32));
  const digits = String(new DataView(hash.buffer).getUint32(0) % 1_000_000).padStart(6, "0");
  return `${digits.slice(0, 3)}\u00a0${digits.slice(3)}`;
}
