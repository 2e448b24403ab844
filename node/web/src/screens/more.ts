/** `#more`: about this wallet, and whether the log still holds. */

import { type Hat, keep, recall } from "../db.ts";
import { button, facts, h, icon, link, say, show } from "../dom.ts";
import { accountText } from "../lib/account.ts";
import { visit } from "../seals.ts";

export async function open(hat: Hat): Promise<void> {
  const always = (await recall<boolean>("show-balance")) === true;
  const state = h("p", { role: "status" }, icon("seal"), say("log_looking"));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("more")),
    h("dl", null,
      h("dt", null, say("community_name")), h("dd", null, facts.name),
      h("dt", null, say("account")), h("dd", null, h("code", null, accountText(hat.account))),
      h("dt", null, say("key")), h("dd", null, h("code", null, hat.key))),
    state,
    h("div", { class: "actions" },
      hat.kind !== "member" ? null : hat.recovery ? h("p", { class: "good" }, icon("tick"), say("recovery_there")) : link("seal", say("recovery"), "#recovery"),
      button("wallet", say(always ? "balance_tap" : "balance_always"), () => void keep("show-balance", !always).then(() => open(hat))),
      link("seal", say("more_seal"), "#seal"), link("tick", say("verify_link"), "/verify"),
      hat.kind === "member" ? link("list", say("year"), "#year") : null,
      link("hand", say("something_wrong"), "/wrong"),
      link("phone", say("way_devices"), "#devices"), link("clock", say("way_rest"), "#rest"),
      link("till", say("till"), "/till"), link("back", say("back"), "#")),
  ], "focus");
  const watched = await visit();
  state.className = watched === "alarm" ? "note" : "";
  state.replaceChildren(icon(watched === "alarm" ? "hand" : "seal"), say(`log_${watched}`));
}
