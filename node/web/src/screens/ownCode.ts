/** `#code`: the own code, to be scanned, shared, printed and replaced. */

import { NoAnswer } from "../api.ts";
import { type Hat, keep, recall } from "../db.ts";
import { button, h, icon, link, say, show, type Child } from "../dom.ts";
import { accountText } from "../lib/account.ts";
import { qr } from "../qr.ts";
import { busy, note, troubled } from "../start.ts";
import { askAs } from "../wallet.ts";

interface OwnCode {
  alias: string;
  link: string;
  words: string | null;
}

const name = (hat: Hat) => `code:${hat.account}`;

async function askCode(hat: Hat, asked: { replace?: boolean; words?: string } = {}): Promise<OwnCode> {
  const code = await askAs<OwnCode>(hat, "POST", `/v1/accounts/${accountText(hat.account)}/code`, asked);
  await keep(name(hat), code);
  return code;
}

/** Shows the code; without network the one that this phone knows. */
export async function open(hat: Hat): Promise<void> {
  const kept = await recall<OwnCode>(name(hat));
  if (kept) draw(hat, kept);
  else show(busy());
  try {
    const code = await askCode(hat);
    if (code.link !== kept?.link || code.words !== kept.words) draw(hat, code);
  } catch (error) {
    if (!(error instanceof NoAnswer) || !kept) throw error;
  }
}

function draw(hat: Hat, code: OwnCode, above: Child = null): void {
  const more = h("div", null);
  const news = h("div", null, above);
  const change = (asked: { replace?: boolean; words?: string }, said: string) => {
    more.replaceChildren(busy());
    askCode(hat, asked).then((now) => draw(hat, now, note("tick", said)), troubled(() => void open(hat)));
  };
  const plain = () => more.replaceChildren(h("div", { class: "actions" },
    button("share", say("own_share"), () => void share(code), "main"), button("down", say("own_print"), () => print()),
    button("list", say("own_words_change"), words), button("again", say("own_replace"), replace), link("back", say("back"), "#receive")));
  /** Shows something to decide; then that is the one thing to do here. */
  const decide = (what: HTMLElement, yes: HTMLElement, first: HTMLElement) => {
    news.replaceChildren();
    more.replaceChildren(what, h("div", { class: "actions" }, yes, button("back", say("back"), plain)));
    first.focus();
  };
  const words = () => {
    const typed = h("input", { id: "words", type: "text", maxlength: 40, autocomplete: "off", value: code.words ?? "" });
    decide(h("div", { class: "field" }, h("label", { for: "words" }, say("own_words_label"), h("span", { class: "small" }, say("own_words_seen"))), typed),
      button("tick", say("own_words_keep"), () => change({ words: typed.value.trim() }, say("own_words_kept")), "main"), typed);
  };
  const replace = () => {
    const yes = button("again", say("own_replace_sure"), () => change({ replace: true }, say("own_replaced")), "main");
    decide(h("p", null, say("own_replace_text")), yes, yes);
  };
  plain();
  show([
    h("section", { class: "sheet" },
      h("h2", { tabindex: "-1", "data-focus": true }, icon("scan"), say("own_code")),
      news,
      h("p", null, say("own_code_text")),
      code.words ? h("blockquote", null, code.words) : null,
      qr(code.link, say("own_code_picture")),
      h("p", { class: "unprinted" }, h("code", null, code.alias)),
      // On paper whoever cannot scan needs the whole address.
      h("p", { class: "printed" }, h("code", { id: "own-code" }, code.link))),
    more,
  ], "focus");
}

/** Hands the link to another program of the phone, or to its clipboard where there is none. */
async function share({ link: url }: OwnCode): Promise<void> {
  if (navigator.share) return navigator.share({ url }).catch(() => undefined);
  const done = await navigator.clipboard?.writeText(url).then(() => true, () => false);
  const own = document.getElementById("own-code");
  if (!done) own?.parentElement?.classList.remove("printed");
  own?.parentElement?.after(h("p", { role: "status" }, icon(done ? "tick" : "hand"), say(done ? "own_copied" : "own_copy_by_hand")));
}
