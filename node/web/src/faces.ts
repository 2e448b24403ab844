/** The familiar faces of a place: a nickname or a picture beside an account, kept on this phone and never in the ledger. */

import { ask, type PaymentRequest } from "./api.ts";
import { keep, recall } from "./db.ts";
import { facts, say } from "./dom.ts";
import { type AccountId, parseAccount } from "./lib/account.ts";
import { LinkError, checkCommunity, parseLink } from "./lib/links.ts";
import pictures from "./faces.json";

export type Picture = keyof typeof pictures;
export const PICTURES = Object.keys(pictures) as Picture[];

export interface Face {
  account: AccountId;
  /** What they are called here; may be empty when there is a picture. */
  name: string;
  picture: Picture | null;
}

/** Longest nickname, in characters. */
export const NAME_MAX = 24;

/** The faces of a place, as they were added. */
export async function faces(place: AccountId): Promise<Face[]> {
  return (await recall<Face[]>(`faces:${place}`)) ?? [];
}

/** Adds a face, or gives a known account another name and picture. */
export async function keepFace(place: AccountId, face: Face): Promise<void> {
  const others = (await faces(place)).filter(({ account }) => account !== face.account);
  await keep(`faces:${place}`, [...others, face]);
}

/** Forgets a face: name, picture and account. */
export async function forgetFace(place: AccountId, account: AccountId): Promise<void> {
  await keep(`faces:${place}`, (await faces(place)).filter((face) => face.account !== account));
}

/** What a face is called: the nickname, else the name of its picture. */
export function callName(face: Face): string {
  return face.name || (face.picture ? say(`face_${face.picture}`) : "");
}

/** Draws a picture; a face without one shows its first letter. */
export function drawFace(face: Pick<Face, "name" | "picture">): Element {
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

/**
 * Finds the account that a code stands for: the account itself, or a code that its wallet shows to receive.
 *
 * @throws CodeFault in words, NoAnswer, Refused
 */
export async function accountOfCode(text: string): Promise<AccountId> {
  const typed = text.trim();
  const account = parseAccount(typed.toLowerCase());
  if (account) return account;
  if (/^klv1/i.test(typed)) throw new CodeFault(say("face_account_wrong"));
  try {
    const code = parseLink(typed);
    checkCommunity(code, facts.origin, facts.ledger);
    if (code.link !== "request") throw new CodeFault(say("face_code_other"));
    const { account: payee } = await ask<PaymentRequest>("GET", `/v1/requests/${code.id}`);
    const found = parseAccount(payee);
    if (!found) throw new CodeFault(say("face_account_wrong"));
    return found;
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    if (error.code === "other_community") throw new CodeFault(say("code_other_community", { theirs: (error.theirs ?? "").replace(/^https?:\/\//, "") }));
    throw new CodeFault(say("face_account_wrong"));
  }
}

/** A code that is of no use here; the message says why, in words for a person. */
export class CodeFault extends Error {}
