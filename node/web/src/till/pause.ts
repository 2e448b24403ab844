/** A till that is closed for a while: whoever comes to pay reads it kindly, and one tap goes on. */

import type { Hat } from "../db.ts";
import { button, h, icon, link, say, show } from "../dom.ts";
import { explain } from "../start.ts";
import { isCashier } from "../wallet.ts";
import { changeTill } from "./settings.ts";

/** Closes the till, or opens it again. */
export function setPaused(hat: Hat, paused: boolean, back: () => void): void {
  changeTill(hat, { paused }).then(back, (error: unknown) => show(explain(error, back)));
}

/** What is shown while it is closed. */
export function paused(hat: Hat, back: () => void): void {
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("clock"), say("pause_now")),
    h("p", null, say(isCashier(hat) ? "pause_cashier" : "pause_text")),
    h("div", { class: "actions" },
      isCashier(hat) ? button("again", say("again"), back, "main") : button("tick", say("pause_end"), () => setPaused(hat, false, back), "main"),
      isCashier(hat) ? link("undo", say("refund"), "#today") : link("list", say("today"), "#today"), hat.kind === "merchant" ? link("cup", say("pots_way"), "#pots") : null,
      isCashier(hat) ? null : [link("euro", say("pay_out"), "#payout"), link("hand", say("settings"), "#settings")]),
  ]);
}
