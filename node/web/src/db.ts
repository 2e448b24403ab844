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

/** `ended`: its ledger was continued by another before there was an answer. */
export type OutboxState = "waiting" | "done" | "refused" | "draft" | "alarm" | "ended";

/** What this phone signs. */
export type Signed = "pay" | "refund" | "redeem" | "earn" | "correct" | "settle" | "change" | "open" | "close" | "govern" | "veto" | "cosign";

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
  /** The ledger that it was signed for, once another one goes on. */
  ledger?: string;
  /** The account as this phone signs for it once this is done. */
  hat?: Hat;
  /** Of a promise that stayed unpaid: how far it is with the pot that bears it. */
  borne?: "open" | "paid" | "declined" | "expired" | "none";
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
    request.onsuccess = () => {
      request.result.onclose = () => (opened = undefined);
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("the wallet is open in an older tab"));
  });
  opened.catch(() => (opened = undefined));
  return opened;
}

/** How a browser says that it took the connection away, as phones do to pages in the background. */
const LOST = ["InvalidStateError", "UnknownError", "AbortError"];

/** What is done in a transaction: `then` goes on with a request's result, `done` says what comes of it all. */
type Act<T> = (transaction: IDBTransaction, then: <R>(request: IDBRequest<R>, go: (result: R) => void) => void, done: (result: T) => void) => void;

/** Acts in one transaction: all of it is kept or nothing. What a lost connection undid is done once more. */
export async function transact<T>(stores: Store[], mode: IDBTransactionMode, act: Act<T>): Promise<T> {
  try {
    return await attempt(stores, mode, act);
  } catch (error) {
    if (!(error instanceof DOMException && LOST.includes(error.name))) throw error;
    opened = undefined;
    return attempt(stores, mode, act);
  }
}

async function attempt<T>(stores: Store[], mode: IDBTransactionMode, act: Act<T>): Promise<T> {
  const database = await open();
  return new Promise((resolve, reject) => {
    // What was signed must be on the disk before it is sent.
    const transaction = database.transaction(stores, mode, { durability: "strict" });
    let result: T;
    let cause: unknown;
    transaction.oncomplete = () => resolve(result);
    transaction.onabort = () => reject(cause ?? transaction.error);
    const then = <R>(request: IDBRequest<R>, go: (result: R) => void): void => {
      request.onsuccess = () => {
        try {
          go(request.result);
        } catch (error) {
          cause = error;
          transaction.abort();
        }
      };
    };
    act(transaction, then, (one) => (result = one));
  });
}

function run<T>(store: Store, mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return transact([store], mode, (transaction, then, done) => then(act(transaction.objectStore(store)), done));
}

export const get = <T>(store: Store, key: string): Promise<T | undefined> =>
  run(store, "readonly", (it) => it.get(key) as IDBRequest<T | undefined>);
export const all = <T>(store: Store): Promise<T[]> => run(store, "readonly", (it) => it.getAll() as IDBRequest<T[]>);
export const put = (store: Store, value: object): Promise<unknown> => run(store, "readwrite", (it) => it.put(value));
export const remove = (store: Store, key: string): Promise<unknown> => run(store, "readwrite", (it) => it.delete(key));

/** Under which name an account's session is kept. */
export const sessionOf = (account: string): string => `session:${account}`;

/**
 * Decides about a record of the outbox by what stands there now, whatever other tabs did; returns what stands there then.
 *
 * `decide` returns the record to keep, or nothing to leave it. What it gives this phone is kept with it.
 */
export function settle(key: string, decide: (there: Outgoing | undefined) => Outgoing | undefined): Promise<Outgoing> {
  return transact(["outbox", "hats", "kept"], "readwrite", (transaction, then, done) => {
    const outbox = transaction.objectStore("outbox");
    then(outbox.get(key) as IDBRequest<Outgoing | undefined>, (there) => {
      const kept = decide(there);
      if (kept) outbox.put(kept);
      if (kept?.state === "done" && there?.state !== "done" && kept.hat) {
        transaction.objectStore("hats").put(kept.hat);
        // Another key signs for it now: the session was the old one's.
        transaction.objectStore("kept").delete(sessionOf(kept.hat.account));
      }
      done((kept ?? there) as Outgoing);
    });
  });
}

/** A small thing under a name. */
export async function recall<T>(name: string): Promise<T | undefined> {
  return (await get<{ value: T }>("kept", name))?.value;
}
export async function keep(name: string, value: unknown): Promise<void> {
  await put("kept", { name, value });
}
/** Remakes a small thing from what it is now, whatever other tabs did. */
export function rework<T>(name: string, remake: (value: T | undefined) => T): Promise<void> {
  return transact(["kept"], "readwrite", (transaction, then, done) => {
    const kept = transaction.objectStore("kept");
    then(kept.get(name) as IDBRequest<{ value: T } | undefined>, (there) => done(void kept.put({ name, value: remake(there?.value) })));
  });
}
export async function forget(name: string): Promise<void> {
  await remove("kept", name);
}
