/** `#recovery`: the recovery key, made after the first success, written down or printed. */

import { changeKeys } from "../changeKeys.ts";
import type { Hat } from "../db.ts";
import { button, facts, h, icon, language, link, moment, now, say, show } from "../dom.ts";
import { borrowSeed } from "../keys.ts";
import { type Bytes, base32 } from "../lib/bytes.ts";
import { newSecret, recoverySeed, toWords } from "../lib/recovery.ts";
import { isOpen, outbox } from "../outbox.ts";
import { outcome, toWallet } from "../paid.ts";
import { qr } from "../qr.ts";
import { busy, troubled } from "../start.ts";
import { listOf } from "../wordLists.ts";

/** What a recovery key may do: manage, and nothing else. */
const MANAGE = 8;

/** Offers the words, and adds their key to the account once they are written down. */
export async function open(hat: Hat): Promise<void> {
  const underway = (await outbox()).find((outgoing) => isOpen(outgoing) && outgoing.hat?.account === hat.account);
  // Words were written down already: others would make two spare keys of one.
  if (underway) return show(outcome(underway, toWallet()), "focus");
  const secret = newSecret();
  const words = await toWords(secret, await listOf(language));
  // Printing comes first: the words are for who has no printer, and most read another language.
  const shown = h("div", { class: "printed" },
    h("p", null, say("recovery_text"), " ", say("recovery_letters")),
    h("ol", { class: "recovery" }, words.map((word) => h("li", { lang: language === "fr" ? "fr" : "en" }, word))));
  // The words on paper are these, however often it takes.
  const done = () => void add(hat, secret, done).catch(troubled(done));
  const kept = button("tick", say("recovery_done"), done, "main");
  kept.hidden = true;
  /** From now on there is something to keep well. */
  const ready = () => {
    kept.hidden = false;
    paper.classList.remove("main");
  };
  const paper = button("down", say("paper_print"), () => {
    ready();
    print();
  }, "main");
  const write = button("list", say("recovery_write"), () => {
    ready();
    shown.classList.remove("printed");
    write.remove();
  });
  show([
    h("section", { class: "sheet" },
      h("h2", { tabindex: "-1", "data-focus": true }, icon("seal"), say("recovery")),
      h("p", null, say("recovery_why")),
      shown,
      // On paper alone: a camera brings it back as well, and the sheet says whose it is and what to do.
      h("div", { class: "printed" }, qr(`${facts.origin}/wallet#restore/${base32(secret)}`, say("paper_picture")), h("p", null, say("paper_how")), h("p", null, say("paper_keep", { when: moment(now(), "day") })))),
    h("p", { class: "note" }, icon("hand"), say("recovery_secret")),
    h("div", { class: "actions" },
      kept, paper, write,
      link("back", say("recovery_later"), "#")),
  ], "focus");
}

/** Adds the key of the words to the account. */
async function add(hat: Hat, secret: Bytes, again: () => void): Promise<void> {
  show(busy(say("sending")));
  const key = await borrowSeed(await recoverySeed(facts.ledger, secret));
  const paper = { key, rights: MANAGE, until: null, cap: null };
  await changeKeys(hat, (keys) => [...keys.filter((one) => one.key !== key), paper], { words: "spare", then: { ...hat, recovery: key }, again });
}
