/** A phone without network promises to a shop, and shows the till what it signed. */

import { amountField } from "../amountField.ts";
import type { Hat, Outgoing } from "../db.ts";
import { amount, button, fill, h, icon, largeAmount, link, moment, say, shortAccount, show, type Child } from "../dom.ts";
import { hatChoice } from "../hats.ts";
import { accountText, parseAccount } from "../lib/account.ts";
import { freshKey, isOpen, prepare, sendUntilKnown } from "../outbox.ts";
import { outcome } from "../paid.ts";
import { GIVEN, cap, codeOf, kept, lasts, nameOf, purse, shops } from "../promises.ts";
import { qr } from "../qr.ts";
import { explain, note } from "../start.ts";
import { payers } from "../wallet.ts";

const home = () => link("wallet", say("to_wallet"), "/wallet", "quiet");

/** To whom, and how much: typed here. Below it, what was promised before. */
export async function give(hat: Hat, own: readonly Hat[], back: () => void): Promise<void> {
  const before = await kept(GIVEN, hat);
  const shop = h("select", { id: "shop" }, shops().map(({ account, name }) => h("option", { value: account }, name)));
  const field = amountField(say("promise_how_much"));
  const go = () => {
    const minor = field.read();
    if (minor !== null) location.hash = `#pay/${shop.value}/${minor}`;
  };
  field.input.addEventListener("keydown", (event) => event.key === "Enter" && go());
  const isPossible = cap() > 0 && shops().length > 0;
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("pay"), say("promise")),
    isPossible ? [
      h("p", null, say("promise_text")),
      hatChoice(hat, own, back, say("pay_as")),
      h("div", { class: "field" }, h("label", { for: "shop" }, say("promise_whom")), shop),
      field.element,
      h("p", { class: "small" }, say("promise_cap", { amount: amount(cap()) })),
      h("div", { class: "actions" }, button("pay", say("promise_go"), go, "main")),
    ] : note("hand", say("promise_none"), say("promise_none_next")),
    before.length === 0 ? null : [h("h2", null, icon("list"), say("promise_before")), h("ul", { class: "lines" }, before.map(row))],
    h("div", { class: "actions" }, home()),
  ], "focus");
}

/** One of the promises that were made. */
const row = (one: Outgoing): Child => h("li", null, h("a", { href: `#kept/${encodeURIComponent(one.key)}` },
  icon(one.state === "done" ? "tick" : isOpen(one) ? "clock" : "cross"),
  h("span", { class: "words" }, one.name, h("span", { class: "small" }, `${stateOf(one)} · ${moment(one.signedAt, "both")}`)),
  h("span", { class: "sum" }, amount(one.amount))));

function stateOf(one: Outgoing): string {
  return say(one.state === "done" ? "pay_done" : isOpen(one) ? "promise_state" : "pay_not_done");
}

/** Shows whom and how much, once more and large; one tap signs. */
export async function confirm(hat: Hat, own: readonly Hat[], account: string, minor: number, back: () => void): Promise<void> {
  const to = parseAccount(account);
  if (!to || !Number.isSafeInteger(minor) || minor <= 0) return show([note("hand", say("promise_no_damaged"), say("promise_no_damaged_next")), home()]);
  const left = await purse(hat);
  const name = nameOf(to);
  const words = to === hat.account ? "own" : cap() === 0 ? "none" : minor > cap() ? "cap" : left === null ? "unknown" : minor > left ? "short" : null;
  const trouble = h("div", { role: "alert" });
  const sign = button("pay", say("promise_do", { amount: amount(minor) }), () => {
    sign.disabled = true;
    prepare(hat, { key: freshKey("promise"), what: "pay", name: name ?? shortAccount(to), amount: minor, lasts: lasts(), body: { from: hat.account, payees: [{ to, amount: minor, request: null }], late: true } })
      .then(({ key }) => location.replace(`#kept/${encodeURIComponent(key)}`), (error: unknown) => fill(trouble, explain(error, back)));
  }, "main");
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("shop"), name ?? say("promise_stranger")),
    name === null ? h("p", { class: "small" }, h("code", null, accountText(to))) : null,
    h("p", { class: "amount" }, largeAmount(minor)),
    hatChoice(hat, own, back, say("pay_as")),
    words === null ? h("p", null, say("promise_truth")) : note("hand", say(`promise_${words}`, { amount: amount(cap()) }), say(`promise_${words}_next`)),
    trouble,
    h("div", { class: "actions" }, words === null ? sign : null, link("back", say("back"), "#"), home()),
  ], "focus");
}

/** A promise and what became of it: the code for the till as long as it may be paid. */
export async function shown(key: string): Promise<void> {
  const one = (await kept(GIVEN)).find((found) => found.key === key);
  if (!one) return show([note("hand", say("line_unknown")), home()]);
  const place = h("div", null);
  const draw = (now: Outgoing) => fill(place, now.state === "waiting" ? code(now) : outcome(now, home()));
  draw(one);
  show([place], "focus");
  await sendUntilKnown(one, (news) => {
    if (place.isConnected && (news.state !== "waiting" || news.sent !== one.sent)) draw(news);
  });
}

function code(one: Outgoing): Child {
  const text = codeOf(one);
  return [
    h("section", { class: "asking" },
      h("p", { class: "amount", tabindex: "-1", "data-focus": true }, largeAmount(one.amount)),
      h("p", null, icon("shop"), one.name),
      h("p", { role: "status" }, icon("clock"), h("strong", null, say("promise_state"))),
      qr(text, say("promise_code", { amount: amount(one.amount) })),
      h("p", null, say("promise_show")),
      one.sent ? h("p", { class: "note" }, icon("hand"), say("promise_once_more")) : null,
      h("p", { class: "small" }, say("promise_until", { when: moment(one.expiresAt * 1_000, "both") })),
      h("details", null, h("summary", null, say("code_typed")), h("code", { class: "long" }, text))),
    h("div", { class: "actions" }, link("list", say("promise_before"), "#"), home()),
  ];
}

/** A code was opened without network: what can be done here and now. */
export async function notOpened(path: string): Promise<void> {
  const again = /^\/[a-z]+\/[a-z0-9-]+$/i.test(path) ? button("again", say("again"), () => location.assign(path)) : null;
  const canPromise = cap() > 0 && (await payers()).length > 0;
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("clock"), say("offline_title")),
    note("hand", say("code_offline"), say(canPromise ? "promise_instead" : "no_answer_next")),
    h("div", { class: "actions" }, canPromise ? link("pay", say("promise"), "#", "main") : null, again, home()),
  ], "focus");
}
