/** `/wrong`: what one told a person of trust, and telling it; with a line's number, about that line. */

import { Refused, type StatementLine } from "./api.ts";
import type { Hat } from "./db.ts";
import { amount, button, facts, fill, h, icon, link, moment, placesLink, say, show, type Child } from "./dom.ts";
import { fromDecimal } from "./lib/money.ts";
import { busy, explain } from "./start.ts";
import { askAs, findLine } from "./wallet.ts";

export interface Person { id: string; name: string; phone: string; place: string | null }
export interface Told {
  id: string; told_at: string; erased_at: string; state: "told" | "talking" | "done"; reason: string; words: string | null; phone: string | null;
  answer: string | null; outcome: string | null; entry: number | null; earlier: number | null;
}
type Own = Told & { about: { index: number; line: number } | null; person: Person | null };
interface Page { told: Own[]; persons: Person[]; listens: boolean }

const REASONS = ["amount", "missing", "not_mine", "treated", "other"];
const PATH = "/v1/wrong";

/** Whether somebody tells from a till: then that is where they came from. */
const isTill = (): boolean => location.hash.startsWith("#till");
/** The address of a part of this page. */
const at = (part = ""): string => (isTill() ? `#till/${part}` : `#${part}`);

export async function wrong(hat: Hat, id: string): Promise<void> {
  show(busy());
  const page = await askAs<Page>(hat, "GET", /^\d/.test(id) ? `${PATH}?index=${Number.parseInt(id, 10)}` : PATH);
  if (id === "") return own(hat, page);
  const [index = 0, number] = id.split(".").map(Number);
  // Without the line its number says which one it is.
  const line = index >= 0 ? await findLine(hat, index, (one) => number === undefined || one.line === number).catch(() => undefined) : undefined;
  form(hat, id, page.persons, line);
}

/** What a line did to an account, as a sentence: `key` gives the one for a direction. */
export function moved(key: (way: "in" | "out" | "none") => string, { recorded_at, debit, credit }: Pick<StatementLine, "recorded_at" | "debit" | "credit">, index = 0): string {
  const minor = fromDecimal(credit, facts.scale) - fromDecimal(debit, facts.scale);
  return say(key(minor < 0 ? "out" : minor > 0 ? "in" : "none"), { amount: amount(Math.abs(minor)), day: moment(Date.parse(recorded_at), "day"), index });
}

export const title = (): Child => h("h2", { tabindex: "-1", "data-focus": true }, icon("hand"), say("something_wrong"));
/** What stays on one line, as a number is read. */
const whole = (words: string): string => words.replace(/ /g, "\u00a0");
export const call = (name: string, phone: string): Child => h("a", { class: "button", href: `tel:${phone.replace(/[^+\d]/g, "")}` }, icon("phone"), say("wrong_call", { name, phone: whole(phone) }));
/** A line's number, leading to it where this account has it. */
export const numbered = (index: number): Child => h("a", { href: `${isTill() ? "/till#today" : "/wallet#lines"}/${index}` }, whole(say("wrong_number", { index })));

/** One of several, by a tap. */
export function choices(name: string, legend: string, some: readonly string[], words: (one: string) => string, first?: string | null): { element: HTMLElement; chosen: () => string | undefined } {
  const inputs = some.map((value) => h("input", { type: "radio", name, value, id: `${name}-${value}`, checked: value === first }));
  return {
    element: h("fieldset", null, h("legend", null, legend), inputs.map((input) => h("label", { class: "choice" }, input, words(input.value)))),
    chosen: () => inputs.find(({ checked }) => checked)?.value,
  };
}

/** Words of several lines. */
export function writing(id: string, label: string, first = ""): { element: HTMLElement; input: HTMLTextAreaElement } {
  const input = h("textarea", { id, rows: 3, maxlength: 500 });
  input.value = first;
  return { element: h("div", { class: "field" }, h("label", { for: id }, label), input), input };
}

function form(hat: Hat, id: string, persons: readonly Person[], seen?: StatementLine): void {
  const home = h("div", { class: "actions" }, link("back", say("back"), at()));
  const [first] = persons;
  if (!first) {
    return show([title(), h("p", { class: "note" }, icon("hand"), say("wrong_nobody")), h("p", null, say("wrong_nobody_next")),
      h("div", { class: "actions" }, placesLink("main")), home], "focus");
  }
  const [index, line] = id.split(".").map(Number);
  const isAbout = index !== undefined && index >= 0;
  const whom = persons.length < 2 ? null : choices("whom", say("wrong_whom"), persons.map(({ id: one }) => one), (one) => audience(persons.find((person) => person.id === one) ?? first));
  const chosen = (): Person | undefined => (whom ? persons.find((person) => person.id === whom.chosen()) : first);
  const reason = choices("reason", say("wrong_what"), REASONS, (one) => say(`wrong_reason_${one}`));
  const words = writing("words", say("wrong_words"));
  const fault = h("p", { id: "phone-fault", class: "fault", role: "alert" });
  const phone = h("input", { id: "phone", type: "tel", maxlength: 30, autocomplete: "tel", "aria-describedby": "phone-fault" });
  const trouble = h("div", { role: "alert" });
  const [reader, ways] = [h("span", null), h("div", { class: "actions" })];
  const tell = async () => {
    fill(trouble);
    fault.textContent = "";
    phone.removeAttribute("aria-invalid");
    const why = reason.chosen();
    if (!why) return fill(trouble, h("p", { class: "fault" }, say("wrong_choose")));
    const person = chosen();
    if (!person) return fill(trouble, h("p", { class: "fault" }, say("wrong_whom_none")));
    const body = {
      person: person.id, reason: why, ...(isAbout ? { about: { index, ...(line === undefined ? {} : { line }) } } : {}),
      ...(words.input.value.trim() ? { words: words.input.value } : {}), ...(phone.value.trim() ? { phone: phone.value } : {}),
    };
    try {
      const told = await askAs<Own>(hat, "POST", PATH, body);
      show([h("section", { class: "waiting good", role: "status", tabindex: "-1", "data-focus": true }, icon("tick", "icon big"), h("p", { class: "amount" }, say("wrong_told")), h("p", null, say("wrong_told_text", { name: told.person?.name ?? "" }))),
        h("div", { class: "actions" }, link("list", say("wrong_own"), at(), "main"))], "focus");
    } catch (error) {
      const { code = "", field = "" } = error instanceof Refused ? error.problem : {};
      const known = code === "too_many" ? "wrong_many" : code === "malformed_field" && field === "words" ? "wrong_fault_words" : null;
      if (code !== "malformed_field" || field !== "phone") return fill(trouble, known ? h("p", { class: "fault" }, say(known)) : explain(error, () => void tell()));
      fault.textContent = say("wrong_fault_phone");
      phone.setAttribute("aria-invalid", "true");
      phone.focus();
    }
  };
  const send = button("tick", say("wrong_tell"), () => void tell(), "main");
  /** Says who reads it, and whom one calls instead: whoever is chosen, or all. */
  const choose = () => {
    const person = chosen();
    fill(reader, say("wrong_alone", { name: person?.name ?? say("wrong_person") }));
    fill(ways, send, (person ? [person] : persons).map(({ name, phone: number }) => call(name, number)));
  };
  whom?.element.addEventListener("change", choose);
  choose();
  show([
    title(),
    isAbout ? h("p", null, seen ? moved((way) => `wrong_about_${way}`, seen) : say("wrong_about", { index })) : null,
    whom?.element, reason.element, words.element,
    h("div", { class: "field" }, h("label", { for: "phone" }, say("wrong_phone")), phone, fault),
    h("p", { class: "small" }, reader, " ", say("wrong_erased")), trouble, ways, home,
  ], "focus");
}

/** For whom somebody listens. */
const audience = ({ name, place }: Person): string => say(place ? "wrong_for_place" : "wrong_for_all", { name, place: place ?? "" });
const called = ({ name, place }: Person): string => (place ? `${name} · ${place}` : name);

/** What was said and answered, as teller and listener both see it. */
export const said = ({ words, answer, outcome, entry }: Told): Child => [
  words ? h("blockquote", null, words) : null,
  answer ? [h("p", { class: "small" }, say("wrong_answer")), h("blockquote", null, answer)] : null,
  outcome ? h("p", null, icon("tick"), say(`wrong_outcome_${outcome}`), entry === null ? null : [" ", numbered(entry)]) : null,
];

export const stateOf = ({ state }: Told): Child => [icon(state === "done" ? "tick" : state === "talking" ? "people" : "mail"), say(`wrong_state_${state}`)];

function own(hat: Hat, { told, persons, listens }: Page): void {
  const rank = told.length > 0 ? "main" : "";
  show([
    title(),
    listens ? link("mail", say("heard"), "#heard", "note") : null,
    told.length === 0 ? h("p", null, say("wrong_none")) : told.map((one) => h("section", null,
      h("h2", null, stateOf(one)),
      h("p", { class: "small" }, moment(Date.parse(one.told_at), "day"), one.about ? [" · ", numbered(one.about.index)] : one.earlier === null ? null : ` · ${say("wrong_earlier", { index: one.earlier })}`),
      h("p", null, say(`wrong_reason_${one.reason}`)), said(one),
      one.state === "told" && one.person ? h("p", null, say("wrong_told_text", { name: one.person.name })) : null, acts(hat, one, persons))),
    // Whoever has told goes home: told twice, it would be read twice.
    h("div", { class: "actions" }, told.length === 0 ? link("hand", say("wrong_new"), at("new"), "main") : null,
      isTill() ? link("back", say("to_till"), "/till#today", rank) : link("wallet", say("to_wallet"), "/wallet", rank),
      told.length > 0 ? link("hand", say("wrong_more"), at("new")) : null),
  ], "focus");
}

/** Calling, taking back with a second tap; telling somebody else when the first listens no longer. */
function acts(hat: Hat, one: Own, persons: readonly Person[]): HTMLElement {
  const place = h("div", { class: "actions" });
  const act = (method: string, body?: object) => void askAs(hat, method, `${PATH}/${one.id}`, body).then(() => wrong(hat, ""), (error: unknown) => fill(place, explain(error)));
  const sure = button("cross", say(one.state === "done" ? "wrong_wipe" : "wrong_take_back"), () => {
    const yes = button("cross", say("wrong_take_back_sure"), () => act("DELETE"));
    fill(place, h("p", null, say("wrong_take_back_text")), yes);
    yes.focus();
  }, "quiet");
  fill(place, one.person ? [one.state === "done" ? null : call(one.person.name, one.person.phone)] :
    [h("p", { class: "note" }, icon("hand"), say("wrong_gone")), persons.map((person) => button("hand", say("wrong_tell_one", { name: called(person) }), () => act("PUT", { person: person.id })))], sure);
  return place;
}
