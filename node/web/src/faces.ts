/**
 * The familiar faces of a place: a nickname or a picture beside an account, never in the ledger.
 *
 * They are kept on this phone, and shared through the node with the other phones of the place, and nobody else.
 */

import { Refused, ask } from "./api.ts";
import { type Hat, keep, recall, rework } from "./db.ts";
import { facts, icon, say } from "./dom.ts";
import { type AccountId, accountText, parseAccount } from "./lib/account.ts";
import { LinkError, checkCommunity, parseLink } from "./lib/links.ts";
import { askAs } from "./wallet.ts";
import pictures from "./faces.json";

export type Picture = keyof typeof pictures;
export const PICTURES = Object.keys(pictures) as Picture[];

export interface Face {
  account: AccountId;
  /** What they are called here; may be empty when there is a picture. */
  name: string;
  picture: Picture | null;
  /** Whoever came with a phone and has no name here yet: which of them, from 1 on. */
  stranger?: number;
  /** The id in the code of their card, as far as it is known. */
  card?: string;
  /** Of somebody whose card waits to be looked up, why that came to nothing; empty before it is known. */
  why?: string;
}

/** Longest nickname, in characters. */
export const NAME_MAX = 24;

/** The faces of a place, as they were added. */
export async function faces(place: AccountId): Promise<Face[]> {
  return (await recall<Face[]>(`faces:${place}`)) ?? [];
}

/** What this phone changed and the node has not heard yet: a face, or that one is forgotten. */
type Unheard = Record<AccountId, Face | null>;

/** Adds a face, or gives a known account another name and picture. */
export async function keepFace(place: AccountId, face: Face): Promise<void> {
  const others = (await faces(place)).filter(({ account }) => account !== face.account);
  await keep(`faces:${place}`, [...others, face]);
  await rework<Unheard>(`faces-unheard:${place}`, (unheard = {}) => ({ ...unheard, [face.account]: face }));
}

/** Forgets a face: name, picture and account. */
export async function forgetFace(place: AccountId, account: AccountId): Promise<void> {
  await keep(`faces:${place}`, (await faces(place)).filter((face) => face.account !== account));
  await rework<Unheard>(`faces-unheard:${place}`, (unheard = {}) => ({ ...unheard, [account]: null }));
}

let sharing: Promise<boolean> = Promise.resolve(false);

/** Tells the node what this phone changed, and learns what others did; tells whether the list is another one now. */
export function shareFaces(hat: Hat): Promise<boolean> {
  return (sharing = sharing.then(() => share(hat), () => share(hat)));
}

async function share(hat: Hat): Promise<boolean> {
  const place = hat.account;
  const unheardName = `faces-unheard:${place}`;
  // What was kept before faces were shared is news to the node.
  if (!(await recall<boolean>(`faces-shared:${place}`))) {
    const own = Object.fromEntries((await faces(place)).map((face) => [face.account, face]));
    await rework<Unheard>(unheardName, (unheard = {}) => ({ ...own, ...unheard }));
  }
  for (const [account, face] of Object.entries((await recall<Unheard>(unheardName)) ?? {})) {
    const path = `/v1/place/faces/${accountText(account)}`;
    try {
      if (face) await askAs(hat, "PUT", path, { name: face.name, ...(face.picture ? { picture: face.picture } : {}) });
      else await askAs(hat, "DELETE", path);
    } catch (error) {
      // What the node will not keep stays on this phone.
      if (!(error instanceof Refused) || error.problem.transient) throw error;
    }
    await rework<Unheard>(unheardName, (unheard = {}) => {
      const isAsTold = JSON.stringify(unheard[account]) === JSON.stringify(face);
      return Object.fromEntries(Object.entries(unheard).filter(([other]) => other !== account || !isAsTold));
    });
  }
  const told = await askAs<{ faces: { account: string; name: string; picture: Picture | null; card?: string }[] }>(hat, "GET", "/v1/place/faces");
  const known = new Map(told.faces.flatMap(({ account, name, picture, card }): [AccountId, Face][] => {
    const id = parseAccount(account);
    return id ? [[id, { account: id, name, picture: picture && PICTURES.includes(picture) ? picture : null, ...(card ? { card } : {}) }]] : [];
  }));
  const unheard = (await recall<Unheard>(unheardName)) ?? {};
  for (const [account, face] of Object.entries(unheard)) {
    if (face) known.set(account, face);
    else known.delete(account);
  }
  const before = await faces(place);
  // Whoever knows where a face stands finds it there again.
  const order = new Map(before.map(({ account }, i) => [account, i]));
  const after = [...known.values()].sort((one, other) => (order.get(one.account) ?? Infinity) - (order.get(other.account) ?? Infinity) || 0);
  await keep(`faces:${place}`, after);
  await keep(`faces-shared:${place}`, true);
  return JSON.stringify(after) !== JSON.stringify(before);
}

/** What a face is called: the nickname, else the name of its picture; of somebody new, that they are. */
export function callName({ name, picture, stranger = 0 }: Face): string {
  return name || (picture ? say(`face_${picture}`) : stranger > 1 ? `${say("doing_stranger")} ${stranger}` : stranger ? say("doing_stranger") : "");
}

/** Draws a picture; a face without one shows its first letter, somebody new a phone. */
export function drawFace(face: Pick<Face, "name" | "picture" | "stranger">): Element {
  if (face.stranger) {
    const phone = icon("phone");
    phone.classList.add("letter");
    return phone;
  }
  if (!face.picture) {
    const letter = document.createElement("span");
    letter.className = "letter";
    letter.setAttribute("aria-hidden", "true");
    letter.textContent = (Array.from(face.name)[0] ?? "?").toLocaleUpperCase();
    return letter;
  }
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of [["class", "icon letter"], ["viewBox", "0 0 24 24"], ["aria-hidden", "true"], ["focusable", "false"]] as const) svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", pictures[face.picture]);
  svg.append(path);
  return svg;
}

/** What the node is asked about: a card, or a code that a wallet shows to receive. */
export interface Asked {
  kind: "papers" | "requests";
  id: string;
}

/** Reads a code: the account itself, or what the node is asked about. @throws CodeFault in words */
export function readCode(text: string): { account: AccountId } | Asked {
  const typed = text.trim();
  const account = parseAccount(typed.toLowerCase());
  if (account) return { account };
  if (/^klv1/i.test(typed)) throw new CodeFault(say("face_account_wrong"));
  try {
    const code = parseLink(typed);
    checkCommunity(code, facts.origin, facts.ledger);
    if (code.link !== "request" && code.link !== "card") throw new CodeFault(say("face_code_other"));
    return { kind: code.link === "card" ? "papers" : "requests", id: code.id };
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    if (error.code === "other_community") throw new CodeFault(say("code_other_community", { theirs: (error.theirs ?? "").replace(/^https?:\/\//, "") }));
    throw new CodeFault(say("face_account_wrong"));
  }
}

/** Asks the node whose code it is. @throws CodeFault in words, NoAnswer, Refused */
export async function askCode({ kind, id }: Asked): Promise<AccountId> {
  const { account, state } = await ask<{ account: string; state: string }>("GET", `/v1/${kind}/${id}`);
  if (state === "lost" || state === "replaced") throw new CodeFault(say(`paper_why_paper_${state}`));
  const found = parseAccount(account);
  if (!found) throw new CodeFault(say("face_account_wrong"));
  return found;
}

/** Finds the account that a code stands for. @throws CodeFault in words, NoAnswer, Refused */
export async function accountOfCode(text: string): Promise<AccountId> {
  const code = readCode(text);
  return "account" in code ? code.account : askCode(code);
}

/** A code that is of no use here; the message says why, in words for a person. */
export class CodeFault extends Error {}
