/** Giving an account other keys, signed by one that it has. */

import { provenState } from "./accountState.ts";
import type { Hat } from "./db.ts";
import { button, say, type Child } from "./dom.ts";
import type { AccountState } from "./lib/entry.ts";
import { freshKey, prepare } from "./outbox.ts";
import { outcome, showUntilKnown, toWallet } from "./paid.ts";

type Keys = AccountState["keys"];

/** What else is to be known of a change. */
interface About {
  /** What the sentences about it begin with. */
  words?: string;
  /** The account as this phone signs for it once it is done. */
  then?: Hat;
  /** Tries once more, offered when it was refused. */
  again?: () => void;
  /** The way on; to the wallet when it is left out. */
  leave?: Child;
}

/** Signs other keys and shows what becomes of it. @throws NotSent, ReceiptError, Refused, NoAnswer */
export const changeKeys = (hat: Hat, make: (keys: Keys) => Keys, about: About = {}): Promise<void> => changeAccount(hat, (state) => ({ ...state, keys: make(state.keys) }), about);

/** Signs what of the account is its own to change. @throws as above */
export async function changeAccount(hat: Hat, make: (state: AccountState) => AccountState, { words, then, again, leave = toWallet() }: About = {}): Promise<void> {
  const { base, state } = await provenState(hat);
  const outgoing = await prepare(hat, {
    key: freshKey("change"), what: "change", name: "", amount: 0, ...(words ? { words } : {}), ...(then ? { hat: then } : {}),
    body: { base, state: make(state), status: "open" },
  });
  await showUntilKnown(outgoing, leave, (news) => outcome(news, [news.state === "refused" && again ? button("again", say("again"), again) : null, leave]));
}
