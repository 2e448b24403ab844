/** The lists that recovery words come from: official ones, of which there is none in Dutch. Each is fetched by itself. */

const english = async () => (await import("@scure/bip39/wordlists/english.js")).wordlist;
const french = async () => (await import("@scure/bip39/wordlists/french.js")).wordlist;

/** Returns the list for who reads this language. */
export function listOf(language: string): Promise<readonly string[]> {
  return language === "fr" ? french() : english();
}

/** Returns every list: for words that somebody wrote down in another language. */
export function allLists(): Promise<(readonly string[])[]> {
  return Promise.all([english(), french()]);
}
