import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { wordlist as english } from "@scure/bip39/wordlists/english.js";
import { wordlist as french } from "@scure/bip39/wordlists/french.js";
import { fromHex, hex } from "../src/lib/bytes.ts";
import { type WordsError, fromWords, toWords } from "../src/lib/recovery.ts";
import { AmountError, euroCents, fromDecimal, parseAmount, showEuro, showNumber, split, toDecimal } from "../src/lib/money.ts";
import { NoList, readMemberList, textOf } from "../src/lib/memberList.ts";
import { type Share, contradiction } from "../src/lib/shares.ts";
import { type Vectors, run, seeded } from "./vectors.ts";

const folder = `${process.env["KLAVER_ROOT"]}/docs/spec/vectors`;
const names = [
  "challenges", "entries", "ids", "keys", "lineage", "links", "malformed", "memos", "merkle", "records", "witnesses",
] as const;
const vectors = Object.fromEntries(
  names.map((name) => [name, JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8"))]),
) as unknown as Vectors;

test("every vector holds, byte for byte", async () => {
  const { found, compared } = await run(vectors);
  assert.deepEqual(found, []);
  assert.ok(compared > 600, `only ${compared} comparisons`);
});

test("every vector holds without the browser's own Ed25519", async () => {
  assert.deepEqual((await run(vectors, "fallback")).found, []);
});

test("a vector that is wrong is noticed", async () => {
  // The payload is compared, and read back: that throws.
  await assert.rejects(run(seeded(vectors)));
  const wrong = seeded(vectors);
  wrong.entries = vectors.entries;
  const { found } = await run(wrong);
  assert.ok(found.some((one) => one.startsWith("root of 3")), String(found));
  assert.ok(found.some((one) => one.startsWith("receipt: empty")), String(found));
  assert.ok(found.some((one) => one.startsWith("checkpoint seen by")), String(found));
  assert.ok(found.some((one) => one.startsWith("closing digest")), String(found));
});

test("an amount is read as people write it, and says what is wrong", () => {
  for (const [typed, scale, minor] of [
    ["5", 2, 500], ["5,8", 2, 580], ["5.80", 2, 580], [" 0,05 ", 2, 5], ["007", 0, 7], ["90071992547409.91", 2, Number.MAX_SAFE_INTEGER],
  ] as const) {
    assert.equal(parseAmount(typed, scale), minor, typed);
  }
  for (const [typed, fault] of [
    ["", "missing"], ["  ", "missing"], ["vijf", "no_number"], ["5,", "no_number"], [",5", "no_number"], ["+5", "no_number"],
    ["-5", "no_number"], ["1e3", "no_number"], ["٣", "no_number"], ["1,2,3", "two_commas"], ["1.000,50", "two_commas"],
    ["5,805", "decimals"], ["0", "zero"], ["0,00", "zero"], ["90071992547409.92", "too_large"],
  ] as const) {
    assert.throws(() => parseAmount(typed, 2), (error) => error instanceof AmountError && error.fault === fault, typed);
  }
});

test("an amount is shown as people read it", () => {
  assert.equal(showNumber(500, 2, "nl"), "5");
  assert.equal(showNumber(580, 2, "nl"), "5,80");
  assert.equal(showNumber(580, 2, "en"), "5.80");
  assert.equal(showNumber(-5, 2, "fr"), "−0,05");
  assert.equal(showNumber(123_456_789, 2, "nl"), "1\u202f234\u202f567,89");
  assert.equal(showNumber(7, 0, "nl"), "7");
  assert.equal(showEuro(580, "nl"), "€\u00a05,80");
  for (const minor of [0, 1, 99, 100, -350, 9_007_199_254_740_991]) {
    assert.equal(fromDecimal(toDecimal(minor, 2), 2), minor);
  }
  assert.equal(toDecimal(-350, 2), "-3.50");
});

test("a list of members is read as the program on the command line reads it", () => {
  interface Case { text: string; needs_keys?: boolean; read: { none?: string; members?: unknown[]; wrong?: unknown[] } }
  const { cases } = JSON.parse(readFileSync(`${process.env["KLAVER_ROOT"]}/docs/spec/lists/members.json`, "utf8")) as { cases: Case[] };
  assert.ok(cases.length >= 8);
  for (const { text, needs_keys: needsKeys = false, read } of cases) {
    let found: Case["read"];
    try {
      const { members, wrong } = readMemberList(text, { scale: 2, needsKeys });
      found = { members: members.map(({ line, name, key, limit }) => [line, name, key, limit]), wrong: wrong.map(({ line, fault, value }) => [line, fault, value]) };
    } catch (error) {
      assert.ok(error instanceof NoList, String(error));
      found = { none: error.fault };
    }
    assert.deepEqual(found, read, text);
  }
  // Quotes that do not end are no line.
  assert.deepEqual(readMemberList('Ann\n"Bert\n', { scale: 2, needsKeys: false }).wrong, [{ line: 2, fault: "broken", value: "" }]);
  assert.equal(textOf(Uint8Array.of(0x5a, 0x6f, 0xeb)), "Zoë");
});

test("twelve words are sixteen bytes, as the test vectors of BIP 39 have them", async () => {
  for (const [secret, words] of [
    ["00000000000000000000000000000000", "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"],
    ["7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f", "legal winner thank year wave sausage worth useful legal winner thank yellow"],
    ["9e885d952ad362caeb4efe34a8e91bd2", "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic"],
  ] as const) {
    assert.equal((await toWords(fromHex(secret), english)).join(" "), words);
    assert.equal(hex(await fromWords(words.toUpperCase(), [french, english])), secret);
    const abroad = await toWords(fromHex(secret), french);
    const typed = abroad.map((word) => word.normalize("NFKD").replace(/[^a-z]/g, "")).join(", ");
    assert.equal(hex(await fromWords(typed, [english, french])), secret);
  }
  const fault = (typed: string) => fromWords(typed, [english, french]).then(() => "read", (error: WordsError) => error.fault);
  assert.equal(await fault("abandon about"), "count");
  assert.equal(await fault("klaver ".repeat(12)), "word");
  assert.equal(await fault("abandon ".repeat(12)), "order");
});

test("a rate rounds half to even", () => {
  assert.deepEqual([1, 3, 5, 7].map((minor) => euroCents(minor, [1, 2])), [0, 2, 2, 4]);
  assert.equal(euroCents(3_800, [1, 1]), 3_800);
});

test("credits for a price are rounded down, and the rest is paid in money", () => {
  for (const [cents, rate, part, scale, minor, rest] of [
    [580, [1, 1], "exact", 2, 580, 0], [580, [1, 2], "exact", 2, 1_160, 0], [580, [1, 1], "whole", 2, 500, 80], [581, [1, 1], "half", 2, 200, 381],
    // Without decimals a credit of one euro cannot pay eighty cents.
    [580, [100, 1], "exact", 0, 5, 80], [599, [100, 1], "whole", 0, 5, 99], [99, [100, 1], "exact", 0, 0, 99], [100, [3, 2], "exact", 2, 66, 1],
  ] as const) {
    assert.deepEqual(split(cents, rate, part, scale), { minor, rest }, `${cents} ${rate} ${part} ${scale}`);
  }
  // A shop that takes so much of a bill at most; whole credits stay whole.
  assert.deepEqual(split(1_000, [1, 1], "exact", 2, 450), { minor: 450, rest: 550 });
  assert.deepEqual(split(1_000, [1, 1], "whole", 2, 450), { minor: 400, rest: 600 });
  assert.deepEqual(split(400, [1, 1], "exact", 2, 450), { minor: 400, rest: 0 });
});

test("what an account had between two ledgers only grows", () => {
  const share = (debits: number, credits: number, returned: number, lines: number): Share => ({ account: "", debits, credits, returned, lines, state: "" });
  const before = share(5, 20, 3, 9);
  for (const same of [share(5, 23, 0, 0), share(5, 24, 0, 1), share(9, 23, 1, 4)]) assert.equal(contradiction(before, same), null);
  for (const wrong of [share(5, 24, 0, 0), share(5, 20, 3, 0), share(4, 23, 0, 1), share(5, 22, 0, 1)]) assert.notEqual(contradiction(before, wrong), null);
});
