/** Acting for the council: its key on this phone, its sessions, and what it signs. */

import { type Reason, Refused, ask } from "./api.ts";
import { type Hat, forget, keep, recall } from "./db.ts";
import { facts } from "./dom.ts";
import { keyToConnect, persist, signedChallenge, trust } from "./wallet.ts";

/** The council's key on this phone. */
export async function office(): Promise<Hat | null> {
  const kept = await recall<Hat>("office");
  return kept && kept.ledger === facts.ledger ? kept : null;
}

/** Asks whether a key is the council's; keeps it if so. @throws Refused, NoAnswer */
export async function connectOffice(key?: string): Promise<Hat | null> {
  const ours = key ?? (await keyToConnect("council"));
  // What is signed for an office names no account; nothing else reads these two fields.
  const hat: Hat = { account: "", kind: "settlement", name: null, key: ours, rights: [], ledger: facts.ledger };
  if (!(await session(hat, true))) return null;
  await trust();
  await keep("office", hat);
  if (key === undefined) await forget("waiting-key:council");
  await persist();
  return hat;
}

async function session(hat: Hat, anew = false): Promise<string | null> {
  const kept = await recall<{ token: string; ends: number; key: string }>("session:office");
  if (kept && !anew && kept.key === hat.key && kept.ends - 30_000 > Date.now()) return kept.token;
  try {
    const opened = await ask<{ token: string; role: string }>("POST", "/v1/sessions", await signedChallenge(hat.key, null));
    if (opened.role !== "council") return null;
    await keep("session:office", { token: opened.token, ends: Date.now() + 50 * 60_000, key: hat.key });
    return opened.token;
  } catch (error) {
    if (error instanceof Refused && error.problem.status === 401) return null;
    throw error;
  }
}

/** The key is no longer the council's. */
export class NotCouncil extends Error {}

/** Asks for something that only the council may see. @throws NotCouncil, Refused, NoAnswer */
export async function askAsOffice<T>(hat: Hat, method: string, path: string, body?: unknown): Promise<T> {
  for (const anew of [false, true]) {
    const token = await session(hat, anew);
    if (token === null) throw new NotCouncil();
    try {
      return await ask<T>(method, path, body, token);
    } catch (error) {
      if (anew || !(error instanceof Refused) || error.problem.status !== 401) throw error;
    }
  }
  throw new NotCouncil();
}

export interface Held {
  account: string;
  kind: "budget" | "fund" | "merchant";
  name: string | null;
  status: string;
  balance: string;
  limit: string;
  available: string;
  until: string | null;
}

export interface Claim {
  index: number;
  merchant: string;
  name: string | null;
  amount: string;
  rate: { numerator: number; denominator: number } | null;
  recorded_at: string;
  due_at: string;
  overdue: boolean;
}

/** What takes effect later for an account. */
export interface Waiting {
  account: string;
  kind: string;
  name: string | null;
  index: number;
  what: "change" | "close";
  effective_at: string;
  vetoable: boolean;
}

/** What the council sees; as `node/api/src/coordination.rs` has it. */
export interface Coordination {
  now: string;
  trial_balance: { kind: string; accounts: number | null; debits: string; credits: string }[];
  holds: boolean;
  circulation: Record<"issued" | "returned" | "redeemed" | "settled" | "retired" | "in_circulation", string>;
  accounts: Held[];
  members: { count: number | null; bands: { from: string | null; below: string | null; count: number }[] };
  claims: Claim[];
  waiting: Waiting[];
  rules: { index: number; recorded_at: string; effective_at: string | null; by_rescue: boolean; reference: string | null; changes: { field: string; before: string; after: string }[] }[];
  audit: {
    size: number; published: number; checked: number; read_only: Reason | null; readings: { at: string; auditor: string; size: number }[];
    note: { index: number; size: number; anchored_at: string; document: string } | null;
    witnesses: { size: number | null; age_seconds: number | null; each: WitnessSeen[] } | null;
  };
}

/** What one witness has cosigned lately. */
export interface WitnessSeen {
  name: string;
  size: number | null;
  age_seconds: number | null;
}
