/** The recovery key: made after the first success, written down, and what it gives back on a new phone. */

import { wordlist as english } from "@scure/bip39/wordlists/english.js";
import { wordlist as french } from "@scure/bip39/wordlists/french.js";
import { changeKeys } from "../changeKeys.ts";
import type { Hat } from "../db.ts";
import { button, facts, h, icon, language, link, moment, now, say, show } from "../dom.ts";
import { borrowSeed, makeKey } from "../keys.ts";
import { type Bytes, base32, fromBase32 } from "../lib/bytes.ts";
import { WordsError, fromWords, newSecret, recoverySeed, toWords } from "../lib/recovery.ts";
import { isOpen, outbox } from "../outbox.ts";
import { outcome, toWallet } from "../paid.ts";
import { qr } from "../qr.ts";
import { busy, explain, note } from "../start.ts";
import { accountsOf, persist } from "../wallet.ts";

const LISTS = [english, french];
/** What a recovery key may do: manage, and nothing else. */
const MANAGE = 8;
/** What the phone itself may do: pay, give back, manage. */
const OWN = 11;

/** Offers the words, and adds their key to the account once they are written down. */
export async function offerRecovery(hat: Hat): Promise<void> {
  const underway = (await outbox()).find((outgoing) => isOpen(outgoing) && outgoing.hat?.account === hat.account);
  // Words were written down already: others would make two spare keys of one.
  if (underway) return show(outcome(underway, toWallet()), "focus");
  const secret = newSecret();
  const words = await toWords(secret, language === "fr" ? french : english);
  const shown = h("ol", { class: "recovery" }, words.map((word) => h("li", { lang: language === "fr" ? "fr" : "en" }, word)));
  // The words on paper are these, however often it takes.
  const done = () => void add(hat, secret, done).catch((error: unknown) => show(explain(error, done)));
  show([
    h("section", { class: "sheet" },
      h("h2", { tabindex: "-1", "data-focus": true }, icon("seal"), say("recovery")),
      h("p", null, say("recovery_text")),
      shown,
      // On paper alone: a camera brings it back as well, and the sheet says whose it is and what to do.
      h("div", { class: "printed" }, qr(`${facts.origin}/wallet#restore/${base32(secret)}`, say("paper_picture")), h("p", null, say("paper_how")), h("p", null, say("paper_keep", { when: moment(now(), "day") })))),
    h("p", { class: "note" }, icon("hand"), say("recovery_secret")),
    h("div", { class: "actions" },
      button("tick", say("recovery_done"), done, "main"),
      button("down", say("paper_print"), () => print()),
      link("back", say("recovery_later"), "#")),
  ], "focus");
}

/** Adds the key of the words to the account. */
async function add(hat: Hat, secret: Bytes, again: () => void): Promise<void> {
  show(busy(say("sending")));
  const key = await borrowSeed(await recoverySeed(facts.ledger, secret));
  const paper = { key, rights: MANAGE, until: null, cap: null };
  await changeKeys(hat, (keys) => [...keys.filter((one) => one.key !== key), paper], { then: { ...hat, recovery: key }, again });
}

/** Takes the account of twelve words to this phone; phones that were lost can pay no more. */
export async function offerRestore(code = ""): Promise<void> {
  // From a sheet: the secret has done its work in the address.
  history.replaceState(null, "", "#restore");
  const secret = fromBase32(code);
  const fault = h("p", { id: "words-fault", class: "fault", role: "alert" });
  const typed = h("textarea", { id: "words", rows: 4, autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": "words-fault" });
  const restore = async () => {
    try {
      const secret = await fromWords(typed.value, LISTS);
      await takeOver(secret);
    } catch (error) {
      if (error instanceof WordsError) return void (fault.textContent = say(`words_${error.fault}`, { word: error.word }));
      show(explain(error, () => void offerRestore()));
    }
  };
  show([
    h("h2", { tabindex: "-1" }, icon("undo"), say("restore")),
    h("p", null, say("restore_text")),
    h("div", { class: "field" }, h("label", { for: "words" }, say("restore_words")), typed, fault),
    h("div", { class: "actions" }, button("undo", say("restore_do"), () => void restore(), "main"), link("back", say("back"), "#")),
  ]);
  if (secret) typed.value = (await toWords(secret, language === "fr" ? french : english)).join(" ");
  else typed.focus();
}

/** Gives the account of the words a key of this phone. The phone signs for it once that is recorded, and not before. */
async function takeOver(secret: Bytes): Promise<void> {
  show(busy(say("restoring")));
  const old = await borrowSeed(await recoverySeed(facts.ledger, secret));
  const found = (await accountsOf(old)).find(({ rights }) => rights.includes("manage"));
  if (!found) return show([note("hand", say("restore_none"), say("restore_none_next")), link("back", say("back"), "#restore")], "focus");
  const key = await makeKey();
  await persist();
  const own = { key, rights: OWN, until: null, cap: null };
  const then: Hat = { ...found, key, rights: ["spend", "refund", "manage"], recovery: old };
  await changeKeys(found, (keys) => [...keys.filter((one) => one.key === old), own], { then, again: () => void offerRestore() });
}
