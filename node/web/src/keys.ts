/**
 * Keys are born on this phone and stay here: not even this program can read them.
 *
 * Nothing is assumed of a browser: before a key is made, making, keeping, finding again and signing are tried.
 */

import { type Bytes, fromHex, hex, random, utf8 } from "./lib/bytes.ts";
import { hasNativeEd25519, verify } from "./lib/ed25519.ts";
import { type KeptKey, get, put, remove } from "./db.ts";

/** Why this browser cannot have a wallet: not encrypted, no storage, or storage that forgets keys. */
export type KeyFault = "insecure" | "storage" | "keys";

async function nativeKey(): Promise<KeptKey> {
  const pair = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
  const bytes = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { public: hex(bytes), secret: pair.privateKey };
}

/** Returns the key of a seed; its secret is the browser's own where that is possible and wished. */
async function seedKey(seed: Bytes, native = false): Promise<KeptKey> {
  const { getPublicKeyAsync } = await import("@noble/ed25519");
  const kept: KeptKey = { public: hex(await getPublicKeyAsync(seed)), secret: seed };
  if (native) {
    // The fixed beginning of an Ed25519 key in PKCS #8 (RFC 8410).
    const head = fromHex("302e020100300506032b657004220420");
    kept.secret = await crypto.subtle.importKey("pkcs8", Uint8Array.of(...head, ...seed), "Ed25519", false, ["sign"]);
  }
  return kept;
}

/** Keeps a key, finds it again and signs with it. @throws when the browser forgets or refuses */
async function tried(made: KeptKey): Promise<string> {
  await put("keys", made);
  const test = utf8("klaver/probe");
  const signature = await sign(made.public, test);
  if (!(await verify(fromHex(made.public), signature, test))) throw new Error("the key does not sign");
  return made.public;
}

/** Keeps the browser's own key; where it has none or cannot keep it, a seed. @throws when that cannot be kept either */
async function keepKey(own: () => Promise<KeptKey>, seed: () => Promise<KeptKey>): Promise<string> {
  if (await hasNativeEd25519()) {
    try {
      return await tried(await own());
    } catch {
      // Some browsers make keys that they cannot keep: Firefox before 136, Safari's locked modes.
    }
  }
  return tried(await seed());
}

/** Makes a key that stays on this phone. @throws when the browser forgets or refuses */
export function makeKey(): Promise<string> {
  return keepKey(nativeKey, () => seedKey(random(32)));
}

/** Keeps the key of a seed, as a demonstration prints it. */
export function importSeed(seed: Bytes): Promise<string> {
  return keepKey(() => seedKey(seed, true), () => seedKey(seed));
}

/** Keys of words that somebody typed: they belong on paper, and are here as long as the page is. */
const borrowed = new Map<string, KeptKey>();

/** Signs with the key of a seed until the page closes, without keeping it. Returns its public half. */
export async function borrowSeed(seed: Bytes): Promise<string> {
  const key = await seedKey(seed, await hasNativeEd25519());
  borrowed.set(key.public, key);
  return key.public;
}

async function signWith({ secret }: KeptKey, message: Bytes): Promise<Bytes> {
  if (secret instanceof Uint8Array) {
    const { signAsync } = await import("@noble/ed25519");
    return (await signAsync(message, secret)) as Bytes;
  }
  return new Uint8Array(await crypto.subtle.sign("Ed25519", secret, message));
}

/** Says why no wallet can be made here, before one is; null when all is well. */
export async function faultOfBrowser(): Promise<KeyFault | null> {
  if (!globalThis.isSecureContext || !crypto.subtle) return "insecure";
  const probe = { public: "probe", secret: new Uint8Array(1) };
  try {
    await put("keys", probe);
    await get("keys", probe.public);
    await remove("keys", probe.public);
  } catch {
    return "storage";
  }
  return null;
}

/** Signs with a key of this phone. @throws when it is not here */
export async function sign(key: string, message: Bytes): Promise<Bytes> {
  const kept = borrowed.get(key) ?? (await get<KeptKey>("keys", key));
  if (!kept) throw new Error("this key is not on this phone");
  return signWith(kept, message);
}
