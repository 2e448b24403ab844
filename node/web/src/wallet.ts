/** The wallet on this phone: joining, accounts, sessions, and what it trusts. */

import { type Account, NoAnswer, Refused, ask, type Answered, type StatementLine } from "./api.ts";
import { type Hat, all, forget, keep, put, recall, sessionOf } from "./db.ts";
import { facts, now } from "./dom.ts";
import { remember } from "./heads.ts";
import { type KeyFault, faultOfBrowser, makeKey, sign } from "./keys.ts";
import { accountText, parseAccount } from "./lib/account.ts";
import { base64url, fromBase64, fromBase64url, fromHex } from "./lib/bytes.ts";
import { type AccountKind, type Claim, challengeBytes } from "./lib/entry.ts";
import { logKey } from "./lib/log.ts";
import { fromDecimal } from "./lib/money.ts";
import { type LogIdentity, type Proven, type Receipt, ReceiptError, verifyReceipt } from "./lib/receipt.ts";

/** What this phone holds to be its community since it joined. */
export interface Trusted {
  ledger: string;
  logOrigin: string;
  logKeys: string[];
  /** Index of the entry that made the newest charter this phone has followed: no node may show an older one. */
  charterBase?: number;
  /** The ledger before it, how it ended, and what binds what every account had there. */
  predecessor?: { ledger: string; snapshot: string; closing: string };
}

/** This phone cannot have a wallet. */
export class CannotKeep extends Error {
  readonly fault: KeyFault;
  constructor(fault: KeyFault) {
    super(fault);
    this.fault = fault;
  }
}

/** What is paid from, and in which order: nobody pays from a budget. */
const PAYERS: readonly AccountKind[] = ["member", "merchant", "fund"];

/** Tells whether a key only takes payments for an account: at the till, and nowhere else. */
export const isCashier = ({ rights }: { rights: readonly string[] }): boolean => rights.join() === "refund";

/** The accounts that this phone signs for, the person's own first. */
export async function hats(): Promise<Hat[]> {
  const rank = ({ kind }: Hat) => (PAYERS.indexOf(kind) + PAYERS.length + 1) % (PAYERS.length + 1);
  return (await all<Hat>("hats")).filter((hat) => hat.ledger === facts.ledger && !isCashier(hat)).sort((a, b) => rank(a) - rank(b));
}

/** The account to act as: the one chosen last, else the first of these kinds. */
export async function hatOf(...kinds: AccountKind[]): Promise<Hat | null> {
  const [all, chosen] = await Promise.all([hats(), recall<string>("hat")]);
  const own = all.filter((hat) => kinds.length === 0 || kinds.includes(hat.kind));
  return own.find((hat) => hat.account === chosen) ?? own[0] ?? null;
}

/** The accounts that this phone may pay from, the person's own before those of a shop or a pot. */
export async function payers(): Promise<Hat[]> {
  return (await hats()).filter(({ kind, rights }) => PAYERS.includes(kind) && rights.includes("spend"));
}

/** The shop whose cashier this phone is. */
export async function cashierHat(): Promise<Hat | null> {
  return (await all<Hat>("hats")).find((hat) => hat.ledger === facts.ledger && isCashier(hat)) ?? null;
}

/** Tells whether the node's ledger is another one than this phone joined: then nothing is signed. */
export async function isOtherLedger(): Promise<boolean> {
  const known = await trusted();
  return known !== undefined && known.ledger !== facts.ledger;
}

/** Tells whether this phone has joined, and so has something to hold the log against. */
export async function hasJoined(): Promise<boolean> {
  return (await trusted()) !== undefined;
}

export async function trust(): Promise<void> {
  if (await trusted()) return;
  await keep("trusted", { ledger: facts.ledger, logOrigin: facts.logOrigin, logKeys: facts.logKeys } satisfies Trusted);
}

/** What this phone has held to be its community since it joined. */
export const trusted = (): Promise<Trusted | undefined> => recall<Trusted>("trusted");

/** Which log receipts must come from. */
export async function log(): Promise<LogIdentity> {
  const { ledger, logOrigin, logKeys } = (await trusted()) ?? facts;
  return { ledger, keys: await Promise.all(logKeys.map((key) => logKey(logOrigin, fromHex(key, 32)))) };
}

/** Learns the log's other keys, if the council named some and its log continues what this phone has seen. */
export async function hasNewKeys(): Promise<boolean> {
  return (await hasJoined()) && (await import("./logKeys.ts")).learnKeys();
}

/** Returns a receipt as the library takes it. */
export function receiptOf(answered: Answered): Receipt {
  const proof = answered.proof.map((text) => fromBase64(text) ?? new Uint8Array());
  return { index: answered.index, opening: fromBase64url(answered.opening), proof, checkpoint: answered.checkpoint };
}

/** Verifies a receipt against the log that this phone trusts, and all that it has seen of it. @throws ReceiptError, TwoHistories */
export async function prove(answered: Answered): Promise<Proven> {
  const proven = await verifyReceipt(receiptOf(answered), await log()).catch(async (error: unknown) => {
    // The log may have got another key since this phone joined.
    const isStrange = error instanceof ReceiptError && error.code === "receipt_other_log";
    if (!isStrange || !(await hasNewKeys())) throw error;
    return verifyReceipt(receiptOf(answered), await log());
  });
  await remember(proven.checkpoint);
  return proven;
}

/** The key that waits for an account: made once, so that asking again gives the same account. */
async function waitingKey(kind: string): Promise<string> {
  const fault = await faultOfBrowser();
  if (fault) throw new CannotKeep(fault);
  const name = `waiting-key:${kind}`;
  const made = await recall<string>(name);
  if (made) return made;
  try {
    const key = await makeKey();
    await keep(name, key);
    return key;
  } catch {
    throw new CannotKeep("keys");
  }
}

/** Makes a key and opens an account for it. @throws CannotKeep, Refused, NoAnswer, ReceiptError */
export async function join(code: string | null): Promise<Hat> {
  const key = await waitingKey("member");
  const rights = ["spend", "refund", "manage"];
  const { signature, ...challenge } = await signChallenge(key, { join: key });
  const joined = await ask<{ account: string }>("POST", "/v1/join", {
    ...(code === null ? {} : { code }),
    keys: [{ key, rights }],
    proof: { ...challenge, signatures: [signature] },
  });
  const account = parseAccount(joined.account);
  if (!account) throw new NoAnswer("the node named no account");
  await trust();
  const hat: Hat = { account, kind: "member", name: null, key, rights, ledger: facts.ledger };
  const { provenState } = await import("./accountState.ts");
  const { state } = await provenState(hat);
  if (!state.keys.some((one) => one.key === key)) throw new ReceiptError("receipt_not_in_log", "the account has other keys than this phone's");
  await put("hats", hat);
  await forget("waiting-key:member");
  await persist();
  return hat;
}

/** Asks the node for something fresh, and signs it with a key of this phone. */
async function signChallenge(key: string, claim: Claim) {
  const { nonce, expires_at } = await ask<{ nonce: string; expires_at: string }>("POST", "/v1/sessions/challenges");
  // The address that is signed is the one that this page came from: a challenge relayed by another node is of no use.
  const expiry = Date.parse(expires_at) / 1_000;
  const bytes = challengeBytes(facts.ledger, location.origin, claim, fromBase64url(nonce), expiry);
  return { nonce, expires_at, signature: base64url(await sign(key, bytes)) };
}

export async function signedChallenge(key: string, account: string | null): Promise<object> {
  const answered = await signChallenge(key, { session: account });
  return { ...(account === null ? {} : { account: accountText(account) }), ...answered, key };
}

/** Returns the key of this phone that waits to be given an account or office, for showing it. */
export function keyToConnect(kind: "merchant" | "budget" | "council" | "device" = "merchant"): Promise<string> {
  return waitingKey(kind);
}

/** Asks whether the waiting key was given an account; returns it if so. */
export async function connect(kind: "merchant" | "budget" | "device" = "merchant"): Promise<Hat | null> {
  const key = await waitingKey(kind);
  return adopt(key, `waiting-key:${kind}`);
}

/** Returns the accounts that `key` signs for; whoever shows that is believed to be the community of this phone. */
export async function accountsOf(key: string): Promise<Hat[]> {
  interface Found { accounts: { account: string; kind: AccountKind; rights: string[]; name: string | null }[] }
  const { accounts } = await ask<Found>("POST", "/v1/sessions/accounts", await signedChallenge(key, null));
  const found = accounts.flatMap(({ account: text, kind, rights, name }): Hat[] => {
    const account = parseAccount(text);
    return account ? [{ account, kind, name, key, rights, ledger: facts.ledger }] : [];
  });
  if (found.length > 0) await trust();
  return found;
}

/** Takes over the accounts that `key` belongs to; returns the first. */
export async function adopt(key: string, waiting?: string): Promise<Hat | null> {
  const found = await accountsOf(key);
  const [first] = found;
  if (!first) return null;
  for (const hat of found) await put("hats", hat);
  if (waiting) await forget(waiting);
  await persist();
  return first;
}

/** Asks the browser not to clear what it keeps; it may say no, and then nothing is lost yet. */
export async function persist(): Promise<void> {
  await navigator.storage?.persist?.().catch(() => false);
}

/** Opens a session, or finds the one that lasts. */
async function session(hat: Hat, anew = false): Promise<string> {
  const name = sessionOf(hat.account);
  const kept = await recall<{ token: string; ends: number }>(name);
  if (kept && !anew && kept.ends - 30_000 > Date.now()) return kept.token;
  const opened = await ask<{ token: string }>("POST", "/v1/sessions", await signedChallenge(hat.key, hat.account));
  // Sessions last an hour; a little less is believed, whatever the clocks say.
  await keep(name, { token: opened.token, ends: Date.now() + 50 * 60_000 });
  return opened.token;
}

/** Asks for something that only this account may see. */
export async function askAs<T>(hat: Hat, method: string, path: string, body?: unknown): Promise<T> {
  try {
    return await ask<T>(method, path, body, await session(hat));
  } catch (error) {
    if (!(error instanceof Refused) || error.problem.status !== 401) throw error;
    return ask<T>(method, path, body, await session(hat, true));
  }
}

/** What an own account had when it was looked at last, in minor units. */
export interface Had {
  minor: number;
  lines: number;
  /** What could be paid from it, as a decimal, and when that was so by the node's clock. */
  can?: string | null;
  at?: number;
}

export async function accountOf(hat: Hat): Promise<Account> {
  const account = await askAs<Account>(hat, "GET", `/v1/accounts/${accountText(hat.account)}`);
  const { balance, lines, available } = account;
  // Whoever goes on with another ledger holds what came over against it.
  if (balance !== null) await keep(`had:${hat.account}`, { minor: fromDecimal(balance, facts.scale), lines, can: available, at: now() } satisfies Had);
  return account;
}

export interface Statement {
  balance: string;
  lines: StatementLine[];
  next: string | null;
}
/** A page of lines; at a cashier's the day, without a balance. */
export async function statementOf(hat: Hat, cursor?: string): Promise<Statement> {
  if (isCashier(hat)) return { balance: "0", next: null, ...(await askAs<{ lines: StatementLine[] }>(hat, "GET", `/v1/accounts/${accountText(hat.account)}/day`)) };
  const query = cursor === undefined ? "" : `?cursor=${encodeURIComponent(cursor)}`;
  return askAs(hat, "GET", `/v1/accounts/${accountText(hat.account)}/statement${query}`);
}

/** Finds the line of a record that is this one, in the account's statement. */
export async function findLine(hat: Hat, index: number, isIt: (line: StatementLine) => boolean): Promise<StatementLine | undefined> {
  for (let cursor: string | undefined; ; ) {
    const { lines, next } = await statementOf(hat, cursor);
    const found = lines.find((line) => line.index === index && isIt(line));
    // Newest first: what stands beyond an older one is older still.
    if (found || next === null || (lines.at(-1)?.index ?? 0) < index) return found;
    cursor = next;
  }
}
