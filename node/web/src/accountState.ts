/** An account's state as the node tells it, turned into what a `change` or `open` signs. */

import type { Answered } from "./api.ts";
import type { Hat } from "./db.ts";
import { facts } from "./dom.ts";
import { parseAccount } from "./lib/account.ts";
import { hex } from "./lib/bytes.ts";
import { type AccountKind, type AccountState, stateDigest } from "./lib/entry.ts";
import { fromDecimal } from "./lib/money.ts";
import { type Proven, ReceiptError } from "./lib/receipt.ts";
import { accountOf, askAs, prove } from "./wallet.ts";

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

/**
 * Returns the state of one's own account as the log proves it: what is signed next holds all of it.
 *
 * @throws ReceiptError when the record that made it says another state, Refused, NoAnswer
 */
export async function provenState(hat: Hat): Promise<{ base: number; state: AccountState }> {
  const { base, state: told, status } = await accountOf(hat);
  const state = stateOf(told);
  // What was carried over from the ledger before this one stands in no record of it: its council has signed it.
  if (base === 0) {
    await mustHaveBegunWith(hat, state);
    return { base, state };
  }
  const { content, index } = await prove(await askAs<Answered>(hat, "GET", `/v1/receipts/${base}`));
  const digest = hex(await stateDigest(state, status === "frozen" ? "frozen" : "open"));
  if (index !== base || state.account !== hat.account || (await digestIn(content, hat.account)) !== digest) {
    throw new ReceiptError("receipt_not_in_log", "the record of the account's newest change says another state");
  }
  return { base, state };
}

/** Checks that this is the state with which an account came over. */
async function mustHaveBegunWith(hat: Hat, state: AccountState): Promise<void> {
  const [{ WrongShare, stateBegunWith }, { LineageError }] = await Promise.all([import("./shares.ts"), import("./lib/lineage.ts")]);
  const begun = await stateBegunWith(hat).catch((error: unknown) => {
    if (!(error instanceof WrongShare || error instanceof LineageError)) throw error;
    throw new ReceiptError("receipt_not_in_log", error.message);
  });
  if (state.account !== hat.account || !(await isStateOf(state, begun))) {
    throw new ReceiptError("receipt_not_in_log", "the account came over with another state");
  }
}

/** Tells whether a digest is that of this state; a rest changes no state. */
export async function isStateOf(state: AccountState, digest: string): Promise<boolean> {
  const digests = await Promise.all((["open", "frozen"] as const).map((status) => stateDigest(state, status)));
  return digests.some((one) => hex(one) === digest);
}

/** Returns the digest of an account's state that a record holds: its line names it, whoever signed it sees it whole. */
async function digestIn(content: Proven["content"], account: string): Promise<string | null> {
  if ("line" in content) return content.line.account === account && content.line.reference?.to === "state" ? content.line.reference.digest : null;
  const { kind, body } = content.envelope.entry;
  if (kind === "change") return hex(await stateDigest(body.state, body.status));
  const opened = kind === "open" ? body.states.find((one) => one.account === account) : undefined;
  return opened ? hex(await stateDigest(opened, "open")) : null;
}
