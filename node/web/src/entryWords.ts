/** What an entry does, in words and figures, from its own bytes: all of it, or nothing. */

import { amount, facts, moment, say, shortAccount } from "./dom.ts";
import type { Called } from "./draft.ts";
import { parseAccount } from "./lib/account.ts";
import type { AccountState, Entry } from "./lib/entry.ts";

/** A sentence, and what belongs to it: names with their values. */
export interface Said {
  words: string;
  facts: [string, string][];
  /** What is signed besides, and stays as it is. */
  same?: [string, string][];
  /** How much is signed away. */
  sum?: string;
}

/** Returns what an entry says, or null when these pages cannot show all of it. `name` names accounts. */
export function sayEntry(entry: Entry, name: (account: string) => string): Said | null {
  const sum = (lines: readonly { amount: number }[]) => lines.reduce((total, line) => total + line.amount, 0);
  switch (entry.kind) {
    case "pay": {
      const [only, ...others] = entry.body.payees;
      if (only && others.length === 0) return { words: say("sign_pay_to", { from: name(entry.body.from), amount: amount(only.amount), to: name(only.to) }), facts: [], sum: amount(only.amount) };
      return { words: say("sign_pay", { from: name(entry.body.from), amount: amount(sum(entry.body.payees)) }), facts: entry.body.payees.map((line) => [name(line.to), amount(line.amount)]), sum: amount(sum(entry.body.payees)) };
    }
    case "earn": {
      const lines = entry.body.payees.map(([to, minor]) => ({ to, amount: minor }));
      return { words: say("sign_earn", { from: name(entry.body.budget), amount: amount(sum(lines)) }), facts: lines.map((line) => [name(line.to), amount(line.amount)]) };
    }
    case "correct": {
      const { index, lines, reason, cover } = entry.body;
      return {
        words: say("sign_correct", { index, reason: say(`sign_reason_${reason}`) }),
        facts: [...lines.map(([line, minor]): [string, string] => [say("sign_line", { line }), amount(minor)]), ...(cover ? [[say("sign_cover"), name(cover)] as [string, string]] : [])],
      };
    }
    case "refund": return { words: say("sign_refund", { index: entry.body.index, amount: amount(entry.body.amount) }), facts: [[say("sign_line", { line: entry.body.line }), amount(entry.body.amount)]] };
    case "redeem": return { words: say("sign_redeem", { from: name(entry.body.merchant), amount: amount(entry.body.amount) }), facts: entry.body.rate ? [[say("sign_rate"), entry.body.rate.join(" / ")]] : [] };
    case "settle": return { words: say("sign_settle", { numbers: entry.body.redeems.join(", ") }), facts: [[say("sign_bank"), entry.body.bank_reference]] };
    case "retire": return { words: say("sign_retire", { from: name(entry.body.budget), amount: amount(entry.body.amount) }), facts: [] };
    case "veto": return { words: say("sign_veto", { index: entry.body.index }), facts: [] };
    case "close": return { words: say("sign_close", { from: name(entry.body.account), to: name(entry.body.heir) }), facts: [] };
    case "open": return { words: say("sign_open", { count: entry.body.states.length }), facts: entry.body.states.flatMap((state) => [[say("account"), name(state.account)] as [string, string], ...stateFacts(state, name)]) };
    case "change": return { words: say(entry.body.status === "frozen" ? "sign_frozen" : "sign_change", { from: name(entry.body.state.account) }), facts: stateFacts(entry.body.state, name) };
    // Rules and statements are the council's, which reads them on its own page. A founding is too much for a phone.
    default: return null;
  }
}

/** Everything that a state says. */
function stateFacts(state: AccountState, name: (account: string) => string): [string, string][] {
  const rights = (bits: number) => (["spend", "refund", "redeem", "manage"] as const).filter((_, bit) => bits & (1 << bit)).map((right) => say(`sign_right_${right}`)).join(", ");
  const at = (seconds: number) => moment(seconds * 1_000, "both");
  const maybe = <T>(value: T | null, word: string, show: (value: T) => string): [string, string][] => (value === null ? [] : [[say(word), show(value)]]);
  return [
    [say("sign_kind"), say(`kind_${state.kind}`)],
    ...state.keys.map((one): [string, string] => [
      say("sign_key", { key: one.key.slice(0, 8) }),
      [rights(one.rights), one.until === null ? "" : say("sign_until", { when: at(one.until) }), one.cap === null ? "" : say("sign_cap", { amount: amount(one.cap) })].filter(Boolean).join("; "),
    ]),
    [say("sign_threshold"), String(state.threshold)],
    [say("sign_limit"), amount(state.limit)],
    ...maybe(state.ceiling, "sign_ceiling", amount),
    ...maybe(state.organisation, "sign_organisation", (id) => id),
    ...maybe(state.heir, "sign_heir", name),
    ...maybe(state.until, "sign_ends", at),
    ...maybe(state.payees, "sign_payees", (payees) => payees.map(name).join(", ")),
  ];
}

/** Names accounts: those of this phone, those that are listed, as the node calls them, else by their last letters. */
export function namer(own: ReadonlyMap<string, string>, listed: ReadonlyMap<string, string>, called: readonly Called[] = []): (account: string) => string {
  const told = (account: string): string | undefined => {
    const found = called.find((one) => parseAccount(one.account) === account);
    return found && (found.name ? `"${found.name}"` : say(`sign_a_${found.kind}`));
  };
  return (account) => own.get(account) ?? listed.get(account) ?? told(account) ?? say("sign_account", { account: shortAccount(account), community: facts.name });
}
