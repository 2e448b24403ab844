/** What this phone keeps: keys, accounts, what was signed and not yet confirmed, what it has seen of the log. */

import type { Answered } from "./api.ts";
import type { AccountKind } from "./lib/entry.ts";

/** An account that this phone signs for. */
export interface Hat {
  /** The account, in hexadecimal. */
  account: string;
  kind: AccountKind;
  name: string | null;
  /** The public key that signs for it, in hexadecimal. */
  key: string;
  rights: string[];
  ledger: string;
  /** The public half of its recovery key, once there is one. */
  recovery?: string;
}

/** A key. `secret` cannot leave the browser, except where it has no Ed25519 of its own. */
export interface KeptKey {
  public: string;
  secret: CryptoKey | Uint8Array;
}

export type OutboxState = "waiting" | "done" | "refused" | "draft" | "alarm";

/** What this phone signs. */
export type Signed = "pay" | "refund" | "redeem" | "earn" | "correct" | "settle" | "change" | "open" | "veto" | "cosign";

/** A sentence beside an entry, as it was committed to. */
export interface Memo {
  salt: string;
  text: string;
}

/** Something signed. It is kept before it is sent, and its bytes never change. */
export interface Outgoing {
  /** What it answers: of a request its id, so that one phone pays it once. */
  key: string;
  what: Signed;
  id: string;
  /** The envelope, base64url. */
  envelope: string;
  account: string;
  /** What the sentences about it begin with, where those of its kind do not say it. */
  words?: string;
  memo?: Memo;
  /** Whom it is for, as it was shown. */
  name: string;
  amount: number;
  signedAt: number;
  /** Last second in which it may be recorded. */
  expiresAt: number;
  /** Whether it may have reached the node. */
  sent: boolean;
  state: OutboxState;
  /** Why it was refused, or what does not hold. */
  code?: string;
  /** Where others sign, when it waits for them. */
  link?: string;
  receipt?: Answered;
  index?: number;
  doneAt?: number;
}

const STORES = { keys: "public", hats: "account", outbox: "key", kept: "name" } as const;
type Store = keyof typeof STORES;

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("klaver", 1);
    request.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(STORES)) request.result.createObjectStore(name, { keyPath });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("the wallet is open in an older tab"));
  });
  opened.catch(() => (opened = undefined));
  return opened;
}

async function run<T>(store: Store, mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  return new Promise((resolve, reject) => {
    // What was signed must be on the disk before it is sent.
    const transaction = database.transaction(store, mode, { durability: "strict" });
    const request = act(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? request.error);
    transaction.onerror = () => reject(transaction.error ?? request.error);
  });
}

export const get = <T>(store: Store, key: string): Promise<T | undefined> =>
  run(store, "readonly", (it) => it.get(key) as IDBRequest<T | undefined>);
export const all = <T>(store: Store): Promise<T[]> => run(store, "readonly", (it) => it.getAll() as IDBRequest<T[]>);
export const put = (store: Store, value: object): Promise<unknown> => run(store, "readwrite", (it) => it.put(value));
export const remove = (store: Store, key: string): Promise<unknown> => run(store, "readwrite", (it) => it.delete(key));

/** Puts `value` where there is nothing yet; returns whether it did. */
export async function add(store: Store, value: object): Promise<boolean> {
  try {
    await run(store, "readwrite", (it) => it.add(value));
    return true;
  } catch (error) {
    if (error instanceof DOMException && error.name === "ConstraintError") return false;
    throw error;
  }
}

/** A small thing under a name. */
export async function recall<T>(name: string): Promise<T | undefined> {
  return (await get<{ value: T }>("kept", name))?.value;
}
export async function keep(name: string, value: unknown): Promise<void> {
  await put("kept", { name, value });
}
export async function forget(name: string): Promise<void> {
  await remove("kept", name);
}
