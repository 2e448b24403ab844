/** What the till signs besides asking: shown until it is known. */

import type { Hat } from "../db.ts";
import { button, link, say, show } from "../dom.ts";
import { type Wish, prepare } from "../outbox.ts";
import { outcome, showUntilKnown } from "../paid.ts";
import { explain } from "../start.ts";

/** Signs the wish and shows what becomes of it. Whoever does not wait for that goes on to the price: it is sent all the same. */
export async function signAndSend<K extends "refund" | "redeem">(hat: Hat, wish: Wish<K>, back: () => void): Promise<void> {
  try {
    const outgoing = await prepare(hat, wish);
    const leave = () => link("back", say("back"), "#");
    const next = () => button("till", say("next"), () => location.replace("#"), "main");
    await showUntilKnown(outgoing, leave(), (news) => outcome(news, news.state === "waiting" ? leave() : next()));
  } catch (error) {
    show([explain(error, back), link("back", say("back"), "#")]);
  }
}
