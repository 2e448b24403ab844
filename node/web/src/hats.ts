/** Whom this phone acts for: asked wherever there is more than one answer. */

import { type Hat, keep } from "./db.ts";
import { h, say, shortAccount, type Child } from "./dom.ts";

/** What an account of this phone is called; one's own needs no letters. */
export function callHat({ name, kind, account }: Hat): string {
  return name ?? (kind === "member" ? say("own_account") : `${say(`kind_${kind}`)} ${shortAccount(account)}`);
}

/** Returns the choice, or nothing where there is none; `changed` draws anew. */
export function hatChoice(hat: Hat, own: readonly Hat[], changed: (chosen: Hat) => void, label = say("act_as")): Child {
  if (own.length < 2) return null;
  const select = h("select", { id: "hat", onchange: () => void keep("hat", select.value).then(() => changed(own.find(({ account }) => account === select.value) ?? hat)) },
    own.map((one) => h("option", { value: one.account, selected: one.account === hat.account }, callHat(one))));
  return h("div", { class: "field" }, h("label", { for: "hat" }, label), select);
}
