/**
 * What a volunteer may receive as an allowance without more: by country and year, of all organisations together.
 *
 * Sources: for Belgium the law of 3 July 2005 on the rights of volunteers, article 10, as indexed for each year; for the
 * Netherlands the *vrijwilligersvergoeding* of the tax administration. A year is added when its amounts are published.
 */

/** Amounts in euro cents; null where a country has none. */
export interface Ceilings {
  year: number;
  day: number | null;
  month: number | null;
  total: number;
}

const KNOWN: Record<string, readonly Ceilings[]> = {
  BE: [{ year: 2026, day: 44_02, month: null, total: 1_760_83 }],
  NL: [
    { year: 2023, day: null, month: 190_00, total: 1_900_00 },
    { year: 2024, day: null, month: 210_00, total: 2_100_00 },
    { year: 2025, day: null, month: 210_00, total: 2_100_00 },
  ],
};

/** Returns the newest ceilings of a country that are not of a later year; null when none is known. */
export function ceilingsOf(country: string, year: number): Ceilings | null {
  return (KNOWN[country] ?? []).filter((one) => one.year <= year).at(-1) ?? null;
}

/** What somebody received for helping, in euro cents: on a day, in its month, in its year. */
export interface Received {
  day: number;
  month: number;
  total: number;
}

/** How far somebody is from a ceiling: from four fifths on one is near. */
export type Nearness = "below" | "near" | "above";

export function nearness(received: number, ceiling: number): Nearness {
  return received > ceiling ? "above" : received * 5 >= ceiling * 4 ? "near" : "below";
}

/** Returns the first ceiling that `more` on top of `received` would go beyond; null when it stays within all. */
export function exceeded({ day, month, total }: Ceilings, received: Received, more: number): { ceiling: number; of: "day" | "month" | "year" } | null {
  if (day !== null && received.day + more > day) return { ceiling: day, of: "day" };
  if (month !== null && received.month + more > month) return { ceiling: month, of: "month" };
  return received.total + more > total ? { ceiling: total, of: "year" } : null;
}
