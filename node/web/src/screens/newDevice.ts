/** `#device/CODE`: this phone becomes one more phone of an account; the old one has the last word. */

import { ask } from "../api.ts";
import { keep } from "../db.ts";
import { button, facts, h, icon, link, say, show } from "../dom.ts";
import { checkNumber, whileShown } from "../pairing.ts";
import { busy, explain } from "../start.ts";
import { connect, keyToConnect } from "../wallet.ts";

export async function open(_: unknown, code: string): Promise<void> {
  // The secret has done its work in the address: nobody shall read it over a shoulder.
  history.replaceState(null, "", "#device");
  if (!code) return void (location.hash = "");
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("device_new", { community: facts.name })),
    h("p", null, say("device_new_text")),
    h("div", { class: "actions" },
      button("tick", say("device_new_do"), () => void answer(code).catch((error: unknown) => show(explain(error, () => void open(_, code)))), "main"),
      link("back", say("back"), "#")),
  ], "focus");
}

async function answer(code: string): Promise<void> {
  show(busy(say("making_wallet")));
  const key = await keyToConnect("device");
  await ask("POST", "/v1/pairings/answers", { code, key });
  const screen = h("section", { class: "asking" },
    h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("device_compare")),
    h("p", { class: "amount" }, await checkNumber(key)),
    h("p", null, say("device_new_compare")),
    h("p", { role: "status" }, icon("clock"), say("device_new_waits")));
  show([screen, h("div", { class: "actions" }, link("back", say("stop_asking"), "#"))], "focus");
  const hat = await whileShown(screen, () => connect("device"));
  if (!hat) return;
  await keep("hat", hat.account);
  show([
    h("section", { class: "paid", role: "status", tabindex: "-1", "data-focus": true }, icon("tick", "icon big"), h("p", { class: "amount" }, say("device_added_done")), h("p", null, say("device_new_done"))),
    h("div", { class: "actions" }, link("wallet", say("to_wallet"), "#", "main")),
  ], "focus");
}
