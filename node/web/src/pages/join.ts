/** `/i/CODE`: makes a wallet with an invitation, and goes on to the payment that brought the person here. */

import { isRefused } from "../api.ts";
import { forget, keep, recall } from "../db.ts";
import { button, facts, given, h, link, say, show, type Child } from "../dom.ts";
import { busy, explain, headed, note, start } from "../start.ts";
import { hatOf, join } from "../wallet.ts";

/** The page that a person came from before they had a wallet. */
const BROUGHT = "brought-by";

/** Remembers where to go on once there is a wallet. */
export async function comeBack(path: string): Promise<void> {
  await keep(BROUGHT, { path, at: Date.now() });
}

/** The offer to make a wallet. `done` goes on at once; `above` is said first. */
export function offer(code: string | null, done: () => void, words = say("make_wallet"), above: Child = null): void {
  // Whoever had one does not need another.
  const had = link("undo", say("restore"), "/wallet#restore", "quiet");
  if (facts.joining === "council") return show([above, note("people", say("join_council"), say("join_council_next")), link("phone", say("join_council_key"), "/coordination#lost", "main"), had]);
  if (facts.joining === "invitation" && code === null) {
    return show([above, note("people", say("join_invitation"), say("join_invitation_next")), h("div", { class: "actions" }, link("scan", say("scan"), "/wallet#scan", "main"), had)]);
  }
  const make = () => {
    show(busy(say("making_wallet")));
    join(code).then(done, (error: unknown) => {
      // An invitation that was used by this phone already opened its account; any other needs a new one.
      if (isRefused(error, "unknown_invitation")) {
        return show([note("clock", say("why_unknown_invitation"), say("why_unknown_invitation_next")), h("div", { class: "actions" }, had)]);
      }
      show(explain(error, () => offer(code, done, words, above)));
    });
  };
  show([
    above, h("p", null, say("make_wallet_text")),
    h("div", { class: "actions" }, button("phone", words, make, "main"), had),
  ]);
}

async function goOn(): Promise<void> {
  const brought = await recall<{ path: string; at: number }>(BROUGHT);
  await forget(BROUGHT);
  // A payment lasts some minutes: an older one is not what the person has in mind.
  location.replace(brought && Date.now() - brought.at < 3_600_000 ? brought.path : "/wallet");
}

async function page(): Promise<void> {
  // Whoever is a member has joined, also with an invitation that is over by now.
  if (await hatOf("member")) return headed("tick", say("joined_already"), say("joined_already_next"), link("wallet", say("to_wallet"), "/wallet", "main"));
  const code = given<{ code: string }>()?.code;
  if (code) offer(code, () => void goOn());
}

if (document.getElementById("action") && location.pathname.toLowerCase().startsWith("/i/")) void start(page);
