/** How this shop takes credits, and what stands on this device alone. */

import { type Hat, keep, recall } from "../db.ts";
import { facts, h, icon, link, say, show } from "../dom.ts";
import type { Part } from "../lib/money.ts";

interface Settings {
  part: Part;
  /** Whether prices are typed in euro. */
  euro: boolean;
}
const FIRST: Settings = { part: "exact", euro: true };

/** The settings in force. */
export const set = async (): Promise<Settings> => ({ ...FIRST, ...(await recall<Partial<Settings>>("till")), ...(facts.rate ? {} : { euro: false }) });

export async function settings(hat: Hat): Promise<void> {
  const now = await set();
  const choose = (news: Partial<Settings>) => void keep("till", { ...now, ...news }).then(() => settings(hat));
  const choice = (part: Part) => h("label", { class: "choice" }, h("input", { type: "radio", name: "part", id: `part-${part}`, checked: now.part === part, onchange: () => choose({ part }) }), say(`part_${part}`));
  const inEuro = h("label", { class: "choice" }, h("input", { type: "checkbox", id: "in-euro", checked: now.euro, disabled: !facts.rate, onchange: () => choose({ euro: !now.euro }) }), say("settings_euro"));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("hand"), say("settings")),
    facts.rate ? h("fieldset", null, h("legend", null, say("part_title")), choice("exact"), choice("whole"), choice("half")) : null,
    inEuro,
    h("div", { class: "actions" }, link("shop", say("name_change"), "#name"), link("back", say("back"), "#", "main")),
  ]);
}
