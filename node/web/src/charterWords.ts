/** New rules in words: what changes, as it was and as it will be; and all that stays. As `wallet-cli/src/charter_words.rs`. */

import { amount, facts, language, say } from "./dom.ts";
import { lasting } from "./lasting.ts";
import { parseAccount } from "./lib/account.ts";
import type { Bodies } from "./lib/entry.ts";
import { euroCents, fromDecimal, showEuro } from "./lib/money.ts";

type Charter = Bodies["govern"]["charter"];

/** A charter as the node tells it: amounts are decimal, accounts are text. */
export type ToldCharter = Record<string, unknown> & { policy: Record<string, unknown> };

const SECONDS = ["pay_validity", "other_validity", "recovery_delay", "correction_window", "refund_window", "dormancy"];
const AMOUNTS = ["member_limit", "organisation_day_amount", "offline_cap", "card_free_amount", "card_day_cap"];

/** What a field of the rules is called. */
const fieldWord = (field: string): string => say(`field.${field}`);

/** What a field of the rules was and became, from the texts that the node tells; a list says what came and what went. */
export function sayChange({ field, before, after }: { field: string; before: string; after: string }, name: (account: string) => string): [string, string][] {
  const rows = (values: string[]) => values.map((value): [string, string] => [fieldWord(field), value]);
  if (before.startsWith("[") && after.startsWith("[")) {
    const [was, is] = [JSON.parse(before) as string[], JSON.parse(after) as string[]];
    return rows([...listed("rules_removed", was, is), ...listed("rules_added", is, was)]);
  }
  const [old, fresh] = [ruleText(field, before, name), ruleText(field, after, name)];
  return rows([before === "" ? say("rules_new", { new: fresh }) : say("rules_from_to", { old, new: fresh })]);
}

/** Says of what is in one list and not in the other that it came, or went. */
const listed = (word: string, some: readonly string[], other: readonly string[]): string[] =>
  some.filter((one) => !other.includes(one)).map((one) => say(word, { key: one }));

/** Returns a value of the rules as people read it, from the text that the node tells. */
function ruleText(field: string, text: string, name: (account: string) => string): string {
  if (text === "") return "–";
  if (field === "heir_fund") return name(parseAccount(text) ?? text);
  if (SECONDS.includes(field)) return lasting(Number(text));
  if (AMOUNTS.includes(field)) return amount(fromDecimal(text, facts.scale));
  if (field === "joining") return say(`rules_joining_${text}`);
  if (field === "euro_rate") return rateText(JSON.parse(text) as Rate);
  return text.startsWith("[") ? (JSON.parse(text) as string[]).join(", ") || "–" : text;
}

interface Rate { numerator: number; denominator: number }

function rateText({ numerator, denominator }: Rate): string {
  return showEuro(euroCents(10 ** facts.scale, [numerator, denominator]), language);
}

type Value = string | number | string[] | null;

/** Every field by its name, those of the policy last; amounts in minor units. */
function fields({ policy, ...charter }: Charter): [string, Value][] {
  const rate = (value: readonly [number, number] | null) => (value === null ? null : JSON.stringify({ numerator: value[0], denominator: value[1] }));
  const own = Object.entries(charter) as [string, Value][];
  return [...own, ...(Object.entries({ ...policy, euro_rate: rate(policy.euro_rate) }) as [string, Value][])];
}

/** Returns a field of what the node tells in the same form. */
function toldField({ policy, ...charter }: ToldCharter, field: string): Value {
  const value = charter[field] ?? policy[field] ?? null;
  if (value === null) return null;
  if (AMOUNTS.includes(field)) return fromDecimal(String(value), facts.scale);
  if (field === "heir_fund") return parseAccount(String(value));
  if (field === "euro_rate") {
    const { numerator, denominator } = value as Rate;
    return JSON.stringify({ numerator, denominator });
  }
  return Array.isArray(value) ? [...(value as string[])].sort() : (value as Value);
}

/** Returns a charter that the node tells, as it is signed. */
export function charterOf(told: ToldCharter): Charter {
  const { policy, ...own } = told;
  const read = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, toldField(told, name)]));
  const rate = toldField(told, "euro_rate");
  const { numerator, denominator } = JSON.parse(String(rate ?? '{"numerator":0,"denominator":0}')) as Rate;
  // What may be left out is nothing.
  const numbers = read(["organisation_day_amount", "heir_fund", ...Object.keys(policy)]);
  return { ...read(Object.keys(own)), policy: { ...numbers, euro_rate: rate === null ? null : [numerator, denominator] } } as unknown as Charter;
}

function shown(field: string, value: Value, name: (account: string) => string): string {
  if (value === null) return "–";
  if (Array.isArray(value)) return value.join(", ") || "–";
  if (AMOUNTS.includes(field)) return amount(Number(value));
  return field === "heir_fund" ? name(String(value)) : ruleText(field, String(value), name);
}

/** What a new charter says: what differs from the one before it, and what does not. */
export interface SaidCharter {
  changes: [string, string][];
  same: [string, string][];
}

/**
 * Returns all of a charter in words, from its own bytes. `before` is the one that it replaces, as the node tells it;
 * without it everything counts as new.
 */
export function sayCharter(charter: Charter, before: ToldCharter | null, name: (account: string) => string): SaidCharter {
  const said: SaidCharter = { changes: [], same: [] };
  for (const [field, value] of fields(charter)) {
    const is = shown(field, value, name);
    const was = before && toldField(before, field);
    if (!before) said.changes.push([fieldWord(field), is]);
    else if (JSON.stringify(was) === JSON.stringify(value)) said.same.push([fieldWord(field), is]);
    else if (Array.isArray(value) && Array.isArray(was)) {
      const rows = [...listed("rules_removed", was, value), ...listed("rules_added", value, was)];
      said.changes.push(...rows.map((one): [string, string] => [fieldWord(field), one]));
    } else said.changes.push([fieldWord(field), say("rules_from_to", { old: shown(field, was, name), new: is })]);
  }
  return said;
}
