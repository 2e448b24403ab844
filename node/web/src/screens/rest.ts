/** `#rest`: puts the own account to rest, at once; the council alone wakes it. */

import { provenState } from "../accountState.ts";
import type { Hat } from "../db.ts";
import { button, facts, h, icon, link, placesLink, say, show } from "../dom.ts";
import { accountText } from "../lib/account.ts";
import { freshKey, prepare } from "../outbox.ts";
import { outcome, showUntilKnown, toWallet } from "../paid.ts";
import { qr } from "../qr.ts";
import { busy, troubled } from "../start.ts";
import { accountOf } from "../wallet.ts";

export async function open(hat: Hat): Promise<void> {
  show(busy());
  const { status } = await accountOf(hat);
  if (status === "frozen") return asleep(hat);
  const sure = () => show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("clock"), say("rest_ask")),
    h("p", null, say("rest_nobody")), h("p", null, say("rest_wake_text")),
    h("div", { class: "actions" },
      button("clock", say("rest_sure"), () => void rest(hat).catch(troubled(() => void open(hat))), "main"),
      button("back", say("back"), () => void open(hat))),
  ], "focus");
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("clock"), say("rest_title")),
    h("p", null, say("rest_text")), h("p", null, say("rest_nobody")), h("p", null, say("rest_receives")), h("p", null, say("rest_wake_text")),
    h("div", { class: "actions" }, button("clock", say("rest_do"), sure, "main"), link("back", say("back"), "#more")),
  ], "focus");
}

async function rest(hat: Hat): Promise<void> {
  show(busy(say("sending")));
  const { state, base } = await provenState(hat);
  const outgoing = await prepare(hat, {
    key: freshKey("change"), what: "change", words: "rest", name: "", amount: 0,
    body: { base, state, status: "frozen" },
  });
  await showUntilKnown(outgoing, toWallet(), (news) => outcome(news, toWallet()));
}

/** At rest: the code leads the council to this account. */
function asleep(hat: Hat): void {
  const account = accountText(hat.account);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("clock"), say("rest_is")),
    h("p", null, say("rest_receives")), h("p", null, say("rest_wake")),
    qr(`${facts.origin}/coordination#account/${account}`, say("rest_picture")),
    h("details", null, h("summary", null, say("code_typed")), h("code", null, account)),
    h("div", { class: "actions" }, placesLink(), link("hand", say("something_wrong"), "/wrong", "quiet"), link("back", say("back"), "#more")),
  ], "focus");
}
