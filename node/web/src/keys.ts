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

async function generate(): Promise<KeptKey> {
  if (await hasNativeEd25519()) {
    const pair = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
    const bytes = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    return { public: hex(bytes), secret: pair.privateKey };
  }
  const seed = random(32);
  const { getPublicKeyAsync } = await import("@noble/ed25519");
  return { public: hex(await getPublicKeyAsync(seed)), secret: seed };
}

/** Takes a key from its seed: of a recovery, or of a demonstration. */
export async function importSeed(seed: Bytes): Promise<KeptKey> {
  const { getPublicKeyAsync } = await import("@noble/ed25519");
  const kept = { public: hex(await getPublicKeyAsync(seed)), secret: seed as CryptoKey | Uint8Array };
  if (await hasNativeEd25519()) {
    // The fixed beginning of an Ed25519 key in PKCS #8 (RFC 8410).
    const head = fromHex("302e020100300506032b657004220420");
    const whole = Uint8Array.of(...head, ...seed);
    kept.secret = await crypto.subtle.importKey("pkcs8", whole, "Ed25519", false, ["sign"]);
  }
  await put("keys", kept);
  return kept;
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

/** Makes a key, keeps it, finds it again and signs with it. @throws when the browser forgets or refuses. */
export async function makeKey(): Promise<string> {
  const made = await generate();
  await put("keys", made);
  const test = utf8("klaver/probe");
  const signature = await sign(made.public, test);
  if (!(await verify(fromHex(made.public), signature, test))) throw new Error("the key does not sign");
  return made.public;
}

/** Signs with a key of this phone. @throws when it is not here */
export async function sign(key: string, message: Bytes): Promise<Bytes> {
  const kept = await get<KeptKey>("keys", key);
  if (!kept) throw new Error("this key is not on this phone");
  return signWith(kept, message);
}
