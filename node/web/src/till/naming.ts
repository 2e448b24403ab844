/** The name by which people see the shop. */

import { type Hat, put } from "../db.ts";
import { button, fill, h, icon, link, say, show } from "../dom.ts";
import { accountText } from "../lib/account.ts";
import { explain } from "../start.ts";
import { askAs } from "../wallet.ts";

/** The name by which people see the shop: what they read before they pay. */
export function naming(hat: Hat, done: () => void): void {
  const fault = h("p", { id: "name-fault", class: "fault", role: "alert" });
  const name = h("input", { id: "name", type: "text", maxlength: 60, value: hat.name ?? "", autocomplete: "organization", "aria-describedby": "name-fault" });
  const save = () => {
    const typed = name.value.trim();
    if (typed === "") return void (fault.textContent = say("name_missing"));
    askAs(hat, "PUT", `/v1/accounts/${accountText(hat.account)}/profile`, { name: typed, listed: true })
      .then(() => put("hats", { ...hat, name: typed }))
      .then(done)
      .catch((error: unknown) => fill(fault, explain(error)));
  };
  show([
    h("h2", { tabindex: "-1" }, icon("shop"), say("name_title")),
    h("div", { class: "field" }, h("label", { for: "name" }, say("name_label")), name, fault),
    h("p", null, say("name_text")),
    h("div", { class: "actions" }, button("tick", say("name_save"), save, "main"), link("back", say("back"), hat.name === null ? "/" : "#settings")),
  ]);
  name.addEventListener("keydown", (event) => event.key === "Enter" && save());
  name.focus();
}
