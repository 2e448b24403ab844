/**
 * Who governs a ledger, proven from its founding entry on, and that one ledger continues another: without believing
 * whoever shows it. Mirrors `ledger/src/lineage.rs` and what `wallet-cli/src/follow.rs` holds an end against.
 */

import { equal, fromHex } from "./bytes.ts";
import { Malformed, decode } from "./cbor.ts";
import { verify } from "./ed25519.ts";
import { type Bodies, type Envelope, ledgerId, signingInput } from "./entry.ts";
import { type Checkpoint, isConsistent, logKey, openCheckpoint, parseNote } from "./log.ts";
import { type LogIdentity, type Receipt, ReceiptError, decodeRecord, signerOpening, verifyReceipt } from "./receipt.ts";
import { type FetchTile, consistencyProof } from "./tiles.ts";

export type Charter = Bodies["govern"]["charter"];
export type Predecessor = NonNullable<Bodies["found"]["predecessor"]>;

/** First byte of the opening of a whole record: an array of four. */
const WHOLE = 0x84;
/** How long a charter that the rescue keys signed waits, in milliseconds; others wait as the policy before says. */
const RESCUE_DELAY = 30 * 86_400_000;

export type LineageCode = "not_founded" | "other_ledger" | "receipt" | "no_charter" | "gap" | "too_few" | "too_early";

/** Why receipts are no lineage of a ledger. */
export class LineageError extends Error {
  readonly code: LineageCode;
  constructor(code: LineageCode, why: string) {
    super(why);
    this.code = code;
  }
}

/** The charters of a ledger, from the founding entry to the one in force. */
export interface Lineage {
  ledger: string;
  predecessor: Predecessor | null;
  /** Who signed the founding entry. */
  founders: string[];
  charter: Charter;
  /** Indexes of the entries that made the charters, ascending; the first is 0. */
  bases: number[];
  /** What the log's checkpoints are verified with now. */
  log: LogIdentity;
}

/**
 * Follows the receipts of the founding entry and of every charter since, whole records in their order; at `now`, in
 * milliseconds, the last one must be in force.
 *
 * @throws LineageError
 */
export async function followLineage(ledger: string, receipts: readonly Receipt[], now: number): Promise<Lineage> {
  const [first, ...rest] = receipts;
  const founding = first ? recordOf(first) : null;
  if (founding?.envelope.entry.kind !== "found") throw new LineageError("not_founded", "the list does not begin with the founding entry");
  const { entry: { body: found }, payload } = founding.envelope;
  const made = await ledgerId(payload);
  if (made !== ledger) throw new LineageError("other_ledger", `the founding entry makes ledger ${made}, expected was ${ledger}`);
  const founders = await signers(0, founding.envelope, ledger);
  enough(0, founders, found.charter.council, found.charter.council.length);
  const bases = [0];
  let [charter, countsFrom] = [found.charter, 0];
  for (const receipt of rest) {
    const [{ recordedAt, envelope }, before] = [recordOf(receipt), bases[bases.length - 1] as number];
    if (recordedAt < countsFrom) throw tooEarly(before, countsFrom);
    const signed = await signers(receipt.index, envelope, ledger);
    if (envelope.entry.kind !== "govern") throw noCharter(receipt.index);
    const { base, charter: next } = envelope.entry.body;
    if (base !== before || receipt.index <= before) {
      throw new LineageError("gap", `the charter of record ${receipt.index} takes the place of ${base}, the one before it is ${before}`);
    }
    countsFrom = recordedAt + delay(receipt.index, signed, charter, next);
    charter = next;
    bases.push(receipt.index);
  }
  if (now < countsFrom) throw tooEarly(bases[bases.length - 1] as number, countsFrom);
  const keys = await Promise.all(charter.log_keys.map((key) => logKey(charter.origin, fromHex(key, 32))));
  const log = { ledger, keys };
  for (const receipt of receipts) await verifyReceipt(receipt, log).catch((error: unknown) => { throw ofReceipt(receipt.index, error); });
  return { ledger, predecessor: found.predecessor, founders, charter, bases, log };
}

/** Returns the predecessor that a founding entry names, if as many of the old council signed it as it takes to decide. */
export function continued({ predecessor, founders }: Lineage, old: Charter): Predecessor | null {
  return old.council_threshold <= count(founders, old.council) ? predecessor : null;
}

/** Reads the receipt of the record that ends a ledger, signed by enough of its council. @throws LineageError */
export async function ending({ log, charter }: Lineage, receipt: Receipt): Promise<Bodies["attest"]> {
  const { content } = await verifyReceipt(receipt, log).catch((error: unknown) => { throw ofReceipt(receipt.index, error); });
  if (!("envelope" in content)) throw noCharter(receipt.index);
  const { entry, signatures } = content.envelope;
  enough(receipt.index, signatures.map(({ key }) => key), charter.council, charter.council_threshold);
  if (entry.kind !== "attest" || entry.body.statement !== "succession") throw noCharter(receipt.index);
  return entry.body;
}

/** What a wallet knows of a ledger that has ended. */
export interface Known {
  ledger: string;
  /** Every seal of it that is kept. */
  seals: Checkpoint[];
}

/** How a ledger ended, as the node of the one that continues it shows it. */
export interface End {
  charters: Receipt[];
  checkpoint: string;
  /** The record that ends it; null when its log key was lost. */
  ending: Receipt | null;
  /** Fetches a tile of the old log. */
  tile: FetchTile;
}

/** A ledger that ended, as its successor's founding entry names it. */
export interface Ended {
  named: Predecessor;
  /** Who governed it to its end. */
  lineage: Lineage;
}

/** A ledger that does not continue the one that is known. */
export class SuccessionError extends Error {}

/**
 * Checks that the ledger of `after` continues the one that is known; returns that, as its founding entry names it.
 *
 * @throws SuccessionError, LineageError
 */
export async function checkSuccession(known: Known, end: End, after: Lineage, now: number): Promise<Ended> {
  const must = (holds: boolean, why: string) => {
    if (!holds) throw new SuccessionError(why);
  };
  const before = await followLineage(known.ledger, end.charters, now);
  const last = await openCheckpoint(end.checkpoint, before.log.keys);
  if (!last) throw new SuccessionError("the last checkpoint is not signed by the old log");
  const reaches = async (head: { size: number; root: Checkpoint["root"] }) => {
    const proof = head.size <= last.size ? await consistencyProof(head.size, last.size, end.tile) : null;
    return proof !== null && isConsistent(head, last, proof);
  };
  for (const seen of known.seals) must(await reaches(seen), `it does not continue what this wallet has seen: ${seen.size}`);
  const named = continued(after, before.charter);
  if (!named) throw new SuccessionError("its founding entry names no ledger before it, or too few of the old council have signed it");
  must(named.ledger === known.ledger, `its founding entry continues ledger ${named.ledger}, not this one`);
  const head = { size: named.size, root: fromHex(named.root, 32) };
  if (!end.ending) {
    // The log key was lost: the last checkpoint is the end, which the old council signs with the founding entry.
    must(head.size === last.size && equal(head.root, last.root), "it names another end than the last checkpoint");
  } else {
    must(parseNote(end.ending.checkpoint)?.text === parseNote(end.checkpoint)?.text, "the record that ends it is not shown under the last checkpoint");
    const { size, root, document } = await ending(before, end.ending);
    must(end.ending.index === size && size + 1 === last.size, "the record that ends it is not the last one");
    must(size === named.size && root === named.root && document === named.snapshot, "the founding entry names another end than the old council attested");
  }
  must(await reaches(head), "the last checkpoint does not continue the end that it names");
  must(before.charter.origin !== after.charter.origin, "both logs have the same origin: nobody could tell them apart");
  return { named, lineage: before };
}

/** Returns the whole record that a receipt opens; nothing of it is verified. */
function recordOf({ index, opening }: Receipt): { recordedAt: number; envelope: Envelope } {
  if (opening[0] !== WHOLE) throw noCharter(index);
  try {
    return decodeRecord(decode(signerOpening, opening, "opening").record);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new LineageError("receipt", `record ${index}: ${error.message}`);
  }
}

/** Returns who signed an entry: every signature in it must hold. */
async function signers(index: number, { payload, entry, signatures }: Envelope, ledger: string): Promise<string[]> {
  const input = signingInput(ledger, payload, entry.kind);
  for (const { key, signature } of signatures) {
    if (!(await verify(fromHex(key), fromHex(signature), input))) throw new LineageError("receipt", `record ${index}: a signature does not hold`);
  }
  return signatures.map(({ key }) => key);
}

/** Returns how long a new charter waits, in milliseconds, when those who may decide have signed it. */
function delay(index: number, signed: string[], before: Charter, next: Charter): number {
  const { council, council_threshold } = next;
  // Rescue keys change who sits in the council, and nothing else.
  const isRescue = before.rescue_threshold > 0 && before.rescue_threshold <= count(signed, before.rescue)
    && JSON.stringify(next) === JSON.stringify({ ...before, council, council_threshold });
  if (before.council_threshold <= count(signed, before.council)) return before.policy.recovery_delay * 1_000;
  if (isRescue) return RESCUE_DELAY;
  throw tooFew(index, count(signed, before.council), before.council_threshold);
}

function enough(index: number, signed: string[], council: string[], need: number): void {
  if (count(signed, council) < need) throw tooFew(index, count(signed, council), need);
}

const count = (signed: string[], keys: string[]): number => keys.filter((key) => signed.includes(key)).length;

function ofReceipt(index: number, error: unknown): unknown {
  return error instanceof ReceiptError ? new LineageError("receipt", `record ${index}: ${error.message}`) : error;
}
const noCharter = (index: number) => new LineageError("no_charter", `record ${index} makes no charter`);
const tooFew = (index: number, have: number, need: number) =>
  new LineageError("too_few", `the charter of record ${index} is signed by too few of the council: ${have} of ${need}`);
const tooEarly = (index: number, from: number) =>
  new LineageError("too_early", `the charter of record ${index} counts from ${new Date(from).toISOString()} on, not before`);
