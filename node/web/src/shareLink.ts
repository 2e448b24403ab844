/** Handing on the link of what others must sign too. */

import type { Outgoing } from "./db.ts";
import { button, fill, h, icon, say, type Child } from "./dom.ts";

/** Hands the link to whoever signs next, by another program of the phone or its clipboard. */
export function shareLink({ state, link: url }: Outgoing): Child {
  if (state !== "draft" || !url) return null;
  const share = async () => {
    if (typeof navigator.share === "function") return navigator.share({ url }).catch(() => undefined);
    const done = await navigator.clipboard?.writeText(url).then(() => true, () => false);
    fill(told, icon(done ? "tick" : "hand"), say(done ? "own_copied" : "council_share_by_hand"));
  };
  const told = h("p", { role: "status" });
  return h("div", null, button("share", say("council_share"), () => void share(), "main"), told);
}
