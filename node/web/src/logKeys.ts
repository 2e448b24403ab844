/**
 * A log that signs with other keys than it did, or under another name: believed only where the council of the ledger
 * named them, and the log continues everything that this phone has seen of it.
 */

import { ask, askText } from "./api.ts";
import { CharterLeftOut, askCharters, follow, newestBase } from "./charters.ts";
import { keep } from "./db.ts";
import { newest, pending } from "./heads.ts";
import { fromBase64 } from "./lib/bytes.ts";
import { LineageError } from "./lib/lineage.ts";
import { isConsistent, openCheckpoint, readCheckpoint } from "./lib/log.ts";
import { trusted } from "./wallet.ts";

/** Learns the keys that the charter in force names, if the log under them goes on from every seal kept here. Tells whether it did. @throws NoAnswer, Refused */
export async function learnKeys(): Promise<boolean> {
  const before = await trusted();
  // Not what this page was given: it may have been kept since before the log's new key.
  const { ledger } = await ask<{ ledger: string }>("GET", "/v1/community");
  if (!before || before.ledger !== ledger) return false;
  const lineage = await follow(ledger, await askCharters(), before.charterBase).catch((error: unknown) => {
    if (error instanceof LineageError || error instanceof CharterLeftOut) return null;
    throw error;
  });
  const { origin, log_keys: named } = lineage?.charter ?? { origin: before.logOrigin, log_keys: before.logKeys };
  if (!lineage || (before.logOrigin === origin && named.join() === before.logKeys.join())) return false;
  const now = await openCheckpoint(await askText("/log/checkpoint"), lineage.log.keys);
  if (!now) return false;
  const kept = [(await newest()) ?? "", ...(await pending())].flatMap((note) => readCheckpoint(note) ?? []);
  for (const { size, root } of kept) {
    // Whoever takes over a log takes over all of it: nothing that was seen lies beyond.
    if (size > now.size) return false;
    const isJoined = 0 < size && size < now.size;
    const { proof } = isJoined ? await ask<{ proof: string[] }>("GET", `/v1/proofs/consistency?from=${size}&to=${now.size}`) : { proof: [] };
    if (!(await isConsistent({ size, root }, now, proof.map((text) => fromBase64(text) ?? new Uint8Array())))) return false;
  }
  await keep("trusted", { ...before, logOrigin: origin, logKeys: named, charterBase: newestBase(lineage) });
  return true;
}
