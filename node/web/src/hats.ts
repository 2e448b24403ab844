/** Whom this phone acts for: asked wherever there is more than one answer. */

import { type Hat, keep } from "./db.ts";
import { h, say, shortAccount, type Child } from "./dom.ts";

/** Returns the choice, or nothing where there is none; `changed` draws anew. */
export function hatChoice(hat: Hat, own: readonly Hat[], changed: () => void, label = say("act_as")): Child {
  if (own.length < 2) return null;
  const select = h("select", { id: "hat", onchange: () => void keep("hat", select.value).then(changed) },
    own.map((one) => h("option", { value: one.account, selected: one.account === hat.account }, one.name ?? `${say(`kind_${one.kind}`)} ${shortAccount(one.account)}`)));
  return h("div", { class: "field" }, h("label", { for: "hat" }, label), select);
}
