/** Keys that a demonstration printed: they hide nothing, so they may stand in a link. */

import { facts } from "./dom.ts";
import { importSeed } from "./keys.ts";
import { fromHex } from "./lib/bytes.ts";

/** Takes the key that stands in the page's address, in a demonstration alone; the address forgets it. */
export async function demoKey(seed: string): Promise<string | null> {
  history.replaceState(null, "", "#");
  if (!facts.demo || !/^[0-9a-f]{64}$/.test(seed)) return null;
  return importSeed(fromHex(seed));
}
