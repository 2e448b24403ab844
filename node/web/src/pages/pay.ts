/** `/p/ID`: whom, how much, enough or not; one tap pays. */

import { type PaymentRequest, ask } from "../api.ts";
import { type Hat, type Outgoing, get } from "../db.ts";
import { amount, button, facts, given, h, hideServerPart, icon, link, now, say, show } from "../dom.ts";
import { hatChoice } from "../hats.ts";
import { freshInbox, wasAsked } from "../inbox.ts";
import { parseAccount } from "../lib/account.ts";
import { fromDecimal } from "../lib/money.ts";
import { flush, prepare, sendUntilKnown } from "../outbox.ts";
import { outcome, toWallet } from "../paid.ts";
import { busy, explain, headed, start } from "../start.ts";
import { accountOf, askAs, payers } from "../wallet.ts";
import { comeBack, offer } from "./join.ts";

const key = (request: PaymentRequest) => `request:${request.id}`;

/** Shows or hides what is said before somebody pays: how long the code lasts, and to look at the amount. */
function beforePaying(shown: boolean): void {
  const said = document.getElementById("before");
  if (said) said.hidden = !shown;
}

async function page(): Promise<void> {
  const request = given<PaymentRequest>();
  if (!request) return;
  const mine = await get<Outgoing>("outbox", key(request)).catch(() => undefined);
  if (mine && (mine.state !== "refused" || request.state !== "open")) return follow(mine);
  if (request.state !== "open" || request.paused) return;
  const own = await payers().catch(() => []);
  if (own.length === 0) return newcomer(request);
  choose(request, own);
}

/** Pays from the person's own account; where this phone has more of them it says from which, and offers the others. */
function choose(request: PaymentRequest, own: readonly Hat[]): void {
  const payee = parseAccount(request.account);
  const from = own.filter(({ account }) => account !== payee);
  const [hat] = from;
  if (!hat) return headed("hand", say("own_request"), say("own_request_next"), toWallet());
  confirm(hat, request, from);
}

/** A phone without a wallet: makes one, and comes straight back to this payment. */
async function newcomer(request: PaymentRequest): Promise<void> {
  await comeBack(location.pathname).catch(() => undefined);
  offer(null, () => void payers().then((own) => choose(request, own)), undefined, h("p", null, say("newcomer"), request.name === null ? null : ` ${say("newcomer_money")}`));
}

function confirm(hat: Hat, request: PaymentRequest, own: readonly Hat[]): void {
  beforePaying(true);
  const minor = fromDecimal(request.amount, facts.scale);
  const enough = h("p", { class: "enough", role: "status" }, say("looking"));
  const pay = button("pay", say("pay_amount", { amount: amount(minor) }), () => void tap(hat, request, pay, own), "main");
  const no = link("back", say("pay_not"), "/wallet", "quiet");
  const actions = h("div", { class: "actions" }, pay, no);
  const choice = hatChoice(hat, own, (other) => confirm(other, request, own), say("pay_as"));
  show([choice, enough, actions]);
  const answer = button("hand", say("decline"), () => void decline(hat, request, own), "quiet");
  const asked = wasAsked(hat, request.id).then((is) => (is && no.replaceWith(answer), is));
  // Whoever was asked answers, now or later; whoever scanned a code has their wallet.
  const cannot = async (next: string | null) => {
    beforePaying(false);
    const is = await asked;
    if (is) answer.className = "button main";
    else no.remove();
    pay.replaceWith(...(is ? [] : [toWallet()]));
    if (next) enough.after(h("p", null, is ? say("not_enough_asked") : next));
  };
  accountOf(hat).then(
    (account) => {
      const available = fromDecimal(account.available ?? "0", facts.scale);
      const isEnough = available >= minor;
      const balance = button("wallet", say("show_balance"), () => balance.replaceWith(h("p", null, say("you_have", { amount: amount(fromDecimal(account.balance ?? "0", facts.scale)) }))), "quiet");
      enough.className = isEnough ? "enough good" : "enough";
      enough.replaceChildren(icon(isEnough ? "tick" : "hand"), say(account.status === "frozen" ? "at_rest" : isEnough ? "enough" : "not_enough"));
      // A shop takes the rest in money; among people there is only a smaller amount.
      if (account.status === "frozen") void cannot(null);
      else if (!isEnough) void cannot(say(request.name === null ? "not_enough_person" : "not_enough_next"));
      actions.append(balance);
    },
    // Without an answer the payment can still be tried: the books decide, not this screen.
    () => enough.replaceChildren(icon("clock"), say("enough_unknown")),
  );
  window.setTimeout(() => pay.isConnected && now() > Date.parse(request.until) && location.reload(), Math.max(0, Date.parse(request.until) - now()) + 1_000);
}

/** Tells who asked, kindly, that this will not be paid. */
async function decline(hat: Hat, request: PaymentRequest, own: readonly Hat[]): Promise<void> {
  show(busy(say("sending")));
  try {
    await askAs(hat, "POST", `/v1/requests/${request.id}/decline`);
    await freshInbox(hat).catch(() => undefined);
    headed("tick", say("declined"), say("declined_text"), toWallet());
  } catch (error) {
    show(explain(error, () => confirm(hat, request, own)));
  }
}

async function tap(hat: Hat, request: PaymentRequest, pay: HTMLButtonElement, own: readonly Hat[]): Promise<void> {
  if (pay.disabled) return;
  pay.disabled = true;
  try {
    const to = parseAccount(request.account);
    if (!to || request.ledger !== facts.ledger) throw new TypeError("the request is malformed");
    const until = Date.parse(request.until) / 1_000;
    const minor = fromDecimal(request.amount, facts.scale);
    const outgoing = await prepare(hat, {
      key: key(request),
      what: "pay",
      body: { from: hat.account, payees: [{ to, amount: minor, request: { id: request.id, until } }], late: false },
      name: request.name ?? say("request_unlisted"),
      amount: minor,
      until,
    });
    await follow(outgoing);
  } catch (error) {
    show(explain(error, () => confirm(hat, request, own)));
  }
}

/** Shows what is true of a payment until it is known. */
async function follow(outgoing: Outgoing): Promise<void> {
  beforePaying(false);
  if (outgoing.state === "waiting") show(busy(say("paying")));
  const known = await sendUntilKnown(outgoing, (news) => screen(news));
  if (known.state === "refused" && known.code !== "request_paid") void stillOpen(known);
}

function screen(outgoing: Outgoing): void {
  const isOver = outgoing.state === "done" || outgoing.state === "refused";
  hideServerPart(isOver);
  beforePaying(false);
  show(outcome(outgoing, toWallet()), isOver ? "focus" : "quiet");
}

/** After a refusal: what the node says of the request now. Somebody else may have paid it. */
async function stillOpen(outgoing: Outgoing): Promise<void> {
  const id = outgoing.key.slice("request:".length);
  const request = await ask<PaymentRequest>("GET", `/v1/requests/${id}`).catch(() => null);
  if (request?.state === "open") document.querySelector("#action .actions")?.append(button("again", say("again"), () => location.reload()));
}

void start(async () => {
  await page();
  void flush(() => undefined);
});

