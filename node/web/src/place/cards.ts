/**
 * Which card is whose: known on the phones of the place without network. What nobody here knows yet waits on the list
 * until the node can be asked.
 */

import { NoAnswer, Refused } from "../api.ts";
import { type Hat, recall, rework } from "../db.ts";
import { refusal, say } from "../dom.ts";
import { type Asked, CodeFault, type Face, type Picture, askCode, faces, keepFace, readCode } from "../faces.ts";
import { type AccountId, parseAccount } from "../lib/account.ts";
import { isPending, open, setOpen } from "../moments.ts";
import { askAs } from "../wallet.ts";

/** The account of a card, and what can be done with it. */
interface Card { account: AccountId; state: string }
type Cards = Record<string, Card>;

const cardsOf = (place: AccountId): string => `cards:${place}`;
const pendingOf = (place: AccountId): string => `pending-faces:${place}`;

/** The places whose cards were asked for since the page was opened. */
const asked = new Set<AccountId>();

/** Learns which cards the place handed out: also a blank one is known then. */
export async function learnCards(hat: Hat): Promise<void> {
  if (asked.has(hat.account)) return;
  const found: Cards = {};
  for (let next: string | null = ""; next !== null;) {
    const page: { papers: { id: string; kind: string; account: string; state: string }[]; next: string | null } = await askAs(hat, "GET", `/v1/papers${next === "" ? "" : `?cursor=${encodeURIComponent(next)}`}`);
    for (const { id, kind, account: text, state } of page.papers) {
      const account = parseAccount(text);
      if (kind === "card" && account) found[id] = { account, state };
    }
    next = page.next ?? null;
  }
  asked.add(hat.account);
  await rework<Cards>(cardsOf(hat.account), (before = {}) => ({ ...before, ...found }));
}

/** Whoever stands behind a code: their account, or the code itself until the node can be asked. */
export interface Whose {
  account: AccountId;
  card?: string;
  pending?: Asked;
}

/** Finds whom a code is of: by what this phone knows, else by asking. @throws CodeFault in words, Refused */
export async function whose(hat: Hat, text: string): Promise<Whose> {
  const code = readCode(text);
  if ("account" in code) return code;
  const card = code.kind === "papers" ? { card: code.id } : {};
  const known = ((await recall<Cards>(cardsOf(hat.account))) ?? {})[code.id];
  if (known?.state === "lost" || known?.state === "replaced") throw new CodeFault(say(`paper_why_paper_${known.state}`));
  const account = known?.account ?? (await faces(hat.account)).find((face) => face.card === code.id)?.account;
  if (account) return { account, ...card };
  try {
    return { account: await learn(hat.account, code), ...card };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { account: `?${code.kind}/${code.id}`, ...card, pending: code };
  }
}

/** Asks the node about a code, and keeps what it says of a card. */
async function learn(place: AccountId, code: Asked): Promise<AccountId> {
  const account = await askCode(code);
  if (code.kind === "papers") await rework<Cards>(cardsOf(place), (before = {}) => ({ ...before, [code.id]: { account, state: "usable" } }));
  return account;
}

/** Somebody whose code nobody here knows, and why it never will be, once that is said. */
interface Pending {
  code: Asked;
  name: string;
  picture: Picture | null;
  why?: string;
}
type Pendings = Record<AccountId, Pending>;

/** Whoever waits to be looked up, as faces whose account is not one. */
export async function pendingFaces(place: AccountId): Promise<Face[]> {
  const some = (await recall<Pendings>(pendingOf(place))) ?? {};
  return Object.entries(some).map(([account, { name, picture, why = "" }]) => ({ account, name, picture, why }));
}

export function forgetPending(place: AccountId, account: AccountId): Promise<void> {
  return rework<Pendings>(pendingOf(place), (some = {}) => Object.fromEntries(Object.entries(some).filter(([one]) => one !== account)));
}

/** Puts somebody new on the list, who is here now. */
export async function addFace(place: AccountId, { account, card, pending }: Whose, name: string, picture: Picture | null): Promise<void> {
  if (pending) await rework<Pendings>(pendingOf(place), (some = {}) => ({ ...some, [account]: { code: pending, name, picture } }));
  else await keepFace(place, { account, name, picture, ...(card ? { card } : {}) });
  const noted = await open(place);
  noted.there[account] ??= "usual";
  await setOpen(place, noted);
}

let looking: Promise<boolean> = Promise.resolve(false);

/** Looks up whoever waits for that; tells whether the list is another one now. */
export function lookUp(hat: Hat): Promise<boolean> {
  return (looking = looking.then(() => look(hat), () => look(hat)));
}

async function look(hat: Hat): Promise<boolean> {
  const place = hat.account;
  let isOther = false;
  for (const [waiting, { code, name, picture, why }] of Object.entries((await recall<Pendings>(pendingOf(place))) ?? {})) {
    if (why) continue;
    try {
      const account = await learn(place, code);
      if (account === place) throw new CodeFault(say("face_own"));
      if (!(await faces(place)).some((face) => face.account === account)) await keepFace(place, { account, name, picture, ...(code.kind === "papers" ? { card: code.id } : {}) });
      // Written before it is forgotten: a page that is closed here looks once more.
      const noted = await open(place);
      const part = noted.there[waiting];
      delete noted.there[waiting];
      if (part !== undefined) noted.there[account] ??= part;
      await setOpen(place, noted);
      await forgetPending(place, waiting);
    } catch (error) {
      const no = error instanceof CodeFault ? error.message : error instanceof Refused && !error.problem.transient ? (refusal(error.problem.code) ?? say("face_account_wrong")) : null;
      if (no === null) break;
      await rework<Pendings>(pendingOf(place), (some = {}) => ({ ...some, [waiting]: { code, name, picture, why: no } }));
      const noted = await open(place);
      delete noted.there[waiting];
      await setOpen(place, noted);
    }
    isOther = true;
  }
  return isOther;
}

/** Those of a list who wait to be looked up. */
export const waitsOf = (there: Record<AccountId, unknown>, known: readonly Face[]): Face[] => known.filter(({ account }) => isPending(account) && there[account] !== undefined);
