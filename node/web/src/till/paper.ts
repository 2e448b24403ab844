/** At the till: a card or voucher is scanned and pays the request on the screen. What a card holds is never told. */

import { NoAnswer, Refused, ask } from "../api.ts";
import { type Asking, askFor, makeRequest, stopAsking } from "../asking.ts";
import { amount, button, facts, fill, h, icon, link, say, show, type Child } from "../dom.ts";
import { LinkError } from "../lib/links.ts";
import { fromDecimal } from "../lib/money.ts";
import { type AtHand, NoPaper, held, read, signPayment } from "../papers.ts";
import { scanInto } from "../scanInto.ts";
import { busy, explain, note } from "../start.ts";
import { askAs } from "../wallet.ts";
import { parseAccount } from "../lib/account.ts";

/** What the node says of a card that it does not sign with now, and of PINs. */
const KIND_WORDS = ["card_rests", "paper_lost", "paper_waits", "paper_replaced", "card_short", "card_tried", "card_day_cap", "no_pin", "unknown_paper", "voucher_ended"];

/** Of these, what a smaller amount may mend. */
const SMALLER = ["card_short", "card_day_cap", "no_pin"];

/** Asks for the code of a card or voucher. The request goes on: it may be paid by phone all the while. */
export function open(asking: Asking): void {
  const fault = h("p", { id: "paper-fault", class: "fault", role: "alert" });
  const typed = h("input", { id: "paper-code", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": "paper-fault" });
  const scanner = scanInto((text) => void take(text));
  const take = async (text: string) => {
    fault.textContent = "";
    if (text.trim().startsWith("KLVP:")) return location.assign(`/promise#code/${encodeURIComponent(text.trim())}`);
    try {
      const atHand = await read(text);
      scanner.stop();
      await (atHand.paper.kind === "card" ? byCard : byVoucher)(asking, atHand);
    } catch (error) {
      if (error instanceof NoPaper) return void (fault.textContent = say(`paper_no_${error.code}`));
      if (error instanceof LinkError) return void (fault.textContent = say("paper_no_other"));
      scanner.stop();
      said(asking, error, () => open(asking));
    }
  };
  const go = () => void take(typed.value);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("scan"), say("paper_title")),
    h("p", { class: "amount" }, amount(minorOf(asking))),
    h("p", null, say("paper_text")),
    scanner.element,
    h("div", { class: "field" }, h("label", { for: "paper-code" }, say("paper_type")), typed, fault),
    h("div", { class: "actions" }, button("pay", say("paper_read"), go, "main"), link("clock", say("promise_take"), `/promise#till/${minorOf(asking)}/${encodeURIComponent(asking.still ?? "")}`), button("back", say("back"), () => {
      scanner.stop();
      askFor(asking);
    })),
  ], "focus");
  typed.addEventListener("keydown", (event) => event.key === "Enter" && go());
}

const minorOf = ({ request }: Asking) => fromDecimal(request.amount, facts.scale);

function sign(asking: Asking, atHand: AtHand): Promise<string> {
  const { id, account, until } = asking.request;
  return signPayment(atHand, parseAccount(account) as string, minorOf(asking), { id, until: Date.parse(until) / 1_000 });
}

/** The same bytes are sent as often as needed: the card pays once. */
async function byCard(asking: Asking, atHand: AtHand): Promise<void> {
  const envelope = await sign(asking, atHand);
  const send = async (pin?: string): Promise<void> => {
    show(busy(say("sending")));
    try {
      await askAs(asking.hat, "POST", `/v1/papers/${atHand.paper.id}/payments`, { envelope, ...(pin === undefined ? {} : { pin }) });
      // The screen of the request says that it is paid, once that is so.
    } catch (error) {
      const code = error instanceof Refused ? error.problem.code : "";
      if (code === "pin_needed") return pinPad(asking, send);
      if (code === "wrong_pin") return pinPad(asking, send, say("paper_wrong_pin", { left: (error as Refused).problem.limit ?? "" }));
      said(asking, error, error instanceof NoAnswer ? () => void send(pin) : () => open(asking));
    }
  };
  await send();
}

/** The holder types the PIN; the merchant looks away. */
function pinPad(asking: Asking, send: (pin: string) => Promise<void>, fault = ""): void {
  const pin = h("input", { id: "pin", type: "password", inputmode: "numeric", autocomplete: "off", maxlength: 8, "aria-describedby": "pin-fault" });
  const go = () => pin.value === "" ? pin.focus() : void send(pin.value);
  const press = (sign: string) => () => {
    pin.value = sign === "back" ? pin.value.slice(0, -1) : (pin.value + sign).slice(0, 8);
  };
  const key = (sign: string) => sign === "" ? h("span", null) :
    h("button", { type: "button", class: "key", onclick: press(sign), "aria-label": sign === "back" ? say("key_back") : null }, sign === "back" ? icon("erase") : sign);
  show([
    h("h2", { tabindex: "-1" }, icon("hand"), say("paper_pin", { amount: amount(minorOf(asking)), name: asking.hat.name ?? say("kind_merchant") })),
    h("p", null, say("paper_pin_text")),
    h("div", { class: "field" }, h("label", { for: "pin" }, say("paper_pin_label")), pin,
      h("p", { id: "pin-fault", class: "fault", role: "alert" }, fault)),
    h("div", { class: "keypad" }, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "", "0", "back"].map(key)),
    h("div", { class: "actions" }, button("tick", say("paper_pin_go"), go, "main"), button("cross", say("stop_asking"), () => open(asking)), button("back", say("paper_smaller"), asking.back)),
  ]);
  pin.addEventListener("keydown", (event) => event.key === "Enter" && go());
  pin.focus();
}

/** A voucher pays what is on it; its holder hears what is left. */
async function byVoucher(asking: Asking, atHand: AtHand): Promise<void> {
  show(busy(say("sending")));
  const { left } = await held(atHand);
  const minor = minorOf(asking);
  if (left === 0) return end(asking, note("hand", say("paper_empty"), say("paper_empty_next")));
  if (left < minor) return end(asking, note("hand", say("paper_holds", { amount: amount(left) }), say("paper_rest", { amount: amount(minor - left) })),
    button("pay", say("paper_take_part", { amount: amount(left) }), () => void part(asking, atHand, left), "main"), true);
  await spend(asking, atHand, left - minor);
}

/** Takes all that is on a voucher; the rest is paid in another way. */
async function part(asking: Asking, atHand: AtHand, left: number): Promise<void> {
  show(busy(say("sending")));
  try {
    const request = await makeRequest(asking.hat, left);
    stopAsking();
    const rest = amount(minorOf(asking) - left);
    const now = { ...asking, request, rest: say("paper_rest", { amount: rest }), still: asking.still ? `${rest} + ${asking.still}` : rest };
    askFor(now);
    await spend(now, atHand, 0);
  } catch (error) {
    said(asking, error, () => open(asking));
  }
}

async function spend(asking: Asking, atHand: AtHand, left: number): Promise<void> {
  const envelope = await sign(asking, atHand);
  // Told beside the tick: it may be there before this answer is.
  asking.left = say("paper_left", { amount: amount(left) });
  const send = async (): Promise<void> => {
    try {
      await ask("POST", "/v1/entries", { envelope });
    } catch (error) {
      if (error instanceof Refused) delete asking.left;
      said(asking, error, error instanceof NoAnswer ? () => void send() : () => open(asking));
    }
  };
  await send();
}

/** Says kindly what is, and what can be done here and now. */
function said(asking: Asking, error: unknown, again: () => void): void {
  const code = error instanceof Refused ? error.problem.code : "";
  if (!KIND_WORDS.includes(code)) return end(asking, explain(error, again));
  end(asking, note("hand", say(`paper_why_${code}`), say(`paper_why_${code}_next`)), null, SMALLER.includes(code));
}

/** What is done when it does not work; a smaller amount is offered only where one may do. */
function end(asking: Asking, what: Child, more: Child = null, mayBeSmaller = false): void {
  const place = h("div", null);
  fill(place, what);
  show([
    h("div", { tabindex: "-1", "data-focus": true }, place),
    h("div", { class: "actions" }, more, button("scan", say("paper_other"), () => open(asking)), button("till", say(mayBeSmaller ? "paper_smaller" : "paper_to_till"), asking.back)),
  ], "focus");
}
