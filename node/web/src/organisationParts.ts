/** What council and staff share about organisations: what one says of itself, and figures of a month in a line. */

import { h, language, say, type Child } from "./dom.ts";
import { field } from "./officeParts.ts";

/** As `node/api/src/organisation.rs` has it. */
export interface Figures { month: string; people: number; moments: number; hours: number }
export interface Words { about?: string; address?: string; agenda?: string }

/** A month as people here read it. */
export const monthName = (month: string): string => new Date(`${month}-15T12:00:00Z`).toLocaleDateString(language, { month: "long", year: "numeric" });

/** Returns them in one line; nothing where they are not told. */
export function figuresIn(figures: Figures | null): string {
  if (!figures) return "";
  const { month, ...counts } = figures;
  const what = (["people", "moments", "hours"] as const).filter((one) => one === "people" || counts[one] > 0);
  const said = what.map((one) => say(counts[one] === 1 ? `figures_count_${one}_one` : `figures_count_${one}`, { number: counts[one] }));
  return say("houses_figures", { month: monthName(month), what: said.join(", ") });
}

/** The fields of what an organisation says of itself; `wrong` shows which of them is, if it is one of these. */
export function organisationWords(known: Words): { elements: Child; read: () => Words; wrong: (at: string) => boolean } {
  const text = (id: "about" | "address" | "agenda") => field(id, say(`member_ask_${id}`), h("input", { type: "text", value: known[id] ?? "", maxlength: 280, autocomplete: "off" }));
  const fields = { about: text("about"), address: text("address"), agenda: text("agenda") };
  const all = Object.entries(fields);
  return {
    elements: all.map(([, { element }]) => element),
    read: () => Object.fromEntries(all.map(([id, { input }]) => [id, input.value.trim()]).filter(([, value]) => value !== "")),
    wrong: (at) => {
      for (const [id, { fault, input }] of all) {
        fault.textContent = id === at ? say(`member_fault_${id}`) : "";
        if (id === at) input.focus();
      }
      return at in fields;
    },
  };
}
