/** `#lend`: whoever keeps the place lends a stand-in the right to give, until the end of today. */

import { provenState } from "../accountState.ts";
import { type Account, Refused } from "../api.ts";
import { changeKeys } from "../changeKeys.ts";
import { endOfDay } from "../days.ts";
import type { Hat } from "../db.ts";
import { button, dayOf, h, icon, link, moment, now, say, show, type Child } from "../dom.ts";
import { untilGone } from "../meeting.ts";
import { freshKey, prepare } from "../outbox.ts";
import { outcome, showUntilKnown } from "../paid.ts";
import { checkNumber } from "../pairing.ts";
import { qr } from "../qr.ts";
import { busy, explain, note } from "../start.ts";
import { accountOf, askAs } from "../wallet.ts";

/** The right to give, and no other. */
const SPEND = 1;

interface Pairing { lent_link: string; key: string | null }

const back = (): Child => h("div", { class: "actions" }, link("back", say("back"), "#"));

/** When today ends in the community's time zone, in seconds. */
const endOfToday = (): number => endOfDay(dayOf(now()));

export async function open(hat: Hat): Promise<void> {
  show(busy());
  const { state, status } = await accountOf(hat);
  const mayManage = status === "open" && state.keys.find(({ key }) => key === hat.key)?.rights.includes("manage");
  if (!mayManage) return show([note("hand", say("lend_not_yours"), say("lend_not_yours_next")), back()], "focus");
  const { lent_link } = await askAs<Pairing>(hat, "POST", "/v1/pairings");
  const screen = h("section", { class: "asking" },
    h("h2", { tabindex: "-1", "data-focus": true }, icon("people"), say("lend_title")),
    h("p", null, say("lend_show")),
    qr(lent_link, say("lend_picture")),
    h("details", null, h("summary", null, say("code_typed")), h("code", { id: "lent-link" }, lent_link)),
    h("p", { role: "status" }, icon("clock"), say("lend_waits")));
  const lentTo = state.keys.filter(isLent);
  show([lentTo.map(({ key, until }) => h("section", null, h("p", { class: "note" }, icon("clock"), say("lend_is_lent", { when: moment(Date.parse(until ?? "") - 1_000, "both") })), h("div", { class: "actions" }, takeBack(hat, key)))), screen, back()], "focus");
  await untilGone(screen, async () => {
    const { key } = await askAs<Pairing>(hat, "GET", "/v1/pairings").catch((error: unknown) => {
      if (error instanceof Refused) show([note("clock", say("lend_over")), h("div", { class: "actions" }, button("again", say("again"), () => void open(hat), "main")), back()], "focus");
      throw error;
    });
    if (key) await compare(hat, key);
  });
}

async function compare(hat: Hat, key: string): Promise<void> {
  const yes = () => void lend(hat, key).catch((error: unknown) => show([explain(error, () => void compare(hat, key)), back()]));
  show([
    h("section", { class: "asking" },
      h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("lend_compare")),
      h("p", { class: "amount" }, await checkNumber(key)),
      h("p", null, say("lend_compare_text"))),
    h("div", { class: "actions" }, button("tick", say("lend_do"), yes, "main"), link("cross", say("lend_not_same"), "#")),
  ], "focus");
}

async function lend(hat: Hat, key: string): Promise<void> {
  show(busy(say("sending")));
  const until = endOfToday();
  const { base, state } = await provenState(hat);
  // Rights that have ended make room.
  const others = state.keys.filter((one) => one.key !== key && (one.until === null || one.until * 1_000 > now()));
  const outgoing = await prepare(hat, {
    key: freshKey("change"), what: "change", name: "", amount: 0, words: "lend",
    body: { base, state: { ...state, keys: [...others, { key, rights: SPEND, until, cap: null }] }, status: "open" },
  });
  const leave = () => link("back", say("back"), "#");
  await showUntilKnown(outgoing, leave(), (news) => (news.state === "done" ? [granted(), h("div", { class: "actions" }, takeBack(hat, key), leave())] : outcome(news, leave())));
}

const granted = (): Child => h("section", { class: "paid", role: "status", tabindex: "-1", "data-focus": true }, icon("tick", "icon big"),
  h("p", { class: "amount" }, say("lend_granted")), h("p", null, say("lend_granted_text")));

/** A key that may give until a moment that is to come, and nothing else. */
const isLent = ({ rights, until }: Account["state"]["keys"][number]): boolean => until !== null && Date.parse(until) > now() && rights.join() === "spend";

/** Ends a right that is lent, before its time. */
const takeBack = (hat: Hat, key: string): HTMLElement => button("undo", say("lend_back"), () => {
  show(busy(say("sending")));
  void changeKeys(hat, (keys) => keys.filter((one) => one.key !== key), { words: "lend_back", leave: link("back", say("back"), "#") }).catch((error: unknown) => show([explain(error), back()]));
});
