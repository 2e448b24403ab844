/** Days and times of day as the community's own clock has them. */

import { dayOf, facts } from "./dom.ts";

/** Every time zone begins its days on a quarter of an hour. */
const QUARTER = 15 * 60_000;

/** The moment of a day and time as they are typed in the community's time zone, in milliseconds. */
export function momentOf(day: string, time: string): number {
  const typed = Date.parse(`${day}T${time}:00Z`);
  if (Number.isNaN(typed)) return typed;
  const shown = new Intl.DateTimeFormat("sv-SE", { timeZone: facts.timeZone, dateStyle: "short", timeStyle: "medium" }).format(typed);
  return typed - (Date.parse(`${shown.replace(" ", "T")}Z`) - typed);
}

/** When the day after this one begins in the community's time zone, in seconds. */
export function endOfDay(day: string): number {
  let end = momentOf(day, "12:00");
  while (dayOf(end) === day) end += QUARTER;
  return end / 1_000;
}
