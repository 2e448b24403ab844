/** The page that checks receipts as one file, opened from a disk: no node, no network, everything in it. */

import { readAloud } from "./aloud.ts";
import { loadWords } from "./dom.ts";
import { verifier } from "./verifier.ts";

void loadWords().then(() => {
  readAloud();
  return verifier();
});
