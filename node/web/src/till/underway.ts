/** What the till signed and nobody waited for: told until it is known, and when nothing came of it. */

import type { Hat, Outgoing } from "../db.ts";
import { amount, h, icon, say, type Child } from "../dom.ts";
import { isOpen, outbox } from "../outbox.ts";
import { note, whyNot } from "../start.ts";
import { isToday } from "../statement.ts";

/** What this shop's device has on its way. */
export async function underway(hat: Hat): Promise<Outgoing[]> {
  return (await outbox()).filter((one) => one.account === hat.account && isOpen(one) && !one.key.startsWith("taken:"));
}

/** Says what is on its way, and what of today came to nothing. */
export async function unsettled(hat: Hat): Promise<Child> {
  const ended = (await outbox()).filter(({ key, account, state, signedAt }) => account === hat.account && !key.startsWith("taken:") && isToday(signedAt) && (state === "refused" || state === "alarm"));
  return [
    (await underway(hat)).map((one) => h("p", { class: "note" }, icon("clock"), say("till_underway", { amount: amount(one.amount) }))),
    ended.map(({ state, what, amount: minor, code }) => (state === "alarm"
      ? note("hand", say("receipt_alarm"), say("receipt_alarm_next"))
      : note("cross", say("till_came_to_nothing", { what: say(`${what}_not_done`), amount: amount(minor) }), whyNot(code ?? "")[0]))),
  ];
}
