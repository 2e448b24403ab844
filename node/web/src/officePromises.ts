/** The pot that bears promises without network that stayed unpaid: named by the council, beside the other pots. */

import { ask } from "./api.ts";
import type { Hat } from "./db.ts";
import { button, fill, h, icon, say } from "./dom.ts";
import { parseAccount } from "./lib/account.ts";
import { askAsOffice } from "./office.ts";
import { money } from "./officeParts.ts";
import { explain } from "./start.ts";

/** As `node/api/src/promise.rs` has it. */
interface Terms { cap: string; valid_for: number; pot: string | null; pot_name: string | null }

/** Returns the section, which fills itself; nothing where nobody pays without network. */
export function promisePot(hat: Hat): HTMLElement {
  const place = h("section", null);
  const draw = (terms: Terms): void => {
    if (Number(terms.cap) === 0) return;
    const trouble = h("p", { id: "promise-pot-fault", class: "fault", role: "alert" });
    const typed = h("input", { id: "promise-pot", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", value: terms.pot ?? "", "aria-describedby": "promise-pot-fault" });
    const name = (account: string | null) => void askAsOffice<Terms>(hat, "PUT", "/v1/coordination/promises", { account }).then(draw, (error: unknown) => fill(trouble, explain(error)));
    const keep = () => {
      const account = typed.value.trim();
      if (parseAccount(account)) name(account);
      else trouble.textContent = say("council_promises_wrong");
    };
    fill(place,
      h("h2", null, icon("clock"), say("council_promises")),
      h("p", null, say("promise_cap", { amount: money(terms.cap) })),
      h("p", { role: "status" }, terms.pot === null ? say("council_promises_none") : [say("council_promises_text"), " ", h("strong", null, terms.pot_name ?? terms.pot)]),
      h("div", { class: "field" }, h("label", { for: "promise-pot" }, say("council_promises_pot")), typed, trouble),
      h("div", { class: "actions" }, button("tick", say("council_promises_keep"), keep), terms.pot === null ? null : button("cross", say("council_promises_drop"), () => name(null), "quiet")));
  };
  // The other pots are worth a look without it.
  ask<Terms>("GET", "/v1/promises").then(draw, () => undefined);
  return place;
}
