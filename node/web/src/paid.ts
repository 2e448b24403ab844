/** What became of a payment: the big tick after its receipt verified, and true words before and otherwise. */

import { amount, button, h, icon, largeAmount, link, moment, now, say, show, type Child } from "./dom.ts";
import type { Answered } from "./api.ts";
import { type Outgoing, get } from "./db.ts";
import { printReceiptFile } from "./lib/receipt.ts";
import { sendUntilKnown } from "./outbox.ts";
import { busy, note, whyNot } from "./start.ts";
import { receiptOf } from "./wallet.ts";

/** Returns the screen of something signed: waiting, done, not done; `more` leads on from there; `done` is said of what was done where there is more to say. */
export function outcome(outgoing: Outgoing, more: Child = null, done?: string): Child {
  const onward = more ? h("div", { class: "actions" }, more) : null;
  const word = outgoing.words ?? outgoing.what;
  const values = { name: outgoing.name, amount: amount(outgoing.amount) };
  switch (outgoing.state) {
    case "done":
      return [
        h("section", { class: "paid", role: "status", tabindex: "-1", "data-focus": true },
          icon("tick", "icon big"),
          h("p", { class: "amount" }, say(`${word}_done`)),
          // Whoever stands at a counter shows how much, from a step away.
          word === "pay" ? h("p", { class: "amount" }, largeAmount(outgoing.amount)) : null,
          h("p", null, done ?? say(`${word}_done_text`, values)),
          h("p", { class: "small" }, moment(outgoing.doneAt ?? outgoing.signedAt, "both"))),
        word === "pay" ? h("p", { class: "small" }, icon("seal"), say("pay_proof")) : null,
        outgoing.ledger ? null : seal(outgoing),
        h("div", { class: "actions" },
          more,
          // A file beside the spare key would be taken for it.
          outgoing.receipt && word !== "spare" ? button("down", say("save_receipt"), () => void saveNewest(outgoing)) : null),
      ];
    case "refused": {
      const [why, next] = whyNot(outgoing.code ?? "");
      // What was paid already is no failure, and there is nothing to try again.
      const isPaid = outgoing.code === "request_paid";
      return [h("section", { class: "not-paid", role: "status", tabindex: "-1", "data-focus": true },
        icon(isPaid ? "hand" : "cross", "icon big"), h("p", { class: "amount" }, isPaid ? why : say(`${word}_not_done`)),
        isPaid ? null : h("p", null, why), h("p", null, next)), onward];
    }
    case "ended":
      return [note("hand", say("ended"), say("ended_next")), onward];
    case "draft":
      return [note("clock", say("draft_waits"), say("draft_waits_next")), onward];
    case "alarm":
      return [note("hand", say("receipt_alarm"), say("receipt_alarm_next")), h("div", { class: "actions" }, more,
        outgoing.receipt ? button("down", say("save_receipt"), () => saveReceipt(outgoing.receipt as Answered)) : null)];
    case "waiting":
      return [waiting(outgoing, values), onward];
  }
}

/**
 * Shows what becomes of something signed until that is known, unless another screen was opened meanwhile: it goes out
 * all the same. `leave` leads away while there is no answer.
 */
export async function showUntilKnown(outgoing: Outgoing, leave: Child, draw: (news: Outgoing) => Child): Promise<void> {
  let screen = h("div", null, busy(say("sending")), h("div", { class: "actions" }, leave));
  show(screen);
  await sendUntilKnown(outgoing, (news) => {
    if (!screen.isConnected) return;
    screen = h("div", null, draw(news));
    show(screen, news.state === "waiting" ? "quiet" : "focus");
  });
}

/** The small seal below the tick: how many witnesses have cosigned, told again as they do. */
function seal(outgoing: Outgoing): Child {
  const line = h("p", { class: "small", role: "status", hidden: true });
  void import("./sealLine.ts").then(({ sealOfPayment }) => sealOfPayment(outgoing, line));
  return line;
}

/** Saves the receipt as it is now: witnesses may have cosigned since it was shown. */
async function saveNewest(outgoing: Outgoing): Promise<void> {
  const kept = await get<Outgoing>("outbox", outgoing.key);
  saveReceipt((kept?.receipt ?? outgoing.receipt) as Answered);
}

/** What is true while there is no answer: it was not sent yet, or nobody knows whether it arrived. */
function waiting(outgoing: Outgoing, values: Record<string, string>): Child {
  const isOver = now() > outgoing.expiresAt * 1_000;
  const key = !outgoing.sent ? "waiting_unsent" : isOver ? "waiting_over" : "waiting_sent";
  return h("section", { class: "waiting", role: "status" },
    icon("clock", "icon big"),
    h("p", { class: "amount" }, say("waiting")),
    values["name"] !== "" && outgoing.amount > 0 ? h("p", null, say("waiting_what", values)) : null,
    h("p", null, say(key, values)),
    // At a counter two people look at one till.
    outgoing.what === "pay" ? h("p", null, say("waiting_till")) : null,
    h("p", null, say(outgoing.sent ? "waiting_once" : "waiting_next")));
}

/** Gives a receipt to the person as a file that any verifier reads. */
export function saveReceipt(answered: Answered): void {
  saveFile(`klaver-${answered.index}.tlog-proof`, printReceiptFile(receiptOf(answered)));
}

/** Gives a text to the person as a file. */
export function saveFile(name: string, text: string): void {
  const file = new Blob([text], { type: "application/octet-stream" });
  const address = URL.createObjectURL(file);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** The way back to the wallet. */
export function toWallet(): HTMLAnchorElement {
  return link("wallet", say("to_wallet"), "/wallet", "main");
}
