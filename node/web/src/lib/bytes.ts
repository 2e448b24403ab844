/** Bytes and their texts: hexadecimal, base64, base32, base45, UTF-8; and SHA-256. */

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

export function utf8(text: string): Bytes {
  return encoder.encode(text) as Bytes;
}

/** Returns the text of UTF-8 bytes, or null when they are none. */
export function fromUtf8(bytes: Bytes): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Compares byte for byte from the first; a text that begins another comes before it. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compare(a, b) === 0;
}

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Reads lowercase hexadecimal text of `length` bytes, or of any number of them. */
export function fromHex(text: string, length?: number): Bytes {
  if (!/^(?:[0-9a-f]{2})*$/.test(text) || (length !== undefined && text.length !== 2 * length)) {
    throw new TypeError(`"${text.slice(0, 20)}" is no hexadecimal text of ${length ?? "whole"} bytes`);
  }
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL = `${BASE64.slice(0, 62)}-_`;
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** Writes `bytes` in groups of `bits` bits, the first bit first, the last group filled with zeros. */
function encodeBits(bytes: Uint8Array, bits: number, alphabet: string): string {
  let text = "";
  let held = 0;
  let count = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    count += 8;
    while (count >= bits) {
      count -= bits;
      text += alphabet[(held >> count) & ((1 << bits) - 1)];
    }
    held &= (1 << count) - 1;
  }
  return count > 0 ? text + alphabet[(held << (bits - count)) & ((1 << bits) - 1)] : text;
}

/** The reverse; null for a foreign character, a character too many, or unused bits that are not zero. */
function decodeBits(text: string, bits: number, alphabet: string): Bytes | null {
  const bytes = new Uint8Array(Math.floor((text.length * bits) / 8));
  let held = 0;
  let count = 0;
  let at = 0;
  for (const character of text) {
    const value = alphabet.indexOf(character);
    if (value < 0) return null;
    held = (held << bits) | value;
    count += bits;
    if (count >= 8) {
      count -= 8;
      bytes[at++] = held >> count;
      held &= (1 << count) - 1;
    }
  }
  return count < bits && held === 0 ? bytes : null;
}

/** Standard base64 with padding. */
export function base64(bytes: Uint8Array): string {
  const text = encodeBits(bytes, 6, BASE64);
  return text + "=".repeat((4 - (text.length % 4)) % 4);
}

/** Reads standard base64 with exactly the padding it needs. */
export function fromBase64(text: string): Bytes | null {
  if (text.length % 4 !== 0) return null;
  return decodeBits(text.replace(/={1,2}$/, ""), 6, BASE64);
}

/** Base64 for URLs, without padding. */
export function base64url(bytes: Uint8Array): string {
  return encodeBits(bytes, 6, BASE64URL);
}

export function fromBase64url(text: string): Bytes {
  const bytes = decodeBits(text, 6, BASE64URL);
  if (!bytes) throw new TypeError("base64url without padding belongs here");
  return bytes;
}

/** Base32 in lower case, without padding, as codes write ids. */
export function base32(bytes: Uint8Array): string {
  return encodeBits(bytes, 5, BASE32);
}

/** Reads the base32 text of 16 bytes, in either case. */
export function fromBase32(text: string): Bytes | null {
  return text.length === 26 && /^[\x21-\x7e]*$/.test(text) ? decodeBits(text.toLowerCase(), 5, BASE32) : null;
}

/** Base45 (RFC 9285), for QR codes in alphanumeric mode. */
export function base45(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 2) {
    const pair = i + 1 < bytes.length;
    const value = pair ? (bytes[i] as number) * 256 + (bytes[i + 1] as number) : (bytes[i] as number);
    text += (BASE45[value % 45] as string) + (BASE45[Math.floor(value / 45) % 45] as string);
    if (pair) text += BASE45[Math.floor(value / 2025)] as string;
  }
  return text;
}

/** Reads base45 in the one form that its encoder writes; null for anything else. */
export function fromBase45(text: string): Bytes | null {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i += 3) {
    const digits = Array.from(text.slice(i, i + 3), (character) => BASE45.indexOf(character));
    if (digits.length === 1 || digits.includes(-1)) return null;
    const value = digits.reduceRight((sum, digit) => sum * 45 + digit, 0);
    if (digits.length === 3) {
      if (value > 0xffff) return null;
      bytes.push(value >> 8, value & 255);
    } else {
      if (value > 0xff) return null;
      bytes.push(value);
    }
  }
  const whole = Uint8Array.from(bytes);
  return base45(whole) === text ? whole : null;
}
