/**
 * Ed25519 under the one rule of the protocol: canonical keys and nonce points, neither of small order, S below the
 * group order, the cofactorless equation. Signatures are checked by WebCrypto; where a browser has no Ed25519, by a
 * library that is fetched only then.
 */

import { type Bytes, compare } from "./bytes.ts";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
/** The y of the points of order 1, 2, 4 and 8. */
const SMALL_ORDER = new Set([
  1n, P - 1n, 0n,
  2707385501144840649318225287225658788936804267575313519463743609750303402022n,
  55188659117513257062467267217118295137698188065244968500265048394206261417927n,
]);

function number(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

/** Splits a compressed point into y and the sign of x. */
function compressed(bytes: Uint8Array): { y: bigint; sign: bigint } {
  const all = number(bytes);
  return { y: all & (2n ** 255n - 1n), sign: all >> 255n };
}

/** Says why 32 bytes are not a public key: `not_on_curve`, `small_order`, `not_canonical`; null when they are one. */
export function faultOfKey(bytes: Uint8Array): "not_on_curve" | "small_order" | "not_canonical" | null {
  const written = compressed(bytes).y;
  const y = written % P;
  const u = (y * y - 1n + P) % P;
  const v = (D * y * y + 1n) % P;
  const square = (u * power(v, P - 2n)) % P;
  if (square !== 0n && power(square, (P - 1n) / 2n) !== 1n) return "not_on_curve";
  if (SMALL_ORDER.has(y)) return "small_order";
  return written === y ? null : "not_canonical";
}

type Verify = (key: Bytes, signature: Bytes, message: Bytes) => Promise<boolean>;

async function native(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  const imported = await crypto.subtle.importKey("raw", key, "Ed25519", true, ["verify"]);
  return crypto.subtle.verify("Ed25519", imported, signature, message);
}

async function fallback(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  const { Point } = await import("@noble/ed25519");
  const r = signature.subarray(0, 32);
  const digest = await crypto.subtle.digest("SHA-512", Uint8Array.of(...r, ...key, ...message));
  const k = number(new Uint8Array(digest)) % L;
  const s = number(signature.subarray(32));
  try {
    // encode([S]B - [k]A) must be R byte for byte.
    const times = (point: InstanceType<typeof Point>, by: bigint) => (by === 0n ? Point.ZERO : point.multiply(by, false));
    return compare(times(Point.BASE, s).add(times(Point.fromBytes(key), k).negate()).toBytes(), r) === 0;
  } catch {
    return false;
  }
}

let chosen: Promise<Verify> | undefined;

/** Tells whether this browser signs and verifies Ed25519 itself. */
export async function hasNativeEd25519(): Promise<boolean> {
  try {
    await crypto.subtle.importKey("raw", BASE_POINT, "Ed25519", true, ["verify"]);
    return true;
  } catch {
    return false;
  }
}
const BASE_POINT = Uint8Array.of(0x58, ...new Array<number>(31).fill(0x66));

async function choose(): Promise<Verify> {
  return (await hasNativeEd25519()) ? native : fallback;
}

/** Tells whether `signature` is `key`'s over `message`. */
export async function verify(key: Bytes, signature: Bytes, message: Bytes, by?: "fallback"): Promise<boolean> {
  if (key.length !== 32 || signature.length !== 64 || faultOfKey(key) !== null) return false;
  if (number(signature.subarray(32)) >= L || SMALL_ORDER.has(compressed(signature.subarray(0, 32)).y % P)) return false;
  chosen ??= choose();
  return (by === "fallback" ? fallback : await chosen)(key, signature, message);
}
