/** Being paid out in euro. */

import { amountField } from "../amountField.ts";
import type { Hat } from "../db.ts";
import { amount, button, facts, h, icon, language, link, moment, now, say, show } from "../dom.ts";
import { euroCents, fromDecimal, showEuro, showNumber } from "../lib/money.ts";
import { freshKey } from "../outbox.ts";
import { busy, note } from "../start.ts";
import { accountOf } from "../wallet.ts";
import { signAndSend } from "./sending.ts";

export async function payOut(hat: Hat, back: () => void): Promise<void> {
  show(busy());
  const { rate } = facts;
  const account = await accountOf(hat);
  const most = Math.max(0, fromDecimal(account.balance ?? "0", facts.scale));
  const head = h("h2", { tabindex: "-1", "data-focus": true }, icon("euro"), say("pay_out"));
  const foot = link("back", say("back"), "#");
  if (!rate) return show([head, note("hand", say("pay_out_none")), h("div", { class: "actions" }, foot)], "focus");
  if (most === 0) return show([head, h("p", null, say("pay_out_nothing")), h("div", { class: "actions" }, foot)], "focus");
  const field = amountField(say("pay_out_how_much", { amount: amount(most) }), facts.scale, showNumber(most, facts.scale, language));
  const worth = h("p", { role: "status" });
  const worthOf = (minor: number, at: number) => say("pay_out_worth", { amount: amount(minor), euro: showEuro(euroCents(minor, rate), language), when: moment(at + facts.payoutSeconds * 1_000, "day") });
  const reckon = () => {
    const minor = field.peek();
    worth.textContent = minor === null ? "" : worthOf(minor, now());
  };
  field.input.addEventListener("input", reckon);
  reckon();
  const act = (event: Event) => {
    const minor = field.read();
    if (minor === null) return;
    (event.currentTarget as HTMLButtonElement).disabled = true;
    void signAndSend(hat, { key: freshKey("redeem"), what: "redeem", name: "", amount: minor, body: { merchant: hat.account, amount: minor, rate } }, back, (news) => worthOf(news.amount, news.doneAt ?? news.signedAt));
  };
  show([head, h("p", null, say("pay_out_text")), field.element, worth,
    h("div", { class: "actions" }, button("euro", say("pay_out_do"), act, "main"), foot)], "focus");
}
