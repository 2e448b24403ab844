/**
 * Every seal of the log that this phone keeps: a log has one root for each size, whoever asks for it. Mirrors
 * `wallet-cli/src/heads.rs`.
 *
 * Comparing seals of one size needs neither network nor proof, so it is done before anything is called paid.
 */

import { all, recall, rework, type Outgoing } from "./db.ts";
import { equal } from "./lib/bytes.ts";
import { type Checkpoint, readCheckpoint } from "./lib/log.ts";

/** Most seals that wait to be held against the published log; the oldest go first. */
const PENDING_MAX = 64;

/** Two seals that cannot both be of one log. */
export interface Alarm {
  older: string;
  newest: string;
  at: number;
}

/** The log has told two histories: nothing that it says counts. */
export class TwoHistories extends Error {}

/** How long a page may go on to keep what it was doing before it shows the alarm, in milliseconds. */
const ALARM_AFTER = 300;

/** Keeps the two seals that contradict each other; every page of the wallet shows the first such pair from now on. */
export async function alarm(older: string, newest: string): Promise<TwoHistories> {
  await rework<Alarm>("alarm", (there) => there ?? { older, newest, at: Date.now() });
  setTimeout(() => location.reload(), ALARM_AFTER);
  return new TwoHistories();
}

/** The newest published seal that this phone has seen. */
export const newest = (): Promise<string | undefined> => recall<string>("checkpoint");

/** Seals that were not yet held against the published log. */
export async function pending(): Promise<string[]> {
  return (await recall<string[]>("pending")) ?? [];
}

/** Every seal that is kept, verified when it came: the newest, those that wait, and those of receipts. */
export async function heads(): Promise<Checkpoint[]> {
  const receipts = (await all<Outgoing>("outbox")).flatMap(({ state, receipt, ledger }) => (state === "done" && receipt && !ledger ? [receipt.checkpoint] : []));
  const notes = [(await newest()) ?? "", ...(await pending()), ...receipts];
  return notes.flatMap((note) => readCheckpoint(note) ?? []);
}

/** Checks that no seal of this size with another root is kept. @throws TwoHistories */
export async function mustBeNew(seen: Checkpoint): Promise<void> {
  const known = (await heads()).find((head) => head.size === seen.size && !equal(head.root, seen.root));
  if (known) throw await alarm(known.note, seen.note);
}

/** Keeps a seal that came with a receipt or from somebody else, until a visit has held it against the log. @throws TwoHistories */
export async function remember(seen: Checkpoint): Promise<void> {
  await mustBeNew(seen);
  const size = (note: string) => readCheckpoint(note)?.size;
  if (size((await newest()) ?? "") === seen.size) return;
  await rework<string[]>("pending", (waiting = []) => (waiting.some((note) => size(note) === seen.size) ? waiting : [...waiting, seen.note].slice(-PENDING_MAX)));
}
