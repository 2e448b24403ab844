/**
 * Signing and sending: what is signed is kept first, the same bytes are sent as often as needed, and only a receipt
 * that verifies says that something happened.
 */

import { NoAnswer, NotSent, Refused, ask, type Answered } from "./api.ts";
import { type Hat, type Memo, type Outgoing, type Signed, all, get, recall, settle } from "./db.ts";
import { now } from "./dom.ts";
import { type Alarm, TwoHistories } from "./heads.ts";
import { sign } from "./keys.ts";
import { base64url, equal, fromBase64url, hex, random } from "./lib/bytes.ts";
import { type Bodies, type Entry, type Envelope, type Kind, decodeEnvelope, encodeEntry, encodeEnvelope, entryId, signingInput } from "./lib/entry.ts";
import { ReceiptError } from "./lib/receipt.ts";
import { prove } from "./wallet.ts";

/** How long something that was signed may wait to be recorded, in seconds. */
const LASTS = 300;

/** What is to be signed. */
export interface Wish<K extends Signed & Kind> {
  /** What it answers; nothing else can be signed under the same key while it waits or after it is done. */
  key: string;
  what: K;
  body: Bodies[K];
  name: string;
  amount: number;
  /** The last second in which it may be recorded, if that is sooner. */
  until?: number;
  /** What the sentences about it begin with, where those of its kind do not say it. */
  words?: string;
  /** How long it may wait to be recorded, in seconds: longer than a payment, for what nobody waits for at a counter. */
  lasts?: number;
  /** The account as this phone signs for it once this is done: kept with the receipt, never before. */
  hat?: Hat;
  /** A sentence that travels beside it, and what of it is signed. */
  memo?: { kept: Memo; commitment: string };
}

/** Acts before anything leaves this phone. @throws NotSent whatever happens */
async function beforeSending<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw new NotSent("not sent", { cause });
  }
}

/**
 * Signs and keeps, without sending. What is kept under this key already, and may still count, is returned instead.
 *
 * @throws NotSent
 */
export function prepare<K extends Signed & Kind>(hat: Hat, wish: Wish<K>): Promise<Outgoing> {
  const expiresAt = Math.min(Math.floor(now() / 1_000) + (wish.lasts ?? LASTS), wish.until ?? Infinity);
  const entry = { kind: wish.what, nonce: hex(random(16)), expires_at: expiresAt, memo: wish.memo?.commitment ?? null, body: wish.body } as Entry;
  const { key, what, name, amount, words, hat: then, memo } = wish;
  return signAndKeep(hat, { payload: encodeEntry(entry), entry }, { key, what, name, amount, ...(words ? { words } : {}), ...(then ? { hat: then } : {}), ...(memo ? { memo: memo.kept } : {}) });
}

/** Signs what others began, and keeps it, without sending. What this key signed before is returned instead. @throws NotSent */
export function cosign(hat: Hat, signed: Envelope, { key, name, memo }: { key: string; name: string; memo: Memo | null }): Promise<Outgoing> {
  return signAndKeep(hat, signed, { key, what: "cosign", name, amount: 0, ...(memo ? { memo } : {}) });
}

type About = Pick<Outgoing, "key" | "what" | "name" | "amount" | "words" | "memo" | "hat">;

function signAndKeep(hat: Hat, { payload, entry }: Pick<Envelope, "payload" | "entry">, about: About): Promise<Outgoing> {
  return beforeSending(async () => {
    const before = await get<Outgoing>("outbox", about.key);
    if (before && before.state !== "refused") return before;
    if (await recall<Alarm>("alarm")) throw new TwoHistories("two histories");
    // What came over from an earlier ledger is proven first.
    if (hat.account in ((await recall<Record<string, unknown>>("unproven")) ?? {})) throw Object.assign(new Error("its share is not proven"), { code: "unproven" });
    const input = signingInput(hat.ledger, payload, entry.kind);
    const signature = hex(await sign(hat.key, input));
    const envelope = base64url(encodeEnvelope(payload, [{ key: hat.key, signature }]));
    const outgoing: Outgoing = {
      ...about, id: await entryId(input), envelope, account: hat.account, signedAt: now(), expiresAt: entry.expires_at, sent: false, state: "waiting",
    };
    // Another tab, or a second tap, may have been faster: then its bytes are the ones that count.
    return settle(about.key, (there) => (there && there.id !== before?.id ? undefined : outgoing));
  });
}

/** Tells whether there may still be news of something signed. */
export function isOpen({ state }: Outgoing): boolean {
  return state === "waiting" || state === "draft";
}

/**
 * Sends once, and keeps what became of it. Without an answer it goes on waiting; what waits for others to sign is asked
 * about in the same way: the same bytes are sent once more.
 *
 * @throws NotSent; once it may have arrived nothing is thrown, because nobody knows what happened
 */
export async function send(outgoing: Outgoing): Promise<Outgoing> {
  if (!isOpen(outgoing) || !navigator.onLine) return outgoing;
  if (!outgoing.sent) outgoing = await beforeSending(() => note(outgoing, { sent: true }));
  if (!isOpen(outgoing)) return outgoing;
  const news = await asked(outgoing).catch((error: unknown) => void console.error(error));
  if (!news) return outgoing;
  // What is known stays true where it cannot be kept: the next try finds it out again.
  return note(outgoing, news).catch((error: unknown) => {
    console.error(error);
    return { ...outgoing, ...news };
  });
}

/** Keeps news of something signed, unless other bytes took its place or its end is known. */
function note(outgoing: Outgoing, news: Partial<Outgoing>): Promise<Outgoing> {
  // An alarm about another log's receipt is over when the receipt holds after all.
  const isMended = (there: Outgoing) => isOfOtherLog(there) && news.state === "done";
  const isEnded = (there: Outgoing) => !isOpen(there) && !isMended(there);
  return settle(outgoing.key, (there) => {
    if (there && (there.id !== outgoing.id || isEnded(there))) return undefined;
    const { code: _, ...known } = there ?? outgoing;
    return { ...known, ...news };
  });
}

function isOfOtherLog({ state, code }: Outgoing): boolean {
  return state === "alarm" && code === "receipt_other_log";
}

/** Judges a receipt once more that was of another log: the log's new key may be known by now. */
async function judgeAgain(outgoing: Outgoing): Promise<Outgoing> {
  if (!isOfOtherLog(outgoing) || !outgoing.receipt) return outgoing;
  const news = await judge(outgoing, outgoing.receipt);
  return news.state === "done" ? note(outgoing, news) : outgoing;
}

/** Asks the node; returns what is known now, or nothing. */
async function asked(outgoing: Outgoing): Promise<Partial<Outgoing> | undefined> {
  try {
    const answer = await ask<{ outcome: string; receipt?: Answered; draft?: { link: string } }>("POST", "/v1/entries", { envelope: outgoing.envelope, ...(outgoing.memo ? { memo: outgoing.memo } : {}) });
    if (answer.receipt) return await judge(outgoing, answer.receipt);
    if (answer.outcome === "draft") return { state: "draft", ...(answer.draft ? { link: answer.draft.link } : {}) };
    return undefined;
  } catch (error) {
    if (error instanceof NoAnswer) return undefined;
    if (!(error instanceof Refused)) throw error;
    const { code, transient, status } = error.problem;
    // What this phone signed is signed well: the node serves another ledger, and whether it stands in ours is unknown.
    // Who promised something may have enough before its time is over.
    return transient || status >= 500 || status === 408 || /^(bad_signature|promise_not_covered)$/.test(code) ? undefined : { state: "refused", code };
  }
}

/** Verifies that the receipt proves just what was signed. */
async function judge(outgoing: Outgoing, receipt: Answered): Promise<Partial<Outgoing>> {
  try {
    const { content, index, recordedAt } = await prove(receipt);
    const ours = decodeEnvelope(fromBase64url(outgoing.envelope)).payload;
    if (!("envelope" in content) || !equal(content.envelope.payload, ours)) {
      return { state: "alarm", code: "receipt_of_another_entry", receipt };
    }
    return { state: "done", receipt, index, doneAt: recordedAt };
  } catch (error) {
    if (error instanceof TwoHistories) return { state: "alarm", code: "two_histories", receipt };
    if (!(error instanceof ReceiptError)) throw error;
    return { state: "alarm", code: error.code, receipt };
  }
}

/** Waits between two tries, or until the network is back. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
  });
}

/** Sends until there is an answer, telling what is known after each try. Others may have signed since: that is asked once. */
export async function sendUntilKnown(outgoing: Outgoing, tell: (outgoing: Outgoing) => void): Promise<Outgoing> {
  if (outgoing.state === "draft") outgoing = await send(outgoing);
  for (let wait = 500; outgoing.state === "waiting"; wait = Math.min(wait * 2, 15_000)) {
    outgoing = await send(outgoing);
    if (outgoing.state !== "waiting") break;
    tell(outgoing);
    await pause(wait);
    // Another tab may have heard the answer.
    outgoing = (await get<Outgoing>("outbox", outgoing.key).catch(() => undefined)) ?? outgoing;
  }
  tell(outgoing);
  return outgoing;
}

/** What waits or happened, newest first. */
export async function outbox(): Promise<Outgoing[]> {
  return (await all<Outgoing>("outbox")).sort((a, b) => b.signedAt - a.signedAt);
}

/** Sends what waits, from whatever page is open. */
export async function flush(tell: (outgoing: Outgoing) => void): Promise<void> {
  await Promise.all((await outbox()).map(async (outgoing) => {
    const judged = await judgeAgain(outgoing);
    if (judged !== outgoing) tell(judged);
    if (isOpen(judged)) await sendUntilKnown(judged, tell);
  }));
}

/** Returns what somebody signed, as it was signed. */
export function entryOf(outgoing: Outgoing): Entry {
  return decodeEnvelope(fromBase64url(outgoing.envelope)).entry;
}

/** Returns the key of an entry of which there may be many. */
export function freshKey(what: string): string {
  return `${what}:${hex(random(8))}`;
}

