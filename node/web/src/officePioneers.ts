/** `#pioneers`: hours with a group that begins; a page for its host, and how it goes thirty and ninety days later. */

import { Refused } from "./api.ts";
import type { Hat } from "./db.ts";
import { amount, button, dayOf, facts, fill, h, icon, link, moment as when, now, say, show, type Child } from "./dom.ts";
import { askAsOffice } from "./office.ts";
import { budgetsOf, limits } from "./officeBudgets.ts";
import { back, field, heading, nameOf } from "./officeParts.ts";
import { busy, explain, note } from "./start.ts";

interface Pulse { days: number; due: string; ready: boolean; people: number | null; active: number | null; spent: number | null; tasks: number | null }
/** As `node/api/src/pioneer.rs` has it. */
export interface Round { id: string; name: string; day: string; people: number; said: number; tasks: number; link: string; pulses: Pulse[] }

const PATH = "/v1/coordination/rounds";
/** So long a pulse that can be read is named on the first page. */
const NEW_FOR = 14 * 86_400_000;

export const roundsOf = async (hat: Hat): Promise<Round[]> => (await askAsOffice<{ rounds: Round[] }>(hat, "GET", PATH)).rounds;

/** Names what can be read since some days: how it goes with an hour of pioneers. */
export function reminders(rounds: readonly Round[]): Child {
  const due = rounds.flatMap((round) => round.pulses.filter(({ ready, due: from }) => ready && now() - Date.parse(from) < NEW_FOR).map(({ days }) => ({ round, days })));
  return due.map(({ round, days }) => h("a", { class: "note", href: "#pioneers" }, icon("clock"), say("pioneer_pulse", { name: round.name, days })));
}

export async function pioneers(hat: Hat, id: string): Promise<void> {
  show(busy());
  if (id === "new") return planning(hat);
  const rounds = await roundsOf(hat);
  show([
    heading("people", say("pioneer_way")),
    h("p", null, say("pioneer_text")),
    h("div", { class: "actions" }, link("more", say("pioneer_plan"), "#pioneers/new", "main")),
    rounds.length === 0 ? h("p", null, say("pioneer_none")) : rounds.map((round) => oneRound(hat, round)),
    back(),
  ], "focus");
}

function oneRound(hat: Hat, round: Round): HTMLElement {
  const sure = () => show([
    heading("erase", say("pioneer_forget")), h("p", null, say("pioneer_forget_text")),
    h("div", { class: "actions" }, button("erase", say("pioneer_forget"), forget, "main"), button("back", say("back"), () => void pioneers(hat, ""))),
  ], "focus");
  const forget = () => void askAsOffice(hat, "DELETE", `${PATH}/${round.id}`).then(() => pioneers(hat, ""), (error: unknown) => show([explain(error), back("#pioneers")]));
  return h("section", null,
    h("h2", null, round.name),
    h("p", null, say("pioneer_line", { day: when(Date.parse(`${round.day}T12:00:00Z`), "day"), people: round.people })),
    h("p", null, say("pioneer_said", { said: round.said, tasks: round.tasks })),
    round.pulses.map(pulse),
    h("div", { class: "actions" }, h("a", { class: "button", href: round.link }, icon("list"), say("pioneer_page")), button("erase", say("pioneer_forget"), sure, "quiet")));
}

function pulse({ days, due, ready, people, active, spent, tasks }: Pulse): Child {
  if (!ready) return h("p", { class: "small" }, icon("clock"), say("pioneer_pulse_due", { days, day: when(Date.parse(due), "day") }));
  const said = people === null ? [say("pioneer_pulse_few")] : [
    say("pioneer_pulse_people", { count: people }),
    active === null ? null : say("pioneer_pulse_active", { count: active }),
    spent === null ? null : say("pioneer_pulse_spent", { amount: amount(spent * 10 ** facts.scale) }),
    tasks === null ? null : say("pioneer_pulse_tasks", { count: tasks }),
  ];
  return [h("h3", null, say("round_pulse_after", { days })), h("ul", null, said.filter((words) => words !== null).map((words) => h("li", null, words)))];
}

async function planning(hat: Hat): Promise<void> {
  const budgets = (await budgetsOf(hat)).filter(({ ended }) => !ended);
  if (budgets.length === 0) return show([heading("people", say("pioneer_plan")), note("hand", say("pioneer_budget_none")), h("div", { class: "actions" }, link("clover", say("council_open"), "#open", "main")), back("#pioneers")], "focus");
  const name = field("name", say("pioneer_name"), h("input", { type: "text", maxlength: 60, autocomplete: "off" }));
  const day = field("day", say("pioneer_day"), h("input", { type: "date", value: dayOf(now()) }));
  const people = field("people", say("pioneer_people"), h("input", { type: "text", inputmode: "numeric", maxlength: 3, value: "25", autocomplete: "off" }));
  // The smallest one first: an hour needs little.
  const byCap = [...budgets].sort((a, b) => Number(a.cap) - Number(b.cap));
  const budget = field("budget", say("pioneer_budget"), h("select", null, byCap.map((one) => h("option", { value: one.account }, nameOf(one)))));
  const trouble = h("div", { role: "alert" });
  const refuse = (where: typeof name | typeof budget, key: string, values: Record<string, number> = {}): void => {
    where.fault.textContent = say(key, values);
    where.input.focus();
  };
  const plan = async () => {
    for (const { fault } of [name, day, people]) fault.textContent = "";
    fill(trouble);
    const count = /^\d+$/.test(people.input.value.trim()) ? Number(people.input.value) : 0;
    if (name.input.value.trim() === "") return refuse(name, "money_name_wrong");
    if (day.input.value === "") return refuse(day, "pioneer_day_wrong");
    const [least, most] = limits.pioneers;
    if (count < least || count > most) return refuse(people, "pioneer_people_wrong", { least, most });
    try {
      await askAsOffice(hat, "POST", PATH, { name: name.input.value.trim(), day: day.input.value, people: count, budget: budget.input.value });
      location.hash = "pioneers";
    } catch (error) {
      if (error instanceof Refused && error.problem.field === "name") return refuse(name, "money_name_wrong");
      if (error instanceof Refused && error.problem.code === "round_past") return refuse(day, "pioneer_day_past");
      if (error instanceof Refused && error.problem.code === "round_near") return refuse(day, "pioneer_day_near");
      fill(trouble, explain(error));
    }
  };
  show([
    heading("people", say("pioneer_plan")),
    h("p", null, say("pioneer_text")),
    name.element, day.element, people.element, budget.element, trouble,
    h("div", { class: "actions" }, button("tick", say("pioneer_do"), () => void plan(), "main"), link("back", say("back"), "#pioneers")),
  ], "focus");
}
