/**
 * A moment at a place: who is there, what each receives, and the one entry that gives it.
 *
 * Who was there is kept on this phone for a month, and never in the ledger.
 */

import { type Hat, type Outgoing, forget, get, keep, recall, rework } from "./db.ts";
import { facts, now } from "./dom.ts";
import type { AccountId } from "./lib/account.ts";
import { hex, random } from "./lib/bytes.ts";
import { callName, faces } from "./faces.ts";
import { entryOf, freshKey, outbox, prepare } from "./outbox.ts";

export type Reason = "helped" | "took_part" | "welcome";
/** A pot that somebody gives what is usual to, in place of receiving it. */
export interface Pot {
  pot: AccountId;
  called: string;
}
/** What somebody receives: as usual, nothing, an amount of their own in minor units; or a pot receives it. */
export type Part = "usual" | "without" | number | Pot;

/** What is usual at a place. */
export interface Usual {
  each: number;
  reason: Reason;
}

/** Somebody who was there, as they were called then. */
export interface Guest {
  account: AccountId;
  name: string;
  amount: number;
  /** The pot that received it for them. */
  to?: Pot;
  /** The key in the outbox of what put it right. */
  corrected?: string;
  /** How much that took back. */
  taken?: number;
}

/** A moment that is being written down. */
export interface Open {
  id: string;
  there: Record<AccountId, Part>;
  also: number;
  first: number;
  /** The session that it is: none, or null when this moment belongs to none of today. */
  session?: string | null;
  /** Its task. */
  task?: string | null;
  /** Who checked in with their own phone and was put on the list for it. */
  seen?: AccountId[];
}

/** A moment that was written down. */
export interface Moment extends Usual {
  id: string;
  at: number;
  guests: Guest[];
  also: number;
  first: number;
  /** The key in the outbox of what gave the credits; null when nobody received any. */
  key: string | null;
}

/** How long the one who gave may put it right, in milliseconds: the rules count the same. */
export const CORRECTABLE = 86_400_000;
/** How long moments are kept on the phone, in milliseconds. */
const KEPT = 30 * 86_400_000;
/** How long the group's entry may wait for a network, in seconds. */
const WAITS = 3 * 86_400;

export async function usual(place: AccountId): Promise<Usual | null> {
  return (await recall<Usual>(`usual:${place}`)) ?? null;
}
export const setUsual = (place: AccountId, value: Usual): Promise<void> => keep(`usual:${place}`, value);

/** Whether somebody on the list waits to be looked up: what stands for their account is their code. */
export const isPending = (account: AccountId): boolean => account.startsWith("?");

/** Of a list, those who can be given to (or who wait for that). */
const those = ({ there }: Pick<Open, "there">, waiting = false): Open["there"] => Object.fromEntries(Object.entries(there).filter(([account]) => isPending(account) === waiting));

const fresh = (): Open => ({ id: hex(random(8)), there: {}, also: 0, first: 0 });
/** The next moment of the same session: whoever checked in is not put on the list once more, and who waits stays on it. */
const next = (noted: Open): Open => ({ ...noted, ...fresh(), there: those(noted, true) });

/** What is being written down, one for the whole page: a list that is drawn anew goes on with every tap on the one before. */
const onPage = new Map<AccountId, Open>();

/** The moment that is being written down. What was signed already is never written down again. */
export async function open(place: AccountId): Promise<Open> {
  const noted = await recall<Open>(`open-moment:${place}`);
  const signed = noted ? await get<Outgoing>("outbox", `earn:${noted.id}`) : undefined;
  if (!noted || !signed || signed.state === "refused") {
    const held = onPage.get(place);
    if (held && (!noted || held.id === noted.id)) return held;
    const found = noted ?? fresh();
    onPage.set(place, found);
    return found;
  }
  // It was signed and no more came of it: the tab was closed, or another one signed it.
  const names = new Map((await faces(place)).map((face) => [face.account, callName(face)]));
  const usually = (await usual(place)) ?? { each: 0, reason: "helped" };
  if (!(await moments(place)).some(({ id }) => id === noted.id)) await keepMoment(place, momentOf(noted, signed, names, usually));
  const after = next(noted);
  await setOpen(place, after);
  return after;
}
export function setOpen(place: AccountId, value: Open): Promise<void> {
  onPage.set(place, value);
  return keep(`open-moment:${place}`, value);
}
/** Forgets what is being written down. */
export function forgetOpen(place: AccountId): Promise<void> {
  onPage.delete(place);
  return forget(`open-moment:${place}`);
}

/** The moments of the last month, newest first. Older ones are forgotten. */
export async function moments(place: AccountId): Promise<Moment[]> {
  const all = (await recall<Moment[]>(`moments:${place}`)) ?? [];
  const recent = all.filter(({ at }) => now() - at < KEPT);
  if (recent.length < all.length) await keep(`moments:${place}`, recent);
  return recent;
}

function keepMoment(place: AccountId, moment: Moment): Promise<void> {
  return rework<Moment[]>(`moments:${place}`, (all = []) => [moment, ...all.filter(({ id }) => id !== moment.id)].sort((a, b) => b.at - a.at));
}

/** What one receives, or a pot for them. */
export function amountOf(part: Part, { each }: Usual): number {
  return part === "without" ? 0 : typeof part === "number" ? part : each;
}

/** The pot that receives in place of somebody, if one does. */
export const potOf = (part: Part | undefined): Pot | null => (typeof part === "object" ? part : null);

/** What all of them receive together. */
export function totalOf(noted: Open, usually: Usual): { people: number; total: number } {
  const amounts = Object.values(those(noted)).map((part) => amountOf(part, usually)).filter((amount) => amount > 0);
  return { people: amounts.length, total: amounts.reduce((sum, amount) => sum + amount, 0) };
}

/**
 * Returns the most that each may receive so that all of it fits into `left`, in whole credits where one fits; 0 when
 * nothing does. Whoever receives less keeps that, and what goes to pots stays as it is.
 */
export function mostThatFits(noted: Open, usually: Usual, left: number): number {
  const parts = Object.values(those(noted));
  const forPots = parts.filter((part) => potOf(part)).length * usually.each;
  const amounts = parts.filter((part) => !potOf(part)).map((part) => amountOf(part, usually)).filter((amount) => amount > 0).sort((a, b) => a - b);
  let rest = left - forPots;
  for (const [i, amount] of amounts.entries()) {
    const share = Math.floor(rest / (amounts.length - i));
    if (share < amount) {
      const one = 10 ** facts.scale;
      return Math.max(0, share < one ? share : share - (share % one));
    }
    rest -= amount;
  }
  return 0;
}

/** What is still on its way out of a budget, as this phone knows it. */
export async function underway(place: AccountId): Promise<number> {
  const waiting = (await outbox()).filter(({ account, what, state }) => account === place && what === "earn" && (state === "waiting" || state === "draft"));
  return waiting.reduce((sum, { amount }) => sum + amount, 0);
}

/** Signs one entry for everybody and keeps it, then the moment as it was signed; sending comes after. */
export async function give(hat: Hat, noted: Open, usually: Usual, names: Map<AccountId, string>, called: string): Promise<{ moment: Moment; outgoing: Outgoing | null }> {
  const sums = new Map<AccountId, number>();
  for (const [account, part] of Object.entries(those(noted))) {
    const payee = potOf(part)?.pot ?? account;
    sums.set(payee, (sums.get(payee) ?? 0) + amountOf(part, usually));
  }
  const paid = [...sums].filter(([, amount]) => amount > 0).sort(([one], [other]) => (one < other ? -1 : 1));
  const outgoing = paid.length === 0 ? null : await prepare(hat, {
    key: `earn:${noted.id}`, what: "earn", name: called, amount: paid.reduce((sum, [, amount]) => sum + amount, 0), lasts: Math.min(WAITS, facts.otherSeconds),
    body: { budget: hat.account, reason: usually.reason, task: noted.task ?? null, payees: paid },
  });
  const moment = momentOf(noted, outgoing, names, usually);
  await keepMoment(hat.account, moment);
  await setOpen(hat.account, next(noted));
  return { moment, outgoing };
}

/** Returns the moment as it was signed: another tab may have had another list, and what was signed counts. */
function momentOf(noted: Open, outgoing: Outgoing | null, names: Map<AccountId, string>, usually: Usual): Moment {
  const entry = outgoing ? entryOf(outgoing) : null;
  const payees = entry?.kind === "earn" ? entry.body.payees : [];
  // The entry lists its payees in the order of their ids: line 1 is the first of them.
  const received = new Map(payees);
  const guest = (account: AccountId, amount: number): Guest => ({ account, name: names.get(account) ?? "", amount });
  const forPots = Object.entries(those(noted)).flatMap(([account, part]): Guest[] => {
    const to = potOf(part);
    return to && received.has(to.pot) ? [{ ...guest(account, usually.each), to }] : [];
  });
  for (const { to } of forPots) if (to) received.delete(to.pot);
  const known = new Set([...received.keys(), ...forPots.map(({ account }) => account)]);
  const without = Object.keys(those(noted)).filter((account) => !known.has(account));
  const guests = [...[...received].map(([account, amount]) => guest(account, amount)), ...forPots, ...without.map((account) => guest(account, 0))];
  // Whoever knows where somebody stands on the list finds them there again.
  const order = new Map([...names.keys()].map((account, i) => [account, i]));
  const place = ({ account }: Guest) => order.get(account) ?? order.size;
  return {
    ...usually, id: noted.id, at: outgoing?.signedAt ?? now(), also: noted.also, first: noted.first, key: outgoing?.key ?? null,
    guests: guests.sort((one, other) => place(one) - place(other)),
  };
}

/** Takes a moment that came to nothing back to the list, to be given anew; not while there is another list. Tells whether it did. */
export async function reopen(place: AccountId, moment: Moment): Promise<boolean> {
  const { there: others, also, first } = await open(place);
  if (Object.keys(others).length + also + first > 0) return false;
  const there = Object.fromEntries(moment.guests.map(({ account, amount, to }): [AccountId, Part] => [account, to ?? (amount === moment.each ? "usual" : amount === 0 ? "without" : amount)]));
  await setOpen(place, { ...fresh(), there, also: moment.also, first: moment.first });
  await rework<Moment[]>(`moments:${place}`, (all = []) => all.filter(({ id }) => id !== moment.id));
  return true;
}

/** The number of somebody's line in the entry of their moment. */
function lineOf(moment: Moment, guest: Guest): number {
  const payee = ({ account, to }: Guest) => to?.pot ?? account;
  const paid = [...new Set(moment.guests.filter(({ amount }) => amount > 0).map(payee))].sort();
  return paid.indexOf(payee(guest)) + 1;
}

/** Signs that something is taken back from one person; what they have spent already stays with the place. */
export async function putRight(hat: Hat, moment: Moment, guest: Guest, taken: number, index: number): Promise<Outgoing> {
  const wasThere = taken < guest.amount;
  const outgoing = await prepare(hat, {
    key: freshKey(`correct:${index}`), what: "correct", name: guest.name, amount: taken,
    lasts: Math.max(300, Math.floor((moment.at + CORRECTABLE - now()) / 1_000)),
    body: { index, lines: [[lineOf(moment, guest), taken]], reason: wasThere ? "wrong_amount" : "not_done", cover: hat.account },
  });
  const guests = moment.guests.map((one) => (one.account === guest.account ? { ...one, corrected: outgoing.key, taken } : one));
  await keepMoment(hat.account, { ...moment, guests });
  return outgoing;
}

/** A moment with what became of its entries. */
export interface Found {
  moment: Moment;
  given: Outgoing | null;
  corrections: Map<AccountId, Outgoing>;
}

/** How much of what somebody received was taken back: nothing before that is done. */
export const takenBack = ({ taken = 0 }: Guest, correction: Outgoing | undefined): number => (correction?.state === "done" ? taken : 0);

/** Finds a moment. */
export async function find(place: AccountId, id: string): Promise<Found | null> {
  const moment = (await moments(place)).find((one) => one.id === id);
  if (!moment) return null;
  const given = moment.key === null ? null : ((await get<Outgoing>("outbox", moment.key)) ?? null);
  const corrections = new Map<AccountId, Outgoing>();
  for (const { account, corrected } of moment.guests) {
    const outgoing = corrected === undefined ? undefined : await get<Outgoing>("outbox", corrected);
    if (outgoing) corrections.set(account, outgoing);
  }
  return { moment, given, corrections };
}
