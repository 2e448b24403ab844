/** `#come/…`: a wallet of the address before asks for keys of this one. */

import { askCharters, follow } from "../charters.ts";
import { keep, recall } from "../db.ts";
import { facts, h, link, say, show } from "../dom.ts";
import { faultOfBrowser, makeKey } from "../keys.ts";
import { type Leaving, readMove, standsAt } from "../moving.ts";
import { busy, note } from "../start.ts";
import { askEnd } from "../succession.ts";
import { CannotKeep, persist } from "../wallet.ts";

/** Keys that were made for a wallet that comes. */
export interface Coming { nonce: string; keys: string[] }

/** Most accounts of one phone. */
const KEYS_MAX = 16;

export async function open(_: unknown, asked: string): Promise<void> {
  history.replaceState(null, "", "#");
  show(busy(say("making_wallet")));
  const leaving = readMove<Leaving>(asked);
  const isAsked = leaving !== null && /^[0-9a-f]{32}$/.test(leaving.nonce) && leaving.keys > 0 && leaving.keys <= KEYS_MAX;
  // A link that only looks like it leads nowhere: the ledger before this one stood at that address.
  if (!isAsked || !(await isBefore(leaving.from))) {
    return show([note("hand", say("other_ledger_next")), h("div", { class: "actions" }, link("back", say("to_wallet"), "#"))], "focus");
  }
  const { from, nonce, keys: count } = leaving;
  const fault = await faultOfBrowser();
  if (fault) throw new CannotKeep(fault);
  const known = await recall<Coming>("coming");
  const keys = known?.nonce === nonce ? known.keys : await make(count);
  await persist();
  await keep("coming", { nonce, keys } satisfies Coming);
  location.replace(`${new URL(from).origin}/wallet?anew#moved/${nonce}/${keys.join(".")}`);
}

async function make(count: number): Promise<string[]> {
  const keys: string[] = [];
  while (keys.length < count) keys.push(await makeKey());
  return keys;
}

/** Tells whether the ledger before this one stood at an address, as its council signed. */
async function isBefore(address: string): Promise<boolean> {
  const { predecessor } = await follow(facts.ledger, await askCharters());
  if (!predecessor) return false;
  const { charter } = await follow(predecessor.ledger, (await askEnd(predecessor.ledger, true)).lineage);
  return standsAt(charter.origin, address);
}
