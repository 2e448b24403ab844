/**
 * Signing and sending: what is signed is kept first, the same bytes are sent as often as needed, and only a receipt
 * that verifies says that something happened.
 */

import { NoAnswer, Refused, ask, type Answered } from "./api.ts";
import { type Hat, type Memo, type Outgoing, type Signed, add, all, get, put } from "./db.ts";
import { now } from "./dom.ts";
import { TwoHistories } from "./heads.ts";
import { sign } from "./keys.ts";
import { type Bytes, base64url, equal, fromBase64url, hex, random } from "./lib/bytes.ts";
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
}

/** Signs and keeps, without sending. What is kept under this key already, and may still count, is returned instead. */
export async function prepare<K extends Signed & Kind>(hat: Hat, wish: Wish<K>): Promise<Outgoing> {
  const before = await get<Outgoing>("outbox", wish.key);
  if (before && before.state !== "refused") return before;
  const expiresAt = Math.min(Math.floor(now() / 1_000) + (wish.lasts ?? LASTS), wish.until ?? Infinity);
  const entry = { kind: wish.what, nonce: hex(random(16)), expires_at: expiresAt, memo: null, body: wish.body } as Entry;
  const { what, name, amount, words } = wish;
  return signAndKeep(hat, encodeEntry(entry), entry, { key: wish.key, what, name, amount, ...(words ? { words } : {}) }, before);
}

/** Signs what others began, and keeps it, without sending. What this key signed before is returned instead. */
export async function cosign(hat: Hat, { payload, entry }: Envelope, kept: { key: string; name: string; memo: Memo | null }): Promise<Outgoing> {
  const before = await get<Outgoing>("outbox", kept.key);
  if (before && before.state !== "refused") return before;
  const { key, name, memo } = kept;
  return signAndKeep(hat, payload, entry, { key, what: "cosign", name, amount: 0, ...(memo ? { memo } : {}) }, before);
}

type About = Pick<Outgoing, "key" | "what" | "name" | "amount" | "words" | "memo">;

async function signAndKeep(hat: Hat, payload: Bytes, entry: Entry, about: About, before: Outgoing | undefined): Promise<Outgoing> {
  const input = signingInput(hat.ledger, payload, entry.kind);
  const signature = hex(await sign(hat.key, input));
  const envelope = base64url(encodeEnvelope(payload, [{ key: hat.key, signature }]));
  const outgoing: Outgoing = {
    ...about, id: await entryId(input), envelope, account: hat.account, signedAt: now(), expiresAt: entry.expires_at, sent: false, state: "waiting",
  };
  if (before) {
    await put("outbox", outgoing);
    return outgoing;
  }
  // Another tab, or a second tap, may have been faster: then its bytes are the ones that count.
  return (await add("outbox", outgoing)) ? outgoing : ((await get<Outgoing>("outbox", about.key)) as Outgoing);
}

/** Sends once, and keeps what became of it. Without an answer it goes on waiting. */
export async function send(outgoing: Outgoing): Promise<Outgoing> {
  if (outgoing.state !== "waiting") return outgoing;
  const settle = async (news: Partial<Outgoing>): Promise<Outgoing> => {
    const settled = { ...outgoing, ...news };
    await put("outbox", settled);
    return settled;
  };
  if (!navigator.onLine) return outgoing;
  try {
    if (!outgoing.sent) outgoing = await settle({ sent: true });
    const answer = await ask<{ outcome: string; receipt?: Answered; draft?: { link: string } }>("POST", "/v1/entries", { envelope: outgoing.envelope, ...(outgoing.memo ? { memo: outgoing.memo } : {}) });
    if (!answer.receipt) return await settle({ state: "draft", ...(answer.draft ? { link: answer.draft.link } : {}) });
    return await settle(await judge(outgoing, answer.receipt));
  } catch (error) {
    if (error instanceof NoAnswer) return outgoing;
    if (!(error instanceof Refused)) throw error;
    const { code, transient, status } = error.problem;
    if (transient || status >= 500 || status === 408) return outgoing;
    return settle({ state: "refused", code });
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

/** Asks again what became of something that waits for others to sign: the same bytes are sent once more. */
export function sendAgain(outgoing: Outgoing): Promise<Outgoing> {
  return outgoing.state === "draft" ? send({ ...outgoing, state: "waiting" }) : send(outgoing);
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

/** Sends until there is an answer, telling what is known after each try. */
export async function sendUntilKnown(outgoing: Outgoing, tell: (outgoing: Outgoing) => void): Promise<Outgoing> {
  for (let wait = 500; outgoing.state === "waiting"; wait = Math.min(wait * 2, 15_000)) {
    outgoing = await send(outgoing);
    if (outgoing.state !== "waiting") break;
    tell(outgoing);
    await pause(wait);
    // Another tab may have heard the answer.
    outgoing = (await get<Outgoing>("outbox", outgoing.key)) ?? outgoing;
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
  const waiting = (await outbox()).filter((outgoing) => outgoing.state === "waiting");
  await Promise.all(waiting.map((outgoing) => sendUntilKnown(outgoing, tell)));
}

/** Returns the key of an entry of which there may be many. */
export function freshKey(what: string): string {
  return `${what}:${hex(random(8))}`;
}

