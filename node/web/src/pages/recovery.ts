/** The recovery key: made after the first success, written down, and what it gives back on a new phone. */

import { wordlist as english } from "@scure/bip39/wordlists/english.js";
import { wordlist as french } from "@scure/bip39/wordlists/french.js";
import { Refused } from "../api.ts";
import { changeKeys } from "../changeKeys.ts";
import { type Hat, put, remove } from "../db.ts";
import { button, facts, h, icon, language, link, moment, now, say, show } from "../dom.ts";
import { importSeed, makeKey } from "../keys.ts";
import { base32, fromBase32 } from "../lib/bytes.ts";
import { WordsError, fromWords, newSecret, recoverySeed, toWords } from "../lib/recovery.ts";
import { qr } from "../qr.ts";
import { busy, explain, note } from "../start.ts";
import { adopt, hatOf } from "../wallet.ts";

const LISTS = [english, french];
/** What a recovery key may do: manage, and nothing else. */
const MANAGE = 8;

/** Offers the words, and adds their key to the account once they are written down. */
export async function offerRecovery(hat: Hat): Promise<void> {
  const secret = newSecret();
  const words = await toWords(secret, language === "fr" ? french : english);
  const shown = h("ol", { class: "recovery" }, words.map((word) => h("li", { lang: language === "fr" ? "fr" : "en" }, word)));
  const done = async () => {
    show(busy(say("sending")));
    const key = await importSeed(await recoverySeed(facts.ledger, secret));
    // This phone has a key of its own: the other one belongs on paper.
    await remove("keys", key.public);
    if (await changeKeys(hat, (keys) => [...keys, { key: key.public, rights: MANAGE, until: null, cap: null }])) {
      await put("hats", { ...hat, recovery: key.public });
    }
  };
  show([
    h("section", { class: "sheet" },
      h("h2", { tabindex: "-1", "data-focus": true }, icon("seal"), say("recovery")),
      h("p", null, say("recovery_text")),
      shown,
      // On paper alone: a camera brings it back as well, and the sheet says whose it is and what to do.
      h("div", { class: "printed" }, qr(`${facts.origin}/wallet#restore/${base32(secret)}`, say("paper_picture")), h("p", null, say("paper_how")), h("p", null, say("paper_keep", { when: moment(now(), "day") })))),
    h("p", { class: "note" }, icon("hand"), say("recovery_secret")),
    h("div", { class: "actions" },
      button("tick", say("recovery_done"), () => void done().catch((error: unknown) => show(explain(error, () => void offerRecovery(hat)))), "main"),
      button("down", say("paper_print"), () => print()),
      link("back", say("recovery_later"), "#")),
  ], "focus");
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
      show(busy(say("restoring")));
      const old = await importSeed(await recoverySeed(facts.ledger, secret));
      const found = await adopt(old.public);
      if (!found) {
        await remove("keys", old.public);
        return show([note("hand", say("restore_none"), say("restore_none_next")), link("back", say("back"), "#restore")], "focus");
      }
      const key = await makeKey();
      const isDone = await changeKeys(found, (keys) => [
        ...keys.filter((one) => one.key === old.public),
        { key, rights: 11, until: null, cap: null },
      ]);
      if (isDone) await put("hats", { ...found, key, rights: ["spend", "refund", "manage"], recovery: old.public });
      else await remove("hats", found.account);
      await remove("keys", old.public);
    } catch (error) {
      if (error instanceof WordsError) return void (fault.textContent = say(`words_${error.fault}`, { word: error.word }));
      if (error instanceof Refused) await hatOf().then((hat) => (hat && !hat.recovery ? remove("hats", hat.account) : undefined));
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
