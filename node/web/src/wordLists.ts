/** The lists that recovery words come from: official ones, of which there is none in Dutch. Each is fetched by itself, as text. */

import { NoAnswer } from "./api.ts";

declare const WORD_LISTS: { english: string; french: string };

async function fetched(path: string): Promise<readonly string[]> {
  const answer = await fetch(path).catch(() => null);
  if (!answer?.ok) throw new NoAnswer();
  return (await answer.text()).split("\n");
}

const english = () => fetched(WORD_LISTS.english);
const french = () => fetched(WORD_LISTS.french);

/** Returns the list for who reads this language. */
export function listOf(language: string): Promise<readonly string[]> {
  return language === "fr" ? french() : english();
}

/** Returns every list: for words that somebody wrote down in another language. */
export function allLists(): Promise<(readonly string[])[]> {
  return Promise.all([english(), french()]);
}
