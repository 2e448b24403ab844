/**
 * Who governs the ledger that this phone trusts: its charters, each signed by the council before it. Mirrors what
 * `wallet-cli/src/follow.rs` follows.
 */

import { type Answered, ask } from "./api.ts";
import { rework } from "./db.ts";
import { type Lineage, LineageError, followLineage } from "./lib/lineage.ts";
import { type Trusted, receiptOf } from "./wallet.ts";

/** How far the clock of a node may be ahead of ours where it says that a charter counts, in milliseconds. */
const CLOCK_LEAD = 300_000;

/** Charters as a node shows them: receipts of whole records, that of the founding entry first. */
export interface LineageJson { charters: Answered[] }

/** The charters that a node shows leave out one that this phone has followed. */
export class CharterLeftOut extends Error {}

/** Asks the node for the charters of its ledger; nothing is known to be true before they are followed. @throws Refused, NoAnswer */
export const askCharters = (): Promise<LineageJson> => ask<LineageJson>("GET", "/v1/lineage");

/** Follows the charters of `ledger`; the one made at `known` must be among them. @throws LineageError, CharterLeftOut */
export async function follow(ledger: string, { charters }: LineageJson, known?: number): Promise<Lineage> {
  if (!Array.isArray(charters)) throw new LineageError("not_founded", "the list cannot be read");
  const lineage = await followLineage(ledger, charters.map(receiptOf), Date.now() + CLOCK_LEAD);
  if (known !== undefined && !lineage.bases.includes(known)) {
    throw new CharterLeftOut(`the charter of record ${known}, which this phone has followed, is not among these`);
  }
  return lineage;
}

/** Returns the index of the entry that made the charter in force. */
export const newestBase = ({ bases }: Lineage): number => bases.at(-1) ?? 0;

/** Remembers which charter was followed last. */
export function keepBase(ledger: string, charterBase: number): Promise<void> {
  return rework<Trusted>("trusted", (there) => ({ ...(there as Trusted), ...(there?.ledger === ledger ? { charterBase } : {}) }));
}
