/** What the till signs besides asking: shown until it is known. */

import type { Hat } from "../db.ts";
import { button, say, show } from "../dom.ts";
import { type Wish, prepare, sendUntilKnown } from "../outbox.ts";
import { outcome } from "../paid.ts";
import { busy, explain } from "../start.ts";

/** Signs the wish and shows what becomes of it. */
export async function signAndSend<K extends "refund" | "redeem">(hat: Hat, wish: Wish<K>, back: () => void): Promise<void> {
  try {
    const outgoing = await prepare(hat, wish);
    show(busy(say("sending")));
    await sendUntilKnown(outgoing, (news) => show(outcome(news, button("till", say("next"), back, "main")), news.state === "waiting" ? "quiet" : "focus"));
  } catch (error) {
    show(explain(error, back));
  }
}
