/** The pots of this community that are listed: kept, so that they are there without network. */

import { ask } from "../api.ts";
import { keep, recall } from "../db.ts";
import { parseAccount } from "../lib/account.ts";
import type { Pot } from "../moments.ts";

interface Entry { account: string; kind: string; name: string }

/** Returns the pots that somebody may give what is theirs to. */
export async function pots(): Promise<Pot[]> {
  const told = await ask<{ entries: Entry[] }>("GET", "/v1/directory").catch(() => null);
  if (!told) return (await recall<Pot[]>("pots")) ?? [];
  const found = told.entries.flatMap(({ account, kind, name }): Pot[] => {
    const pot = kind === "fund" ? parseAccount(account) : null;
    return pot ? [{ pot, called: name }] : [];
  });
  await keep("pots", found);
  return found;
}
