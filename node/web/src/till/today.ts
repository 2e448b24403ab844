/** The day's payments and their total; one of them, and giving it back. */

import { amountField } from "../amountField.ts";
import { NoAnswer, type StatementLine } from "../api.ts";
import type { Hat } from "../db.ts";
import { amount, button, facts, fill, h, icon, language, link, moment, say, show } from "../dom.ts";
import { showNumber } from "../lib/money.ts";
import { freshKey } from "../outbox.ts";
import { busy, explain } from "../start.ts";
import { type Shown, isToday, lineList, readLines, showLine } from "../statement.ts";
import { isCashier } from "../wallet.ts";
import { signAndSend } from "./sending.ts";
import { promised, promisedList } from "./promised.ts";
import { unsettled } from "./underway.ts";

export async function today(hat: Hat, pages = 1): Promise<void> {
  show(busy());
  // The day's total needs the whole day, however many lines it has.
  const isWanted = (oldest: StatementLine, read: number) => read < pages || isToday(Date.parse(oldest.recorded_at));
  const promises = promisedList(await promised(hat));
  const read = await Promise.all([readLines(hat, isWanted), unsettled(hat)]).catch((error: unknown) => {
    if (!(error instanceof NoAnswer) || promises === null) throw error;
    return error;
  });
  // Without network a shop sees what it was promised all the same.
  if (read instanceof NoAnswer) return show([h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("today")), explain(read, () => void today(hat, pages)), promises, h("div", { class: "actions" }, link("back", say("back"), "#"))], "focus");
  const [{ lines, hasMore }, notes] = read;
  const some = lines.filter(({ moved }) => moved !== 0);
  const total = some.filter(({ line, moved }) => line.kind === "pay" && moved > 0 && isToday(Date.parse(line.recorded_at)))
    .reduce((sum, { moved, undone }) => sum + moved - undone, 0);
  show([
    isCashier(hat)
      ? [h("h2", { tabindex: "-1", "data-focus": true }, icon("undo"), say("refund")), notes, some.length === 0 ? null : h("p", null, say("refund_which"))]
      // What the day brought is the owner's business.
      : [h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("today")), notes, h("p", null, say("day_total")), h("p", { class: "amount" }, amount(total))],
    promises,
    some.length === 0 ? h("p", null, say("today_none")) : lineList(some, "#today/"),
    h("div", { class: "actions" }, hasMore ? button("list", say("older"), () => void today(hat, pages + 1)) : null, isCashier(hat) ? null : link("list", say("week"), "#week"), link("hand", say("something_wrong"), "/wrong#till", "quiet"), link("back", say("back"), "#")),
  ], "focus");
}

export async function oneLine(hat: Hat, id: string, back: () => void): Promise<void> {
  await showLine(hat, id, "#today", (shown) => {
    const left = shown.moved - shown.undone;
    if (shown.line.kind !== "pay" || left <= 0) return null;
    return button("undo", say("refund"), () => refund(hat, shown, left, back), "main");
  });
}

function refund(hat: Hat, { line }: Shown, left: number, back: () => void): void {
  const field = amountField(say("refund_how_much", { amount: amount(left) }), facts.scale, showNumber(left, facts.scale, language));
  const act = (event: Event) => {
    const minor = field.read();
    if (minor === null) return;
    (event.currentTarget as HTMLButtonElement).disabled = true;
    void signAndSend(hat, {
      key: freshKey(`refund:${line.index}.${line.line}`), what: "refund", name: "", amount: minor,
      body: { index: line.index, line: line.line, amount: minor },
    }, back);
  };
  const go = button("undo", "", act, "main");
  const label = () => {
    const minor = field.peek();
    fill(go, icon("undo"), minor === null ? say("refund") : say("refund_do", { amount: amount(minor) }));
  };
  field.input.addEventListener("input", label);
  label();
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("undo"), say("refund")),
    h("p", null, moment(Date.parse(line.recorded_at), "both")),
    field.element,
    h("div", { class: "actions" }, go, button("back", say("back"), back)),
  ], "focus");
}
