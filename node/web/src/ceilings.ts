/**
 * What one received for helping, beside what the country lets a volunteer receive. It is reckoned on this phone, from
 * one's own lines and from what one typed about elsewhere: nobody else learns it, and nothing is ever held back for it.
 */

import { ask } from "./api.ts";
import { type Hat, keep, recall } from "./db.ts";
import { dayOf, facts, h, icon, language, link, now, say, type Child } from "./dom.ts";
import { type Ceilings, type Received, ceilingsOf, exceeded } from "./lib/ceilings.ts";
import { euroCents, fromDecimal, showEuro } from "./lib/money.ts";
import { readLines } from "./statement.ts";

interface Said { thanks_per_hour: string | null; charter: { policy: { ceilings_country: string } } }

/** What one's year looks like; amounts of credits in minor units, of money in euro cents. */
export interface Year {
  year: number;
  /** Credits for helping, less what was put right. */
  helped: number;
  elsewhere: number;
  /** Null when the community gave credits no value in euro. */
  received: Received | null;
  ceilings: Ceilings | null;
  /** What an hour of help brings, in minor units; null when the community named none. */
  anHour: number | null;
}

const kept = (year: number) => `elsewhere:${year}`;

export const setElsewhere = (year: number, cents: number): Promise<void> => keep(kept(year), cents);

/** Reads one's year around a moment. @throws NoAnswer, Refused */
export async function yearOf(hat: Hat, at = now()): Promise<Year> {
  const day = dayOf(at);
  const year = Number(day.slice(0, 4));
  const [{ lines }, said, elsewhere] = await Promise.all([
    // A line that puts another right comes later: what is older than the year undoes nothing in it.
    readLines(hat, (oldest) => Number(dayOf(Date.parse(oldest.recorded_at)).slice(0, 4)) >= year),
    ask<Said>("GET", "/v1/community"), recall<number>(kept(year))]);
  const helped = (days: string): number => lines
    .filter(({ line }) => line.reason === "helped" && dayOf(Date.parse(line.recorded_at)).startsWith(days))
    .reduce((sum, { moved, undone }) => sum + moved - undone, 0);
  const { rate } = facts;
  const euro = (days: string, more = 0): number => more + (rate === null ? 0 : euroCents(helped(days), rate));
  const other = elsewhere ?? 0;
  return {
    year, helped: helped(`${year}-`), elsewhere: other, ceilings: ceilingsOf(said.charter.policy.ceilings_country, year),
    received: rate === null ? null : { day: euro(day), month: euro(day.slice(0, 8)), total: euro(`${year}-`, other) },
    anHour: said.thanks_per_hour === null ? null : fromDecimal(said.thanks_per_hour, facts.scale),
  };
}

/** Returns a kind word before somebody takes a place that may bring them beyond a ceiling; null otherwise. */
export async function warning(hat: Hat, session: { starts_at: string; minutes: number }): Promise<Child> {
  const { ceilings, received, anHour } = await yearOf(hat, Date.parse(session.starts_at));
  if (!ceilings || !received || anHour === null || facts.rate === null) return null;
  const beyond = exceeded(ceilings, received, euroCents(Math.round((anHour * session.minutes) / 60), facts.rate));
  if (!beyond) return null;
  return h("div", { class: "note" }, icon("hand"),
    h("p", null, say(`ceiling_${beyond.of}`, { amount: showEuro(beyond.ceiling, language) })),
    h("p", { class: "small" }, say("ceiling_private")), link("list", say("year"), "/wallet#year"));
}
