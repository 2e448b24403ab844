/** `#close/ID`: closing an account for good. A shop is paid out first; what is left goes to the heir, announced before. */

import { stateOf } from "./accountState.ts";
import { ask } from "./api.ts";
import type { Hat } from "./db.ts";
import { amount, button, facts, fill, h, icon, language, link, now, say, shortAccount, show, type Child } from "./dom.ts";
import { lasting } from "./lasting.ts";
import { parseAccount } from "./lib/account.ts";
import { euroCents, showEuro } from "./lib/money.ts";
import { type Coordination, askAsOffice } from "./office.ts";
import { nameOfSeen, see, waitsFor } from "./officeAccount.ts";
import { heading, minor, money, signAndSend } from "./officeParts.ts";
import { freshKey } from "./outbox.ts";
import { qr } from "./qr.ts";
import { busy, note } from "./start.ts";
import { directory } from "./statement.ts";

interface Policy { recovery_delay: number; heir_fund: string | null; euro_rate?: object | null }

export async function close(hat: Hat, id: string): Promise<void> {
  show(busy());
  const [seen, { charter: { policy } }, known] = await Promise.all([see(hat, id), ask<{ charter: { policy: Policy } }>("GET", "/v1/community"), directory()]);
  const state = stateOf(seen.state);
  const heir = state.heir ?? (policy.heir_fund === null ? null : parseAccount(policy.heir_fund));
  const announced = seen.pending?.what === "close" ? seen.pending : null;
  const isOver = announced !== null && Date.parse(announced.effective_at) <= now();
  const home = link("back", say("back"), `#account/${id}`);
  const title = heading("cross", say("council_close_title", { name: nameOfSeen(seen) }));
  if (seen.status === "closed") return show([title, note("tick", say("council_closed")), h("div", { class: "actions" }, home)], "focus");
  if (heir === null || heir === state.account) return show([title, note("hand", say("council_close_no_heir"), say("council_close_no_heir_next")), h("div", { class: "actions" }, home)], "focus");
  const then = (): Child => {
    const told = h("p", { class: "note", role: "status" }, icon("clock"), say("loading"));
    // Whether it closed or was announced, only the account itself tells: what a member has is not shown.
    void see(hat, id).then((fresh) => fill(told, icon(fresh.pending ? "clock" : "tick"), fresh.pending ? waitsFor(fresh) : say("council_closed")), () => told.remove());
    return told;
  };
  const sign = () => void signAndSend(hat, { key: freshKey(`close:${state.account}`), what: "close", name: shortAccount(state.account), amount: 0, body: { account: state.account, heir } }, then);
  const mayClose = !announced || isOver;
  // What members have is theirs to know; a budget has nothing to be paid out.
  const held = seen.balance === null || state.kind === "budget" ? null : minor(seen.balance);
  const asked = await claimsOf(hat, state.kind === "merchant" ? id : null);
  const payFirst = asked > 0 ? "#payouts" : state.kind === "merchant" && policy.euro_rate && held !== null && held > 0 ? `#payfirst/${id}` : null;
  // What its owner will not have any more, in credits and in euro, and who will.
  const rate = policy.euro_rate ? facts.rate : null;
  const loses = held !== null && held > 0
    ? { name: nameOfSeen(seen), amount: `${amount(held)}${rate ? ` (${showEuro(euroCents(held, rate), language)})` : ""}`, heir: known.get(heir) ?? shortAccount(heir) } : null;
  const place = h("div", { class: "actions" });
  const sure = () => {
    const pays = payFirst ? "" : "main";
    const yes = loses ? button("cross", say("council_close_gives", loses), sign, pays) : button("cross", say("council_close_sure"), sign, pays);
    fill(place, loses ? h("p", { class: "note" }, icon("hand"), say("council_close_loses", loses)) : null,
      payFirst ? link("euro", say("council_close_pay"), payFirst, "main") : null, yes, button("back", say("back"), () => fill(place, first)));
    yes.focus();
  };
  const first: Child = [payFirst ? link("euro", say("council_close_pay"), payFirst, "main") : null, mayClose ? button("cross", say("council_close_do"), sure, payFirst ? "" : "main") : null, home];
  fill(place, first);
  show([
    title,
    announced && !isOver ? h("p", { class: "note" }, icon("clock"), waitsFor(seen)) : null,
    isOver ? h("p", { class: "note" }, icon("tick"), say("council_close_again")) : null,
    held !== null && held > 0 ? h("p", { class: "note" }, icon("wallet"), say("council_close_held", { amount: money(seen.balance ?? "") })) : null,
    asked > 0 ? h("p", { class: "note" }, icon("euro"), say(asked === 1 ? "council_close_asked_one" : "council_close_asked", { count: asked })) : null,
    h("p", null, say("council_close_text")),
    h("p", null, say("council_close_heir", { name: known.get(heir) ?? shortAccount(heir) })),
    announced ? null : h("p", null, say(held === 0 ? "council_close_empty" : held === null ? "council_close_wait" : "council_close_waits", { lasts: lasting(policy.recovery_delay) })),
    place,
  ], "focus");
}

/** Returns how many payouts a shop still waits for. */
async function claimsOf(hat: Hat, shop: string | null): Promise<number> {
  if (shop === null) return 0;
  const { claims } = await askAsOffice<Coordination>(hat, "GET", "/v1/coordination");
  return claims.filter(({ merchant }) => merchant === shop).length;
}

/** `#payfirst/ID`: a shop alone asks to be paid out; its phone opens the place where that is done. */
export async function payFirst(hat: Hat, id: string): Promise<void> {
  show(busy());
  const seen = await see(hat, id);
  show([
    heading("euro", say("council_payfirst_title", { name: nameOfSeen(seen) })),
    seen.balance === null ? null : h("p", { class: "note" }, icon("wallet"), say("council_close_held", { amount: money(seen.balance) })),
    h("p", null, say("council_payfirst_text")),
    qr(`${facts.origin}/till#payout`, say("council_payfirst_picture")),
    h("p", null, say("council_payfirst_then")),
    h("div", { class: "actions" }, link("euro", say("council_payouts_title"), "#payouts", "main"), link("back", say("back"), `#close/${id}`)),
  ], "focus");
}
