/**
 * The public log: tree heads, inclusion, consistency (RFC 6962), signed notes and checkpoints (C2SP).
 *
 * Mirrors `ledger/src/log/`. Sizes and indexes are numbers, at most 2^53 - 1.
 */

import { type Bytes, base64, concat, equal, fromBase64, hex, sha256, utf8 } from "./bytes.ts";
import { faultOfKey, verify } from "./ed25519.ts";

export interface TreeHead {
  size: number;
  root: Bytes;
}

export function leafHash(leaf: Uint8Array): Promise<Bytes> {
  return sha256(Uint8Array.of(0), leaf);
}

export function nodeHash(left: Bytes, right: Bytes): Promise<Bytes> {
  return sha256(Uint8Array.of(1), left, right);
}

/** Returns the head of the tree over leaves with these hashes. */
export async function treeHead(hashes: readonly Bytes[]): Promise<Bytes> {
  if (hashes.length === 0) return sha256();
  if (hashes.length === 1) return hashes[0] as Bytes;
  let half = 1;
  while (half * 2 < hashes.length) half *= 2;
  return nodeHash(await treeHead(hashes.slice(0, half)), await treeHead(hashes.slice(half)));
}

/** A walk from one node to the root: its place on the present level, and the place of the level's last node. */
class Climb {
  place: number;
  last: number;

  constructor(place: number, last: number) {
    this.place = place;
    this.last = last;
  }
  /** Says on which side the next sibling stands, and climbs past it; null at the root. */
  step(): "left" | "right" | null {
    if (this.last === 0) return null;
    const isLeft = this.place % 2 === 1 || this.place === this.last;
    // The last node of a level may lack a sibling there: it moves up alone until it is a right child.
    if (isLeft) while (this.place % 2 === 0 && this.last > 0) this.rise();
    this.rise();
    return isLeft ? "left" : "right";
  }
  rise(): void {
    this.place = Math.floor(this.place / 2);
    this.last = Math.floor(this.last / 2);
  }
}

/** Returns the root to which an inclusion proof leads; null for a proof that this place in the tree cannot have. */
export async function rootFromInclusion(leaf: Bytes, index: number, proof: readonly Bytes[], size: number): Promise<Bytes | null> {
  if (index >= size) return null;
  const climb = new Climb(index, size - 1);
  let root = leaf;
  for (const sibling of proof) {
    const side = climb.step();
    if (side === null) return null;
    root = side === "left" ? await nodeHash(sibling, root) : await nodeHash(root, sibling);
  }
  return climb.last === 0 ? root : null;
}

/** Tells whether the tree `later` continues the tree `earlier`. */
export async function isConsistent(earlier: TreeHead, later: TreeHead, proof: readonly Bytes[]): Promise<boolean> {
  if (earlier.size > later.size) return false;
  const empty = await sha256();
  if ([earlier, later].some((head) => head.size === 0 && !equal(head.root, empty))) return false;
  if (earlier.size === 0) return proof.length === 0;
  if (earlier.size === later.size) return proof.length === 0 && equal(earlier.root, later.root);
  const climb = new Climb(earlier.size - 1, later.size - 1);
  while (climb.place % 2 === 1) climb.rise();
  // A complete old tree is a node of the new one: the proof leaves it out.
  const rest = climb.place === 0 ? proof : proof.slice(1);
  const start = climb.place === 0 ? earlier.root : proof[0];
  if (!start) return false;
  let [older, newer] = [start, start];
  for (const sibling of rest) {
    const side = climb.step();
    if (side === null) return false;
    if (side === "left") older = await nodeHash(sibling, older);
    newer = side === "left" ? await nodeHash(sibling, newer) : await nodeHash(newer, sibling);
  }
  return climb.last === 0 && equal(older, earlier.root) && equal(newer, later.root);
}

/** A key that signs notes: name, and the 32 bytes of Ed25519. */
export interface VerifierKey {
  name: string;
  key: Bytes;
  id: string;
}

/** What a key signs: the notes of a log, or what a witness has seen, with the time. */
export const KEY_TYPES = { log: 1, witness: 4 } as const;
export type KeyType = keyof typeof KEY_TYPES;

/** Returns the key of a log, whose name is its origin, or of a witness. */
export async function logKey(name: string, key: Bytes, type: KeyType = "log"): Promise<VerifierKey> {
  const digest = await sha256(utf8(name), Uint8Array.of(10, KEY_TYPES[type]), key);
  return { name, key, id: hex(digest.slice(0, 4)) };
}

/** Reads a verifier key: name, id, and base64 of type and key; null when it is none of this type. */
export async function parseVkey(text: string, type: KeyType = "log"): Promise<VerifierKey | null> {
  const [, name, id, data] = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? [];
  const bytes = data === undefined ? null : fromBase64(data);
  if (!name || bytes?.length !== 33 || bytes[0] !== KEY_TYPES[type] || faultOfKey(bytes.slice(1)) !== null) return null;
  const key = await logKey(name, bytes.slice(1), type);
  return key.id === id ? key : null;
}

/** Returns a key as it is written down. */
export function printVkey({ name, key, id }: VerifierKey, type: KeyType = "log"): string {
  return `${name}+${id}+${base64(concat(Uint8Array.of(KEY_TYPES[type]), key))}`;
}

export interface Note {
  /** What is signed; it ends in a newline. */
  text: string;
  signatures: { name: string; id: string; signature: Bytes }[];
}

/** Reads a note: text, the last empty line, lines with signatures; null for anything else. */
export function parseNote(note: string): Note | null {
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || !note.endsWith("\n") || note.length > 65_536 || /[\u0000-\u0009\u000b-\u001f]/.test(note)) return null;
  const lines = note.slice(at + 2, -1).split("\n");
  if (lines.length > 64) return null;
  const signatures = lines.map((line) => {
    const [, name, data] = /^\u2014 ([^\s+]+) (\S+)$/u.exec(line) ?? [];
    const bytes = data === undefined ? null : fromBase64(data);
    if (!name || !bytes || bytes.length < 5) return null;
    return { name, id: hex(bytes.slice(0, 4)), signature: bytes.slice(4) };
  });
  return signatures.includes(null) ? null : { text: note.slice(0, at + 1), signatures: signatures as Note["signatures"] };
}

export interface Checkpoint extends TreeHead {
  origin: string;
  /** The whole signed note. */
  note: string;
}

/** What the text of a note claims to be a checkpoint of; nothing of it is verified. */
export function readCheckpoint(note: string): Checkpoint | null {
  const [origin, digits, root64, ...more] = parseNote(note)?.text.slice(0, -1).split("\n") ?? [];
  const root = root64 === undefined ? null : fromBase64(root64);
  if (!origin || root?.length !== 32 || !/^(0|[1-9][0-9]{0,15})$/.test(digits ?? "") || more.includes("")) return null;
  return { origin, size: Number(digits), root, note };
}

/**
 * Returns what a signed checkpoint says, if one of `keys` has signed it. A line by a known key that does not verify
 * refuses the whole note.
 */
export async function openCheckpoint(note: string, keys: readonly VerifierKey[]): Promise<Checkpoint | null> {
  const [read, claimed] = [parseNote(note), readCheckpoint(note)];
  if (!read || !claimed) return null;
  let isSigned = false;
  for (const line of read.signatures) {
    const key = keys.find((one) => one.name === line.name && one.id === line.id);
    if (!key || key.name !== claimed.origin) continue;
    if (!(await verify(key.key, line.signature, utf8(read.text)))) return null;
    isSigned = true;
  }
  return isSigned ? claimed : null;
}

