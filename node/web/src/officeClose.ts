/** `#close/ID`: closing an account for good. What it has goes to its heir; the council announces that first. */

import { stateOf } from "./accountState.ts";
import { ask } from "./api.ts";
import type { Hat } from "./db.ts";
import { button, fill, h, icon, link, now, say, shortAccount, show, type Child } from "./dom.ts";
import { lasting } from "./lasting.ts";
import { parseAccount } from "./lib/account.ts";
import { nameOfSeen, see, waitsFor } from "./officeAccount.ts";
import { heading, signAndSend } from "./officeParts.ts";
import { freshKey } from "./outbox.ts";
import { busy, note } from "./start.ts";
import { directory } from "./statement.ts";

interface Policy { recovery_delay: number; heir_fund: string | null }

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
    void see(hat, id).then((fresh) => fill(told, icon(fresh.pending ? "clock" : "tick"), fresh.pending ? waitsFor(fresh.pending) : say("council_closed")), () => told.remove());
    return told;
  };
  const sign = () => void signAndSend(hat, { key: freshKey(`close:${state.account}`), what: "close", name: shortAccount(state.account), amount: 0, body: { account: state.account, heir } }, then);
  const place = h("div", { class: "actions" });
  const sure = () => {
    const yes = button("cross", say("council_close_sure"), sign, "main");
    fill(place, yes, button("back", say("back"), () => fill(place, first)));
    yes.focus();
  };
  const first: Child = [button("cross", say("council_close_do"), sure, "main"), home];
  fill(place, announced && !isOver ? home : first);
  show([
    title,
    announced && !isOver ? h("p", { class: "note" }, icon("clock"), waitsFor(announced)) : null,
    isOver ? h("p", { class: "note" }, icon("tick"), say("council_close_again")) : null,
    h("p", null, say("council_close_text")),
    h("p", null, say("council_close_heir", { name: known.get(heir) ?? shortAccount(heir) })),
    announced || Number(seen.balance ?? 1) === 0 ? null : h("p", null, say("council_close_wait", { lasts: lasting(policy.recovery_delay) })),
    place,
  ], "focus");
}
