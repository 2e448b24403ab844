/**
 * Looking at the log on every visit: it must continue all that this phone has seen of it. Seals are held against those
 * of others; two histories are an alarm with the evidence kept. Mirrors `wallet-cli/src/contact.rs`.
 */

import { NoAnswer, Refused, ask, askText } from "./api.ts";
import { all, forget, keep, recall, rework, settle, type Outgoing } from "./db.ts";
import { facts } from "./dom.ts";
import { type Alarm, TwoHistories, alarm, mustBeNew, newest, pending, remember } from "./heads.ts";
import { base64, concat, fromBase64, fromHex, hex } from "./lib/bytes.ts";
import { type Link, checkCommunity, parseLink, printLink } from "./lib/links.ts";
import { type Checkpoint, isConsistent, openCheckpoint, parseNote, readCheckpoint } from "./lib/log.ts";
import { type Trusted, hasNewKeys, log, trusted } from "./wallet.ts";
import { learn } from "./witnesses.ts";

/** What looking at the log found. */
export type Watched = "consistent" | "no_answer" | "alarm";

/** Checks that the log continues everything that this phone has seen of it. */
export async function visit(): Promise<Watched> {
  try {
    const seen = await newest();
    const known = seen === undefined ? null : readCheckpoint(seen);
    const now = await published(seen ?? "");
    await mustBeNew(now);
    if (known) await mustContinue(known, now);
    const waiting = (await pending()).flatMap((note) => readCheckpoint(note) ?? []);
    // Receipts may be ahead of what is published: they wait for a later visit.
    for (const head of waiting.filter(({ size }) => size <= now.size)) await mustContinue(head, now);
    await keep("pending", waiting.filter(({ size }) => size > now.size).map(({ note }) => note));
    await keep("checkpoint", now.note);
    await learn();
    await knowCharter(now);
    return "consistent";
  } catch (error) {
    if (error instanceof TwoHistories) return "alarm";
    if (error instanceof NoAnswer || error instanceof Refused) return "no_answer";
    throw error;
  }
}

/** Remembers the newest charter; one that leaves out what this phone has followed is an alarm beside `seen`. */
async function knowCharter(seen: Checkpoint): Promise<void> {
  const { ledger, charterBase } = (await trusted()) as Trusted;
  const said = await ask<{ ledger: string; charter_base: number; successor?: string | null }>("GET", "/v1/community");
  // A page that was kept does not know yet that its community goes on elsewhere.
  const isMoved = (said.successor ?? facts.origin) !== facts.origin && !facts.successor;
  if (isMoved && location.search === "") return location.replace(`${location.pathname}?anew${location.hash}`);
  if (said.ledger !== ledger || said.charter_base === charterBase) return;
  const [{ CharterLeftOut, askCharters, follow, keepBase, newestBase }, { LineageError }] = await Promise.all([import("./charters.ts"), import("./lib/lineage.ts")])
    .catch((error: unknown) => { throw new NoAnswer(String(error)); });
  const shown = await askCharters();
  try {
    await keepBase(ledger, newestBase(await follow(ledger, shown, charterBase)));
  } catch (error) {
    // A clock that is behind ours, or ahead of it, is no fault of the council.
    if (error instanceof LineageError && error.code === "too_early") return;
    if (!(error instanceof LineageError || error instanceof CharterLeftOut)) throw error;
    throw await alarm(seen.note, `${error.message}\n\n${JSON.stringify(shown, null, 2)}\n`);
  }
}

/** How long a page that is shown again believes its last look, in milliseconds. */
const FRESH = 60_000;

/** Looks at the log now, and whenever this page is shown again. */
export async function watch(): Promise<void> {
  let looked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || Date.now() - looked < FRESH) return;
    looked = Date.now();
    void visit();
  });
  await visit();
  await (await import("./succession.ts")).proveRest();
}

/** Fetches the published seal; one that our log did not sign is an alarm beside `seen`. @throws NoAnswer for what is none */
async function published(seen: string): Promise<Checkpoint> {
  const note = await askText("/log/checkpoint");
  // What stands between us and the node may answer in its place.
  if (!readCheckpoint(note)) throw new NoAnswer("no checkpoint");
  const open = async () => openCheckpoint(note, (await log()).keys);
  const opened = (await open()) ?? ((await hasNewKeys()) ? await open() : null);
  if (opened) return opened;
  if (await (await import("./succession.ts")).opensAnew()) throw new NoAnswer("another ledger");
  throw await alarm(seen, note);
}

async function continues(older: Checkpoint, newer: Checkpoint): Promise<boolean> {
  const needsProof = older.size > 0 && older.size < newer.size;
  const asked = needsProof ? await ask<{ proof: string[] }>("GET", `/v1/proofs/consistency?from=${older.size}&to=${newer.size}`) : { proof: [] };
  return isConsistent(older, newer, asked.proof.map((text) => fromBase64(text) ?? new Uint8Array()));
}

async function mustContinue(older: Checkpoint, newer: Checkpoint): Promise<void> {
  if (!(await continues(older, newer))) throw await alarm(older.note, newer.note);
}

/** Our newest seal as a code; null before the first visit. */
export async function ownCode(): Promise<{ size: number; root: string; code: string; note: string } | null> {
  const note = await newest();
  const seen = note === undefined ? null : readCheckpoint(note);
  const keys = (await log()).keys;
  const line = note === undefined ? undefined : parseNote(note)?.signatures.find(({ name, id }) => keys.some((key) => key.name === name && key.id === id));
  if (!seen || !line) return null;
  const code = printLink({ link: "checkpoint", ledger_prefix: facts.ledger.slice(0, 16), size: seen.size, root: hex(seen.root), signature: hex(line.signature) });
  return { size: seen.size, root: base64(seen.root), code, note: seen.note };
}

/** What holding somebody else's seal against ours found. */
export interface Compared {
  found: "same" | "continues" | "ahead" | "not_signed" | "offline" | "alarm";
  theirs: number;
  ours: number;
}

/** Holds the code of somebody else's seal against ours. @throws LinkError for what is no seal of this community */
export async function compare(text: string): Promise<Compared> {
  const link = parseLink(text);
  checkCommunity(link, facts.origin, facts.ledger);
  if (link.link !== "checkpoint") return { found: "not_signed", theirs: 0, ours: 0 };
  const theirs = await signed(link);
  const note = await newest();
  const ours = note === undefined ? null : readCheckpoint(note);
  const sizes = { theirs: link.size, ours: ours?.size ?? 0 };
  if (!theirs) return { found: "not_signed", ...sizes };
  try {
    if (!ours || theirs.size > ours.size) {
      await remember(theirs);
      return { found: "ahead", ...sizes };
    }
    await mustBeNew(theirs);
    if (theirs.size < ours.size) await mustContinue(theirs, ours);
    return { found: theirs.size === ours.size ? "same" : "continues", ...sizes };
  } catch (error) {
    if (error instanceof TwoHistories) return { found: "alarm", ...sizes };
    if (error instanceof NoAnswer || error instanceof Refused) return { found: "offline", ...sizes };
    throw error;
  }
}

/** Makes a note of a code, and verifies the log's signature. */
async function signed(link: Extract<Link, { link: "checkpoint" }>): Promise<Checkpoint | null> {
  for (const key of (await log()).keys) {
    const line = base64(concat(fromHex(key.id), fromHex(link.signature)));
    const text = `${key.name}\n${link.size}\n${base64(fromHex(link.root))}\n`;
    const opened = await openCheckpoint(`${text}\n\u2014 ${key.name} ${line}\n`, [key]);
    if (opened) return opened;
  }
  return null;
}

/** What a person went on with after an alarm, and the evidence of it. */
export interface Believed {
  size: number;
  root: string;
  at: number;
  alarm: Alarm | undefined;
}

/**
 * After an alarm, goes on with the log that the node shows now, because a person was told that it counts.
 *
 * What does not belong to it is no longer called paid. Returns how many payments that are; or what was found, when the
 * node shows fewer than `size` numbers.
 */
export async function believe(size: number): Promise<{ strange: number } | { found: number }> {
  const now = await published("");
  if (now.size < size) return { found: now.size };
  let strange = 0;
  for (const outgoing of await all<Outgoing>("outbox")) {
    const head = outgoing.state === "done" && outgoing.receipt && !outgoing.ledger ? readCheckpoint(outgoing.receipt.checkpoint) : null;
    if (!head || (head.size <= now.size && (await continues(head, now)))) continue;
    await settle(outgoing.key, (there) => (there?.id === outgoing.id ? { ...there, state: "alarm", code: "two_histories" } : undefined));
    strange += 1;
  }
  await keep("pending", []);
  await keep("checkpoint", now.note);
  await keep("believed", { size: now.size, root: base64(now.root), at: Date.now(), alarm: await recall<Alarm>("alarm") } satisfies Believed);
  // Which charters count is learned anew: a person was told which ledger is the right one.
  await rework<Trusted>("trusted", (there) => { const { charterBase: _, ...rest } = there as Trusted; return rest; });
  await forget("alarm");
  return { strange };
}
