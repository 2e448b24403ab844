/** `#restore`: takes the account of a recovery key to this phone. */

import { changeKeys } from "../changeKeys.ts";
import type { Hat } from "../db.ts";
import { button, facts, h, icon, language, link, say, show } from "../dom.ts";
import { borrowSeed, makeKey } from "../keys.ts";
import { type Bytes, fromBase32 } from "../lib/bytes.ts";
import { WordsError, fromWords, recoverySeed, toWords } from "../lib/recovery.ts";
import { isOpen, outbox } from "../outbox.ts";
import { outcome } from "../paid.ts";
import { busy, explain, note } from "../start.ts";
import { accountsOf, persist } from "../wallet.ts";
import { allLists, listOf } from "../wordLists.ts";

/** What the phone itself may do: pay, give back, manage. */
const OWN = 11;

/** Takes the account of twelve words to this phone; phones that were lost can pay no more. */
export async function open(_: unknown, code = ""): Promise<void> {
  // From a sheet: the secret has done its work in the address.
  history.replaceState(null, "", "#restore");
  const secret = fromBase32(code);
  const fault = h("p", { id: "words-fault", class: "fault", role: "alert" });
  const typed = h("textarea", { id: "words", rows: 4, autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": "words-fault" });
  const restore = async () => {
    try {
      const secret = await secretOf(typed.value);
      await takeOver(secret);
    } catch (error) {
      if (error instanceof WordsError) return void (fault.textContent = say(`words_${error.fault}`, { word: error.word }));
      show(explain(error, () => void open(null)));
    }
  };
  show([
    h("h2", { tabindex: "-1" }, icon("phone"), say("restore")),
    h("p", null, say("restore_text")),
    h("div", { class: "field" }, h("label", { for: "words" }, say("restore_words")), typed, fault),
    h("div", { class: "actions" }, button("phone", say("restore_do"), () => void restore(), "main"), link("scan", say("restore_scan"), "#scan"), link("phone", say("lost_way"), "/coordination#lost"), link("back", say("back"), "#")),
  ]);
  if (secret) typed.value = (await toWords(secret, await listOf(language))).join(" ");
  else typed.focus();
}

/** Gives the account of the words a key of this phone. The phone signs for it once that is recorded, and not before. */
async function takeOver(secret: Bytes): Promise<void> {
  show(busy(say("restoring")));
  const found = (await accountOf(secret, facts.ledger)) ?? (await accountBefore(secret));
  if (!found) return show([note("hand", say("restore_none"), say("restore_none_next")), link("back", say("back"), "#restore")], "focus");
  // A first try may still be on its way: its key is the one that comes to count.
  const coming = (await outbox()).find((outgoing) => outgoing.hat?.account === found.account && isOpen(outgoing));
  if (coming) return show(outcome(coming, link("back", say("back"), "#")), "focus");
  const key = await makeKey();
  await persist();
  const own = { key, rights: OWN, until: null, cap: null };
  const old = found.key;
  const then: Hat = { ...found, key, rights: ["spend", "refund", "manage"], recovery: old };
  await changeKeys(found, (keys) => [...keys.filter((one) => one.key === old), own], { words: "restored", then, again: () => void open(null) });
}

/** The account that a key of this secret may manage, by the ledger that the words were made in. */
async function accountOf(secret: Bytes, ledger: string): Promise<Hat | undefined> {
  const key = await borrowSeed(await recoverySeed(ledger, secret));
  return (await accountsOf(key)).find(({ rights }) => rights.includes("manage"));
}

/** Words that were written down in a ledger that led to this one hold as they did. */
async function accountBefore(secret: Bytes): Promise<Hat | undefined> {
  for (const ledger of await (await import("../succession.ts")).ledgersBefore()) {
    const found = await accountOf(secret, ledger);
    if (found) return found;
  }
  return undefined;
}

/** Reads words of this phone's language, else of any. @throws WordsError */
async function secretOf(typed: string): Promise<Bytes> {
  try {
    return await fromWords(typed, [await listOf(language)]);
  } catch (error) {
    if (!(error instanceof WordsError) || error.fault === "count") throw error;
    return fromWords(typed, await allLists());
  }
}
