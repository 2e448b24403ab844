/**
 * The kinds of entry and their canonical bytes; what is signed, and the id. Mirrors `ledger/src/entry/codec.rs`.
 *
 * Ids, keys and hashes are hexadecimal text, enumerations are words, amounts are minor units.
 */

import { type Bytes, concat, fromHex, hex, sha256, utf8 } from "./bytes.ts";
import {
  type Codec, Malformed, Reader, Writer, bool, decode, encode, fixed, nullable, oneOf, pair, set, struct, text, uint,
  type Value,
} from "./cbor.ts";
import { faultOfKey } from "./ed25519.ts";

const PAYLOAD_BYTES_MAX = 16_384;
const ENVELOPE_BYTES_MAX = PAYLOAD_BYTES_MAX + 16 + 16 * 101;
const LINES_MAX = 1_024;
const KEYS_MAX = 64;

const account = (field: string): Codec<string> => fixed(field, 16);
const hash = (field: string): Codec<string> => fixed(field, 32);
const key = (field: string): Codec<string> => fixed(field, 32, faultOfKey);
const amount = (field: string): Codec<number> => uint(field, 1);
const deadline = (field: string): Codec<number> => uint(field, 0, 253_402_300_799);
const rate = pair("rate", amount("rate"), amount("rate"));

export const ACCOUNT_KINDS = ["budget", "member", "merchant", "fund", "card", "voucher", "settlement", "partner"] as const;
export type AccountKind = (typeof ACCOUNT_KINDS)[number];

const grant = struct("keys", {
  key: key("keys"),
  rights: uint("rights", 1, 15),
  until: nullable(deadline("until")),
  cap: nullable(amount("cap")),
});
const state = struct("state", {
  account: account("account"),
  kind: oneOf("kind", ACCOUNT_KINDS),
  keys: set("keys", 0, KEYS_MAX, grant, (one) => one.key),
  threshold: uint("threshold"),
  limit: uint("limit"),
  ceiling: nullable(uint("ceiling")),
  organisation: nullable(fixed("organisation", 16)),
  heir: nullable(account("heir")),
  until: nullable(deadline("until")),
  payees: nullable(set("payees", 0, 256, account("payees"))),
});
export type AccountState = Value<typeof state>;

const status = oneOf("status", ["open", "frozen"] as const);

const country: Codec<string> = {
  write: (w, value) => void w.text(value),
  read: (r) => {
    const value = r.text("ceilings_country", 2);
    if (!/^[A-Z]{2}$/.test(value)) throw new Malformed("ceilings_country", "two capital letters belong here");
    return value;
  },
};
const rules: Codec<number> = {
  write: (w, value) => void w.uint(value),
  read: (r) => {
    const value = r.uint("rules");
    if (value !== 1) throw new Malformed("rules", `${value} is unknown: update this program`, "update_needed");
    return value;
  },
};
const DAY = 86_400;
const policy = struct("policy", {
  joining: oneOf("joining", ["council", "invitation", "open"] as const),
  member_limit: uint("member_limit"),
  pay_validity: uint("pay_validity", 60, 90 * DAY),
  other_validity: uint("other_validity", 60, 90 * DAY),
  recovery_delay: uint("recovery_delay", DAY, 30 * DAY),
  correction_window: uint("correction_window", 0, 30 * DAY),
  refund_window: uint("refund_window", DAY, 365 * DAY),
  organisation_day_amount: nullable(uint("organisation_day_amount")),
  registrar_opens: uint("registrar_opens"),
  registrar_freezes: uint("registrar_freezes"),
  euro_rate: nullable(rate),
  offline_cap: uint("offline_cap"),
  card_free_amount: uint("card_free_amount"),
  card_day_cap: uint("card_day_cap"),
  dormancy: uint("dormancy"),
  heir_fund: nullable(account("heir_fund")),
  ceilings_country: country,
});
const keys = (field: string, least: number): Codec<string[]> => set(field, least, KEYS_MAX, key(field));
const charter = struct("charter", {
  rules,
  log_keys: keys("log_keys", 1),
  origin: text("origin", 200),
  witness_policy: hash("witness_policy"),
  council: keys("council", 1),
  council_threshold: uint("council_threshold"),
  rescue: keys("rescue", 0),
  rescue_threshold: uint("rescue_threshold"),
  registrar: key("registrar"),
  guardian: key("guardian"),
  auditors: keys("auditors", 0),
  policy,
});

const share = pair("payees", account("payees"), amount("amount"));
const payLine = struct("payees", {
  to: account("payees"),
  amount: amount("amount"),
  request: nullable(struct("request", { id: fixed("request", 16), until: deadline("until") })),
});

/** The bodies of every kind that has a form. */
const BODIES = {
  found: struct("body", {
    name: text("name", 100),
    unit: pair("unit", text("unit", 40), text("unit", 40)),
    scale: uint("scale", 0, 4),
    charter,
    predecessor: nullable(
      struct("predecessor", {
        ledger: hash("predecessor"),
        size: uint("predecessor"),
        root: hash("predecessor"),
        snapshot: hash("predecessor"),
      }),
    ),
  }),
  govern: struct("body", { base: uint("base"), charter }),
  open: struct("body", { states: set("states", 1, LINES_MAX, state, (one) => one.account) }),
  change: struct("body", { base: uint("base"), state, status }),
  veto: struct("body", { index: uint("index") }),
  close: struct("body", { account: account("account"), heir: account("heir") }),
  earn: struct("body", {
    budget: account("budget"),
    reason: oneOf("reason", ["helped", "took_part", "welcome", "migration"] as const),
    task: nullable(fixed("task", 16)),
    payees: set("payees", 1, LINES_MAX - 1, share, ([to]) => to),
  }),
  pay: struct("body", {
    from: account("from"),
    payees: set("payees", 1, LINES_MAX - 1, payLine),
    late: bool("late"),
  }),
  refund: struct("body", { index: uint("index"), line: uint("line"), amount: amount("amount") }),
  redeem: struct("body", { merchant: account("merchant"), amount: amount("amount"), rate: nullable(rate) }),
  settle: struct("body", {
    redeems: set("redeems", 1, LINES_MAX, uint("redeems")),
    bank_reference: hash("bank_reference"),
  }),
  retire: struct("body", { budget: account("budget"), amount: amount("amount") }),
  correct: struct("body", {
    index: uint("index"),
    lines: set("lines", 1, Math.floor(LINES_MAX / 3), pair("lines", uint("line"), amount("amount")), ([line]) => line),
    reason: oneOf("reason", ["wrong_amount", "wrong_person", "twice", "not_done", "other"] as const),
    cover: nullable(account("cover")),
  }),
  attest: struct("body", {
    statement: oneOf("statement", [
      "impact_report", "audit_note", "closing_statement", "snapshot", "restore_override", "succession",
    ] as const),
    size: uint("size"),
    root: hash("root"),
    document: hash("document"),
  }),
};

export type Kind = keyof typeof BODIES;
export type Bodies = { [K in Kind]: Value<(typeof BODIES)[K]> };
/** An entry: `body` is that of `kind`. */
export type Entry = {
  [K in Kind]: { kind: K; nonce: string; expires_at: number; memo: string | null; body: Bodies[K] };
}[Kind];

const NUMBERS: Record<Kind, number> = {
  found: 1, govern: 2, open: 3, change: 4, veto: 5, close: 6,
  earn: 10, pay: 11, refund: 12, redeem: 13, settle: 14, retire: 15, correct: 16, attest: 20,
};

/** Returns the kind with this number. */
export function kindOf(number: number): Kind | null {
  return (Object.keys(NUMBERS) as Kind[]).find((kind) => NUMBERS[kind] === number) ?? null;
}

const nonce = fixed("nonce", 16);
const expires = deadline("expires_at");
const memo = nullable(hash("memo"));

const entry: Codec<Entry> = {
  write(w, value) {
    w.array(6).uint(1).uint(NUMBERS[value.kind]);
    nonce.write(w, value.nonce);
    expires.write(w, value.expires_at);
    memo.write(w, value.memo);
    (BODIES[value.kind] as Codec<unknown>).write(w, value.body);
  },
  read(r) {
    r.array("entry", 6);
    const version = r.uint("version");
    if (version !== 1) throw new Malformed("version", `${version} is unknown: update this program`, "update_needed");
    const number = r.uint("kind");
    const kind = kindOf(number);
    if (!kind) throw new Malformed("kind", `${number} is unknown: update this program`, "update_needed");
    const head = { kind, nonce: nonce.read(r), expires_at: expires.read(r), memo: memo.read(r) };
    return { ...head, body: BODIES[kind].read(r) } as Entry;
  },
};

/** Returns the canonical bytes of an entry: its payload. */
export function encodeEntry(value: Entry): Bytes {
  return encode(entry, value);
}

/** Reads a payload. @throws Malformed naming the first field that is not as the specification says. */
export function decodeEntry(payload: Bytes): Entry {
  if (payload.length > PAYLOAD_BYTES_MAX) throw new Malformed("payload", `at most ${PAYLOAD_BYTES_MAX} bytes`);
  return decode(entry, payload, "entry");
}

/** Returns the hash that a line of an `open` or `change` refers to. */
export function stateDigest(value: AccountState, is: "open" | "frozen"): Promise<Bytes> {
  return sha256(encode(pair("state", state, status), [value, is]));
}

/** An entry with its payload, exactly as signed, and its signatures, ascending by key. */
export interface Envelope {
  payload: Bytes;
  entry: Entry;
  signatures: { key: string; signature: string }[];
}

const signatures = (least: number) =>
  set("signatures", least, 16, pair("signatures", fixed("signatures", 32), fixed("signatures", 64)), ([one]) => one);

/** Returns the bytes of an envelope. */
export function encodeEnvelope(payload: Bytes, signed: readonly { key: string; signature: string }[]): Bytes {
  const w = new Writer().array(2).bytes(payload);
  signatures(0).write(w, signed.map((one) => [one.key, one.signature] as const));
  return w.finish();
}

/** Reads an envelope; a draft may have no signatures yet. @throws Malformed */
export function decodeEnvelope(bytes: Bytes, draft = false): Envelope {
  if (bytes.length > ENVELOPE_BYTES_MAX) throw new Malformed("envelope", `at most ${ENVELOPE_BYTES_MAX} bytes`);
  const r = new Reader(bytes);
  r.array("envelope", 2);
  const payload = r.bytes("payload");
  if (payload.length > PAYLOAD_BYTES_MAX) throw new Malformed("payload", `at most ${PAYLOAD_BYTES_MAX} bytes`);
  const signed = signatures(draft ? 0 : 1).read(r).map(([by, signature]) => ({ key: by, signature }));
  r.end("envelope");
  const read = { payload, entry: decodeEntry(payload), signatures: signed };
  if (hex(encodeEnvelope(payload, signed)) !== hex(bytes)) throw new Malformed("envelope", "not the deterministic encoding");
  return read;
}

/** Returns the Sig_structure of COSE_Sign1 that every signer signs; the founding entry has no ledger yet. */
export function signingInput(ledger: string, payload: Bytes, kind: Kind): Bytes {
  const external = kind === "found" ? new Uint8Array(32) : fromHex(ledger, 32);
  const header = Uint8Array.of(0xa1, 0x01, 0x32);
  return new Writer().array(4).text("Signature1").bytes(header).bytes(external).bytes(payload).finish();
}

/** Returns the id of an entry by what its signers sign. */
export async function entryId(input: Bytes): Promise<string> {
  return hex(await sha256(utf8("klaver/entry/v1\n"), input));
}

/** Returns the id of the ledger that a founding payload makes. */
export async function ledgerId(payload: Bytes): Promise<string> {
  return hex(await sha256(utf8("klaver/ledger/v1\n"), payload));
}

/** Returns the account that redeemed credits move to. */
export async function settlementAccount(ledger: string): Promise<string> {
  return hex((await sha256(utf8("klaver/settlement/v1\n"), fromHex(ledger, 32))).slice(0, 16));
}

/** Returns the seed of the key that a card or voucher derives from its printed secret. */
export function paperSeed(ledger: string, secret: Bytes): Promise<Bytes> {
  return sha256(utf8("klaver/paper/v1\n"), fromHex(ledger, 32), secret);
}

/** Returns the commitment to a memo. */
export async function memoCommitment(salt: Bytes, words: string): Promise<string> {
  return hex(await sha256(utf8("klaver/memo/v1\n"), salt, utf8(words)));
}

/** Says why a text cannot be a memo: too long, or with characters that cannot be seen. */
export function faultOfMemo(words: string): "too_long" | "invisible" | null {
  if (utf8(words).length > 140) return "too_long";
  return /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(words) ? "invisible" : null;
}

/** What a challenge is answered for: a session of an account (null for an office), or joining with a first key. */
export type Claim = { session: string | null } | { join: string };

/** Returns the bytes that prove, when signed, that somebody holds a key. */
export function challengeBytes(ledger: string, origin: string, claim: Claim, fresh: Bytes, expiry: number): Bytes {
  const words = utf8(origin);
  const size = Uint8Array.of(words.length >> 8, words.length & 255);
  const ends = new Uint8Array(8);
  new DataView(ends.buffer).setBigUint64(0, BigInt(expiry));
  const [domain, who] = "join" in claim
    ? ["klaver/join/v1\n", fromHex(claim.join, 32)]
    : ["klaver/session/v1\n", claim.session === null ? new Uint8Array(16) : fromHex(claim.session, 16)];
  return concat(utf8(domain), fromHex(ledger, 32), size, words, who, fresh, ends);
}
