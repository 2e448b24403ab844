/**
 * A recovery key: sixteen secret bytes that a person writes down as twelve words (BIP 39), in English or French.
 *
 * Words are known by their first four letters, whatever their accents and case.
 */

import { type Bytes, concat, fromHex, random, sha256, utf8 } from "./bytes.ts";

/** Returns the seed of the recovery key that a person of a ledger derives from the secret. */
export function recoverySeed(ledger: string, secret: Bytes): Promise<Bytes> {
  return sha256(utf8("klaver/recovery/v1\n"), fromHex(ledger, 32), secret);
}

/** Returns sixteen new secret bytes. */
export function newSecret(): Bytes {
  return random(16);
}

/** Writes sixteen bytes as twelve words: 128 bits, and four of their hash. */
export async function toWords(secret: Bytes, list: readonly string[]): Promise<string[]> {
  const bits = [...concat(secret, (await sha256(secret)).slice(0, 1))].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return Array.from({ length: 12 }, (_, i) => list[parseInt(bits.slice(i * 11, i * 11 + 11), 2)] as string);
}

const bare = (word: string) => word.normalize("NFKD").replace(/[^a-zA-Z]/g, "").toLowerCase().slice(0, 4);

/** Why typed words are no recovery key: not twelve, one that is no such word, or words in another order. */
export class WordsError extends Error {
  readonly fault: "count" | "word" | "order";
  readonly word: string;
  constructor(fault: "count" | "word" | "order", word = "") {
    super(fault);
    this.fault = fault;
    this.word = word;
  }
}

/** Reads twelve words of any of these lists. @throws WordsError */
export async function fromWords(typed: string, lists: readonly (readonly string[])[]): Promise<Bytes> {
  const words = typed.trim().split(/[\s,;.]+/).filter((word) => /\p{L}/u.test(word));
  if (words.length !== 12) throw new WordsError("count", String(words.length));
  let fault = new WordsError("order");
  for (const list of lists) {
    const places = new Map(list.map((word, at) => [bare(word), at]));
    const unknown = words.find((word) => !places.has(bare(word)));
    if (unknown !== undefined) {
      fault = new WordsError("word", unknown);
      continue;
    }
    const bits = words.map((word) => (places.get(bare(word)) as number).toString(2).padStart(11, "0")).join("");
    const secret = Uint8Array.from({ length: 16 }, (_, i) => parseInt(bits.slice(i * 8, i * 8 + 8), 2));
    const check = ((await sha256(secret))[0] as number) >> 4;
    if (check === parseInt(bits.slice(128), 2)) return secret;
    fault = new WordsError("order");
  }
  throw fault;
}
