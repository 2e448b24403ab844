/** A log that signs with other keys than it did: believed only where it continues what this phone has seen of it. */

import { ask, askText } from "./api.ts";
import { keep } from "./db.ts";
import { heads } from "./heads.ts";
import { fromBase64, fromHex } from "./lib/bytes.ts";
import { isConsistent, logKey, openCheckpoint } from "./lib/log.ts";
import { trusted } from "./wallet.ts";

/** Learns the keys that the node names now, if its log goes on from the newest seal kept here. Tells whether it did. @throws NoAnswer, Refused */
export async function learnKeys(): Promise<boolean> {
  const before = await trusted();
  // Not what this page was given: it may have been kept since before the log's new key.
  const { charter: { origin, log_keys: named } } = await ask<{ charter: { origin: string; log_keys: string[] } }>("GET", "/v1/community");
  if (!before || before.logOrigin !== origin || named.join() === before.logKeys.join()) return false;
  const keys = await Promise.all(named.map((key) => logKey(origin, fromHex(key, 32))));
  const now = await openCheckpoint(await askText("/log/checkpoint"), keys);
  const kept = (await heads()).sort((a, b) => b.size - a.size);
  const newest = kept.find(({ size }) => now !== null && 0 < size && size <= now.size);
  // A phone that has seen nothing has nothing to go by.
  if (!now || !newest) return false;
  const isOf = `from=${newest.size}&to=${now.size}`;
  const { proof } = newest.size === now.size ? { proof: [] } : await ask<{ proof: string[] }>("GET", `/v1/proofs/consistency?${isOf}`);
  if (!(await isConsistent(newest, now, proof.map((text) => fromBase64(text) ?? new Uint8Array())))) return false;
  await keep("trusted", { ...before, logKeys: named });
  return true;
}
