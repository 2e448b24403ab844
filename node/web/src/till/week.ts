/** A week of the till, day by day in the community's time zone: for the bookkeeper, on paper too. */

import type { Hat } from "../db.ts";
import { button, dayOf, facts, h, icon, language, link, moment, now, say, show } from "../dom.ts";
import { showNumber } from "../lib/money.ts";
import { busy } from "../start.ts";
import { type Shown, readLines } from "../statement.ts";
import { table } from "../tables.ts";

interface Sums { count: number; taken: number; given: number }

/** Returns the days of a week from Monday on, as "2026-11-16"; `back` counts weeks before this one. */
export function daysOfWeek(today: string, back: number): string[] {
  const noon = Date.parse(`${today}T12:00:00Z`);
  const monday = noon - ((new Date(noon).getUTCDay() + 6) % 7 + 7 * back) * 86_400_000;
  return Array.from({ length: 7 }, (_, day) => new Date(monday + day * 86_400_000).toISOString().slice(0, 10));
}

/** Adds up what the till took and gave back. What the shop itself spent is not the till's. */
export function sumsOf(lines: readonly Shown[]): Sums {
  const sums: Sums = { count: 0, taken: 0, given: 0 };
  for (const { line, moved } of lines) {
    if (line.kind === "pay" && moved > 0) {
      sums.count += 1;
      sums.taken += moved;
    } else if ((line.kind === "refund" || line.kind === "correct") && moved < 0) sums.given -= moved;
  }
  return sums;
}

export async function week(hat: Hat, back: number): Promise<void> {
  show(busy());
  const days = daysOfWeek(dayOf(now()), back);
  const first = days[0] as string;
  const day = ({ line }: Shown) => dayOf(Date.parse(line.recorded_at));
  const { lines } = await readLines(hat, (oldest) => dayOf(Date.parse(oldest.recorded_at)) >= first);
  const some = lines.filter((shown) => days.includes(day(shown)));
  const number = (minor: number) => showNumber(minor, facts.scale, language);
  const cells = ({ count, taken, given }: Sums) => [count, taken, given].map((figure, column) => (column === 0 ? String(figure) : number(figure)));
  // Noon is on the same day in every time zone that has communities.
  const noonOf = (one: string) => Date.parse(`${one}T12:00:00Z`);
  const called = (one: string) => moment(noonOf(one), "day");
  const short = new Intl.DateTimeFormat(`${language}-BE`, { weekday: "short", day: "numeric", timeZone: "UTC" });
  const shown = days.filter((one) => one <= dayOf(now()));
  const title = say("week_title", { from: called(first), until: called(days[6] as string) });
  show([
    h("section", { class: "sheet" },
      h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("week")),
      h("p", null, hat.name),
      table(title, [say("week_day"), say("week_count"), say("week_taken"), say("week_given")], [
        ...shown.map((one) => [short.format(noonOf(one)), ...cells(sumsOf(some.filter((line) => day(line) === one)))]),
        [say("week_total"), ...cells(sumsOf(some))],
      ], 3)),
    h("div", { class: "actions" },
      button("down", say("paper_print"), () => print(), "main"),
      link("back", say("week_before"), `#week/${back + 1}`),
      back > 0 ? link("receive", say("week_after"), `#week/${back - 1}`) : null,
      link("till", say("till"), "#")),
  ], "focus");
}
