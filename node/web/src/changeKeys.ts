/** Giving an account other keys, signed by one that it has. */

import { type StateJson, stateOf } from "./accountState.ts";
import type { Hat } from "./db.ts";
import { show } from "./dom.ts";
import type { AccountState } from "./lib/entry.ts";
import { freshKey, prepare, sendUntilKnown } from "./outbox.ts";
import { outcome, toWallet } from "./paid.ts";
import { accountOf } from "./wallet.ts";

type Keys = AccountState["keys"];

/** Signs the change and shows what becomes of it; `words` begins the sentences that say so. Returns whether it is done. */
export async function changeKeys(hat: Hat, make: (keys: Keys) => Keys, words?: string): Promise<boolean> {
  const { state: json, base } = await accountOf(hat);
  const before = stateOf(json as StateJson);
  const outgoing = await prepare(hat, {
    key: freshKey("change"), what: "change", name: "", amount: 0, ...(words ? { words } : {}),
    body: { base, state: { ...before, keys: make(before.keys) }, status: "open" },
  });
  const known = await sendUntilKnown(outgoing, (news) => show(outcome(news, toWallet()), news.state === "waiting" ? "quiet" : "focus"));
  return known.state === "done";
}
