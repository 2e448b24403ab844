/** The recovery key: made after the first success, written down, and what it gives back on a new phone. */

import { wordlist as english } from "@scure/bip39/wordlists/english.js";
import { wordlist as french } from "@scure/bip39/wordlists/french.js";
import { type Account, Refused } from "../api.ts";
import { type Hat, put, remove } from "../db.ts";
import { button, facts, h, icon, language, link, say, show } from "../dom.ts";
import { importSeed, makeKey } from "../keys.ts";
import { parseAccount } from "../lib/account.ts";
import type { AccountState } from "../lib/entry.ts";
import { fromDecimal } from "../lib/money.ts";
import { WordsError, fromWords, newSecret, recoverySeed, toWords } from "../lib/recovery.ts";
import { freshKey, prepare, sendUntilKnown } from "../outbox.ts";
import { outcome, toWallet } from "../paid.ts";
import { busy, explain, note } from "../start.ts";
import { accountOf, adopt, hatOf } from "../wallet.ts";

const LISTS = [english, french];
/** What a recovery key may do: manage, and nothing else. */
const MANAGE = 8;
const RIGHTS: Record<string, number> = { spend: 1, refund: 2, redeem: 4, manage: 8 };

/** Returns the state of an account as an entry says it. */
function stateOf({ state }: Account): AccountState {
  const seconds = (moment: string | null | undefined) => (moment ? Date.parse(moment) / 1_000 : null);
  const minor = (decimal: string | null | undefined) => (decimal ? fromDecimal(decimal, facts.scale) : null);
  const account = (text: string | null | undefined) => (text ? parseAccount(text) : null);
  return {
    account: parseAccount(state.account) as string,
    kind: state.kind as AccountState["kind"],
    keys: state.keys.map((one) => ({
      key: one.key, rights: one.rights.reduce((sum, word) => sum | (RIGHTS[word] ?? 0), 0), until: seconds(one.until), cap: minor(one.cap),
    })),
    threshold: state.threshold,
    limit: minor(state.limit) ?? 0,
    ceiling: minor(state.ceiling),
    organisation: state.organisation ?? null,
    heir: account(state.heir),
    until: seconds(state.until),
    payees: state.payees?.map((one) => account(one) as string) ?? null,
  };
}

/** Gives the account other keys, signed by `hat`; shows what becomes of it, and returns whether it is done. */
async function changeKeys(hat: Hat, make: (keys: AccountState["keys"]) => AccountState["keys"]): Promise<boolean> {
  const account = await accountOf(hat);
  const before = stateOf(account);
  const outgoing = await prepare(hat, {
    key: freshKey("change"), what: "change", name: "", amount: 0,
    body: { base: account.base, state: { ...before, keys: make(before.keys) }, status: "open" },
  });
  const known = await sendUntilKnown(outgoing, (news) => show(outcome(news, toWallet()), news.state === "waiting" ? "quiet" : "focus"));
  return known.state === "done";
}

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
    h("h2", { tabindex: "-1", "data-focus": true }, icon("seal"), say("recovery")),
    h("p", null, say("recovery_text")),
    shown,
    h("p", { class: "note" }, icon("hand"), say("recovery_secret")),
    h("div", { class: "actions" },
      button("tick", say("recovery_done"), () => void done().catch((error: unknown) => show(explain(error, () => void offerRecovery(hat)))), "main"),
      button("down", say("print"), () => print()),
      link("back", say("recovery_later"), "#")),
  ], "focus");
}

/** Takes the account of twelve words to this phone; phones that were lost can pay no more. */
export function offerRestore(): void {
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
