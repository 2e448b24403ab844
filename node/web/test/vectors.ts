/**
 * The test vectors of `docs/spec/vectors`, which Rust and TypeScript both run, byte for byte. This module runs in Node
 * and in a browser: it takes the vectors as values, and returns what differs.
 */

import { accountText, parseAccount } from "../src/lib/account.ts";
import { concat, fromHex, hex, utf8 } from "../src/lib/bytes.ts";
import { Malformed } from "../src/lib/cbor.ts";
import { faultOfKey, verify } from "../src/lib/ed25519.ts";
import {
  type Entry, challengeBytes, decodeEntry, decodeEnvelope, encodeEntry, encodeEnvelope, entryId, faultOfMemo, ledgerId,
  memoCommitment, paperSeed, settlementAccount, signingInput,
} from "../src/lib/entry.ts";
import { LineageError, SuccessionError, checkSuccession, continued, followLineage } from "../src/lib/lineage.ts";
import { LinkError, checkCommunity, parseLink, printLink } from "../src/lib/links.ts";
import { type Checkpoint, isConsistent, leafHash, logKey, openCheckpoint, parseVkey, printVkey, readCheckpoint, rootFromInclusion, treeHead } from "../src/lib/log.ts";
import { PolicyError, judge, parsePolicy } from "../src/lib/policy.ts";
import { recoverySeed } from "../src/lib/recovery.ts";
import { STEP_OF, type Trust, examine } from "../src/lib/verifier.ts";
import { closingDigest, shareHash } from "../src/lib/shares.ts";
import { consistencyProof, tilePath } from "../src/lib/tiles.ts";
import { ReceiptError, decodeRecord, parseReceiptFile, printReceiptFile, verifyReceipt } from "../src/lib/receipt.ts";

// The vectors are JSON without a type of their own.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = any;
export interface Vectors {
  challenges: Json;
  entries: Json;
  ids: Json;
  keys: Json;
  lineage: Json;
  links: Json;
  malformed: Json;
  memos: Json;
  merkle: Json;
  records: Json;
  witnesses: Json;
}

/** Collects what differs; counts what was compared. */
export class Differences {
  readonly found: string[] = [];
  compared = 0;

  same(name: string, found: unknown, expected: unknown): void {
    this.compared += 1;
    const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
    if (left !== right) this.found.push(`${name}: ${left?.slice(0, 300)} instead of ${right?.slice(0, 300)}`);
  }
}

/** Runs every vector. `by` forces the verifier for browsers without Ed25519. */
export async function run(vectors: Vectors, by?: "fallback"): Promise<Differences> {
  const d = new Differences();
  await challenges(d, vectors.challenges, by);
  await entries(d, vectors.entries, by);
  await malformed(d, vectors.malformed, by);
  await ids(d, vectors.ids);
  for (const { name, key, verdict } of vectors.keys) d.same(name, faultOfKey(fromHex(key)) ?? "accepted", verdict);
  await lineage(d, vectors.lineage);
  links(d, vectors.links);
  await memos(d, vectors.memos);
  await merkle(d, vectors.merkle);
  await records(d, vectors.records);
  await witnesses(d, vectors.witnesses);
  return d;
}

async function challenges(d: Differences, vectors: Json, by?: "fallback"): Promise<void> {
  for (const { name, claim, ledger, origin, nonce, expires_at, bytes, key, signature } of vectors) {
    const made = challengeBytes(ledger, origin, claim, fromHex(nonce), expires_at);
    d.same(`challenges.json: ${name}`, hex(made), bytes);
    d.same(`challenges.json: ${name}: signature`, await verify(fromHex(key), fromHex(signature), made, by), true);
  }
}

async function entries(d: Differences, vectors: Json, by?: "fallback"): Promise<void> {
  for (const vector of vectors) {
    const name = `entries.json: ${vector.name}`;
    const payload = encodeEntry(vector.entry as Entry);
    const input = signingInput(vector.ledger, payload, vector.entry.kind);
    const signed = vector.signatures.map(({ key, signature }: Json) => ({ key, signature }));
    signed.sort((a: Json, b: Json) => (a.key < b.key ? -1 : 1));
    d.same(`${name}: payload`, hex(payload), vector.payload);
    d.same(`${name}: read back`, decodeEntry(fromHex(vector.payload)), vector.entry);
    d.same(`${name}: signing input`, hex(input), vector.signing_input);
    d.same(`${name}: id`, await entryId(input), vector.entry_id);
    d.same(`${name}: envelope`, hex(encodeEnvelope(payload, signed)), vector.envelope);
    d.same(`${name}: envelope read`, decodeEnvelope(fromHex(vector.envelope)).signatures, signed);
    for (const { key, signature } of signed) {
      d.same(`${name}: signature`, await verify(fromHex(key), fromHex(signature), input, by), true);
    }
  }
}

async function malformed(d: Differences, vectors: Json, by?: "fallback"): Promise<void> {
  for (const vector of vectors) {
    let found: { code: string; field: string | null } = { code: "accepted", field: null };
    try {
      const { payload, entry, signatures } = decodeEnvelope(fromHex(vector.envelope));
      const input = signingInput(vector.ledger, payload, entry.kind);
      for (const { key, signature } of signatures) {
        // A node looks every key up first, and knows none that is no key.
        if (faultOfKey(fromHex(key)) !== null) found = { code: "unknown_key", field: null };
        else if (!(await verify(fromHex(key), fromHex(signature), input, by))) found = { code: "bad_signature", field: null };
      }
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      found = { code: error.code, field: error.field };
    }
    d.same(`malformed.json: ${vector.name}`, found, { code: vector.code, field: vector.field ?? null });
  }
}

async function ids(d: Differences, vectors: Json): Promise<void> {
  for (const { bytes, text } of vectors.accounts) {
    d.same(`account ${bytes}`, accountText(bytes), text);
    d.same(`account ${text}`, parseAccount(text), bytes);
  }
  for (const text of vectors.refused_accounts) d.same(`account ${text}`, parseAccount(text), null);
  d.same("ledger id", await ledgerId(fromHex(vectors.ledger.founding_payload)), vectors.ledger.ledger);
  d.same("settlement", await settlementAccount(vectors.settlement.ledger), vectors.settlement.account);
  const { ledger, secret, seed } = vectors.paper_key;
  d.same("paper key", hex(await paperSeed(ledger, fromHex(secret))), seed);
  const { ledger: of, secret: kept, seed: derived } = vectors.recovery_key;
  d.same("recovery key", hex(await recoverySeed(of, fromHex(kept))), derived);
}

function links(d: Differences, vectors: Json): void {
  const code = (read: () => void): string => {
    try {
      read();
      return "accepted";
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      return error.code;
    }
  };
  for (const { text, means, printed } of vectors.accepted) {
    const link = parseLink(text);
    const { node: _, ...said } = { node: "", ...link };
    d.same(`link ${text}`, said, means);
    d.same(`link ${text} printed`, printLink(link), printed);
  }
  for (const { text, code: expected } of vectors.refused) d.same(`link ${text}`, code(() => parseLink(text)), expected);
  const { home, text, code: expected } = vectors.other_community;
  d.same("other community", code(() => checkCommunity(parseLink(text), home, "00")), expected);
}

async function memos(d: Differences, vectors: Json): Promise<void> {
  for (const { salt, text, commitment } of vectors.memos) {
    d.same(`memo ${text}`, await memoCommitment(fromHex(salt), text), commitment);
    d.same(`memo ${text} is allowed`, faultOfMemo(text), null);
  }
  for (const text of vectors.refused) d.same(`memo ${text}`, faultOfMemo(text) !== null, true);
}

async function merkle(d: Differences, vectors: Json): Promise<void> {
  const hashes = await Promise.all(vectors.leaves.map((leaf: string) => leafHash(fromHex(leaf))));
  d.same("leaf hashes", hashes.map(hex), vectors.leaf_hashes);
  for (const [size, root] of vectors.roots.entries()) {
    d.same(`root of ${size}`, hex(await treeHead(hashes.slice(0, size))), root);
  }
  const root = (size: number) => fromHex(vectors.roots[size]);
  const broken = (proof: Uint8Array[]) => proof.map((hash, i) => (i === 0 ? hash.map((byte) => byte ^ 1) : hash));
  for (const { index, size, proof: texts } of vectors.inclusion) {
    const proof = texts.map((text: string) => fromHex(text));
    const lead = async (changed: Json) => hex((await rootFromInclusion(hashes[index], index, changed, size)) ?? new Uint8Array());
    d.same(`inclusion ${index} of ${size}`, await lead(proof), vectors.roots[size]);
    if (proof.length > 0) {
      d.same(`inclusion ${index} of ${size}, changed`, (await lead(broken(proof))) === vectors.roots[size], false);
      d.same(`inclusion ${index} of ${size}, too short`, await lead(proof.slice(1)), "");
    }
    d.same(`inclusion ${index} of ${size}, too long`, await lead([...proof, hashes[0]]), "");
  }
  for (const { old, size, proof: texts } of vectors.consistency) {
    const proof = texts.map((text: string) => fromHex(text));
    const holds = (changed: Json) => isConsistent({ size: old, root: root(old) }, { size, root: root(size) }, changed);
    d.same(`consistency ${old} to ${size}`, await holds(proof), true);
    if (proof.length > 0) d.same(`consistency ${old} to ${size}, changed`, await holds(broken(proof)), false);
    d.same(`consistency ${old} to ${size}, too long`, await holds([...proof, hashes[0]]), false);
    if (old < size) {
      const forked = isConsistent({ size: old, root: root(old + 1) }, { size, root: root(size) }, proof);
      d.same(`consistency ${old} to ${size}, another tree`, await forked, false);
    }
  }
}

async function records(d: Differences, vectors: Json): Promise<void> {
  const key = await parseVkey(vectors.log);
  d.same("the log's key", key?.name, "klaver.example/log");
  if (!key) return;
  const log = { ledger: vectors.ledger, keys: [key] };
  const checkpoint = await openCheckpoint(vectors.checkpoint, [key]);
  d.same("checkpoint", checkpoint?.size, vectors.records.length);
  d.same("checkpoint, changed", await openCheckpoint(vectors.checkpoint.replace("\n10\n", "\n11\n"), [key]), null);
  for (const { index, record } of vectors.records) d.same(`record ${index}`, decodeRecord(fromHex(record)).index, index);
  for (const { name, index, opening, file } of vectors.receipts) {
    const receipt = parseReceiptFile(file);
    d.same(`${name} receipt: opening`, hex(receipt.opening), opening);
    d.same(`${name} receipt: printed`, printReceiptFile(receipt), file);
    const proven = await code(async () => (await verifyReceipt(receipt, log)).index);
    d.same(`${name} receipt`, proven, name === "an auditor's" ? "receipt_lines_needed" : index);
    await examined(d, `${name} receipt`, file, { ...log, policy: null }, name === "an auditor's" ? "opening" : null);
  }
  // Two of the files are good, and are held against another log or ledger.
  const otherKey = await logKey(key.name, fromHex("5866666666666666666666666666666666666666666666666666666666666666"));
  const others: Record<string, typeof log> = {
    "by the key of another log": { ledger: vectors.ledger, keys: [otherKey] },
    "of another ledger": { ledger: "01".repeat(32), keys: [key] },
  };
  for (const { name, file, code: expected } of vectors.refused_receipts) {
    const found = await code(async () => (await verifyReceipt(parseReceiptFile(file), others[name] ?? log)).index);
    d.same(`receipt: ${name}`, found, expected);
    await examined(d, `receipt: ${name}`, file, { ...(others[name] ?? log), policy: null }, STEP_OF[found as keyof typeof STEP_OF]);
  }
}

/** A page that explains a receipt names the step that fails, whatever stands before it, and nothing after it. */
async function examined(d: Differences, name: string, file: string, trust: Trust, failing: string | null): Promise<void> {
  const { steps, proven } = await examine(file, trust, 0);
  d.same(`${name}: the step that fails`, steps.find(({ state }) => state === "fails")?.step ?? null, failing);
  d.same(`${name}: proven`, proven !== null, failing === null);
  const states = steps.map(({ state }) => state).join(" ");
  d.same(`${name}: in order`, /^(holds )*(fails( unknown)*|unknown)$/.test(states), true);
}

/** Who governs a ledger, whether another continues it, and what each account had: all from what a node would show. */
async function lineage(d: Differences, vectors: Json): Promise<void> {
  const receipts = (files: string[]) => files.map(parseReceiptFile);
  const why = (error: unknown) => {
    if (error instanceof LineageError) return error.code;
    if (error instanceof SuccessionError) return error.message;
    throw error;
  };
  for (const { name, ledger, receipts: files, now, verdict } of vectors.lineages) {
    const found = await followLineage(ledger, receipts(files), now).then(
      (known) => ({
        base: known.bases.at(-1), origin: known.charter.origin, council: known.charter.council,
        predecessor: continued(known, known.charter)?.ledger ?? null,
      }),
      (error: unknown) => ({ code: why(error) }),
    );
    d.same(`lineage ${name}`, found, verdict);
  }
  const tile = (path: string) => Promise.resolve(fromHex(vectors.log.tiles[path] ?? ""));
  const opened = async (seals: Checkpoint[], { new: shown, checkpoint, ending }: Json) => {
    const after = await followLineage(shown.ledger, receipts(shown.receipts), vectors.now);
    const end = { charters: receipts(vectors.charters), checkpoint, ending: ending && parseReceiptFile(ending), tile };
    return checkSuccession({ ledger: vectors.ledger, seals }, end, after, vectors.now).then(({ named }) => named.snapshot, why);
  };
  const seen = readCheckpoint(vectors.seen) as Checkpoint;
  for (const one of vectors.successions) d.same(`succession: ${one.name}`, await opened(one.why === null ? [seen] : [], one), one.why ?? vectors.shares.closing);
  const forked = { ...seen, root: seen.root.map((byte) => byte ^ 1) };
  d.same("succession: of another history", await opened([forked], vectors.successions[0]), `it does not continue what this wallet has seen: ${seen.size}`);
  for (const { old, proof } of vectors.log.consistency) {
    d.same(`proof from tiles ${old}`, (await consistencyProof(old, vectors.log.size, tile))?.map(hex), proof);
  }
  await tiled(d, vectors.tiled);
  await shares(d, vectors.shares);
}

/** Proofs from the tiles of a log with more than one level of them. */
async function tiled(d: Differences, { size, consistency }: Json): Promise<void> {
  const leaves = await Promise.all(Array.from({ length: size }, (_, i) => leafHash(Uint8Array.of(i >> 24, i >> 16, i >> 8, i))));
  const full = (await Promise.all([0, 256].map((from) => treeHead(leaves.slice(from, from + 256)))));
  const files: Record<string, Uint8Array<ArrayBuffer>> = {
    [tilePath(0, 0, 256)]: concat(...leaves.slice(0, 256)), [tilePath(0, 1, 256)]: concat(...leaves.slice(256, 512)),
    "tile/0/002.p/88": concat(...leaves.slice(512)), "tile/1/000.p/2": concat(...full),
  };
  const fetch = (path: string) => Promise.resolve(files[path] ?? new Uint8Array());
  for (const { old, proof } of consistency) d.same(`proof ${old} to ${size}`, (await consistencyProof(old, size, fetch))?.map(hex), proof);
  d.same("proof from a tile that is too short", await consistencyProof(300, size, async (path) => (await fetch(path)).slice(32)), null);
  d.same("the path of a tile", tilePath(2, 1_234_067, 112), "tile/2/x001/x234/067.p/112");
}

async function shares(d: Differences, { snapshot, list, closing, accounts }: Json): Promise<void> {
  d.same("closing digest", hex(await closingDigest(fromHex(snapshot), fromHex(list))), closing);
  for (const { salt, hash, opened, ...share } of accounts) {
    d.same(`share of ${share.account}`, hex(await shareHash(share, fromHex(salt))), hash);
    d.same(`${share.account} is listed`, (list.match(/.{64}/g) as string[]).includes(hash), true);
    d.same(`${share.account} opens with`, share.credits + share.returned - share.debits, opened);
  }
}

async function witnesses(d: Differences, vectors: Json): Promise<void> {
  const key = await parseVkey(vectors.log);
  d.same("the log's key printed", key && printVkey(key), vectors.log);
  for (const { name, policy, note, now, verdict } of vectors.checkpoints) {
    const found = await judge(await parsePolicy(policy), note, now);
    const said = found && { size: found.checkpoint.size, seen: found.seen, seen_in_future: found.seenInFuture, quorum: found.isQuorum };
    d.same(`checkpoint ${name}`, said, verdict);
  }
  for (const { text, line } of vectors.refused_policies) {
    const found = await parsePolicy(text).then(() => "accepted", (error: unknown) => (error instanceof PolicyError ? error.line : String(error)));
    d.same(`policy ${text}`, found, line);
  }
}

async function code<T>(make: () => Promise<T>): Promise<T | string> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof ReceiptError)) throw error;
    return error.code;
  }
}

/** Returns the bytes that change nothing but show that a comparison can fail. */
export function seeded(vectors: Vectors): Vectors {
  const copy = structuredClone(vectors);
  copy.entries[0].payload = copy.entries[0].payload.replace(/^86/, "87");
  copy.merkle.roots[3] = hex(utf8("x".repeat(32)));
  copy.records.refused_receipts[0].code = "accepted";
  copy.witnesses.checkpoints[0].verdict.quorum = true;
  copy.lineage.shares.closing = copy.lineage.shares.snapshot;
  return copy;
}
