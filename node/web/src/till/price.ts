/** The price, typed key by key, and the code that asks for it. */

import { allowSound, askFor, makeRequest } from "../asking.ts";
import { amountField } from "../amountField.ts";
import { NoAnswer, isRefused, Refused } from "../api.ts";
import { type Hat, keep } from "../db.ts";
import { amount, button, facts, fill, h, icon, language, link, moment, now, say, show, type Child } from "../dom.ts";
import { fromDecimal, showEuro, split } from "../lib/money.ts";
import { busy, explain, note } from "../start.ts";
import { isCashier } from "../wallet.ts";
import { paused, setPaused } from "./pause.ts";
import { promised, promisedSum } from "./promised.ts";
import { underway } from "./underway.ts";
import { type Till, freshTill, inEuro, mostOf, tillOf } from "./settings.ts";

/** What a typed price comes to: credits, and the rest in money as it is said. */
interface Reckoned { minor: number; rest: string | null }

export async function price(hat: Hat, back: () => void): Promise<void> {
  const [euro, till] = await Promise.all([inEuro(), tillOf(hat)]);
  const draw = (known: Till) => (known.settings.paused ? paused(hat, back) : isFull(known) ? full(hat, euro, back) : keypad(hat, known, euro, back));
  draw(till);
  // Another till, or the owner, may have changed it meanwhile; a price that was begun is not taken away.
  const before = document.querySelector("#action > *");
  freshTill(hat).then((fresh) => {
    const isUntouched = before?.isConnected && !document.querySelector<HTMLInputElement>("#amount")?.value;
    if (isUntouched && JSON.stringify(fresh) !== JSON.stringify(till)) draw(fresh);
  }, () => undefined);
}

/** Whether the month has brought all that the shop takes. What that is, a cashier's phone does not know. */
const isFull = ({ left }: Till): boolean => left !== null && fromDecimal(left, facts.scale) === 0;

/** What is shown until the next month begins: there is nothing to ask for. */
function full(hat: Hat, euro: boolean, back: () => void): void {
  const today = new Date(now());
  // The node counts months as UTC has them; noon is on the same day everywhere.
  const next = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 1, 12);
  show([
    h("p", { class: "small whom" }, icon("shop"), hat.name ?? say("kind_merchant")),
    note("clock", say("month_full"), say("month_full_next", { when: moment(next, "day") })),
    h("div", { class: "actions" }, link("hand", say("month_change"), "#settings", "main")),
    ways(hat, euro, back),
  ]);
}

/** Where one goes from the price. Who works here gives back and hands out; all else is the owner's. */
function ways(hat: Hat, euro: boolean, back: () => void): Child {
  const pots = hat.kind === "merchant" ? link("cup", say("pots_way"), "#pots") : null;
  return h("div", { class: "actions row" }, isCashier(hat)
    ? [link("undo", say("refund"), "#today"), pots, facts.rate ? button(euro ? "clover" : "euro", say(euro ? "price_credits" : "price_euro"), () => void keep("till-euro", !euro).then(back)) : null]
    : [link("list", say("today"), "#today"), pots, link("euro", say("pay_out"), "#payout"), button("clock", say("pause"), () => setPaused(hat, true, back)), link("hand", say("settings"), "#settings")]);
}

/** Splits a price as this shop takes it. */
function reckonEuro(cents: number, till: Till): Reckoned {
  const { minor, rest } = split(cents, facts.rate as [number, number], till.settings.part, facts.scale, mostOf(till));
  return { minor, rest: rest === 0 ? null : showEuro(rest, language) };
}

function keypad(hat: Hat, till: Till, euro: boolean, back: () => void): void {
  const scale = euro ? 2 : facts.scale;
  const field = amountField(say(euro ? "price_euro" : "price_credits"), scale, "", { keypad: true, ...(euro ? { unit: "€" } : {}) });
  const shown = h("p", { class: "split", role: "status" });
  const most = mostOf(till);
  const preview = () => {
    shown.textContent = "";
    if (!euro || !/^[0-9]+([.,][0-9]{1,2})?$/.test(field.input.value)) return;
    const { minor, rest } = reckonEuro(Math.round(Number(field.input.value.replace(",", ".")) * 100), till);
    if (minor > 0) shown.textContent = rest === null ? amount(minor) : say("split", { amount: amount(minor), euro: rest });
  };
  const ask = () => {
    const typed = field.read();
    if (typed === null) return;
    const { minor, rest } = euro ? reckonEuro(typed, till) : { minor: typed, rest: null };
    if (minor === 0) return void (shown.textContent = say("too_small_for_credits"));
    if (minor > most) return void (shown.textContent = say("most_now", { amount: amount(most) }));
    allowSound();
    show(busy());
    const failed = (error: unknown) => {
      // How much it is, the owner alone knows.
      if (isRefused(error, "till_too_much")) return show([note("hand", say("too_much_now"), say("too_much_now_next")), h("div", { class: "actions" }, button("back", say("back"), back, "main"))], "focus");
      // The shop takes less than this device knew.
      const isNews = error instanceof Refused && error.problem.code.startsWith("till_");
      if (isNews) void freshTill(hat).then(back, back);
      else show([explain(error, back), error instanceof NoAnswer ? h("div", { class: "actions" }, link("clock", say("promise_take"), `/promise#till/${minor}/${encodeURIComponent(rest === null ? "" : say("in_money", { euro: rest }))}`, "main")) : null]);
    };
    const still = rest === null ? null : say("in_money", { euro: rest });
    makeRequest(hat, minor).then((request) => askFor({ hat, request, rest: still === null ? null : say("rest_in_money", { still }), still, back, papers: () => import("./paper.ts") }), failed);
  };
  const press = (sign: string) => () => {
    const { input } = field;
    if (sign === "back") input.value = input.value.slice(0, -1);
    else if (input.value.length < 9) input.value += sign === "comma" ? (/[.,]/.test(input.value) || input.value === "" ? "" : language === "en" ? "." : ",") : sign;
    input.dispatchEvent(new Event("input"));
  };
  const keyOf = (sign: string) => h("button", { type: "button", class: "key", onclick: press(sign), "aria-label": sign === "back" ? say("key_back") : sign === "comma" ? say("key_comma") : null },
    sign === "back" ? icon("erase") : sign === "comma" ? (language === "en" ? "." : ",") : sign);
  const waits = h("div", null);
  void underway(hat).then((some) => fill(waits, some.map((one) => h("a", { class: "note", href: "#today" }, icon("clock"), say("till_underway", { amount: amount(one.amount) })))));
  const promises = h("div", null);
  void promised(hat).then((some) => promisedSum(some) > 0 && fill(promises, h("a", { class: "note", href: "#today" }, icon("clock"), say("promise_sum", { amount: amount(promisedSum(some)) }))));
  field.input.addEventListener("input", preview);
  field.input.addEventListener("keydown", (event) => event.key === "Enter" && ask());
  show([
    h("p", { class: "small whom" }, icon("shop"), hat.name ?? say("kind_merchant")),
    waits, promises,
    till.left === null ? null : h("p", { class: "note" }, icon("clock"), say("month_left", { amount: amount(fromDecimal(till.left, facts.scale)) })),
    field.element, shown,
    h("div", { class: "keypad" }, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "comma", "0", "back"].map(keyOf)),
    h("div", { class: "actions" }, button("scan", say("show_code"), ask, "main")),
    ways(hat, euro, back),
  ]);
  field.input.focus();
}
