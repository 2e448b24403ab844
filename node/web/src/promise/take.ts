/** A till takes a promise: it is kept before anything is said, sent later, and called paid when it is. */

import { type Hat, type Outgoing, settle } from "../db.ts";
import { amount, button, fill, h, icon, largeAmount, link, moment, say, show, type Child } from "../dom.ts";
import { sendUntilKnown } from "../outbox.ts";
import { outcome } from "../paid.ts";
import { NoPromise, TAKEN, askingCode, cap, kept, readPromise } from "../promises.ts";
import { qr } from "../qr.ts";
import { scanInto } from "../scanInto.ts";
import { explain, note } from "../start.ts";
import { allowSound } from "../asking.ts";
import { askPot, borneWords } from "../till/promised.ts";

const toTill = (look = "main") => link("till", say("next"), "/till", look);

/** Shows what to scan on the other phone, and scans what that phone shows; `minor` is 0 where no price was typed. */
export function take(hat: Hat, minor: number, still: string): void {
  const trouble = h("div", { role: "alert" });
  const typed = h("input", { id: "promise-code", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  const read = (text: string) => void accept(hat, text, minor, still).catch((error: unknown) => fill(trouble, said(error)));
  const open = () => scanInto(read, { words: say("promise_scan"), look: "main" });
  const go = () => {
    allowSound();
    read(typed.value);
  };
  typed.addEventListener("keydown", (event) => event.key === "Enter" && go());
  if (cap() === 0) return show([note("hand", say("promise_none"), say("promise_none_next")), h("div", { class: "actions" }, toTill())], "focus");
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("clock"), say("promise_take")),
    minor === 0 ? null : h("section", { class: "asking" },
      h("p", { class: "amount" }, largeAmount(minor)),
      still === "" ? null : h("p", null, say("rest_in_money", { still })),
      minor > cap() ? null : [h("p", null, say("promise_step_one")), qr(askingCode(hat, minor), say("code_of", { amount: amount(minor) })), h("details", null, h("summary", null, say("code_typed")), h("code", null, askingCode(hat, minor)))]),
    minor > cap() ? note("hand", say("promise_cap", { amount: amount(cap()) }), say("promise_cap_next")) : h("p", null, say("promise_step_two")),
    trouble,
    open().element,
    h("details", null, h("summary", null, say("code_type")),
      h("div", { class: "field" }, h("label", { for: "promise-code" }, say("code_typing")), typed),
      h("div", { class: "actions" }, button("tick", say("promise_read"), go))),
    h("div", { class: "actions" }, link("back", say("back"), "/till")),
  ], "focus");
}

/** Says kindly why a code is not taken, and what can be done. */
function said(error: unknown): Child {
  return error instanceof NoPromise ? note("hand", say(`promise_no_${error.fault}`, { amount: amount(cap()) }), say(`promise_no_${error.fault}_next`)) : explain(error);
}

/** Takes what a code says; a promise of another amount than was asked only when that is meant. @throws NoPromise */
async function accept(hat: Hat, text: string, minor: number, still: string): Promise<void> {
  const read = await readPromise(hat, text);
  const keep = async () => {
    // Whoever shows it a second time is told so; what is held stays as it is.
    let isHeld = false;
    const held = await settle(read.key, (there) => {
      isHeld = there !== undefined;
      return there ? undefined : read;
    });
    taken(hat, held, isHeld);
  };
  if (minor === 0 || read.amount === minor) return keep();
  show([
    note("hand", say("promise_differs", { amount: amount(read.amount) }), say("promise_asked", { amount: amount(minor) })),
    h("div", { class: "actions" },
      button("tick", say("promise_take_this", { amount: amount(read.amount) }), () => void keep().catch((error: unknown) => show([said(error), toTill()])), "main"),
      button("scan", say("promise_scan"), () => take(hat, minor, still))),
  ], "focus");
}

/** A code that another screen read, or that somebody opens. */
export async function takeCode(hat: Hat, text: string): Promise<void> {
  await accept(hat, text, 0, "").catch((error: unknown) => show([said(error), h("div", { class: "actions" }, link("scan", say("promise_scan"), "#take", "main"), toTill(""))], "focus"));
}

/** One promise that the till holds. */
export async function held(hat: Hat, key: string): Promise<void> {
  const one = (await kept(TAKEN, hat)).find((found) => found.key === key);
  if (one) taken(hat, one);
  else show([note("hand", say("line_unknown")), h("div", { class: "actions" }, toTill())]);
}

/** Shows what is true of a promise until it is known: never in the look of what is paid before it is. */
function taken(hat: Hat, one: Outgoing, isAgain = false): void {
  const place = h("div", null);
  const again = isAgain ? h("p", { class: "note" }, icon("hand"), say("promise_again")) : null;
  const draw = (now: Outgoing) => fill(place, again, now.state === "waiting" ? promised(now) : now.state === "refused" ? unpaid(now) : outcome(now, toTill()));
  draw(one);
  show([place], "focus");
  let drawn = one;
  const tell = (news: Outgoing) => {
    if (!place.isConnected || (news.state === drawn.state && news.sent === drawn.sent && news.borne === drawn.borne)) return;
    drawn = news;
    draw(news);
  };
  void sendUntilKnown(one, tell).then((news) => askPot(hat, news)).then(tell, (error: unknown) => console.warn(error));
}

const promised = (one: Outgoing): Child => [
  h("section", { class: "waiting", role: "status", tabindex: "-1", "data-focus": true },
    icon("clock", "icon big"),
    h("p", { class: "amount" }, say("promise_taken")),
    h("p", { class: "amount" }, largeAmount(one.amount)),
    h("p", null, say(one.sent ? "promise_once_more" : "promise_later")),
    h("p", { class: "small" }, say("promise_until", { when: moment(one.expiresAt * 1_000, "both") }))),
  h("p", { class: "small" }, icon("hand"), say("promise_pseudonym")),
  h("div", { class: "actions" }, toTill(), link("list", say("today"), "/till#today")),
];

const unpaid = (one: Outgoing): Child => [
  h("section", { class: "not-paid", role: "status", tabindex: "-1", "data-focus": true },
    icon("cross", "icon big"),
    h("p", { class: "amount" }, say("pay_not_done")),
    h("p", { class: "amount" }, largeAmount(one.amount)),
    h("p", null, say("promise_unpaid")),
    h("p", null, borneWords(one))),
  h("div", { class: "actions" }, toTill(), link("list", say("today"), "/till#today")),
];
