/** Promises that a till holds: told apart from what is paid, and brought to the pot that bears what stayed unpaid. */

import { Refused } from "../api.ts";
import { type Hat, type Outgoing, settle } from "../db.ts";
import { amount, h, icon, moment, now, say, type Child } from "../dom.ts";
import { isOpen, outbox } from "../outbox.ts";
import { askAs } from "../wallet.ts";

/** How long after its end the node may still be recording a promise that came in time, in milliseconds. */
const SETTLED_AFTER = 5_500;

/** Promises that were given to this shop and are not paid, newest first; what a pot bore is paid. */
export async function promised(hat: Hat): Promise<Outgoing[]> {
  return (await outbox()).filter((one) => one.account === hat.account && one.key.startsWith("taken:") && one.state !== "done" && one.state !== "ended" && one.borne !== "paid");
}

/** Tells whether something is a promise of which it is known what came of it. */
export const isDecided = (one: Outgoing): boolean => one.key.startsWith("taken:") && !isOpen(one);

/** How much is promised and may still be paid. */
export const promisedSum = (some: readonly Outgoing[]): number => some.filter(isOpen).reduce((sum, one) => sum + one.amount, 0);

/** What this shop holds of promises, counted apart from what is paid. */
export function promisedList(some: readonly Outgoing[]): Child {
  if (some.length === 0) return null;
  return [
    h("h2", null, icon("clock"), say("promise_taken")),
    promisedSum(some) === 0 ? null : h("p", null, say("promise_sum", { amount: amount(promisedSum(some)) })),
    h("ul", { class: "lines" }, some.map((one) => h("li", null, h("a", { href: `/promise#taken/${encodeURIComponent(one.key)}` },
      icon(isOpen(one) ? "clock" : "cross"),
      h("span", { class: "words" }, say(isOpen(one) ? "promise_state" : "pay_not_done"), h("span", { class: "small" }, isOpen(one) ? moment(one.signedAt, "both") : borneWords(one))),
      h("span", { class: "sum" }, amount(one.amount)))))),
  ];
}

/** Says who bears a promise that stayed unpaid. */
export function borneWords({ borne }: Outgoing): string {
  return say(`promise_borne_${borne ?? "later"}`);
}

/** Asks the named pot to bear a promise whose time is over; returns it with what came of that. @throws NoAnswer */
export async function askPot(hat: Hat, one: Outgoing): Promise<Outgoing> {
  const isDue = one.state === "refused" && one.borne !== "paid" && one.borne !== "declined" && one.expiresAt * 1_000 + SETTLED_AFTER < now();
  if (!isDue || !navigator.onLine) return one;
  const borne = await askAs<{ state: "open" | "paid" | "declined" | "expired" }>(hat, "POST", "/v1/promises/unpaid", { envelope: one.envelope, words: say("promise_words") })
    .then(({ state }) => state, (error: unknown) => {
      if (!(error instanceof Refused)) throw error;
      return error.problem.code === "promise_no_pot" ? "none" as const : ["promise_long_over", "promise_not_sent"].includes(error.problem.code) ? "declined" as const : null;
    });
  if (borne === null || borne === one.borne) return one;
  return settle(one.key, (there) => there && { ...there, borne });
}

/** Brings every promise that stayed unpaid to the pot; tells whether something came of it. @throws NoAnswer */
export async function askPots(hat: Hat): Promise<boolean> {
  let hasNews = false;
  for (const one of await promised(hat)) hasNews = (await askPot(hat, one)) !== one || hasNews;
  return hasNews;
}
