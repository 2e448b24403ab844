/**
 * What a person keeps: proof that the ledger holds an entry or a line, checked without trusting the node.
 *
 * *Paid* means that `verifyReceipt` returned, and what it proves is what was signed. Mirrors `ledger/src/receipt.rs`.
 */

import { type Bytes, base64, concat, equal, fromBase64, fromHex, sha256, utf8 } from "./bytes.ts";
import { type Codec, Malformed, Reader, decode, encode, fixed, nullable, struct, uint, type Value } from "./cbor.ts";
import { verify } from "./ed25519.ts";
import { type Envelope, type Kind, decodeEnvelope, kindOf, signingInput } from "./entry.ts";
import { type Checkpoint, type VerifierKey, leafHash, openCheckpoint, parseNote, rootFromInclusion } from "./log.ts";

/** A receipt as it travels. Nothing of it is known to be true before it is verified. */
export interface Receipt {
  index: number;
  /** The canonical bytes of the opening. */
  opening: Bytes;
  /** The leaf's sibling first. */
  proof: Bytes[];
  /** The checkpoint with the log's signature. */
  checkpoint: string;
}

/** Which log a receipt must come from. */
export interface LogIdentity {
  ledger: string;
  keys: VerifierKey[];
}

export type Reference =
  | { to: "request"; id: string }
  | { to: "task"; id: string }
  | { to: "line"; index: number; line: number }
  | { to: "state"; digest: string };

export interface Line {
  index: number;
  recorded_at: number;
  kind: Kind;
  account: string;
  seq: number;
  debit: number;
  credit: number;
  reference: Reference | null;
}

/** What a receipt proves. */
export interface Proven {
  index: number;
  recordedAt: number;
  checkpoint: Checkpoint;
  /** The entry, all of whose signatures hold; or a line of an account. */
  content: { envelope: Envelope } | { line: Line };
}

export type ReceiptCode =
  | "malformed_receipt" | "receipt_index_differs" | "receipt_line_not_in_record" | "receipt_not_in_log"
  | "receipt_other_log" | "receipt_bad_signature" | "receipt_lines_needed" | "update_needed";

export class ReceiptError extends Error {
  readonly code: ReceiptCode;
  constructor(code: ReceiptCode, why: string) {
    super(why);
    this.code = code;
  }
}

const HEADER = "c2sp.org/tlog-proof@v1";

/** Reads a `.tlog-proof` file. @throws ReceiptError */
export function parseReceiptFile(file: string): Receipt {
  const malformed = (why: string) => new ReceiptError("malformed_receipt", why);
  const at = file.indexOf("\n\n");
  const lines = file.slice(0, Math.max(at, 0)).split("\n");
  if (at < 0 || lines.shift() !== HEADER) throw malformed(`the first line must be ${HEADER}`);
  const extra = lines[0]?.startsWith("extra ") ? fromBase64((lines.shift() as string).slice(6)) : null;
  if (!extra) throw malformed("the line \"extra\" is missing or no base64");
  const [, index] = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? "") ?? [];
  const proof = lines.map((line) => fromBase64(line));
  if (index === undefined || proof.length > 64 || proof.some((hash) => hash?.length !== 32)) {
    throw malformed("an index and hashes belong there");
  }
  const checkpoint = file.slice(at + 2);
  if (!parseNote(checkpoint)) throw malformed("the checkpoint is no signed note");
  return { index: Number(index), opening: extra, proof: proof as Bytes[], checkpoint };
}

/** Returns the content of the receipt's `.tlog-proof` file. */
export function printReceiptFile(receipt: Receipt): string {
  const lines = [HEADER, `extra ${base64(receipt.opening)}`, `index ${receipt.index}`, ...receipt.proof.map(base64)];
  return `${lines.join("\n")}\n\n${receipt.checkpoint}`;
}

const reference: Codec<Reference> = {
  write(w, value) {
    switch (value.to) {
      case "request": return void w.array(2).uint(0).bytes(fromHex(value.id, 16));
      case "task": return void w.array(2).uint(1).bytes(fromHex(value.id, 16));
      case "line": return void w.array(3).uint(2).uint(value.index).uint(value.line);
      case "state": return void w.array(2).uint(3).bytes(fromHex(value.digest, 32));
    }
  },
  read(r) {
    const length = r.arrayHead("ref");
    const type = r.uint("ref");
    if (type === 0 && length === 2) return { to: "request", id: fixed("ref", 16).read(r) };
    if (type === 1 && length === 2) return { to: "task", id: fixed("ref", 16).read(r) };
    if (type === 2 && length === 3) return { to: "line", index: r.uint("ref"), line: r.uint("ref") };
    if (type === 3 && length === 2) return { to: "state", digest: fixed("ref", 32).read(r) };
    throw new Malformed("ref", `${type} is unknown: update this program`, "update_needed");
  },
};

const NUMBERS: Record<string, number> = {};
for (let number = 1; number <= 20; number++) {
  const kind = kindOf(number);
  if (kind) NUMBERS[kind] = number;
}
const kindNumber: Codec<Kind> = {
  write: (w, value) => void w.uint(NUMBERS[value] as number),
  read: (r) => {
    const number = r.uint("kind");
    const kind = kindOf(number);
    if (!kind) throw new Malformed("kind", `${number} is unknown: update this program`, "update_needed");
    return kind;
  },
};

const line: Codec<Line> = struct("line", {
  index: uint("index"),
  recorded_at: uint("recorded_at"),
  kind: kindNumber,
  account: fixed("account", 16),
  seq: uint("seq"),
  debit: uint("debit"),
  credit: uint("credit"),
  reference: nullable(reference),
});

/** Returns the canonical bytes of a line. */
export function encodeLine(value: Line): Bytes {
  return encode(line, value);
}

/** An item that is kept as its bytes. */
const item = (field: string): Codec<Bytes> => ({ write: (w, value) => void w.encoded(value), read: (r) => r.item(field) });
const hash = (field: string): Codec<string> => fixed(field, 32);

/** The opening of a whole record. */
export const signerOpening = struct("opening", { type: uint("opening", 1, 1), salt: hash("salt"), record: item("record"), views: hash("view root") });
const lineOpening = struct("opening", {
  type: uint("opening", 2, 2),
  salt: hash("salt"),
  line,
  number: uint("line number", 0, 1_024),
  count: uint("line count", 0, 1_024),
  path: pathOf(),
  record: hash("record hash"),
});
type LineOpening = Value<typeof lineOpening>;

function pathOf(): Codec<string[]> {
  const one = hash("path");
  return {
    write: (w, values) => {
      w.array(values.length);
      for (const value of values) one.write(w, value);
    },
    read: (r) => {
      const length = r.arrayHead("path");
      if (length > 10) throw new Malformed("path", "at most 10 hashes belong here");
      return Array.from({ length }, () => one.read(r));
    },
  };
}

/** Reads a record: index, time, envelope. */
export function decodeRecord(bytes: Bytes): { index: number; recordedAt: number; envelope: Envelope } {
  const r = new Reader(bytes);
  r.array("record", 3);
  const [index, recordedAt] = [r.uint("index"), r.uint("recorded_at")];
  const head = encode(struct("record", { index: uint("index"), at: uint("recorded_at") }), { index, at: recordedAt });
  head[0] = 0x83;
  if (!equal(head, bytes.slice(0, r.at))) throw new Malformed("record", "not the deterministic encoding");
  return { index, recordedAt, envelope: decodeEnvelope(bytes.slice(r.at)) };
}

/** Returns the hash of the leaf whose commitment is made of a record's and its lines' hashes. */
async function commitmentLeaf(record: Bytes, views: Bytes): Promise<Bytes> {
  const commitment = await sha256(utf8("klaver/commit/v1\n"), record, views);
  return leafHash(concat(Uint8Array.of(1), commitment));
}

/** Verifies opening, inclusion, log signature, and the signatures in a record. @throws ReceiptError */
export async function verifyReceipt(receipt: Receipt, log: LogIdentity): Promise<Proven> {
  const opened = await open(receipt);
  if (opened.index !== receipt.index) {
    throw new ReceiptError("receipt_index_differs", `it is for index ${receipt.index}, but opens index ${opened.index}`);
  }
  const checkpoint = await openCheckpoint(receipt.checkpoint, log.keys);
  if (!checkpoint) throw new ReceiptError("receipt_other_log", "the checkpoint is not signed by this log");
  const root = await rootFromInclusion(opened.leaf, receipt.index, receipt.proof, checkpoint.size);
  if (!root || !equal(root, checkpoint.root)) {
    throw new ReceiptError("receipt_not_in_log", "what it says is not in the log at this place");
  }
  if ("envelope" in opened.content) {
    const { payload, entry, signatures } = opened.content.envelope;
    const input = signingInput(log.ledger, payload, entry.kind);
    for (const { key, signature } of signatures) {
      if (!(await verify(fromHex(key), fromHex(signature), input))) {
        throw new ReceiptError("receipt_bad_signature", "the record holds an entry that its signers did not sign");
      }
    }
  }
  return { index: receipt.index, recordedAt: opened.recordedAt, checkpoint, content: opened.content };
}

interface Opened {
  index: number;
  recordedAt: number;
  leaf: Bytes;
  content: Proven["content"];
}

async function open(receipt: Receipt): Promise<Opened> {
  const bytes = receipt.opening;
  try {
    if (bytes[0] === 0x83) {
      throw new ReceiptError("receipt_lines_needed", "an auditor's receipt is checked with the lines of the record");
    }
    if (bytes[0] === 0x84) {
      const { salt, record, views } = decode(signerOpening, bytes, "opening");
      const hashed = await sha256(utf8("klaver/record/v1\n"), fromHex(salt), record);
      const { index, recordedAt, envelope } = decodeRecord(record);
      return { index, recordedAt, leaf: await commitmentLeaf(hashed, fromHex(views)), content: { envelope } };
    }
    return await openLine(decode(lineOpening, bytes, "opening"));
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new ReceiptError("malformed_receipt", error.message);
  }
}

async function openLine(opening: LineOpening): Promise<Opened> {
  const view = await sha256(utf8("klaver/line/v1\n"), fromHex(opening.salt), encodeLine(opening.line));
  const path = opening.path.map((one) => fromHex(one));
  const views = await rootFromInclusion(await leafHash(view), opening.number, path, opening.count);
  if (!views) throw new ReceiptError("receipt_line_not_in_record", `it is not line ${opening.number} of ${opening.count}`);
  const leaf = await commitmentLeaf(fromHex(opening.record), views);
  return { index: opening.line.index, recordedAt: opening.line.recorded_at, leaf, content: { line: opening.line } };
}
