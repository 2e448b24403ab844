/** An entry that waits for signatures: read from its own bytes, never from what is said of it. */

import { type Hat } from "./db.ts";
import { Refused } from "./api.ts";
import { base32, equal, fromBase64url, fromHex, hex } from "./lib/bytes.ts";
import { verify } from "./lib/ed25519.ts";
import { type Envelope, decodeEnvelope, encodeEntry, encodeEnvelope, entryId, memoCommitment, signingInput } from "./lib/entry.ts";
import { askAsOffice, office } from "./office.ts";
import { askAs, hats } from "./wallet.ts";

/** A draft as the node tells it; of the entry its bytes alone are believed. */
interface Told {
  envelope: string;
  state: "waiting" | "recorded" | "expired" | "overtaken";
  index?: number;
  waits_for?: { who: string; right?: string; have: number; need: number };
  memo: { salt: string; text: string } | null;
  names?: Called[];
}

/** What the node calls an account of a payment: nobody signs that. */
export interface Called { account: string; kind: string; name?: string }

/** A draft whose bytes were checked. */
export interface Draft {
  envelope: Envelope;
  /** The keys whose signatures hold. */
  signedBy: string[];
  state: Told["state"];
  index: number | null;
  waitsFor: Told["waits_for"] | null;
  /** The sentence that comes with it, if it is the one that is signed. */
  memo: { salt: string; text: string } | null;
  names: Called[];
}

/** What a draft says is not what its address names, or not in the one form that entries have. */
export class DraftDiffers extends Error {}

/** Reads a draft, and checks it as whoever signs must. @throws DraftDiffers, Malformed */
export async function readDraft(told: Told, id: string, ledger: string): Promise<Draft> {
  const bytes = fromBase64url(told.envelope);
  const envelope = decodeEnvelope(bytes, true);
  const { payload, entry, signatures } = envelope;
  const isCanonical = equal(encodeEntry(entry), payload) && equal(encodeEnvelope(payload, signatures), bytes);
  const input = signingInput(ledger, payload, entry.kind);
  const named = base32(fromHex((await entryId(input)).slice(0, 32)));
  if (!isCanonical || named.toLowerCase() !== id.toLowerCase()) throw new DraftDiffers(id);
  const signedBy: string[] = [];
  // A signature that does not hold is not shown as one.
  for (const one of signatures) if (await verify(fromHex(one.key), fromHex(one.signature), input)) signedBy.push(one.key);
  const memo = told.memo && entry.memo === (await memoCommitment(fromBase64url(told.memo.salt), told.memo.text)) ? told.memo : null;
  return { envelope, signedBy, state: told.state, index: told.index ?? null, waitsFor: told.waits_for ?? null, memo, names: told.names ?? [] };
}

/** A draft, and for whom this phone may sign it. */
export interface Found {
  draft: Draft;
  /** Who signs: an account of this phone, or its office; null when all of them have. */
  signer: Hat | null;
}

/** Asks for a draft as each account of this phone, and as its office; null when none of them may see it. */
export async function findDraft(id: string, ledger: string): Promise<Found | null> {
  const [own, ours] = [await hats(), await office()];
  const ways = [...own.map((hat) => ({ hat, ask: askAs<Told> })), ...(ours ? [{ hat: ours, ask: askAsOffice<Told> }] : [])];
  let found: Found | null = null;
  for (const { hat, ask } of ways) {
    try {
      const draft = await readDraft(await ask(hat, "GET", `/v1/drafts/${id}`), id, ledger);
      if (!draft.signedBy.includes(hat.key)) return { draft, signer: hat };
      found ??= { draft, signer: null };
    } catch (error) {
      if (!(error instanceof Refused) || error.problem.status !== 404) throw error;
    }
  }
  return found;
}

/** Returns the first letters of a key, for people. */
export function shortKey(key: string): string {
  return hex(fromHex(key)).slice(0, 8);
}
