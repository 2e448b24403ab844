/** The price, typed key by key, and the code that asks for it. */

import { allowSound, askFor, makeRequest } from "../asking.ts";
import { amountField } from "../amountField.ts";
import type { Hat } from "../db.ts";
import { amount, button, facts, h, icon, language, link, say, show } from "../dom.ts";
import { showEuro, split } from "../lib/money.ts";
import { busy, explain } from "../start.ts";
import { set } from "./settings.ts";

export async function price(hat: Hat, back: () => void): Promise<void> {
  const { euro, part } = await set();
  const scale = euro ? 2 : facts.scale;
  const field = amountField(say(euro ? "price_euro" : "price_credits"), scale, "", true);
  const shown = h("p", { class: "split", role: "status" });
  const reckon = (): { minor: number; rest: string | null } | null => {
    const typed = field.read();
    if (typed === null) return null;
    if (!euro || !facts.rate) return { minor: typed, rest: null };
    const { minor, rest } = split(typed, facts.rate, part, facts.scale);
    return { minor, rest: rest === 0 ? null : say("rest_in_money", { euro: showEuro(rest, language) }) };
  };
  const preview = () => {
    const value = Number(field.input.value.replace(",", "."));
    shown.textContent = "";
    if (!(value > 0) || !euro || !facts.rate || !/^[0-9]+([.,][0-9]{1,2})?$/.test(field.input.value)) return;
    const { minor, rest } = split(Math.round(value * 100), facts.rate, part, facts.scale);
    shown.textContent = rest === 0 ? amount(minor) : say("split", { amount: amount(minor), euro: showEuro(rest, language) });
  };
  const ask = () => {
    const reckoned = reckon();
    if (!reckoned) return;
    if (reckoned.minor === 0) return void (shown.textContent = say("too_small_for_credits"));
    allowSound();
    show(busy());
    makeRequest(hat, reckoned.minor).then((request) => askFor({ hat, request, rest: reckoned.rest, back }), (error: unknown) => show(explain(error, back)));
  };
  const press = (sign: string) => () => {
    const { input } = field;
    if (sign === "back") input.value = input.value.slice(0, -1);
    else if (input.value.length < 9) input.value += sign === "comma" ? (/[.,]/.test(input.value) || input.value === "" ? "" : language === "en" ? "." : ",") : sign;
    input.dispatchEvent(new Event("input"));
  };
  const keyOf = (sign: string) => h("button", { type: "button", class: "key", onclick: press(sign), "aria-label": sign === "back" ? say("key_back") : sign === "comma" ? say("key_comma") : null },
    sign === "back" ? icon("back") : sign === "comma" ? (language === "en" ? "." : ",") : sign);
  field.input.addEventListener("input", preview);
  field.input.addEventListener("keydown", (event) => event.key === "Enter" && ask());
  show([
    h("p", { class: "small whom" }, icon("shop"), hat.name ?? say("kind_merchant")),
    field.element, shown,
    h("div", { class: "keypad" }, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "comma", "0", "back"].map(keyOf)),
    h("div", { class: "actions" }, button("scan", say("show_code"), ask, "main")),
    h("div", { class: "actions row" },
      link("list", say("today"), "#today"), link("euro", say("pay_out"), "#payout"), link("hand", say("settings"), "#settings")),
  ]);
  field.input.focus();
}
