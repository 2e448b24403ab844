/** Asking the node, and understanding that it said no, or said nothing. */

import type { StateJson } from "./accountState.ts";
import { loadErrors, setClock } from "./dom.ts";
import { within } from "./patience.ts";

/** A refusal, as the node words it. `code` is stable. */
export interface Problem {
  status: number;
  code: string;
  detail: string;
  field?: string;
  value?: string;
  limit?: string;
  advice?: string;
  reason?: Reason;
  transient: boolean;
}

/** Why the node records nothing: a code with its values. */
export interface Reason {
  code: string;
  values: Record<string, string>;
  detail: string;
}

/** The node said no. */
export class Refused extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Whether the node refused with this very code. */
export const isRefused = (error: unknown, code: string): error is Refused => error instanceof Refused && error.problem.code === code;

/** Nobody answered: whether the node heard it is unknown. */
export class NoAnswer extends Error {}

/** Something went wrong on this phone before anything left it: what it was for did not happen. */
export class NotSent extends Error {}

/** A receipt as the node sends it. */
export interface Answered {
  entry: string | null;
  index: number;
  recorded_at: string;
  opening: string;
  proof: string[];
  checkpoint: string;
}

/** Why nothing can be given from a budget now. */
export type CannotGive = "ended" | "spent" | "resting" | "closed";

export interface Account {
  state: StateJson;
  status: "open" | "frozen" | "closed";
  base: number;
  balance: string | null;
  available: string | null;
  /** Of a budget from which nothing can be given now, why. */
  cannot_give?: CannotGive;
  lines: number;
  name: string | null;
  /** Since when each key belongs to it, as far as this ledger tells. */
  keys_since?: { key: string; since: string }[];
}

export interface StatementLine {
  index: number;
  line: number;
  /** How many lines of the account came before it; a cashier is not told. */
  seq?: number;
  recorded_at: string;
  kind: string;
  debit: string;
  credit: string;
  /** Nothing at a cashier's. */
  balance?: string;
  reference: { to: "request"; id: string } | { to: "task"; id: string } | { to: "line"; index: number; line: number } | { to: "state"; digest: string } | null;
  memo?: { salt: string; text: string } | null;
  /** Why credits were received. */
  reason?: string | null;
  /** The place that gave, or whom was paid or paid back: by the name that is listed. */
  with?: string;
}

export interface PaymentRequest {
  id: string;
  link: string;
  ledger: string;
  account: string;
  name: string | null;
  amount: string;
  until: string;
  state: "open" | "paid" | "declined" | "withdrawn" | "expired";
  /** Whether whom it is for takes nothing for a while. */
  paused: boolean;
  words: string | null;
  index: number | null;
  paid_at: string | null;
}

/** How long an answer is waited for, in milliseconds. */
const PATIENCE = 8_000;

/** Asks the node. @throws Refused when it says no, NoAnswer when nobody answers in time */
export async function ask<T>(method: string, path: string, body?: unknown, token?: string): Promise<T> {
  const { response, text } = await fetched(method, path, body, token);
  if (response.status === 204) return undefined as T;
  return read<T>(response, text, "json");
}

/** Asks the node for something that is a text. @throws Refused, NoAnswer */
export async function askText(path: string): Promise<string> {
  const { response, text } = await fetched("GET", path);
  if (!response.headers.get("content-type")?.startsWith("text/plain")) throw new NoAnswer(`status ${response.status}, no text`);
  return text;
}

/** Asks, and returns what was not refused. */
async function fetched(method: string, path: string, body?: unknown, token?: string): Promise<{ response: Response; text: string }> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body), signal: within(PATIENCE), cache: "no-store" });
    text = await response.text();
  } catch (error) {
    throw new NoAnswer(String(error));
  }
  setClock(response.headers.get("date"));
  if (response.ok) return { response, text };
  const problem = read<Problem>(response, text, "problem+json");
  // Whoever is told no is told why: the sentences are there before it is said.
  await loadErrors().catch(() => undefined);
  throw new Refused(problem);
}

/**
 * Reads what the node answered. What stands between us and the node may answer in its place, and its answers are of
 * another kind: then nobody has answered.
 */
function read<T>(response: Response, text: string, kind: "json" | "problem+json"): T {
  const said = response.headers.get("content-type") ?? "";
  try {
    if (said.startsWith(`application/${kind}`)) return JSON.parse(text) as T;
  } catch {
    // It was cut off on its way.
  }
  throw new NoAnswer(`status ${response.status}, ${said}`);
}
