/** How this shop takes credits: the same on each of its tills. What stands on this device alone: how prices are typed. */

import { amountField } from "../amountField.ts";
import { type Hat, keep, recall } from "../db.ts";
import { button, facts, fill, h, icon, language, link, say, show, type Child } from "../dom.ts";
import { accountText } from "../lib/account.ts";
import { type Part, fromDecimal, showNumber, toDecimal } from "../lib/money.ts";
import { busy, explain } from "../start.ts";
import { askAs, isCashier } from "../wallet.ts";

/** How the shop takes credits, as the node keeps it. */
interface TillSettings {
  part: Part;
  bill_most: string | null;
  month_most: string | null;
  paused: boolean;
  /** The small free services that it offers to anybody. */
  services: string[];
}
export interface Till {
  settings: TillSettings;
  /** How much it still takes this month; null without such a limit. */
  left: string | null;
}

const path = (hat: Hat) => `/v1/accounts/${accountText(hat.account)}/till`;
const nameOf = (hat: Hat) => `till:${hat.account}`;

/** Asks how the shop takes credits, and remembers it. @throws NoAnswer, Refused */
export async function freshTill(hat: Hat): Promise<Till> {
  const till = await askAs<Till>(hat, "GET", path(hat));
  await keep(nameOf(hat), till);
  return till;
}

/** How the shop takes credits, as far as this device knows: without network a till goes on as it was. */
export async function tillOf(hat: Hat): Promise<Till> {
  return (await recall<Till>(nameOf(hat))) ?? freshTill(hat);
}

/** Changes how the shop takes credits. @throws NoAnswer, Refused */
export async function changeTill(hat: Hat, news: Partial<TillSettings>): Promise<Till> {
  const { settings: now } = await freshTill(hat);
  await askAs(hat, "PUT", path(hat), { ...now, ...news });
  return freshTill(hat);
}

/** Whether prices are typed in euro on this device. */
export const inEuro = async (): Promise<boolean> => facts.rate !== null && (await recall<boolean>("till-euro")) !== false;

/** The most that may be asked for now, in minor units; `Infinity` when nothing limits it. */
export function mostOf({ settings, left }: Till): number {
  return Math.min(...[settings.bill_most, left].map((most) => (most === null ? Infinity : minor(most))));
}

const minor = (text: string) => fromDecimal(text, facts.scale);

/** The screen; `saved` is the limit that was just kept. */
export async function settings(hat: Hat, saved?: "bill" | "month"): Promise<void> {
  show(busy());
  const [euro, { settings: now }] = await Promise.all([inEuro(), freshTill(hat)]);
  const again = () => void settings(hat).catch((error: unknown) => show(explain(error, again)));
  const change = (news: Partial<TillSettings>, what?: "bill" | "month") => changeTill(hat, news).then(() => settings(hat, what));
  const choice = (part: Part) => h("label", { class: "choice" }, h("input", { type: "radio", name: "part", id: `part-${part}`, checked: now.part === part, onchange: () => void change({ part }).catch((error: unknown) => show(explain(error, again))) }), say(`part_${part}`));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("hand"), say("settings")),
    isCashier(hat) ? null : [
      facts.rate ? h("fieldset", null, h("legend", null, say("part_title")), choice("exact"), choice("whole"), choice("half")) : null,
      mostField("bill", now.bill_most, (bill_most) => change({ bill_most }, "bill"), saved),
      mostField("month", now.month_most, (month_most) => change({ month_most }, "month"), saved),
    ],
    h("label", { class: "choice" }, h("input", { type: "checkbox", id: "in-euro", checked: euro, disabled: !facts.rate, onchange: () => void keep("till-euro", !euro).then(again) }), say("settings_euro")),
    h("div", { class: "actions" },
      isCashier(hat) ? null : [link("phone", say("cashiers"), "#cashiers"), link("shop", say("name_change"), "#name"), link("people", say("square_way"), "#square"), hat.kind === "merchant" ? link("hand", say("services_way"), "#services") : null],
      link("back", say("back"), "#", "main")),
  ], "focus");
}

/** A limit that may be left open: what it is now, and a field to change it. */
function mostField(which: "bill" | "month", now: string | null, save: (most: string | null) => Promise<void>, saved?: string): Child {
  const label = [say(`most_${which}`), h("span", { class: "small" }, say(`most_${which}_text`))];
  const field = amountField(label, facts.scale, now === null ? "" : showNumber(minor(now), facts.scale, language), false, `most-${which}`);
  const act = () => {
    const isOpen = field.input.value.trim() === "";
    const most = isOpen ? null : field.read();
    if (isOpen || most !== null) save(most === null ? null : toDecimal(most, facts.scale)).catch((error: unknown) => fill(told, explain(error)));
  };
  const told = h("div", { role: "status" }, saved === which ? [icon("tick"), say("most_saved")] : null);
  field.input.addEventListener("keydown", (event) => event.key === "Enter" && act());
  return h("section", null, field.element, told, h("div", { class: "actions" }, button("tick", say(`most_${which}_save`), act)));
}
