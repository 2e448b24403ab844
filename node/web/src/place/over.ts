/**
 * A right that was lent has ended: the phone forgets the place. Lists that were not given are kept, until somebody who was
 * told so has handed them on or drops them.
 */

import { type Hat, type Outgoing, all, forget, keep, put, recall, remove } from "../db.ts";
import { amount, button, fill, h, icon, link, moment as when, now, say, show, type Child } from "../dom.ts";
import { callName, faces } from "../faces.ts";
import type { AccountId } from "../lib/account.ts";
import { type Open, type Usual, amountOf, find, forgetOpen, moments, open, potOf, setOpen, usual } from "../moments.ts";
import { isOpen, send } from "../outbox.ts";
import { note } from "../start.ts";
import { pendingFaces } from "./cards.ts";

/** A list that nobody was given anything by. */
interface Ungiven {
  id: string;
  at: number;
  people: { account: AccountId; name: string; part: Open["there"][AccountId]; words: string }[];
  also: number;
  first: number;
  /** The key in the outbox of what was signed and has no answer yet. */
  key: string | null;
}
interface Kept { name: string | null; lists: Ungiven[] }

const nameOf = (place: AccountId): string => `ungiven:${place}`;

/** The right has ended: what is signed is tried once more, then all of the place is forgotten but what was not given. */
export async function forgetPlace(hat: Hat): Promise<void> {
  const place = hat.account;
  const own = (await all<Outgoing>("outbox")).filter(({ account }) => account === place);
  await Promise.all(own.filter(isOpen).map((one) => send(one).catch(() => one)));
  const before = await recall<Kept>(nameOf(place));
  const lists = [...(before?.lists ?? []), ...(await ungiven(place))];
  // Kept before the rest is forgotten: a page that is closed here loses nothing.
  if (lists.length > 0 || (await waits(place))) await keep(nameOf(place), { name: hat.name, lists } satisfies Kept);
  await forgetOpen(place);
  for (const { name } of await all<{ name: string; value: unknown }>("kept")) if (name.endsWith(`:${place}`) && name !== nameOf(place)) await forget(name);
  if ((await recall<string>("hat")) === place) await forget("hat");
  await forgetSent(place);
  await remove("hats", place);
}

/** Whether something that was signed for a place has no answer yet. */
const waits = async (place: AccountId): Promise<boolean> => (await all<Outgoing>("outbox")).some((one) => one.account === place && isOpen(one));

/** Forgets what was sent; what waits stays, without the name of anybody. */
async function forgetSent(place: AccountId): Promise<void> {
  for (const one of await all<Outgoing>("outbox")) {
    if (one.account !== place) continue;
    if (!isOpen(one) && one.state !== "alarm") await remove("outbox", one.key);
    else if (one.what === "correct" && one.name !== "") await put("outbox", { ...one, name: "" });
  }
}

/** The list that is being made, and those that were signed and came to nothing, or have no answer. */
async function ungiven(place: AccountId): Promise<Ungiven[]> {
  const names = new Map([...(await faces(place)), ...(await pendingFaces(place))].map((face) => [face.account, callName(face)]));
  const usually: Usual = (await usual(place)) ?? { each: 0, reason: "helped" };
  const found: Ungiven[] = [];
  const { id, there, also, first } = await open(place);
  if (Object.keys(there).length + also + first > 0) {
    const people = Object.entries(there).map(([account, part]) => ({ account, name: names.get(account) ?? say("doing_stranger"), part, words: potOf(part) ? say("doing_to_pot", { pot: potOf(part)?.called ?? "" }) : part === "without" ? say("place_without") : amount(amountOf(part, usually)) }));
    found.push({ id, at: now(), people, also, first, key: null });
  }
  for (const moment of await moments(place)) {
    const { given } = (await find(place, moment.id)) ?? {};
    if (!given || (given.state !== "refused" && !isOpen(given))) continue;
    const people = moment.guests.map(({ account, name, amount: minor, to }) => ({ account, name: name || say("doing_stranger"), part: to ?? (minor === 0 ? "without" as const : minor), words: to ? say("doing_to_pot", { pot: to.called }) : minor === 0 ? say("place_without") : amount(minor) }));
    found.push({ id: moment.id, at: moment.at, people, also: moment.also, first: moment.first, key: isOpen(given) ? given.key : null });
  }
  return found;
}

/** Looks what became of lists that had no answer: what was given after all is forgotten. */
async function look(place: AccountId): Promise<Kept | undefined> {
  const kept = await recall<Kept>(nameOf(place));
  if (!kept) return undefined;
  const lists: Ungiven[] = [];
  for (const list of kept.lists) {
    const sent = list.key === null ? undefined : (await all<Outgoing>("outbox")).find(({ key }) => key === list.key);
    if (sent?.state === "done") continue;
    lists.push({ ...list, key: sent && isOpen(sent) ? list.key : null });
  }
  return settle(place, { ...kept, lists });
}

/** Keeps what is left of the lists; with the last of them, and of what was signed, the place is forgotten. */
async function settle(place: AccountId, kept: Kept): Promise<Kept | undefined> {
  if (kept.lists.length > 0 || (await waits(place))) await keep(nameOf(place), kept);
  else await forget(nameOf(place));
  return kept.lists.length > 0 ? kept : undefined;
}

/** The places whose lists this phone keeps. */
async function placesOf(): Promise<AccountId[]> {
  return (await all<{ name: string }>("kept")).filter(({ name }) => name.startsWith("ungiven:")).map(({ name }) => name.slice("ungiven:".length));
}

/** Says on the list of a place that an earlier one was not given. */
export async function ungivenNote(hat: Hat): Promise<Child> {
  const kept = await look(hat.account);
  return kept ? h("a", { class: "note", href: "#ungiven" }, icon("hand"), say("ungiven_note")) : null;
}

/** Shows the lists that were not given; tells whether there are any. `hat` is there once the phone may give again. */
export async function showUngiven(hat: Hat | null, told: Child = null): Promise<boolean> {
  const shown: Child[] = [];
  for (const place of hat ? [hat.account] : await placesOf()) {
    if (!hat) await forgetSent(place);
    const kept = await look(place);
    for (const list of kept?.lists ?? []) shown.push(section(place, kept as Kept, list, hat));
  }
  if (shown.length === 0) return false;
  show([told, shown, h("div", { class: "actions" }, hat ? link("back", say("back"), "#") : null)], told ? "focus" : "quiet");
  return true;
}

function section(place: AccountId, kept: Kept, list: Ungiven, hat: Hat | null): HTMLElement {
  const status = h("p", { role: "status" });
  const drop = async () => {
    await settle(place, { ...kept, lists: ((await recall<Kept>(nameOf(place)))?.lists ?? []).filter(({ id }) => id !== list.id) });
    if (!(await showUngiven(hat))) location.assign(hat ? "#" : "/place");
  };
  const text = [`${kept.name ?? ""} ${when(list.at, "both")}`.trim(), ...list.people.map(({ name, part, words }) => (part === "usual" ? name : `${name}: ${words}`)), list.also + list.first > 0 ? say("place_nameless", { also: list.also, first: list.first }) : ""].filter((line) => line !== "").join("\n");
  const share = async () => {
    if (typeof navigator.share === "function") return void (await navigator.share({ text }).catch(() => undefined));
    const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    fill(status, icon(done ? "tick" : "hand"), say(done ? "ungiven_copied" : "ungiven_by_hand"));
  };
  const restore = async () => {
    const { there, also, first } = await open(place);
    if (Object.keys(there).length + also + first > 0) return fill(status, icon("hand"), say("place_reopen_other"));
    await setOpen(place, { ...(await open(place)), there: Object.fromEntries(list.people.map(({ account, part }) => [account, part])), also: list.also, first: list.first });
    await drop();
  };
  const dropping = h("div", { class: "actions" }, button("cross", say("ungiven_drop"), () => {
    fill(dropping, h("p", null, say("ungiven_drop_text")), button("cross", say("ungiven_drop_sure"), () => void drop()));
    dropping.querySelector("button")?.focus();
  }, "quiet"));
  return h("section", { class: "ungiven" },
    h("h2", { tabindex: "-1" }, icon(list.key ? "clock" : "hand"), say(list.key ? "ungiven_waits" : "ungiven_title")),
    h("p", { class: "small" }, when(list.at, "both"), kept.name ? ` · ${kept.name}` : ""),
    h("p", null, say(list.key ? "ungiven_waits_text" : "ungiven_text")),
    h("ul", { class: "guests" }, list.people.map(({ name, words }) => h("li", { class: "face" }, h("span", { class: "words" }, name), h("span", { class: "sum" }, words)))),
    list.also + list.first > 0 ? h("p", null, say("place_nameless", { also: list.also, first: list.first })) : null,
    list.key ? null : h("div", { class: "actions" },
      hat ? button("undo", say("ungiven_restore"), () => void restore(), "main") : null,
      button("share", say("ungiven_share"), () => void share(), hat ? "" : "main")),
    status, list.key ? null : dropping);
}

/** What is said when the right has ended. */
export const overNote = (): Child => [note("clock", say("lent_over"), say("lent_over_next")), h("p", null, say("lent_over_now"))];
