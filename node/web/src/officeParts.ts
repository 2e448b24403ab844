/** What the screens of the coordination share: amounts as the node tells them, headings, signing for the council. */

import type { Hat, Outgoing } from "./db.ts";
import { amount, facts, fill, h, icon, link, say, shortAccount, show, type Child, type Icon } from "./dom.ts";
import { parseAccount } from "./lib/account.ts";
import { fromHex } from "./lib/bytes.ts";
import { faultOfKey } from "./lib/ed25519.ts";
import { AmountError, fromDecimal, parseTotal, showNumber } from "./lib/money.ts";
import { type Wish, prepare, sendUntilKnown } from "./outbox.ts";
import { showUntilKnown } from "./paid.ts";
import { checkNumber } from "./pairing.ts";
import { qr } from "./qr.ts";
import { type ScanInto, scanInto } from "./scanInto.ts";
import { shareLink } from "./shareLink.ts";
import { explain, note, whyNot } from "./start.ts";

export const minor = (text: string): number => fromDecimal(text, facts.scale);
export const money = (text: string): string => amount(minor(text));
export const nameOf = ({ name, account }: { name: string | null; account: string }): string => name ?? shortAccount(parseAccount(account) ?? "");
export const back = (href = "#"): HTMLElement => h("div", { class: "actions" }, link("back", say("back"), href));
export const heading = (picture: Icon, words: string): HTMLElement => h("h2", { tabindex: "-1", "data-focus": true }, icon(picture), words);
export const line = (words: string, value: Child): Child => [h("dt", null, words), h("dd", null, value)];

/** What few people ever need to read, behind its name. */
export const fold = (words: string, ...children: Child[]): HTMLDetailsElement => h("details", { class: "rules" }, h("summary", null, icon("list"), words), children);

/** Names with their values. */
export const list = (rows: readonly (readonly [string, string])[], kind = ""): HTMLElement => h("dl", { class: kind }, rows.map(([what, value]) => line(what, value)));

/** What is typed on a line of its own when somebody has the program: behind a fold, for everybody else. */
export const command = (words: string, text: string): HTMLElement => fold(say("connect_program"), h("p", null, words), h("p", null, h("code", null, text)));

/** A field of its own: the label, in which unit it is, what is wrong below it. */
export function field<I extends HTMLInputElement | HTMLSelectElement>(id: string, label: string, input: I, unit = ""): { element: HTMLElement; fault: HTMLElement; input: I } {
  const fault = h("p", { id: `${id}-fault`, class: "fault", role: "alert" });
  input.id = id;
  input.setAttribute("aria-describedby", unit ? `${id}-unit ${fault.id}` : fault.id);
  const typed = unit ? h("div", { class: "sum" }, input, h("span", { id: `${id}-unit` }, unit)) : input;
  return { element: h("div", { class: "field" }, h("label", { for: id }, label), typed, fault), fault, input };
}

/** A file to choose, by a button in the words of the page; beside it the name of what was chosen. */
export function fileField(id: string, accept: string, chosen: (file: File) => void): { element: HTMLElement; input: HTMLInputElement } {
  const name = h("p", { id: `${id}-name`, class: "small" });
  const input = h("input", { id, type: "file", accept, class: "unseen", "aria-describedby": name.id });
  input.addEventListener("change", () => {
    const [file] = Array.from(input.files ?? []);
    name.textContent = file?.name ?? "";
    if (file) chosen(file);
  });
  return { element: h("div", { class: "field file" }, input, h("label", { for: id, class: "button" }, icon("list"), say("choose_file")), name), input };
}

/** The key that another phone shows: scanned, or typed behind a fold. Both phones then show one number. */
export interface OtherPhone {
  element: HTMLElement;
  /** Returns the key, or null after having said what is missing. */
  read(): string | null;
  /** Says why this key will not do. */
  refuse(words: string): null;
  camera: ScanInto;
}

/** Asks for that key; `onRead` hears whether there is one. */
export function otherPhone(onRead: (isThere: boolean) => void = () => undefined): OtherPhone {
  const number = h("div", { class: "asking", role: "status" });
  const typed = h("input", { type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  const key = field("key", say("council_key"), typed);
  const typing = fold(say("council_key_type"), key.element);
  const fault = h("p", { class: "fault", role: "alert" });
  const written = () => typed.value.trim().toLowerCase();
  const isKey = (text: string) => /^[0-9a-f]{64}$/.test(text) && faultOfKey(fromHex(text)) === null;
  const tell = async () => {
    key.fault.textContent = fault.textContent = "";
    onRead(written() !== "");
    if (!isKey(written())) return fill(number);
    fill(number, h("p", null, say("council_key_same")), h("p", { class: "amount" }, await checkNumber(written())));
  };
  typed.addEventListener("input", () => void tell());
  const camera = scanInto((text) => {
    typed.value = text;
    void tell();
    if (!isKey(written())) refuse(say("council_key_other"));
  });
  const refuse = (words: string): null => {
    // Said beside what was used: the camera, or the field behind the fold.
    (typing.open ? key.fault : fault).textContent = words;
    return null;
  };
  const read = () => {
    key.fault.textContent = fault.textContent = "";
    if (written() === "") return refuse(say("council_key_missing"));
    return isKey(written()) ? written() : refuse(say("council_key_wrong"));
  };
  return { element: h("div", null, camera.element, number, fault, typing), read, refuse, camera };
}

/** An amount that may be zero, or nothing, as it stands in a field. */
export const totalText = (total: number | null): string => (total === null ? "" : showNumber(total, facts.scale, "nl"));

/** Reads minor units, null from an empty field that may be so; undefined after having said what is wrong. */
export function readTotal(input: HTMLInputElement, fault: HTMLElement, mayBeEmpty: boolean): number | null | undefined {
  fault.textContent = "";
  if (mayBeEmpty && input.value.trim() === "") return null;
  try {
    return parseTotal(input.value.replace(/\s/g, ""), facts.scale);
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
export const patience = (): number => Math.min(3 * 86_400, facts.otherSeconds);

/** Signs for the council and shows what became of it; where more must sign, it waits for them. */
export async function signAndSend<K extends OfficeKind>(hat: Hat, wish: Wish<K>, onDone: (done: Outgoing) => Child = () => null, onSigned: (outgoing: Outgoing) => void = () => undefined): Promise<void> {
  try {
    const home = (kind = "main") => link("seal", say("council_to"), "#", kind);
    const outgoing = await prepare(hat, { ...wish, lasts: patience() });
    onSigned(outgoing);
    await showUntilKnown(outgoing, home(), (news) => [result(news), news.state === "done" ? onDone(news) : null, h("div", { class: "actions" }, shareLink(news), home(news.state === "draft" ? "" : "main"))]);
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
    case "done": return h("section", { class: "paid", role: "status", tabindex: "-1", "data-focus": true }, icon("tick", "icon big"), h("p", { class: "amount" }, say("council_done")), h("p", null, say("council_done_text")));
    case "draft": return [
      h("section", { class: "waiting", role: "status", tabindex: "-1", "data-focus": true }, icon("clock", "icon big"), h("p", { class: "amount" }, say("council_almost")), h("p", null, say("council_almost_text"))),
      outgoing.link ? [qr(outgoing.link, say("council_almost_picture")), h("details", null, h("summary", null, say("code_typed")), h("code", null, outgoing.link))] : null];
    case "refused": {
      const [why, next] = whyNot(outgoing.code ?? "");
      return h("section", { class: "not-paid", role: "status", tabindex: "-1", "data-focus": true }, icon("cross", "icon big"), h("p", { class: "amount" }, say("council_not_done")), h("p", null, why), h("p", null, next));
    }
    case "alarm": return note("hand", say("receipt_alarm"), say("receipt_alarm_next"));
    default: return h("section", { class: "waiting", role: "status" }, icon("clock", "icon big"), h("p", { class: "amount" }, say("waiting")), h("p", null, say(outgoing.sent ? "waiting_sent" : "waiting_unsent")), h("p", null, say(outgoing.sent ? "waiting_once" : "waiting_next")));
  }
}
