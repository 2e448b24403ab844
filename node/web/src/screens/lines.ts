/** `#lines`: the overview, and one line of it. */

import type { Hat } from "../db.ts";
import { amount, h, icon, link, say, show } from "../dom.ts";
import { busy } from "../start.ts";
import { directory, lineList, readLines, showLine } from "../statement.ts";

export async function open(hat: Hat, id: string): Promise<void> {
  if (id) return showLine(hat, id, "#lines");
  show(busy());
  const [{ lines: found, balance }, known] = await Promise.all([readLines(hat), directory()]);
  const visible = found.filter(({ moved }) => moved !== 0);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("lines")),
    visible.length === 0 ? h("p", null, say("lines_none")) : h("details", null, h("summary", null, icon("wallet"), say("show_balance")), h("p", { class: "amount" }, amount(balance))),
    lineList(visible, known, "#lines/"),
    h("div", { class: "actions" }, link("back", say("back"), "#")),
  ], "focus");
}
