/** `#more`: about this wallet; for whoever checks, whether the log still holds. */

import { type Hat, keep, recall } from "../db.ts";
import { button, h, icon, link, say, show } from "../dom.ts";
import { accountText } from "../lib/account.ts";
import { visit } from "../seals.ts";
import { hats } from "../wallet.ts";

export async function open(hat: Hat): Promise<void> {
  const [always, own] = [(await recall<boolean>("show-balance")) === true, await hats()];
  const [isMember, hasShop] = [hat.kind === "member", own.some(({ kind }) => kind === "merchant")];
  const alarm = h("div", null);
  const state = h("p", { role: "status" }, icon("seal"), say("log_looking"));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("more")),
    alarm,
    isMember && hat.recovery ? h("p", { class: "good" }, icon("tick"), say("recovery_there")) : null,
    h("div", { class: "actions" },
      isMember && !hat.recovery ? link("seal", say("recovery_make"), "#recovery", "main") : null,
      link("phone", say("device_title"), "#devices"),
      link("clock", say("rest_do"), "#rest"),
      isMember ? link("list", say("year"), "#year") : null,
      button("wallet", say(always ? "balance_tap" : "balance_always"), () => void keep("show-balance", !always).then(() => open(hat))),
      link("pay", say("promise"), "/promise"),
      isMember ? link("people", say("invite"), "/invite") : null,
      link("hand", say("something_wrong"), "/wrong"),
      link("till", say(hasShop ? "till" : "till_start"), "/till")),
    h("details", null, h("summary", null, icon("seal"), say("more_check")),
      state,
      h("dl", null,
        h("dt", null, say("account")), h("dd", null, h("code", null, accountText(hat.account))),
        h("dt", null, say("key")), h("dd", null, h("code", null, hat.key))),
      h("div", { class: "actions" }, link("seal", say("more_seal"), "#seal"), link("tick", say("verify_link"), "/verify"))),
    h("div", { class: "actions" }, link("back", say("back"), "#")),
  ], "focus");
  const watched = await visit();
  state.replaceChildren(icon(watched === "alarm" ? "hand" : "seal"), say(`log_${watched}`));
  if (watched === "alarm") alarm.replaceChildren(h("p", { class: "note", role: "alert" }, icon("hand"), say("log_alarm")));
}
