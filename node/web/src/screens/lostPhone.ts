/** `#lost`: no phone, no words: this phone shows its key, the council gives it the account; later, so that the owner can object. */

import { keep } from "../db.ts";
import { button, fill, h, icon, link, say, show } from "../dom.ts";
import { qr } from "../qr.ts";
import { busy, explain } from "../start.ts";
import { connect, keyToConnect } from "../wallet.ts";

export async function open(): Promise<void> {
  show(busy(say("making_wallet")));
  const key = await keyToConnect("device");
  const state = h("p", { role: "status" });
  const look = async () => {
    state.textContent = say("loading");
    try {
      const hat = await connect("device");
      if (!hat) return void state.replaceChildren(icon("clock"), say("lost_not_yet"));
      await keep("hat", hat.account);
      location.hash = "";
    } catch (error) {
      fill(state, explain(error));
    }
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("lost_title")),
    h("p", null, say("lost_text")),
    h("p", null, say("lost_wait")),
    qr(key, say("lost_code")),
    h("code", { id: "connect-key" }, key),
    state,
    h("div", { class: "actions" }, button("tick", say("lost_look"), () => void look(), "main"), link("back", say("back"), "#restore")),
  ], "focus");
}
