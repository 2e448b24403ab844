/** `#budgets`, `#budget/ID`: who pays for what may be given, what is left and at most to be paid, and what others added. */

import { stateOf } from "./accountState.ts";
import { amountField } from "./amountField.ts";
import type { Hat } from "./db.ts";
import { amount, button, facts, fill, given, h, icon, language, link, moment as when, say, show, type Child } from "./dom.ts";
import { AmountError, parseTotal, showEuro, showNumber, toDecimal } from "./lib/money.ts";
import { askAsOffice } from "./office.ts";
import { nameOfSeen, see } from "./officeAccount.ts";
import { back, field, heading, line, list, minor, money, nameOf, patience, result } from "./officeParts.ts";
import { freshKey, prepare } from "./outbox.ts";
import { showUntilKnown } from "./paid.ts";
import { shareLink } from "./shareLink.ts";
import { busy, explain, note } from "./start.ts";
import { bars, table } from "./tables.ts";

interface Contribution { id: string; who: string; cents: number; kind: "gift" | "sponsoring"; amount: string; at: string; index: number | null; raised: boolean; link: string }
/** As `node/api/src/budget.rs` has it. */
export interface Budget {
  account: string; name: string | null; organisation: string | null; funder: string | null; reference: string | null;
  promised_cents: number; received_cents: number; contributed_cents: number; cap: string; until: string | null; ended: boolean;
  outstanding: string; left: string; exposure: string; exposure_cents: number | null; contributions: Contribution[]; link: string | null;
}

/** What the node takes: most euro cents, and how many people come to an hour with pioneers. */
interface Limits { cents: number; pioneers: [number, number] }
export const limits = given<Limits>() as Limits;

const PATH = "/v1/coordination/budgets";
/** So much of a budget is left when it is time to say so. */
const TIGHT = 0.1;

export const budgetsOf = async (hat: Hat): Promise<Budget[]> => (await askAsOffice<{ budgets: Budget[] }>(hat, "GET", PATH)).budgets;

const euro = (cents: number): string => showEuro(cents, language);
/** An amount under a head that says its unit. */
const figure = (sum: number): string => showNumber(sum, facts.scale, language);
const isTight = ({ left, cap, ended }: Budget): boolean => !ended && minor(left) < minor(cap) * TIGHT;

/** Every budget: what is given of it, what is left, and who pays. */
export async function budgets(hat: Hat, life: Child): Promise<void> {
  show(busy());
  const some = await budgetsOf(hat);
  const warned = (one: Budget) => (one.ended ? say("money_ended") : isTight(one) ? say("money_tight") : null);
  show([
    heading("clover", say("council_budgets")),
    some.length === 0 ? h("p", null, say("council_budgets_none")) : [
      h("p", null, say("council_budgets_text")),
      h("figure", null,
        bars(say("council_budgets_chart"), some.map((one) => ({ name: nameOf(one), used: minor(one.outstanding), cap: minor(one.cap) }))),
        table(say("council_budgets_table"), [say("council_who"), say("council_given")], some.map((one) => [
          [h("a", { href: `#budget/${one.account}` }, nameOf(one)), one.funder && !nameOf(one).endsWith(` · ${one.funder}`) ? h("span", { class: "small" }, one.funder) : null,
            one.until ? h("span", { class: "small" }, say("council_until", { when: when(Date.parse(one.until), "day") })) : null,
            warned(one) === null ? null : h("span", { class: "small" }, icon("hand"), warned(one))],
          [h("span", null, `${figure(minor(one.outstanding))} ${say("council_of", { amount: figure(minor(one.cap)) })}`.replaceAll(" ", "\u00a0")), h("span", { class: "small" }, say("council_left_of", { amount: figure(minor(one.left)) }))]]))),
    ],
    life,
    back(),
  ], "focus");
}

/** One budget, with what can be done about it. */
export async function oneBudget(hat: Hat, id: string, said: Child = null): Promise<void> {
  show(busy());
  const one = (await budgetsOf(hat)).find(({ account }) => account === id);
  if (!one) return show([note("hand", say("money_gone")), back("#budgets")], "focus");
  const received = one.received_cents + one.contributed_cents;
  const isShort = one.funder !== null && one.exposure_cents !== null && received < one.exposure_cents;
  const euroRow = (key: string, cents: number): [string, string] => [say(key), euro(cents)];
  show([
    heading("clover", nameOf(one)),
    said,
    one.ended ? note("clock", say("money_ended")) : isTight(one) ? note("hand", say("money_tight")) : null,
    list([
      [say("council_room"), money(one.cap)], [say("money_outstanding"), money(one.outstanding)], [say("council_left"), money(one.left)],
      ...(one.until ? [[say("council_ends"), when(Date.parse(one.until), "day")] as [string, string]] : []),
      [say("money_exposure"), one.exposure_cents === null ? money(one.exposure) : `${euro(one.exposure_cents)} (${money(one.exposure)})`],
    ]),
    list([
      [say("money_funders"), one.funder ?? say("money_none")],
      ...(one.reference ? [[say("funder_reference"), one.reference] as [string, string]] : []),
      ...(one.funder === null ? [] : [euroRow("funder_promised", one.promised_cents), euroRow("funder_received", one.received_cents)]),
      euroRow("money_contributed", one.contributed_cents),
    ]),
    isShort ? note("euro", say("money_short")) : null,
    h("div", { class: "actions" },
      link("euro", say("money_add"), `#contribution/${id}`, one.funder === null ? "" : "main"),
      link("list", say("money_edit"), `#funding/${id}`, one.funder === null ? "main" : ""),
      link("pay", say("council_room_change"), `#limits/${id}`),
      one.link ? h("a", { class: "button", href: one.link }, icon("people"), say("money_funder_page")) : null),
    h("h2", null, say("money_given")),
    one.contributions.length === 0 ? h("p", null, say("money_given_none")) : h("ul", { class: "names" }, one.contributions.map((given) => contribution(hat, id, given))),
    back("#budgets"),
  ], "focus");
}

function contribution(hat: Hat, id: string, given: Contribution): HTMLElement {
  const forget = () => void askAsOffice(hat, "DELETE", `/v1/coordination/contributions/${given.id}`).then(() => oneBudget(hat, id), (error: unknown) => show([explain(error), back(`#budget/${id}`)]));
  return h("li", null,
    h("strong", null, given.who), ` ${euro(given.cents)}`,
    h("p", { class: "small" }, `${say(`money_kind_${given.kind}`)}, ${when(Date.parse(given.at), "day")}`),
    h("p", { class: "small" }, icon(given.raised ? "tick" : "clock"), given.raised ? say("money_raised", { amount: money(given.amount) }) : say("money_waits")),
    h("div", { class: "actions" }, h("a", { class: "button quiet", href: given.link }, icon("list"), say("money_thanks")),
      given.raised ? null : button("erase", say("money_forget"), forget, "quiet")));
}

/** Reads euro cents; undefined after having said what is wrong. */
function readEuro(input: HTMLInputElement, fault: HTMLElement, least: number): number | undefined {
  fault.textContent = "";
  try {
    const cents = input.value.trim() === "" ? 0 : parseTotal(input.value.replace(/\s/g, ""), 2);
    if (least <= cents && cents <= limits.cents) return cents;
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
  }
  fault.textContent = say("money_euro_wrong");
  input.focus();
  return undefined;
}

const euroField = (id: string, label: string, cents = 0) => field(id, label, h("input", { type: "text", inputmode: "decimal", autocomplete: "off", maxlength: 15, value: cents === 0 ? "" : showNumber(cents, 2, "nl") }), "euro");

/** `#funding/ID`: who pays, by which decision, promised and received. */
export async function funding(hat: Hat, id: string): Promise<void> {
  show(busy());
  const one = (await budgetsOf(hat)).find(({ account }) => account === id);
  if (!one) return oneBudget(hat, id);
  const text = (name: string, label: string, value: string | null) => field(name, label, h("input", { type: "text", maxlength: 60, autocomplete: "off", value: value ?? "" }));
  const [funder, reference] = [text("funder", say("money_funder"), one.funder), text("reference", say("money_reference"), one.reference)];
  const [promised, received] = [euroField("promised", say("money_promised"), one.promised_cents), euroField("received", say("money_received"), one.received_cents)];
  const anew = h("input", { type: "checkbox" });
  const trouble = h("div", { role: "alert" });
  const save = async () => {
    funder.fault.textContent = "";
    fill(trouble);
    if (funder.input.value.trim() === "") {
      funder.fault.textContent = say("money_name_wrong");
      return funder.input.focus();
    }
    const [promised_cents, received_cents] = [readEuro(promised.input, promised.fault, 0), readEuro(received.input, received.fault, 0)];
    if (promised_cents === undefined || received_cents === undefined) return;
    const body = { funder: funder.input.value.trim(), reference: reference.input.value.trim() || null, promised_cents, received_cents, new_link: anew.checked };
    try {
      await askAsOffice(hat, "PUT", `${PATH}/${id}`, body);
      history.replaceState(null, "", `#budget/${id}`);
      await oneBudget(hat, id, h("p", { class: "note good", role: "status" }, icon("tick"), say("money_saved")));
    } catch (error) {
      fill(trouble, explain(error));
    }
  };
  show([
    heading("list", say("money_title", { name: nameOf(one) })),
    funder.element, reference.element, promised.element, received.element,
    one.link ? h("label", { class: "choice" }, anew, say("money_new_link")) : null,
    trouble,
    h("div", { class: "actions" }, button("tick", say("money_save"), () => void save(), "main"), link("back", say("back"), `#budget/${id}`)),
  ], "focus");
}

/** `#contribution/ID`: somebody gave euro; one signature raises the cap, and a thank-you can be printed. */
export async function contributing(hat: Hat, id: string): Promise<void> {
  show(busy());
  const seen = await see(hat, id);
  const state = stateOf(seen.state);
  const who = field("who", say("money_who"), h("input", { type: "text", maxlength: 60, autocomplete: "off" }));
  const cents = euroField("cents", say("money_how_much"));
  const kind = (value: string, checked: boolean) => h("label", { class: "choice" }, h("input", { type: "radio", name: "kind", value, checked }), say(`money_kind_${value}`));
  const raise = amountField(say("money_raise"), facts.scale, "", { id: "raise" });
  // What the shops would be paid for it, as long as nobody typed something else.
  cents.input.addEventListener("input", () => {
    const rate = facts.rate;
    const typed = Number(cents.input.value.replace(/\s/g, "").replace(",", "."));
    if (rate && Number.isFinite(typed) && typed > 0) raise.input.value = showNumber(Math.floor((Math.round(typed * 100) * rate[1]) / rate[0]), facts.scale, "nl").replace(/\s/g, "");
  });
  const trouble = h("div", { role: "alert" });
  const sign = async () => {
    who.fault.textContent = "";
    fill(trouble);
    const name = who.input.value.trim();
    if (name === "") {
      who.fault.textContent = say("money_name_wrong");
      return who.input.focus();
    }
    const given = readEuro(cents.input, cents.fault, 1);
    if (given === undefined) return;
    const more = raise.read();
    if (more === null) return;
    const how = document.querySelector<HTMLInputElement>("input[name=kind]:checked")?.value ?? "gift";
    try {
      const outgoing = await prepare(hat, {
        key: freshKey(`contribution:${state.account}`), what: "change", name: nameOfSeen(seen), amount: more, lasts: patience(),
        body: { base: seen.base, state: { ...state, limit: state.limit + more }, status: seen.status === "frozen" ? "frozen" : "open" },
      });
      // Noted before the change is sent: what raised a cap is known by its entry.
      const noted = await askAsOffice<Contribution>(hat, "POST", `${PATH}/${id}/contributions`, { who: name, cents: given, kind: how, amount: toDecimal(more, facts.scale), entry: outgoing.id });
      const leave = () => link("back", say("back"), `#budget/${id}`);
      await showUntilKnown(outgoing, leave(), (news) => [result(news), h("div", { class: "actions" }, shareLink(news),
        h("a", { class: news.state === "done" ? "button main" : "button", href: noted.link }, icon("list"), say("money_thanks")), leave())]);
    } catch (error) {
      fill(trouble, explain(error));
    }
  };
  show([
    heading("euro", say("money_add_title", { name: nameOfSeen(seen) })),
    h("p", null, say("money_add_text")),
    h("dl", null, line(say("council_room"), amount(state.limit))),
    who.element, cents.element,
    h("fieldset", null, h("legend", null, say("money_how")), kind("gift", true), kind("sponsoring", false)),
    raise.element, trouble,
    h("div", { class: "actions" }, button("tick", say("money_sign"), () => void sign(), "main"), link("back", say("back"), `#budget/${id}`)),
  ], "focus");
}
