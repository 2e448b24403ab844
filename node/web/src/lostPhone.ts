/** `/coordination#lost`: no phone, no words: this phone shows its key, the council gives it the account; later, so that the owner can object. */

import { ask } from "./api.ts";
import { showConnecting } from "./connecting.ts";
import { keep } from "./db.ts";
import { h, link, placesLink, say, show } from "./dom.ts";
import { lasting } from "./lasting.ts";
import { busy } from "./start.ts";
import { connect, keyToConnect } from "./wallet.ts";

export async function lostPhone(): Promise<void> {
  show(busy(say("making_wallet")));
  const [key, { charter }] = await Promise.all([keyToConnect("device"), ask<{ charter: { policy: { recovery_delay: number } } }>("GET", "/v1/community")]);
  showConnecting({
    key, picture: "phone", title: say("lost_title"), steps: [say("lost_text"), say("lost_wait", { lasts: lasting(charter.policy.recovery_delay) }), say("lost_rest"), say("lost_keep", { lasts: lasting(charter.policy.recovery_delay) })], commands: [`klaver account change klv1… --council --add-key ${key}`],
    look: async () => {
      const hat = await connect("device");
      if (hat) await keep("hat", hat.account);
      if (hat) location.assign("/wallet");
      return hat !== null;
    },
    more: h("div", { class: "actions" }, placesLink(), link("back", say("back"), "/wallet#restore")),
  });
}
