/** `#device/CODE`: this phone becomes one more phone of an account; the old one has the last word. */

import { keep } from "../db.ts";
import { facts, h, icon, link, say, show } from "../dom.ts";
import { offerDevice } from "../meeting.ts";
import { connect, keyToConnect } from "../wallet.ts";

export async function open(_: unknown, code: string): Promise<void> {
  // The secret has done its work in the address: nobody shall read it over a shoulder.
  history.replaceState(null, "", "#device");
  if (!code) return void (location.hash = "");
  offerDevice({
    picture: "phone", title: say("device_new", { community: facts.name }), text: say("device_new_text"),
    key: () => keyToConnect("device"), look: () => connect("device"),
    done: async (hat) => {
      await keep("hat", hat.account);
      show([
        h("section", { class: "paid", role: "status", tabindex: "-1", "data-focus": true }, icon("tick", "icon big"), h("p", { class: "amount" }, say("device_added_done")), h("p", null, say("device_new_done"))),
        h("div", { class: "actions" }, link("wallet", say("to_wallet"), "#", "main")),
      ], "focus");
    },
  }, code);
}
