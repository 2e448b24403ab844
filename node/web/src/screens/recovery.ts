/** `#recovery`: the recovery key, made after the first success, written down or printed. */

import { changeKeys } from "../changeKeys.ts";
import { type Hat, put, remove } from "../db.ts";
import { button, facts, h, icon, language, link, moment, now, say, show } from "../dom.ts";
import { importSeed } from "../keys.ts";
import { base32 } from "../lib/bytes.ts";
import { newSecret, recoverySeed, toWords } from "../lib/recovery.ts";
import { qr } from "../qr.ts";
import { busy, explain } from "../start.ts";
import { listOf } from "../wordLists.ts";

/** What a recovery key may do: manage, and nothing else. */
const MANAGE = 8;

/** Offers the words, and adds their key to the account once they are written down. */
export async function open(hat: Hat): Promise<void> {
  const secret = newSecret();
  const words = await toWords(secret, await listOf(language));
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
      button("tick", say("recovery_done"), () => void done().catch((error: unknown) => show(explain(error, () => void open(hat)))), "main"),
      button("down", say("paper_print"), () => print()),
      link("back", say("recovery_later"), "#")),
  ], "focus");
}
