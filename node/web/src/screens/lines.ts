/** `#lines`: the overview, and one line of it. */

import type { Hat } from "../db.ts";
import { amount, button, h, icon, link, say, show } from "../dom.ts";
import { busy } from "../start.ts";
import { directory, lineList, readLines, showLine } from "../statement.ts";

export async function open(hat: Hat, id: string): Promise<void> {
  return id ? showLine(hat, id, "#lines") : lines(hat);
}

async function lines(hat: Hat, pages = 1): Promise<void> {
  show(busy());
  const [{ lines: found, balance, hasMore }, known] = await Promise.all([readLines(hat, (_, read) => read < pages), directory()]);
  const visible = found.filter(({ moved }) => moved !== 0);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("lines")),
    visible.length === 0 ? h("p", null, say("lines_none")) : h("details", null, h("summary", null, icon("wallet"), say("show_balance")), h("p", { class: "amount" }, amount(balance))),
    lineList(visible, known, "#lines/"),
    h("div", { class: "actions" }, hasMore ? button("list", say("older"), () => void lines(hat, pages + 1)) : null, link("back", say("back"), "#")),
  ], "focus");
}
