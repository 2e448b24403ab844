/**
 * A wallet that moves with its community to another address. A browser keeps keys apart by address, so they cannot move:
 * the new page makes new ones, and the old page signs them into the accounts of the new ledger, after it has checked that
 * this one continues the ledger it knows. What the two pages tell one another travels behind the `#`.
 */

import { base64url, fromBase64url, fromUtf8, utf8 } from "./lib/bytes.ts";
import type { AccountKind } from "./lib/entry.ts";
import type { Predecessor } from "./shares.ts";
import type { Had } from "./wallet.ts";

/** What the old page asks the new one for. */
export interface Leaving {
  /** The old address. */
  from: string;
  /** Nobody else knows it: who brings it back was asked. */
  nonce: string;
  /** How many keys are to be replaced. */
  keys: number;
}

/** An account as the old page hands it over. */
export interface Carried {
  account: string;
  kind: AccountKind;
  name: string | null;
  rights: string[];
  recovery: string | null;
  /** The key of the new page that signs for it. */
  key: string;
  /** The `change` that says so, signed by the old key for the new ledger: an envelope, base64url. */
  envelope: string;
  /** What it had when the old page looked last. */
  had: Had | null;
}

/** What the old page brings to the new one. */
export interface Arriving {
  nonce: string;
  /** The ledger that was checked, and the one before it. */
  ledger: string;
  predecessor: Predecessor;
  accounts: Carried[];
}

/** Prints something that travels in an address. */
export const printMove = (value: Leaving | Arriving): string => base64url(utf8(JSON.stringify(value)));

/** Reads it; null for what is none. Nothing of it is known to be true. */
export function readMove<T extends Leaving | Arriving>(text: string): T | null {
  try {
    return JSON.parse(fromUtf8(fromBase64url(text)) ?? "") as T;
  } catch {
    return null;
  }
}

/** Tells whether an origin of a log stands at an address. */
export function standsAt(logOrigin: string, address: string): boolean {
  try {
    return logOrigin.startsWith(`${new URL(address).host}/`);
  } catch {
    return false;
  }
}
