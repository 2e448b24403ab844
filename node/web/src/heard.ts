/** `/wrong#heard`: what people told this person of trust, the oldest open one first; answering it, and what came of it. */

import { isRefused } from "./api.ts";
import type { Hat } from "./db.ts";
import { button, fill, h, icon, link, moment, say, show, type Child } from "./dom.ts";
import { busy, explain } from "./start.ts";
import { askAs } from "./wallet.ts";
import { type Told, call, choices, moved, said, stateOf, writing } from "./wrong.ts";

interface Line { index: number; recorded_at: string; kind: string; debit: string; credit: string }
type Heard = Told & { teller: string | null; about: (Line & { with: string | null; followed: Line[] }) | null };

const OUTCOMES = ["correction", "refund", "credit", "nothing"];
const day = (at: string): string => moment(Date.parse(at), "day");

export async function heard(hat: Hat, id: string): Promise<void> {
  show(busy());
  const { heard: all } = await askAs<{ heard: Heard[] }>(hat, "GET", "/v1/heard");
  const found = all.find((one) => one.id === id);
  if (found) return answer(hat, found);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("mail"), say("heard")),
    all.length === 0 ? h("p", null, say("heard_none")) : null,
    h("ul", { class: "lines" }, all.map((one) => h("li", null, h("a", { href: `#heard/${one.id}` }, icon(one.state === "done" ? "tick" : "hand"),
      h("span", { class: "words" }, say(`wrong_reason_${one.reason}`), h("span", { class: "small" }, `${say(`wrong_state_${one.state}`)} · ${day(one.told_at)}`)))))),
    h("div", { class: "actions" }, link("wallet", say("to_wallet"), "/wallet")),
  ], "focus");
}

/** What somebody told, and the answer to it; what is done is answered once more only when asked to. */
function answer(hat: Hat, one: Heard, mayAnswer = one.state !== "done"): void {
  const { about } = one;
  const words = writing("answer", say("heard_answer"), one.answer ?? "");
  const last = about?.followed.at(-1);
  const outcome = choices("outcome", say("heard_outcome"), OUTCOMES, (some) => say(`wrong_outcome_${some}`), one.outcome ?? (last ? (last.kind === "refund" ? "refund" : "correction") : null));
  const entry = h("input", { id: "entry", type: "text", inputmode: "numeric", maxlength: 15, autocomplete: "off", value: String(one.entry ?? last?.index ?? "") });
  const trouble = h("div", { role: "alert" });
  const fault = (key: string) => fill(trouble, h("p", { class: "fault" }, say(key)));
  const send = async (body: object) => {
    try {
      answer(hat, await askAs<Heard>(hat, "PUT", `/v1/heard/${one.id}`, { answer: words.input.value, ...body }));
    } catch (error) {
      if (isRefused(error, "unknown_record")) fault("heard_fault_entry");
      else fill(trouble, explain(error));
    }
  };
  const done = () => {
    const [what, number] = [outcome.chosen(), entry.value.trim()];
    if (!what) return fault("heard_fault_outcome");
    if (!/^\d*$/.test(number)) return fault("heard_fault_entry");
    void send({ state: "done", outcome: what, ...(what === "nothing" || number === "" ? {} : { entry: Number(number) }) });
  };
  // Until it is said how it ended, there is nothing to end.
  const [talking, finish] = [button("people", say("heard_talking"), () => void send({ state: "talking" })), button("tick", say("heard_done"), done)];
  const rank = () => {
    talking.classList.toggle("main", !outcome.chosen());
    finish.classList.toggle("main", outcome.chosen() !== undefined);
  };
  outcome.element.addEventListener("change", rank);
  rank();
  const row = (key: string, value: Child): Child => (value ? [h("dt", null, say(key)), h("dd", null, value)] : null);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, stateOf(one)),
    h("p", null, say(`wrong_reason_${one.reason}`)), said({ ...one, entry: null, ...(mayAnswer ? { answer: null, outcome: null } : {}) }),
    h("dl", null,
      row("heard_told", day(one.told_at)), row("heard_teller", one.teller),
      about ? [row("number", String(about.index)), row("heard_line", moved((way) => `heard_moved_${way}`, about)), row("heard_with", about.with), about.followed.map((some) => row("heard_followed", moved((way) => `heard_${some.kind}_${way}`, some, some.index)))] :
        row("number", one.earlier === null ? null : say("wrong_earlier", { index: one.earlier })),
      row("heard_until", day(one.erased_at))),
    one.phone ? h("div", { class: "actions" }, call(say("heard_somebody"), one.phone)) : null,
    mayAnswer ? [
      words.element,
      h("div", { class: "actions" }, talking),
      outcome.element, h("div", { class: "field" }, h("label", { for: "entry" }, say("heard_entry")), entry), trouble,
    ] : null,
    h("div", { class: "actions" }, mayAnswer ? finish : button("hand", say("heard_again"), () => answer(hat, one, true)), link("back", say("back"), "#heard")),
    h("p", { class: "small" }, say("heard_alone")),
  ], "focus");
}
