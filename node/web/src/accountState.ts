/** An account's state as the node tells it, turned into what a `change` or `open` signs. */

import { facts } from "./dom.ts";
import { parseAccount } from "./lib/account.ts";
import type { AccountKind, AccountState } from "./lib/entry.ts";
import { fromDecimal } from "./lib/money.ts";

const RIGHTS: Record<string, number> = { spend: 1, refund: 2, redeem: 4, manage: 8 };

export interface StateJson {
  account: string;
  kind: AccountKind;
  keys: { key: string; rights: string[]; until: string | null; cap: string | null }[];
  threshold: number;
  limit: string;
  ceiling: string | null;
  organisation: string | null;
  heir: string | null;
  until: string | null;
  payees: string[] | null;
}

/** Returns the state. @throws when the node names something that is no account */
export function stateOf(json: StateJson): AccountState {
  const id = (text: string): string => {
    const account = parseAccount(text);
    if (!account) throw new TypeError(`${text} is no account`);
    return account;
  };
  const minor = (text: string) => fromDecimal(text, facts.scale);
  const seconds = (text: string) => Date.parse(text) / 1_000;
  const maybe = <A, B>(value: A | null | undefined, read: (value: A) => B): B | null => (value === null || value === undefined ? null : read(value));
  return {
    account: id(json.account), kind: json.kind,
    keys: json.keys.map(({ key, rights, until, cap }) => ({ key, rights: rights.reduce((bits, right) => bits | (RIGHTS[right] ?? 0), 0), until: maybe(until, seconds), cap: maybe(cap, minor) })),
    threshold: json.threshold, limit: minor(json.limit), ceiling: maybe(json.ceiling, minor), organisation: json.organisation ?? null,
    heir: maybe(json.heir, id), until: maybe(json.until, seconds),
    payees: maybe(json.payees, (payees) => payees.map(id).sort()),
  };
}
