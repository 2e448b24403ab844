/** Amounts: what a person types, what a screen shows, what travels. Mirrors `ledger/src/amount.rs`. */

import { INTEGER_MAX } from "./cbor.ts";

export type AmountFault = "missing" | "no_number" | "two_commas" | "decimals" | "zero" | "too_large";

export class AmountError extends Error {
  readonly fault: AmountFault;
  constructor(fault: AmountFault) {
    super(fault);
    this.fault = fault;
  }
}

/**
 * Reads what a person typed: digits with at most one comma or point, and spaces around it.
 *
 * Returns minor units, at least 1. @throws AmountError saying what is wrong.
 */
export function parseAmount(typed: string, scale: number): number {
  const minor = parseTotal(typed, scale);
  if (minor === 0) throw new AmountError("zero");
  return minor;
}

/** As `parseAmount`, zero included. @throws AmountError */
export function parseTotal(typed: string, scale: number): number {
  const text = typed.trim();
  if (text === "") throw new AmountError("missing");
  if (/^[0-9]+([.,][0-9]*){2,}$/.test(text)) throw new AmountError("two_commas");
  const [, whole, decimals = ""] = /^([0-9]+)(?:[.,]([0-9]+))?$/.exec(text) ?? [];
  if (whole === undefined) throw new AmountError("no_number");
  if (decimals.length > scale) throw new AmountError("decimals");
  const minor = BigInt(whole + decimals.padEnd(scale, "0"));
  if (minor > BigInt(INTEGER_MAX)) throw new AmountError("too_large");
  return Number(minor);
}

/** Reads the decimal string of the protocol; a balance may be below zero. */
export function fromDecimal(text: string, scale: number): number {
  const sign = text.startsWith("-") ? -1 : 1;
  return sign * parseTotal(text.replace(/^-/, ""), scale);
}

/** Writes the decimal string of the protocol: a point, and exactly `scale` decimals. */
export function toDecimal(minor: number, scale: number): string {
  const digits = String(Math.abs(minor)).padStart(scale + 1, "0");
  const sign = minor < 0 ? "-" : "";
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Writes an amount as people read it: a comma in Dutch and French, no decimals when they are zero. */
export function showNumber(minor: number, scale: number, language: string): string {
  const decimal = toDecimal(minor, scale).replace("-", "\u2212");
  const [whole = "", decimals = ""] = decimal.split(".");
  const grouped = whole.replace(/\B(?=([0-9]{3})+$)/g, "\u202f");
  if (/^0*$/.test(decimals)) return grouped;
  return `${grouped}${language === "en" ? "." : ","}${decimals}`;
}

/** Writes euro cents as people read them: € 5,80. */
export function showEuro(cents: number, language: string): string {
  const digits = toDecimal(cents, 2);
  return `€\u00a0${language === "en" ? digits : digits.replace(".", ",")}`;
}

/** Multiplies by a rate, euro cents for each minor unit, rounding half to even. */
export function euroCents(minor: number, [numerator, denominator]: readonly [number, number]): number {
  return Number(roundHalfEven(BigInt(minor) * BigInt(numerator), BigInt(denominator)));
}

/** What part of a price is asked in credits: all of it, or whole credits and the rest in money. */
export type Part = "exact" | "whole" | "half";

/**
 * Splits a price into credits and the rest in money, at a rate of euro cents for each minor unit.
 *
 * What is left over is paid in money: never more than the price, so credits are rounded down. `most` is what the shop
 * takes at most.
 */
export function split(cents: number, rate: readonly [number, number], part: Part, scale: number, most = Infinity): { minor: number; rest: number } {
  const one = 10 ** scale;
  const wished = Number((BigInt(part === "half" ? Math.floor(cents / 2) : cents) * BigInt(rate[1])) / BigInt(rate[0]));
  const asked = Math.min(wished, most);
  const minor = part === "exact" ? asked : Math.floor(asked / one) * one;
  return { minor, rest: cents - euroCents(minor, rate) };
}

function roundHalfEven(top: bigint, bottom: bigint): bigint {
  const whole = top / bottom;
  const twice = (top % bottom) * 2n;
  return twice > bottom || (twice === bottom && whole % 2n === 1n) ? whole + 1n : whole;
}
