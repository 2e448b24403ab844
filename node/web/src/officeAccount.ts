/** `#account/ID`, `#limits/ID`, `#rotate/ID`: one account as the council sees it; what waits, and how far things may go. */

import { stateOf, type StateJson } from "./accountState.ts";
import { ask } from "./api.ts";
import { endOfDay } from "./days.ts";
import type { Hat, Outgoing } from "./db.ts";
import { amount, button, dayOf, facts, fill, h, icon, link, moment as when, say, shortAccount, show, type Child } from "./dom.ts";
import { lasting } from "./lasting.ts";
import { accountText } from "./lib/account.ts";
import type { AccountState } from "./lib/entry.ts";
import { askAsOffice, type Waiting } from "./office.ts";
import { back, field, fold, heading, line, minor, otherPhone, readTotal, signAndSend, totalText } from "./officeParts.ts";
import { freshKey } from "./outbox.ts";
import type { ScanInto } from "./scanInto.ts";
import { busy } from "./start.ts";

interface Pending { index: number; effective_at: string; vetoable: boolean; what: "change" | "close"; state: StateJson | null }
interface Seen { state: StateJson; status: "open" | "frozen" | "closed"; base: number; balance: string | null; pending: Pending | null; name: string | null }

export const see = (hat: Hat, id: string): Promise<Seen> => askAsOffice<Seen>(hat, "GET", `/v1/accounts/${encodeURIComponent(id)}`);
export const nameOfSeen = ({ name, state }: Seen): string => name ?? `${say(`kind_${state.kind}`)} ${shortAccount(stateOf(state).account)}`;

/** Says what waits for an account, from when it counts, and whether it can still be stopped. */
export function waitsFor({ pending, state: now }: Seen): string {
  if (!pending) return "";
  const { effective_at, vetoable, what, state: next } = pending;
  const differs = (field: keyof StateJson) => JSON.stringify(now[field]) !== JSON.stringify(next?.[field]);
  const isLimits = (["limit", "ceiling", "until"] as const).some(differs);
  const word = what === "close" ? "close" : differs("keys") ? "keys" : isLimits ? "limits" : "change";
  return `${say(`council_waits_${word}`, { when: when(Date.parse(effective_at), "both") })} ${say(vetoable ? "council_waits_stop" : "council_waits_no_stop")}`;
}

/** `#waiting`: everything that takes effect later. */
export async function waiting(hat: Hat, all: readonly Waiting[]): Promise<void> {
  const seen = await Promise.all(all.map(({ account }) => see(hat, account)));
  show([
    heading("clock", say("council_waiting")),
    all.length === 0 ? h("p", null, say("council_waiting_none")) : h("ul", { class: "names" }, seen.map((one) => h("li", null,
      h("a", { class: "way", href: `#account/${one.state.account}` }, nameOfSeen(one)), h("p", null, waitsFor(one))))),
    back(),
  ], "focus");
}

/** Shows an account, and what can be done with it; or asks whether to put it to rest. */
export async function oneAccount(hat: Hat, id: string, isResting = false): Promise<void> {
  show(busy());
  const seen = await see(hat, id);
  const state = stateOf(seen.state);
  const status = seen.status === "frozen" ? "open" : "frozen";
  const change = () => void signAndSend(hat, { key: freshKey(`change:${state.account}`), what: "change", name: shortAccount(state.account), amount: 0, body: { base: seen.base, state, status } });
  const name = nameOfSeen(seen);
  const [toRest, isMember] = [status === "frozen", state.kind === "member"];
  const sure = () => show([
    heading("clock", say(toRest ? "council_freeze_title" : "council_unfreeze_title", { name })),
    toRest ? [h("p", null, say("council_freeze_text")), h("p", null, say(isMember ? "council_freeze_told" : "council_freeze_told_other"))] : null,
    h("div", { class: "actions" }, button(toRest ? "clock" : "undo", say(toRest ? "council_freeze_sure" : "council_unfreeze_sure"), change, "main"), isResting ? link("back", say("back"), `#rotate/${id}`) : button("back", say("back"), () => void oneAccount(hat, id))),
  ], "focus");
  if (isResting && toRest) return sure();
  const limitsTo = link("pay", say(state.kind === "budget" ? "council_room_change" : "council_limits_change"), `#limits/${id}`, isMember ? "" : "main");
  const rotateTo = link("phone", say("council_rotate"), `#rotate/${id}`, isMember ? "main" : "");
  const { ceiling, until } = state;
  // How far below zero, or for how much: nobody is told of zero of something.
  const room = state.kind === "budget" || state.limit > 0 ? amount(state.limit) : say("council_limit_none");
  show([
    heading("wallet", name),
    seen.pending ? h("p", { class: "note" }, icon("clock"), waitsFor(seen)) : null,
    h("dl", null,
      line(say("council_kind"), say(`kind_${seen.state.kind}`)), line(say("council_status"), say(`council_status_${seen.status}`)),
      // What members have is theirs to know.
      seen.balance === null ? line(say("council_has"), say("council_hidden")) : hasLine(state, minor(seen.balance)),
      line(say(state.kind === "budget" ? "council_room" : "council_limit"), room),
      ceiling === null ? null : line(say("council_ceiling"), amount(ceiling)),
      until === null ? null : line(say("council_ends"), when(until * 1_000, "both"))),
    seen.status === "closed" ? null : h("div", { class: "actions" },
      isMember ? [rotateTo, limitsTo] : [limitsTo, rotateTo],
      ["merchant", "budget", "fund"].includes(state.kind) ? link("shop", say("square_way"), `#square/${id}`) : null),
    // Who signs this signs for these keys: a council cannot look them up in the log of others.
    fold(say("council_keys_which"), h("p", null, h("code", null, accountText(state.account))), keysOf(state)),
    seen.pending?.state ? fold(say("council_keys_coming"), h("p", null, say("council_waits_number", { index: seen.pending.index })), keysOf(stateOf(seen.pending.state))) : null,
    h("div", { class: "actions" }, link("back", say("back"), "#accounts"),
      seen.status === "closed" ? null : button(toRest ? "clock" : "undo", say(toRest ? "council_freeze" : "council_unfreeze"), sure, "quiet"),
      seen.status === "closed" || state.kind === "settlement" ? null : link("cross", say("council_close"), `#close/${id}`, "quiet")),
  ], "focus");
}

/** What is on an account; of a budget, what it gave. */
const hasLine = ({ kind }: AccountState, balance: number): Child =>
  kind === "budget" ? line(say("council_given"), amount(Math.max(0, -balance))) : line(say("council_has"), amount(balance));

const keysOf = ({ keys }: AccountState): Child => keys.map(({ key }) => h("p", null, h("code", null, key)));

/** Changes how far an account may go: at once, once enough of the council have signed. */
export async function limits(hat: Hat, id: string): Promise<void> {
  show(busy());
  const seen = await see(hat, id);
  const state = stateOf(seen.state);
  const isBudget = state.kind === "budget";
  const text = (value: string) => h("input", { type: "text", inputmode: "decimal", autocomplete: "off", maxlength: 17, value });
  const [low, high] = [text(totalText(state.limit)), text(totalText(state.ceiling))];
  const endsNow = state.until === null ? "" : dayOf(state.until * 1_000);
  const ends = h("input", { type: "date", value: endsNow });
  const [limit, ceiling, until] = [
    field("limit", say(isBudget ? "council_cap_label" : "council_limit_label"), low, facts.many), field("ceiling", say("council_ceiling_label"), high, facts.many), field("until", say("council_until_label"), ends)];
  const sign = () => {
    const [least, most] = [readTotal(low, limit.fault, false), isBudget ? state.ceiling : readTotal(high, ceiling.fault, true)];
    if (least === undefined || least === null || most === undefined) return;
    // The last second of that day, where the community lives.
    const end = !isBudget || ends.value === endsNow ? state.until : ends.value === "" ? null : endOfDay(ends.value) - 1;
    if (least === state.limit && most === state.ceiling && end === state.until) return void (limit.fault.textContent = say("council_same"));
    void signAndSend(hat, {
      key: freshKey(`limits:${state.account}`), what: "change", name: shortAccount(state.account), amount: 0,
      body: { base: seen.base, state: { ...state, limit: least, ceiling: most, until: end }, status: seen.status === "frozen" ? "frozen" : "open" },
    });
  };
  show([
    heading("pay", say(isBudget ? "council_room_of" : "council_limits_of", { name: nameOfSeen(seen) })),
    h("p", null, say("council_limits_text")),
    limit.element, isBudget ? until.element : ceiling.element,
    h("div", { class: "actions" }, button("tick", say("council_limits_do"), sign, "main"), link("back", say("back"), `#account/${id}`)),
  ], "focus");
}

/** Gives an account a new key in the place of lost ones: later, unless its owner says no. */
export async function rotate(hat: Hat, id: string, onCamera: (camera: ScanInto) => void): Promise<void> {
  show(busy());
  const [seen, { charter }] = await Promise.all([see(hat, id), ask<{ charter: { policy: { recovery_delay: number } } }>("GET", "/v1/community")]);
  const state = stateOf(seen.state);
  const delay = charter.policy.recovery_delay;
  const go = button("tick", "", () => sign(), "main");
  // What cannot be signed yet says what comes first.
  const ready = (isThere: boolean) => {
    go.disabled = !isThere;
    fill(go, icon(isThere ? "tick" : "scan"), say(isThere ? "council_rotate_do" : "council_rotate_scan"));
  };
  ready(false);
  const phone = otherPhone(ready);
  onCamera(phone.camera);
  const boxes = state.keys.map((one) => h("input", { type: "checkbox", value: one.key }));
  // Whoever has several phones tells them apart as their list of devices does.
  const whichOf = (key: string) => (state.keys.length === 1 ? say("council_rotate_lost_one") : say("council_rotate_lost", { key: key.slice(0, 8) }));
  const lostFault = h("p", { class: "fault", role: "alert" });
  const sign = () => {
    lostFault.textContent = "";
    const fresh = phone.read();
    if (fresh === null) return;
    if (state.keys.some((one) => one.key === fresh)) return void phone.refuse(say("council_rotate_there"));
    const lost = state.keys.filter((_, row) => boxes[row]?.checked);
    if (lost.length === 0) return void (lostFault.textContent = say("council_rotate_none"));
    // The new key may do what those together could that it takes the place of.
    const grant = { key: fresh, rights: lost.reduce((bits, one) => bits | one.rights, 0), until: null, cap: null };
    const keys = [...state.keys.filter((one) => !lost.includes(one)), grant].sort((a, b) => (a.key < b.key ? -1 : 1));
    const then = (done: Outgoing): Child => {
      const at = when((done.doneAt ?? 0) + delay * 1_000, "both");
      return h("p", { class: "note" }, icon("clock"), `${say("council_rotate_done", { when: at })} ${say("council_waits_stop")}`);
    };
    void signAndSend(hat, {
      key: freshKey(`rotate:${state.account}`), what: "change", name: shortAccount(state.account), amount: 0,
      body: { base: seen.base, state: { ...state, keys, threshold: Math.min(state.threshold, keys.length) }, status: seen.status === "frozen" ? "frozen" : "open" },
    }, then);
  };
  show([
    heading("phone", say("council_rotate_title", { name: nameOfSeen(seen) })),
    seen.pending ? h("p", { class: "note" }, icon("clock"), waitsFor(seen)) : null,
    h("p", null, say("council_rotate_text")),
    h("p", { class: "note" }, icon("clock"), say("council_rotate_wait", { lasts: lasting(delay) })),
    seen.status === "open" ? h("p", null, say("council_rotate_meanwhile")) : null,
    phone.element,
    h("fieldset", null, h("legend", null, say("council_rotate_which")), state.keys.map((one, row) => h("label", { class: "choice" }, boxes[row], whichOf(one.key))), lostFault),
    h("div", { class: "actions" }, go, seen.status === "open" ? link("clock", say("council_freeze"), `#rest/${id}`) : null, link("back", say("back"), `#account/${id}`)),
  ], "focus");
}
