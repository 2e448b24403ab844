/** How this shop takes credits: the same on each of its tills. What stands on this device alone: how prices are typed. */

import { amountField } from "../amountField.ts";
import { type Hat, keep, recall } from "../db.ts";
import { button, facts, fill, h, icon, language, link, say, show } from "../dom.ts";
import { accountText } from "../lib/account.ts";
import { type Part, fromDecimal, showNumber, toDecimal } from "../lib/money.ts";
import { busy, explain } from "../start.ts";
import { askAs } from "../wallet.ts";

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

/** The screen; `isSaved` after a tap that kept it. */
export async function settings(hat: Hat, isSaved = false): Promise<void> {
  // What was just kept is drawn in its place: whoever has no mouse is still where they were.
  if (!isSaved) show(busy());
  const [euro, { settings: now }] = await Promise.all([inEuro(), freshTill(hat)]);
  const choice = (part: Part) => h("label", { class: "choice" }, h("input", { type: "radio", name: "part", id: `part-${part}`, value: part, checked: now.part === part }), say(`part_${part}`));
  const [bill, month] = [mostField("bill", now.bill_most), mostField("month", now.month_most)];
  const inMoney = h("input", { type: "checkbox", id: "in-euro", checked: euro, disabled: !facts.rate });
  const told = h("div", { role: "status" }, isSaved ? [icon("tick"), say("most_saved")] : null);
  const save = async () => {
    const [bill_most, month_most] = [bill.read(), month.read()];
    if (bill_most === undefined || month_most === undefined) return;
    const part = (document.querySelector<HTMLInputElement>("input[name=part]:checked")?.value ?? now.part) as Part;
    await keep("till-euro", inMoney.checked);
    await changeTill(hat, { part, bill_most, month_most });
    await settings(hat, true);
  };
  const act = () => void save().catch((error: unknown) => fill(told, explain(error)));
  for (const { input } of [bill, month]) input.addEventListener("keydown", (event) => event.key === "Enter" && act());
  const go = button("tick", say("settings_save"), act, "main");
  go.id = "save";
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("hand"), say("settings")),
    facts.rate ? h("fieldset", null, h("legend", null, say("part_title")), choice("exact"), choice("whole"), choice("half")) : null,
    bill.element, month.element,
    h("label", { class: "choice" }, inMoney, say("settings_euro")),
    told,
    h("div", { class: "actions" }, go, link("back", say("back"), "#")),
    h("div", { class: "actions" },
      link("phone", say("cashiers"), "#cashiers"), link("shop", say("name_change"), "#name"), link("people", say("square_way"), "#square"), hat.kind === "merchant" ? link("hand", say("services_way"), "#services") : null),
  ], isSaved ? "quiet" : "focus");
}

/** A limit that may be left open; `read` returns it, null where it is open, undefined after having said what is wrong. */
function mostField(which: "bill" | "month", now: string | null): { element: HTMLElement; input: HTMLInputElement; read: () => string | null | undefined } {
  const label = [say(`most_${which}`), h("span", { class: "small" }, say(`most_${which}_text`))];
  const { element, input, read } = amountField(label, facts.scale, now === null ? "" : showNumber(minor(now), facts.scale, language), { id: `most-${which}` });
  return {
    element, input,
    read: () => {
      if (input.value.trim() === "") return null;
      const most = read();
      return most === null ? undefined : toDecimal(most, facts.scale);
    },
  };
}
