/** `#ask`: asks somebody to pay, by their own code. It waits in their inbox; they pay, or say rather not. */

import { type PaymentRequest, Refused, ask as askNode } from "../api.ts";
import { amountField } from "../amountField.ts";
import type { Hat } from "../db.ts";
import { amount, button, facts, fill, h, icon, link, moment, say, show } from "../dom.ts";
import { accountText } from "../lib/account.ts";
import { LinkError, checkCommunity, parseLink } from "../lib/links.ts";
import { toDecimal } from "../lib/money.ts";
import { scanInto } from "../scanInto.ts";
import { busy, explain } from "../start.ts";
import { toWallet } from "../paid.ts";
import { askAs } from "../wallet.ts";

/** How long somebody may think about it, in seconds: a week. */
const VALID_FOR = 604_800;

/** Returns the code that a link or a text names. @throws LinkError */
function codeIn(text: string): string {
  const typed = text.trim();
  const code = parseLink(/^[a-z0-9-]+$/i.test(typed) ? `${facts.origin}/to/${typed}` : typed);
  checkCommunity(code, facts.origin, facts.ledger);
  if (code.link !== "alias") throw new LinkError("link_unknown", "this is not somebody's own code");
  return code.alias;
}

export async function open(hat: Hat): Promise<void> {
  const fault = h("p", { id: "code-fault", class: "fault", role: "alert" });
  const typed = h("input", { id: "code", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": "code-fault" });
  const words = h("input", { id: "words", type: "text", maxlength: 40, autocomplete: "off" });
  const sum = amountField(say("ask_how_much", { many: facts.many }));
  const whom = h("p", { role: "status" });
  let called = say("request_unlisted");
  // Who stands behind a code is said before anything is asked of them.
  const look = async () => {
    whom.textContent = "";
    called = say("request_unlisted");
    const code = typed.value;
    try {
      const { name, words: own } = await askNode<{ name: string | null; words: string | null }>("GET", `/v1/codes/${codeIn(code)}`);
      if (typed.value !== code) return;
      called = name ?? own ?? called;
      fill(whom, icon("people"), say("ask_to", { name: called }));
    } catch {
      // Asking says what is wrong with it.
    }
  };
  typed.addEventListener("change", () => void look());
  const camera = scanInto((text) => {
    typed.value = text.replace(`${facts.origin}/to/`, "");
    void look();
  });
  addEventListener("hashchange", () => camera.stop(), { once: true });
  const ask = () => {
    fault.textContent = "";
    let to: string;
    try {
      to = codeIn(typed.value);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      return void (fault.textContent = error.code === "other_community" ? say("code_other_community", { theirs: error.theirs ?? "" }) : say("ask_no_code"));
    }
    const minor = sum.read();
    if (minor === null) return;
    const body = { account: accountText(hat.account), amount: toDecimal(minor, facts.scale), valid_for: VALID_FOR, to, ...(words.value.trim() ? { words: words.value.trim() } : {}) };
    show(busy(say("sending")));
    askAs<PaymentRequest>(hat, "POST", "/v1/requests", body).then(
      ({ until }) => show([
        h("section", { class: "waiting", role: "status", tabindex: "-1", "data-focus": true }, icon("clock", "icon big"), h("p", { class: "amount" }, say("ask_done")), h("p", null, say("ask_done_to", { amount: amount(minor), name: called })), h("p", null, say("ask_until", { when: moment(Date.parse(until), "day") }))),
        h("div", { class: "actions" }, toWallet()),
      ], "focus"),
      (error: unknown) => {
        if (!(error instanceof Refused) || !["unknown_code", "replaced_code"].includes(error.problem.code)) return show(explain(error, () => void open(hat)));
        show(form);
        fault.textContent = say(error.problem.code === "replaced_code" ? "ask_replaced" : "ask_no_code");
      });
  };
  const form = [
    h("h2", { tabindex: "-1", "data-focus": true }, icon("people"), say("ask_title")),
    h("p", null, say("ask_text")),
    camera.element,
    h("div", { class: "field" }, h("label", { for: "code" }, say("ask_whom")), typed, fault), whom,
    sum.element,
    h("div", { class: "field" }, h("label", { for: "words" }, say("ask_words")), words),
    h("div", { class: "actions" }, button("people", say("ask_do"), ask, "main"), link("back", say("back"), "#receive")),
  ];
  show(form, "focus");
}
