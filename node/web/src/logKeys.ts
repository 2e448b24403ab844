/** A log that signs with other keys than it did: believed only where it continues what this phone has seen of it. */

import { ask, askText } from "./api.ts";
import { keep } from "./db.ts";
import { facts } from "./dom.ts";
import { heads } from "./heads.ts";
import { fromBase64, fromHex } from "./lib/bytes.ts";
import { isConsistent, logKey, openCheckpoint } from "./lib/log.ts";
import { trusted } from "./wallet.ts";

/** Learns the keys that the node names now, if its log goes on from the newest seal kept here. Tells whether it did. @throws NoAnswer, Refused */
export async function learnKeys(): Promise<boolean> {
  const before = await trusted();
  if (!before || before.logOrigin !== facts.logOrigin || facts.logKeys.join() === before.logKeys.join()) return false;
  const keys = await Promise.all(facts.logKeys.map((key) => logKey(facts.logOrigin, fromHex(key, 32))));
  const now = await openCheckpoint(await askText("/log/checkpoint"), keys);
  const kept = (await heads()).sort((a, b) => b.size - a.size);
  const newest = kept.find(({ size }) => now !== null && 0 < size && size <= now.size);
  // A phone that has seen nothing has nothing to go by.
  if (!now || !newest) return false;
  const isOf = `from=${newest.size}&to=${now.size}`;
  const { proof } = newest.size === now.size ? { proof: [] } : await ask<{ proof: string[] }>("GET", `/v1/proofs/consistency?${isOf}`);
  if (!(await isConsistent(newest, now, proof.map((text) => fromBase64(text) ?? new Uint8Array())))) return false;
  await keep("trusted", { ...before, logKeys: facts.logKeys });
  return true;
}
