/** An account's lines in plain words: what came, what went, what was put right. */

import { type Answered, type StatementLine, ask } from "./api.ts";
import type { Hat } from "./db.ts";
import { amount, button, dayOf, facts, fill, h, icon, largeAmount, link, moment, now, say, show, type Child, type Icon } from "./dom.ts";
import { parseAccount } from "./lib/account.ts";
import { fromDecimal } from "./lib/money.ts";
import { saveReceipt } from "./paid.ts";
import { busy, explain, note } from "./start.ts";
import { statementOf } from "./wallet.ts";

/** A line with what became of it. */
export interface Shown {
  line: StatementLine;
  /** What came in less what went out, in minor units. */
  moved: number;
  /** How much of it a later line undid. */
  undone: number;
  /** Why something was put right: by this line, or about it. */
  why?: string;
}

/** Reads lines, newest first: one page, and further ones while `isWanted`. Notes which of them later lines undid. */
export async function readLines(hat: Hat, isWanted: (oldest: StatementLine, pages: number) => boolean = () => false): Promise<{ lines: Shown[]; balance: number; hasMore: boolean }> {
  const first = await statementOf(hat);
  const found = [...first.lines];
  let { next } = first;
  for (let pages = 1; next !== null && found.length > 0 && isWanted(found.at(-1) as StatementLine, pages); pages++) {
    const page = await statementOf(hat, next);
    found.push(...page.lines);
    next = page.next;
  }
  const minor = (text: string) => fromDecimal(text, facts.scale);
  const lines = found.map((line): Shown => ({ line, moved: minor(line.credit) - minor(line.debit), undone: 0, ...(line.kind === "correct" && line.reason ? { why: line.reason } : {}) }));
  for (const { line, moved, why } of lines) {
    if (line.reference?.to !== "line" || (line.kind !== "refund" && line.kind !== "correct")) continue;
    const { index, line: number } = line.reference;
    // A payer's own line has another number than the payee's line that is undone.
    const earlier = lines.find((one) => one.line.index === index && (moved < 0 ? one.line.line === number : one.moved < 0 || one.line.line === number));
    if (!earlier) continue;
    earlier.undone += Math.abs(moved);
    if (why) earlier.why = why;
  }
  return { lines, balance: minor(first.balance), hasMore: next !== null };
}

let names: Promise<Map<string, string>> | undefined;

/** The names of places and merchants that chose to be listed. */
export function directory(): Promise<Map<string, string>> {
  interface Page { entries: { account: string; name: string }[] }
  names ??= ask<Page>("GET", "/v1/directory").then(
    (page) => new Map(page.entries.map((entry) => [parseAccount(entry.account) ?? "", entry.name])),
    () => new Map<string, string>(),
  );
  return names;
}

/** Says what a line was. */
function what({ line, moved }: Shown): { picture: Icon; words: string } {
  const direction = moved < 0 ? "out" : moved > 0 ? "in" : "none";
  const picture: Icon = line.kind === "earn" ? "hand" : moved < 0 ? "pay" : moved > 0 ? "receive" : "list";
  const key = `line_${line.kind}_${direction}${line.with ? "_with" : ""}`;
  const words = say(key, { amount: amount(Math.abs(moved)), name: line.with ?? "" });
  return { picture: line.kind === "earn" ? "people" : line.kind === "correct" || line.kind === "refund" ? "undo" : picture, words: words === key ? say("line_other") : words };
}

/** Why something was put right, as a sentence. */
const reasonOf = ({ why }: Shown): Child => (why ? h("span", { class: "small" }, say(`corrected_${why}`)) : null);

/** Returns lines by day, newest first; `base` is the path of one line. */
export function lineList(lines: readonly Shown[], base: string): Child {
  const days = new Map<string, Shown[]>();
  for (const shown of lines) {
    const day = dayOf(Date.parse(shown.line.recorded_at));
    days.set(day, [...(days.get(day) ?? []), shown]);
  }
  return [...days.values()].map((some) => [
    h("h2", null, moment(Date.parse((some[0] as Shown).line.recorded_at), "day")),
    h("ul", { class: "lines" }, some.map((shown) => {
      const { picture, words } = what(shown);
      const isUndone = shown.undone > 0 && shown.undone >= Math.abs(shown.moved);
      const sum = shown.moved === 0 ? null : `${shown.moved > 0 ? "+" : ""}${amount(shown.moved)}`;
      return h("li", null, h("a", { href: `${base}${shown.line.index}.${shown.line.line}` },
        icon(picture),
        h("span", { class: "words" }, h(isUndone ? "s" : "span", null, words), h("span", { class: "small" }, moment(Date.parse(shown.line.recorded_at), "time")),
          shown.undone > 0 ? h("span", { class: "small" }, say(isUndone ? "undone" : "undone_part", { amount: amount(shown.undone) })) : reasonOf(shown)),
        h("span", { class: shown.moved > 0 ? "sum in" : "sum" }, sum ? h(isUndone ? "s" : "span", null, sum) : null)));
    })),
  ]);
}

/** One line, with its receipt and what to do when something is wrong. */
export async function showLine(hat: Hat, id: string, back: string, more: (shown: Shown) => Child = () => null): Promise<void> {
  show(busy());
  const { lines } = await readLines(hat, (oldest) => oldest.index > Number.parseInt(id, 10));
  // What followed of something is known by its number alone.
  const shown = lines.find(({ line }) => `${line.index}.${line.line}` === id || String(line.index) === id);
  if (!shown) return show([note("hand", say("line_unknown")), link("back", say("back"), back)], "focus");
  const { picture, words } = what(shown);
  const { line } = shown;
  const proof = h("div", { role: "status" });
  const seal = h("p", { class: "small", role: "status", hidden: true });
  let looked: ReturnType<typeof sealed> | undefined;
  const look = () => (looked ??= sealed(hat, line, seal));
  // Who looks at a line sees who cosigned it; without an answer, saving asks again.
  look().catch(() => (looked = undefined));
  const save = () => {
    proof.replaceChildren(say("loading"));
    look()
      .then((receipt) => {
        saveReceipt(receipt());
        proof.replaceChildren(icon("seal"), say("receipt_saved"));
      })
      .catch((error: unknown) => fill(proof, explain(error)));
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon(picture), words),
    h("p", { class: "amount" }, shown.moved === 0 ? null : largeAmount(Math.abs(shown.moved))),
    shown.undone > 0 ? h("p", { class: "note" }, icon("undo"), say("undone_part", { amount: amount(shown.undone) })) : null,
    shown.why ? h("p", null, reasonOf(shown)) : null,
    line.memo ? h("blockquote", null, line.memo.text) : null,
    h("dl", null,
      h("dt", null, say("when")), h("dd", null, moment(Date.parse(line.recorded_at), "both")),
      h("dt", null, say("number")), h("dd", null, String(line.index))),
    line.balance === undefined ? null : h("details", null, h("summary", null, icon("wallet"), say("balance_after")), h("p", null, amount(fromDecimal(line.balance, facts.scale)))),
    h("div", { class: "actions" }, more(shown), button("down", say("save_receipt"), save)),
    proof, seal,
    h("div", { class: "actions" }, link("hand", say("something_wrong"), `/wrong#${location.pathname === "/till" ? "till/" : ""}${line.index}.${line.line}`, "quiet"), link("back", say("back"), back)),
  ], "focus");
}

/** Fetches and verifies the receipt of a line, and tells who cosigned it; returns what gives the newest one. */
async function sealed(hat: Hat, line: StatementLine, seal: HTMLElement): Promise<() => Answered> {
  const [{ newReceipt }, { sealOfLine }] = await Promise.all([import("./witnesses.ts"), import("./sealLine.ts")]);
  let receipt = await newReceipt(hat, line);
  void sealOfLine(hat, line, receipt, seal, (newer) => (receipt = newer));
  return () => receipt;
}

/** Tells whether a moment is today, in the community's time zone. */
export function isToday(at: number): boolean {
  return dayOf(at) === dayOf(now());
}
