/** What the till signs besides asking: shown until it is known. */

import type { Hat, Outgoing } from "../db.ts";
import { amount, button, h, link, say, show } from "../dom.ts";
import { type Wish, prepare } from "../outbox.ts";
import { outcome, showUntilKnown } from "../paid.ts";
import { explain } from "../start.ts";

/**
 * Signs the wish and shows what becomes of it; `done` is said once it is done, where there is more to say. Whoever does
 * not wait for that goes on to the price: it is sent all the same.
 */
export async function signAndSend<K extends "refund" | "redeem">(hat: Hat, wish: Wish<K>, back: () => void, done?: (news: Outgoing) => string): Promise<void> {
  try {
    const outgoing = await prepare(hat, wish);
    const leave = () => link("back", say("back"), "#");
    const next = () => button("till", say("to_till"), () => location.replace("#"), "main");
    // Whoever reads that it waits reads how much of what does.
    const pending = ({ what, amount: minor }: Outgoing) => h("p", { class: "lead" }, say(what === "refund" ? "refund_pending" : "redeem_pending", { amount: amount(minor) }));
    await showUntilKnown(outgoing, leave(), (news) => [
      news.state === "waiting" ? pending(news) : null,
      outcome(news, news.state === "waiting" ? leave() : next(), done?.(news)),
    ]);
  } catch (error) {
    show([explain(error, back), link("back", say("back"), "#")]);
  }
}
