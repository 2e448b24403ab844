/** `#year`: what one received for helping this year, beside what a volunteer may receive; for one's own eyes. */

import { setElsewhere, yearOf, type Year } from "../ceilings.ts";
import type { Hat } from "../db.ts";
import { amount, button, h, icon, language, link, say, show, type Child } from "../dom.ts";
import { nearness } from "../lib/ceilings.ts";
import { AmountError, parseTotal, showEuro } from "../lib/money.ts";
import { busy } from "../start.ts";

const euro = (cents: number): string => showEuro(cents, language);

export async function open(hat: Hat): Promise<void> {
  show(busy());
  draw(hat, await yearOf(hat));
}

function draw(hat: Hat, year: Year): void {
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("clock"), say("year_title", { year: year.year })),
    h("p", { class: "amount" }, amount(year.helped)),
    h("p", null, say("year_helped")),
    ceilings(year),
    year.received && year.ceilings ? elsewhere(hat, year) : null,
    h("p", { class: "small" }, say("year_private")),
    h("div", { class: "actions" }, button("down", say("year_print"), () => print(), "quiet"), link("back", say("back"), "#more")),
  ], "focus");
}

/** The table of the country, and how far one is from it. */
function ceilings({ received, ceilings, year, elsewhere }: Year): Child {
  if (!received) return h("p", { class: "note" }, icon("hand"), say("year_no_rate"));
  if (!ceilings) return h("p", { class: "note" }, icon("hand"), say("year_no_country"));
  const near = nearness(received.total, ceilings.total);
  const row = (key: string, cents: number | null): Child => (cents === null ? null : [h("dt", null, say(key)), h("dd", null, euro(cents))]);
  return [
    h("p", { class: near === "below" ? "note good" : "note", id: "near" }, icon(near === "below" ? "tick" : "hand"),
      near === "above" ? say("year_above") : say(`year_${near}`, { amount: euro(ceilings.total - received.total) })),
    h("dl", null,
      row("year_worth", received.total - elsewhere), elsewhere > 0 ? row("year_elsewhere", elsewhere) : null,
      row("year_ceiling_day", ceilings.day), row("year_ceiling_month", ceilings.month), row("year_ceiling", ceilings.total)),
    h("p", { class: "small" }, say("year_dated", { year: ceilings.year }), ceilings.year < year ? ` ${say("year_old")}` : null),
  ];
}

function elsewhere(hat: Hat, { year, elsewhere: cents }: Year): Child {
  const fault = h("p", { id: "elsewhere-fault", class: "fault", role: "alert" });
  const input = h("input", {
    id: "elsewhere", type: "text", inputmode: "decimal", autocomplete: "off", maxlength: 10, "aria-describedby": "elsewhere-fault",
    value: cents === 0 ? "" : euro(cents).replace(/^\D+/, ""),
  });
  const save = () => {
    try {
      const typed = input.value.trim() === "" ? 0 : parseTotal(input.value, 2);
      void setElsewhere(year, typed).then(() => open(hat));
    } catch (error) {
      if (!(error instanceof AmountError)) throw error;
      fault.textContent = say(`amount_${error.fault}`, { decimals: 2 });
      input.focus();
    }
  };
  return [
    h("div", { class: "field" }, h("label", { for: "elsewhere" }, say("year_elsewhere_ask")), input, fault),
    h("div", { class: "actions" }, button("tick", say("year_keep"), save, "main"))];
}
