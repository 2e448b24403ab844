/** What an old and a new phone compare before the new one may sign. */

import { NoAnswer } from "./api.ts";
import { fromHex, sha256, utf8 } from "./lib/bytes.ts";

/** Returns a number of six digits that stands for a key: whoever sees the same one on both phones has the same key. */
export async function checkNumber(key: string): Promise<string> {
  const hash = await sha256(utf8("klaver/device/v1\n"), fromHex(key, 32));
  const digits = String(new DataView(hash.buffer).getUint32(0) % 1_000_000).padStart(6, "0");
  return `${digits.slice(0, 3)}\u00a0${digits.slice(3)}`;
}

/** How often the node is asked whether the other phone has done its part, in milliseconds. */
const PAUSE = 1_500;

/** Asks again and again while `screen` is shown, also when nobody answers for a while; null when it is left. */
export async function whileShown<T>(screen: Element, look: () => Promise<T | null>): Promise<T | null> {
  while (screen.isConnected) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (!screen.isConnected) break;
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      // What went wrong behind another screen is nobody's news.
      if (screen.isConnected && !(error instanceof NoAnswer)) throw error;
    }
  }
  return null;
}
