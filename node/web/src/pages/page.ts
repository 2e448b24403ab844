/** A page that says everything without a script: only reading aloud, the service worker, and perhaps a map or sharing are added. */

import { button, given, h, icon, show } from "../dom.ts";
import { start } from "../start.ts";
import type { MapGiven } from "../townMap.ts";

/** A page whose address is all that somebody has, with the sentences about it. */
interface ShareGiven { share: string; copied: string; copyByHand: string }

/** Offers to hand on the page's address; what came behind it says only how one got here. */
function offerSharing({ share, copied, copyByHand }: ShareGiven): void {
  const url = location.origin + location.pathname;
  const told = h("p", { role: "status" });
  const act = async () => {
    if (navigator.share) return navigator.share({ url }).catch(() => undefined);
    const done = await navigator.clipboard?.writeText(url).then(() => true, () => false);
    told.replaceChildren(icon(done ? "tick" : "hand"), done ? copied : copyByHand);
  };
  show([h("div", { class: "actions" }, button("share", share, () => void act())), told]);
}

void start(async () => {
  const found = given<MapGiven | ShareGiven>();
  if (!found) return;
  if ("share" in found) offerSharing(found);
  else (await import("../mapOffer.ts")).offerMap(found, { button, h, icon, show });
}, true);
