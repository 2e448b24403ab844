/** `/l/ID#CODE`: this phone becomes the screen of a place for today; whoever lends the right has the last word. */

import { ask } from "../api.ts";
import { keep } from "../db.ts";
import { button, h, icon, link, say, show } from "../dom.ts";
import { fromBase32 } from "../lib/bytes.ts";
import { untilGone } from "../meeting.ts";
import { checkNumber } from "../pairing.ts";
import { busy, headed, note, start, troubled } from "../start.ts";
import { connect, keyToConnect } from "../wallet.ts";

function offer(code: string): void {
  const no = link("cross", say("lent_rather_not"), "/");
  show(h("div", { class: "actions" }, button("tick", say("lent_do"), () => void answer(code).catch(troubled(() => offer(code))), "main"), no));
}

async function answer(code: string): Promise<void> {
  show(busy(say("making_wallet")));
  const key = await keyToConnect("budget");
  await ask("POST", "/v1/pairings/answers", { code, key });
  const screen = h("section", { class: "asking" },
    h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("lend_compare")),
    h("p", { class: "amount" }, await checkNumber(key)),
    h("p", null, say("lent_compare")),
    h("p", { role: "status" }, icon("clock"), say("lent_waits")));
  show([screen, h("div", { class: "actions" }, link("cross", say("stop_asking"), "/"))], "focus");
  await untilGone(screen, async () => {
    const hat = await connect("budget");
    if (!hat) return;
    await keep("hat", hat.account);
    show([note("tick", hat.name ? say("lent_ready_at", { place: hat.name }) : say("lent_ready")), h("div", { class: "actions" }, link("people", say("lent_open"), "/place", "main"))], "focus");
  });
}

void start(async () => {
  const code = location.hash.slice(1);
  // The secret has done its work in the address: nobody shall read it over a shoulder.
  history.replaceState(null, "", location.pathname);
  if (!fromBase32(code)) return headed("hand", say("lent_broken"), say("lent_broken_next"), link("scan", say("scan"), "/wallet#scan", "main"));
  offer(code);
});
