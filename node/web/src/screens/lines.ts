/** `#lines`: the overview, a month at a time, and one line of it. */

import type { StatementLine } from "../api.ts";
import type { Hat } from "../db.ts";
import { button, h, icon, largeAmount, link, now, say, show } from "../dom.ts";
import { busy } from "../start.ts";
import { lineList, readLines, showLine } from "../statement.ts";

/** How far back one look goes, in milliseconds. */
const LOOK = 31 * 86_400_000;

export async function open(hat: Hat, id: string): Promise<void> {
  return id ? showLine(hat, id, "#lines") : lines(hat);
}

/** Shows what was recorded since a moment; where that is nothing, what was recorded last. */
async function lines(hat: Hat, since = now() - LOOK): Promise<void> {
  show(busy());
  const { lines: found, balance, hasMore } = await readLines(hat, (oldest) => at(oldest) >= since);
  const all = found.filter(({ moved }) => moved !== 0);
  const older = all.find(({ line }) => at(line) < since);
  if (older && older === all[0]) return lines(hat, at(older.line) - LOOK);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("lines")),
    all.length === 0 ? h("p", null, say("lines_none")) : h("details", null, h("summary", null, icon("wallet"), say("show_balance")), h("p", { class: "amount" }, largeAmount(balance))),
    lineList(all.filter(({ line }) => at(line) >= since), "#lines/"),
    h("div", { class: "actions" },
      all.length === 0 ? link("people", say("lines_none_next"), "/tasks", "main") : null,
      older || hasMore ? button("list", say("older"), () => void lines(hat, (older ? at(older.line) : since) - LOOK)) : null,
      link("back", say("back"), "#")),
  ], "focus");
}

const at = ({ recorded_at }: StatementLine): number => Date.parse(recorded_at);
