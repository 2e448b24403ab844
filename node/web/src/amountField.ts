/** A field for an amount that says what it expects. */

import { facts, h, say, type Child } from "./dom.ts";
import { AmountError, parseAmount } from "./lib/money.ts";

export interface AmountField {
  element: HTMLElement;
  input: HTMLInputElement;
  /** Returns minor units, or null after having said what is wrong. */
  read(): number | null;
  /** Returns minor units, or null where there are none yet: says nothing. */
  peek(): number | null;
}

/** How an amount is typed. */
interface How {
  /** Whether the screen has keys of its own. */
  keypad?: boolean;
  /** A screen with several fields gives each its own. */
  id?: string;
  /** What stands behind the amount. */
  unit?: string;
}

/** Returns a field for an amount of `scale` decimals; `label` says of what. */
export function amountField(label: Child, scale = facts.scale, value = "", { keypad = false, id = "amount", unit = facts.many }: How = {}): AmountField {
  const fault = h("p", { id: `${id}-fault`, class: "fault", role: "alert" });
  const input = h("input", {
    id, type: "text", inputmode: keypad ? "none" : "decimal", autocomplete: "off", value, maxlength: 17,
    "aria-describedby": `${id}-unit ${id}-fault`, enterkeyhint: "done",
  });
  const element = h("div", { class: "field" }, h("label", { for: id }, label), h("div", { class: "sum" }, input, h("span", { id: `${id}-unit` }, unit)), fault);
  input.addEventListener("input", () => {
    fault.textContent = "";
    input.removeAttribute("aria-invalid");
  });
  return {
    element,
    input,
    peek() {
      try {
        return parseAmount(input.value, scale);
      } catch {
        return null;
      }
    },
    read() {
      try {
        return parseAmount(input.value, scale);
      } catch (error) {
        if (!(error instanceof AmountError)) throw error;
        fault.textContent = say(`amount_${error.fault}`, { decimals: scale });
        input.setAttribute("aria-invalid", "true");
        input.focus();
        return null;
      }
    },
  };
}
