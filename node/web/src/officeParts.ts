/** What the screens of the coordination share: amounts as the node tells them, headings, signing for the council. */

import type { Hat, Outgoing } from "./db.ts";
import { amount, facts, h, icon, link, say, shortAccount, show, type Child, type Icon } from "./dom.ts";
import { parseAccount } from "./lib/account.ts";
import { AmountError, fromDecimal, parseTotal, showNumber } from "./lib/money.ts";
import { type Wish, prepare, sendUntilKnown } from "./outbox.ts";
import { showUntilKnown } from "./paid.ts";
import { explain, note, whyNot } from "./start.ts";

export const minor = (text: string): number => fromDecimal(text, facts.scale);
export const money = (text: string): string => amount(minor(text));
export const nameOf = ({ name, account }: { name: string | null; account: string }): string => name ?? shortAccount(parseAccount(account) ?? "");
export const back = (href = "#"): HTMLElement => h("div", { class: "actions" }, link("back", say("back"), href));
export const heading = (picture: Icon, words: string): HTMLElement => h("h2", { tabindex: "-1", "data-focus": true }, icon(picture), words);
export const line = (words: string, value: Child): Child => [h("dt", null, words), h("dd", null, value)];

/** A field of its own: the label, what is wrong below it. */
export function field<I extends HTMLInputElement | HTMLSelectElement>(id: string, label: string, input: I): { element: HTMLElement; fault: HTMLElement; input: I } {
  const fault = h("p", { id: `${id}-fault`, class: "fault", role: "alert" });
  input.id = id;
  input.setAttribute("aria-describedby", fault.id);
  return { element: h("div", { class: "field" }, h("label", { for: id }, label), input, fault), fault, input };
}

/** An amount that may be zero, or nothing, as it stands in a field. */
export const totalText = (total: number | null): string => (total === null ? "" : showNumber(total, facts.scale, "en").replaceAll("\u202f", "").replace(".", facts.scale > 0 ? "," : "."));

/** Reads minor units, null from an empty field that may be so; undefined after having said what is wrong. */
export function readTotal(input: HTMLInputElement, fault: HTMLElement, mayBeEmpty: boolean): number | null | undefined {
  fault.textContent = "";
  if (mayBeEmpty && input.value.trim() === "") return null;
  try {
    return parseTotal(input.value, facts.scale);
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    fault.textContent = say(`amount_${error.fault}`, { decimals: facts.scale });
    input.focus();
    return undefined;
  }
}

/** What the council signs from its pages. */
export type OfficeKind = "settle" | "change" | "open" | "close" | "govern" | "veto";

/** How long something that the council signs may wait for its other signatures, in seconds. */
const patience = () => Math.min(3 * 86_400, facts.otherSeconds);

/** Signs for the council and shows what became of it; where more must sign, it waits for them. */
export async function signAndSend<K extends OfficeKind>(hat: Hat, wish: Wish<K>, onDone: (done: Outgoing) => Child = () => null): Promise<void> {
  try {
    const home = () => link("seal", say("council_to"), "#", "main");
    const outgoing = await prepare(hat, { ...wish, lasts: patience() });
    await showUntilKnown(outgoing, home(), (news) => [result(news), news.state === "done" ? onDone(news) : null, h("div", { class: "actions" }, home())]);
  } catch (error) {
    show([explain(error), back()]);
  }
}

/** Signs for the council and sends, telling while it waits; returns what is known in the end. */
export async function signOne<K extends OfficeKind>(hat: Hat, wish: Wish<K>, tell: (news: Outgoing) => void): Promise<Outgoing> {
  return sendUntilKnown(await prepare(hat, { ...wish, lasts: patience() }), tell);
}

/** What became of something that the council signed. */
export function result(outgoing: Outgoing): Child {
  switch (outgoing.state) {
    case "done": return h("section", { class: "paid", role: "status", tabindex: "-1", "data-focus": true }, icon("tick", "icon big"), h("p", { class: "amount" }, say("council_done")), h("p", null, say("council_done_text", { index: outgoing.index ?? 0 })));
    case "draft": return [
      h("section", { class: "waiting", role: "status", tabindex: "-1", "data-focus": true }, icon("clock", "icon big"), h("p", { class: "amount" }, say("council_almost")), h("p", null, say("council_almost_text"))),
      outgoing.link ? h("p", null, h("code", null, outgoing.link)) : null];
    case "refused": {
      const [why, next] = whyNot(outgoing.code ?? "");
      return h("section", { class: "not-paid", role: "status", tabindex: "-1", "data-focus": true }, icon("cross", "icon big"), h("p", { class: "amount" }, say("council_not_done")), h("p", null, why), h("p", null, next));
    }
    case "alarm": return note("hand", say("receipt_alarm"), say("receipt_alarm_next"));
    default: return h("section", { class: "waiting", role: "status" }, icon("clock", "icon big"), h("p", { class: "amount" }, say("waiting")), h("p", null, say(outgoing.sent ? "waiting_sent" : "waiting_unsent")), h("p", null, say("waiting_next")));
  }
}
