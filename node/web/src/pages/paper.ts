/** `/v/ID#SECRET` and `/c/ID#SECRET`: what a voucher holds and what can be done with it; a card's overview and PIN. */

import { type Account, type Answered, NoAnswer, Refused, ask } from "../api.ts";
import { amount, button, facts, fill, h, hideServerPart, icon, link, loadOwnWords, moment, say, show } from "../dom.ts";
import { parseAccount } from "../lib/account.ts";
import { equal, fromBase64url } from "../lib/bytes.ts";
import { decodeEnvelope } from "../lib/entry.ts";
import { LinkError } from "../lib/links.ts";
import { fromDecimal } from "../lib/money.ts";
import { ReceiptError } from "../lib/receipt.ts";
import { type AtHand, held, read, signPayment } from "../papers.ts";
import { qr } from "../qr.ts";
import { busy, explain, headed, note, start } from "../start.ts";
import { hatOf, prove, signedChallenge } from "../wallet.ts";

async function page(): Promise<void> {
  // The outside of a card: the page asks how much by itself.
  if (location.hash.length < 2) return;
  await loadOwnWords();
  hideServerPart(location.pathname.toLowerCase().startsWith("/c/"));
  show(busy());
  try {
    const atHand = await read(location.href);
    if (atHand.paper.kind === "card") inside(atHand);
    else await voucher(atHand);
  } catch (error) {
    show(error instanceof LinkError ? note("hand", say("paper_no_other")) : explain(error, () => void page()));
  }
}

async function voucher(atHand: AtHand): Promise<void> {
  const { left, account } = await held(atHand);
  const { state, until } = atHand.paper;
  if (left === 0) return headed("hand", say("paper_empty"), say("paper_empty_next"), link("clover", say("to_square"), "/", "main"));
  const head = [h("p", { class: "amount" }, amount(left)), until ? h("p", null, say("voucher_until", { until: moment(Date.parse(until), "day") })) : null];
  if (state === "ended") return ended(atHand, account, left);
  if (state !== "usable") return show(head);
  const own = await hatOf("member");
  const into = own && button("wallet", say("voucher_into_wallet"), () => void give(atHand, own.account, left, "voucher_in_wallet"));
  show([head, qr(location.href, say("voucher_code")), into ? h("p", null, say("voucher_then_empty")) : null, h("div", { class: "actions" }, into)]);
}

/** What is left goes home: whoever found the voucher can see to it. */
function ended(atHand: AtHand, account: Account, left: number): void {
  const heir = account.state.heir === null ? null : parseAccount(account.state.heir);
  show([h("p", { class: "amount" }, amount(left)), heir
    ? h("div", { class: "actions" }, button("undo", say("voucher_give_back"), () => void give(atHand, heir, left, "voucher_gave_back"), "main"))
    : null]);
}

async function give(atHand: AtHand, to: string, minor: number, done: string): Promise<void> {
  show(busy(say("sending")));
  const envelope = await signPayment(atHand, to, minor);
  const send = async (): Promise<void> => {
    try {
      const { receipt } = await ask<{ receipt?: Answered }>("POST", "/v1/entries", { envelope });
      if (!receipt) throw new NoAnswer("a payment by a voucher waits for nobody's signature");
      const { content } = await prove(receipt);
      const ours = decodeEnvelope(fromBase64url(envelope)).payload;
      if (!("envelope" in content) || !equal(content.envelope.payload, ours)) throw new ReceiptError("receipt_not_in_log", "the receipt is of another entry");
      // What it says of a voucher that holds something is over.
      hideServerPart(true);
      show([h("p", { class: "note good", role: "status", tabindex: "-1", "data-focus": true }, icon("tick"), say(done, { amount: amount(minor) })),
        h("div", { class: "actions" }, link("wallet", say("to_wallet"), "/wallet", "main"))], "focus");
    } catch (error) {
      show(explain(error, () => void send()));
    }
  };
  await send();
}

/** How long what a card holds stays on the screen, in milliseconds. */
const SHOWN = 60_000;

/** The inside of a card: what it holds, after its PIN, and another PIN. */
function inside(atHand: AtHand): void {
  const fault = h("p", { id: "pin-fault", class: "fault", role: "alert" });
  const field = (id: string, words: string) => {
    const input = h("input", { id, type: "password", inputmode: "numeric", maxlength: 8, autocomplete: "off", "aria-describedby": "pin-fault" });
    return { input, element: h("div", { class: "field" }, h("label", { for: id }, words), input) };
  };
  const [pin, chosen] = [field("pin", say("paper_pin_label")), field("new-pin", say("card_new_pin"))];
  const holds = h("p", { class: "amount", role: "status" });
  const act = async (path: string, body: object, done: (answer: { statement: { balance: string } }) => void) => {
    fault.textContent = "";
    try {
      const proof = await signedChallenge(atHand.key, atHand.account);
      done(await ask("POST", `/v1/papers/${atHand.paper.id}/${path}`, { proof, ...body }));
    } catch (error) {
      const code = error instanceof Refused ? error.problem.code : "";
      if (code === "wrong_pin") fault.textContent = say("paper_wrong_pin", { left: (error as Refused).problem.limit ?? "" });
      else fill(fault, explain(error));
    }
  };
  const main = h("div", { class: "actions" });
  let hiding: ReturnType<typeof setTimeout>;
  // On a phone that somebody lent, the next person sees nothing of it.
  const hide = () => {
    clearTimeout(hiding);
    pin.input.value = holds.textContent = "";
    fill(main, button("list", say("card_holds"), look, "main"));
  };
  const look = () => void act("overview", { pin: pin.input.value }, ({ statement }) => {
    pin.input.value = "";
    holds.textContent = amount(fromDecimal(statement.balance, facts.scale));
    const off = button("cross", say("card_hide"), hide, "main");
    fill(main, off);
    off.focus();
    hiding = setTimeout(hide, SHOWN);
  });
  const choose = () => void act("pin", { pin: chosen.input.value, old_pin: pin.input.value }, () => (holds.textContent = say("card_pin_chosen")));
  // Whoever has no phone of their own calls, where the paper has no name on it yet.
  const trust = h("div", { class: "actions" });
  ask<{ persons: { name: string; phone: string }[] }>("GET", "/v1/persons-of-trust").then(({ persons }) => fill(trust, persons.slice(0, 3).map(({ name, phone }) =>
    h("a", { class: "button quiet", href: `tel:${phone.replace(/[^+\d]/g, "")}` }, icon("phone"), `${say("something_wrong")} ${say("wrong_call", { name, phone })}`))), () => undefined);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("hand"), say("card_inside")), h("p", null, say("card_inside_next")),
    pin.element, fault, holds,
    main,
    h("details", null, h("summary", null, say("card_other_pin")), chosen.element, h("div", { class: "actions" }, button("tick", say("card_choose_pin"), choose))),
    trust,
  ]);
  hide();
}

void start(page);
