/**
 * The strict profile of CBOR: unsigned integers, byte strings, text, arrays, true, false, null.
 *
 * A codec says once how a value is written and read. Longer forms of integers and lengths are read and then refused,
 * because whoever reads a whole message writes it again and compares. Mirrors `ledger/src/entry/cbor.rs`.
 */

import { type Bytes, compare, concat, fromHex, fromUtf8, hex, utf8 } from "./bytes.ts";

/** Why bytes are not what a field of the protocol expects. */
export class Malformed extends Error {
  /** `update_needed` when a newer program may know it. */
  readonly code: "malformed_entry" | "update_needed";
  readonly field: string;

  constructor(field: string, why: string, code: "malformed_entry" | "update_needed" = "malformed_entry") {
    super(`${field}: ${why}`);
    this.field = field;
    this.code = code;
  }
}

export const INTEGER_MAX = Number.MAX_SAFE_INTEGER;

export class Writer {
  #parts: Uint8Array[] = [];

  #head(major: number, value: number): this {
    const first = major << 5;
    if (value < 24) this.#parts.push(Uint8Array.of(first | value));
    else if (value < 0x100) this.#parts.push(Uint8Array.of(first | 24, value));
    else if (value < 0x10000) this.#parts.push(Uint8Array.of(first | 25, value >> 8, value & 255));
    else {
      const wide = value >= 0x100000000;
      const bytes = new Uint8Array(wide ? 9 : 5);
      const view = new DataView(bytes.buffer);
      view.setUint8(0, first | (wide ? 27 : 26));
      if (wide) view.setBigUint64(1, BigInt(value));
      else view.setUint32(1, value);
      this.#parts.push(bytes);
    }
    return this;
  }

  array(length: number): this {
    return this.#head(4, length);
  }
  uint(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no whole number of the protocol`);
    return this.#head(0, value);
  }
  bytes(value: Uint8Array): this {
    this.#head(2, value.length).#parts.push(value);
    return this;
  }
  text(value: string): this {
    const bytes = utf8(value);
    this.#head(3, bytes.length).#parts.push(bytes);
    return this;
  }
  simple(value: true | false | null): this {
    this.#parts.push(Uint8Array.of(value === null ? 0xf6 : value ? 0xf5 : 0xf4));
    return this;
  }
  /** Adds items that are already encoded. */
  encoded(items: Uint8Array): this {
    this.#parts.push(items);
    return this;
  }
  finish(): Bytes {
    return concat(...this.#parts);
  }
}

export class Reader {
  readonly input: Bytes;
  at = 0;

  constructor(input: Bytes) {
    this.input = input;
  }

  /** Returns the major type and argument of the next item's head without moving on; null when there is none. */
  #peek(): { major: number; value: number; size: number } | null {
    const first = this.input[this.at];
    if (first === undefined) return null;
    const [major, info] = [first >> 5, first & 31];
    if (info < 24) return { major, value: info, size: 1 };
    const length = { 24: 1, 25: 2, 26: 4, 27: 8 }[info];
    if (length === undefined || this.at + length >= this.input.length) return null;
    let value = 0n;
    for (let i = 1; i <= length; i++) value = (value << 8n) | BigInt(this.input[this.at + i] as number);
    // What is too large to count with is beyond every limit; it only has to stay too large.
    return { major, value: value > BigInt(INTEGER_MAX) ? Infinity : Number(value), size: 1 + length };
  }

  #head(field: string, major: number, what: string): number {
    const head = this.#peek();
    if (head?.major !== major) throw new Malformed(field, `${what} belongs here`);
    this.at += head.size;
    return head.value;
  }

  #take(field: string, length: number): Bytes {
    if (length > this.input.length - this.at) throw new Malformed(field, "the bytes end too early");
    this.at += length;
    return this.input.slice(this.at - length, this.at);
  }

  arrayHead(field: string): number {
    return this.#head(field, 4, "an array of known length");
  }
  array(field: string, length: number): void {
    if (this.arrayHead(field) !== length) throw new Malformed(field, `exactly ${length} items belong here`);
  }
  uint(field: string): number {
    const value = this.#head(field, 0, "an unsigned integer");
    if (value > INTEGER_MAX) throw new Malformed(field, `at most ${INTEGER_MAX} is allowed`);
    return value;
  }
  bytes(field: string): Bytes {
    const at = this.at;
    try {
      return this.#take(field, this.#head(field, 2, "a byte string"));
    } catch (error) {
      this.at = at;
      throw error;
    }
  }
  fixed(field: string, length: number): Bytes {
    const bytes = this.bytes(field);
    if (bytes.length !== length) throw new Malformed(field, `exactly ${length} bytes belong here`);
    return bytes;
  }
  text(field: string, most: number): string {
    const bytes = this.#take(field, this.#head(field, 3, "a text"));
    const text = fromUtf8(bytes);
    if (text === null) throw new Malformed(field, "it is not UTF-8");
    if (bytes.length === 0 || bytes.length > most) throw new Malformed(field, `1 to ${most} bytes belong here`);
    if (hasInvisible(text)) throw new Malformed(field, "control and bidirectional characters are not allowed");
    return text;
  }
  bool(field: string): boolean {
    const byte = this.input[this.at];
    if (byte !== 0xf4 && byte !== 0xf5) throw new Malformed(field, "true or false belongs here");
    this.at += 1;
    return byte === 0xf5;
  }
  isNull(): boolean {
    return this.input[this.at] === 0xf6;
  }
  /** Passes over one item and returns its bytes. */
  item(field: string): Bytes {
    const start = this.at;
    this.#skip(field, 0);
    return this.input.slice(start, this.at);
  }
  #skip(field: string, depth: number): void {
    const head = this.#peek();
    if (!head || depth > 16) throw new Malformed(field, "a complete item belongs here");
    this.at += head.size;
    if (head.major === 2 || head.major === 3) this.#take(field, head.value);
    else if (head.major === 4) {
      if (head.value > this.input.length) throw new Malformed(field, "the bytes end too early");
      for (let i = 0; i < head.value; i++) this.#skip(field, depth + 1);
    } else if (head.major !== 0 && !(head.major === 7 && head.size === 1)) {
      throw new Malformed(field, "this type of item is not used");
    }
  }
  end(field: string): void {
    if (this.at !== this.input.length) throw new Malformed(field, "nothing may follow");
  }
}

/** Tells whether a text has characters that could change how the text around them is read or shown. */
export function hasInvisible(text: string): boolean {
  return /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(text);
}

/** How a value is written and read. */
export interface Codec<T> {
  write(w: Writer, value: T): void;
  read(r: Reader): T;
}
export type Value<C> = C extends Codec<infer T> ? T : never;

export function encode<T>(codec: Codec<T>, value: T): Bytes {
  const w = new Writer();
  codec.write(w, value);
  return w.finish();
}

/** Reads exactly one value in its one form. */
export function decode<T>(codec: Codec<T>, bytes: Bytes, field: string): T {
  const r = new Reader(bytes);
  const value = codec.read(r);
  r.end(field);
  if (compare(encode(codec, value), bytes) !== 0) throw new Malformed(field, "not the deterministic encoding");
  return value;
}

export function uint(field: string, least = 0, most = INTEGER_MAX): Codec<number> {
  return {
    write: (w, value) => void w.uint(value),
    read: (r) => {
      const value = r.uint(field);
      if (value < least || value > most) throw new Malformed(field, `${least} to ${most} belongs here`);
      return value;
    },
  };
}

/** Bytes of a fixed length, as lowercase hexadecimal text. */
export function fixed(field: string, length: number, check?: (bytes: Bytes) => string | null): Codec<string> {
  return {
    write: (w, value) => void w.bytes(fromHex(value, length)),
    read: (r) => {
      const bytes = r.fixed(field, length);
      const why = check?.(bytes);
      if (why) throw new Malformed(field, why);
      return hex(bytes);
    },
  };
}

export function text(field: string, most: number): Codec<string> {
  return { write: (w, value) => void w.text(value), read: (r) => r.text(field, most) };
}

export function bool(field: string): Codec<boolean> {
  return { write: (w, value) => void w.simple(value), read: (r) => r.bool(field) };
}

/** One of `words`, counted from 1 in their order. */
export function oneOf<W extends string>(field: string, words: readonly W[]): Codec<W> {
  return {
    write: (w, value) => void w.uint(words.indexOf(value) + 1),
    read: (r) => {
      const number = r.uint(field);
      const word = words[number - 1];
      if (word === undefined) throw new Malformed(field, `${number} is unknown: update this program`, "update_needed");
      return word;
    },
  };
}

export function nullable<T>(codec: Codec<T>): Codec<T | null> {
  return {
    write: (w, value) => (value === null ? void w.simple(null) : codec.write(w, value)),
    read: (r) => {
      if (!r.isNull()) return codec.read(r);
      r.at += 1;
      return null;
    },
  };
}

type Struct<F> = { [K in keyof F]: Value<F[K]> };

/** An array of named fields, in their order. */
export function struct<F extends Record<string, unknown>>(field: string, fields: F): Codec<Struct<F>> {
  const names = Object.keys(fields);
  const codecs = fields as unknown as Record<string, Codec<unknown>>;
  return {
    write: (w, value) => {
      w.array(names.length);
      for (const name of names) (codecs[name] as Codec<unknown>).write(w, (value as Record<string, unknown>)[name]);
    },
    read: (r) => {
      r.array(field, names.length);
      const value: Record<string, unknown> = {};
      for (const name of names) value[name] = (codecs[name] as Codec<unknown>).read(r);
      return value as Struct<F>;
    },
  };
}

export function pair<A, B>(field: string, first: Codec<A>, second: Codec<B>): Codec<readonly [A, B]> {
  return {
    write: (w, [a, b]) => {
      w.array(2);
      first.write(w, a);
      second.write(w, b);
    },
    read: (r) => {
      r.array(field, 2);
      return [first.read(r), second.read(r)];
    },
  };
}

export function list<T>(field: string, least: number, most: number, item: Codec<T>): Codec<T[]> {
  return {
    write: (w, values) => {
      w.array(values.length);
      for (const value of values) item.write(w, value);
    },
    read: (r) => {
      const length = lengthIn(r, field, least, most);
      return Array.from({ length }, () => item.read(r));
    },
  };
}

/**
 * An array whose items are strictly ascending by the bytes of their encoding. Writing puts them in order. `keyOf`
 * names what may occur once only.
 */
export function set<T>(field: string, least: number, most: number, item: Codec<T>, keyOf?: (value: T) => unknown): Codec<T[]> {
  return {
    write: (w, values) => {
      w.array(values.length);
      for (const encoded of values.map((value) => encode(item, value)).sort(compare)) w.encoded(encoded);
    },
    read: (r) => {
      const length = lengthIn(r, field, least, most);
      const values: T[] = [];
      const keys = new Set<unknown>();
      let previous: Uint8Array = new Uint8Array();
      for (let i = 0; i < length; i++) {
        const start = r.at;
        values.push(item.read(r));
        const encoded = r.input.subarray(start, r.at);
        if (compare(previous, encoded) >= 0) throw new Malformed(field, "items must be strictly ascending");
        previous = encoded;
      }
      if (keyOf) for (const value of values) keys.add(keyOf(value));
      if (keyOf && keys.size !== values.length) throw new Malformed(field, "something occurs twice");
      return values;
    },
  };
}

function lengthIn(r: Reader, field: string, least: number, most: number): number {
  const length = r.arrayHead(field);
  if (length < least || length > most) throw new Malformed(field, `${least} to ${most} items belong here`);
  return length;
}

