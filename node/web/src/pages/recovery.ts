/** The recovery key: made after the first success, written down, and what it gives back on a new phone. */

import { wordlist as english } from "@scure/bip39/wordlists/english.js";
import { wordlist as french } from "@scure/bip39/wordlists/french.js";
import type { Hat } from "../db.ts";
import { button, facts, h, icon, language, link, say, show } from "../dom.ts";
import { borrowSeed, makeKey } from "../keys.ts";
import { provenState } from "../accountState.ts";
import type { Bytes } from "../lib/bytes.ts";
import type { AccountState } from "../lib/entry.ts";
import { WordsError, fromWords, newSecret, recoverySeed, toWords } from "../lib/recovery.ts";
import { freshKey, isOpen, outbox, prepare, sendUntilKnown } from "../outbox.ts";
import { outcome, toWallet } from "../paid.ts";
import { busy, explain, note } from "../start.ts";
import { accountsOf, endSession, persist } from "../wallet.ts";

const LISTS = [english, french];
/** What a recovery key may do: manage, and nothing else. */
const MANAGE = 8;
/** What the phone itself may do: pay, give back, manage. */
const OWN = 11;

/** What is signed for other keys: whose account it is, what signs, what its keys become, and as whom this phone signs then. */
interface Change {
  hat: Hat;
  keys: (before: AccountState["keys"]) => AccountState["keys"];
  then: Hat;
}

/** Gives an account other keys, and shows what becomes of it; `again` is offered when it was refused. */
async function changeKeys({ hat, keys, then }: Change, again: () => void): Promise<void> {
  const { base, state } = await provenState(hat);
  const outgoing = await prepare(hat, {
    key: freshKey("change"), what: "change", name: "", amount: 0, hat: then,
    body: { base, state: { ...state, keys: keys(state.keys) }, status: "open" },
  });
  const known = await sendUntilKnown(outgoing, (news) => show(
    outcome(news, [news.state === "refused" ? button("undo", say("again"), again) : null, toWallet()]), news.state === "waiting" ? "quiet" : "focus"));
  if (known.state === "done") await endSession(hat.account);
}

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
    h("h2", { tabindex: "-1", "data-focus": true }, icon("seal"), say("recovery")),
    h("p", null, say("recovery_text")),
    shown,
    h("p", { class: "note" }, icon("hand"), say("recovery_secret")),
    h("div", { class: "actions" },
      button("tick", say("recovery_done"), done, "main"),
      button("down", say("print"), () => print()),
      link("back", say("recovery_later"), "#")),
  ], "focus");
}

/** Adds the key of the words to the account. */
async function add(hat: Hat, secret: Bytes, again: () => void): Promise<void> {
  show(busy(say("sending")));
  const key = await borrowSeed(await recoverySeed(facts.ledger, secret));
  await changeKeys({
    hat, then: { ...hat, recovery: key },
    keys: (keys) => [...keys.filter((one) => one.key !== key), { key, rights: MANAGE, until: null, cap: null }],
  }, again);
}

/** Takes the account of twelve words to this phone; phones that were lost can pay no more. */
export function offerRestore(): void {
  const fault = h("p", { id: "words-fault", class: "fault", role: "alert" });
  const typed = h("textarea", { id: "words", rows: 4, autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": "words-fault" });
  const restore = async () => {
    try {
      const secret = await fromWords(typed.value, LISTS);
      await takeOver(secret);
    } catch (error) {
      if (error instanceof WordsError) return void (fault.textContent = say(`words_${error.fault}`, { word: error.word }));
      show(explain(error, offerRestore));
    }
  };
  show([
    h("h2", { tabindex: "-1" }, icon("undo"), say("restore")),
    h("p", null, say("restore_text")),
    h("div", { class: "field" }, h("label", { for: "words" }, say("restore_words")), typed, fault),
    h("div", { class: "actions" }, button("undo", say("restore_do"), () => void restore(), "main"), link("back", say("back"), "#")),
  ]);
  typed.focus();
}

/** Gives the account of the words a key of this phone. The phone signs for it once that is recorded, and not before. */
async function takeOver(secret: Bytes): Promise<void> {
  show(busy(say("restoring")));
  const old = await borrowSeed(await recoverySeed(facts.ledger, secret));
  const found = (await accountsOf(old)).find(({ rights }) => rights.includes("manage"));
  if (!found) return show([note("hand", say("restore_none"), say("restore_none_next")), link("back", say("back"), "#restore")], "focus");
  const key = await makeKey();
  await persist();
  await changeKeys({
    hat: found, then: { ...found, key, rights: ["spend", "refund", "manage"], recovery: old },
    keys: (keys) => [...keys.filter((one) => one.key === old), { key, rights: OWN, until: null, cap: null }],
  }, offerRestore);
}
