/** `#inbox`: what this account's person must be told, and what they can do about it. */

import { NoAnswer } from "../api.ts";
import type { Hat } from "../db.ts";
import { amount, button, facts, h, icon, link, moment, say, show, type Child, type Icon } from "../dom.ts";
import { type Kept, type Matter, type Message, freshInbox, keptInbox, markRead } from "../inbox.ts";
import { fromDecimal } from "../lib/money.ts";
import { freshKey, prepare } from "../outbox.ts";
import { outcome, showUntilKnown, toWallet } from "../paid.ts";
import { askAs } from "../wallet.ts";
import { busy, note, troubled } from "../start.ts";

/** Shows what is kept at once, and what is new as soon as the node has said it. */
export async function open(hat: Hat): Promise<void> {
  const kept = await keptInbox(hat);
  if (kept.at === 0) show(busy());
  else draw(hat, kept, null);
  try {
    const fresh = await freshInbox(hat);
    if (!location.hash.startsWith("#inbox")) return;
    draw(hat, fresh, null);
    await markRead(hat, fresh);
  } catch (error) {
    if (!(error instanceof NoAnswer) || kept.at === 0) throw error;
    draw(hat, kept, note("clock", say("inbox_kept", { when: moment(kept.at, "both") })));
  }
}

function draw(hat: Hat, kept: Kept, above: Child): void {
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("mail"), say("inbox")),
    above,
    kept.messages.length === 0 ? h("p", null, say("inbox_none")) : null,
    h("ul", { class: "lines" }, kept.messages.map((message) => item(hat, message, !kept.seen.includes(message.id)))),
    h("div", { class: "actions" }, link("back", say("back"), "#")),
  ], "focus");
}

interface Told { picture: Icon; words: string; more?: string; until?: string; href?: string }

function item(hat: Hat, { about, at }: Message, isNew: boolean): HTMLElement {
  const told = tell(about);
  const { picture, words, more, until, href } = told;
  const said = h("span", { class: "words" }, isNew ? h("strong", null, words) : words,
    [isNew ? say("inbox_new") : null, more, until, at ? moment(Date.parse(at), "both") : null]
      .map((part) => (part ? h("span", { class: "small" }, part) : null)));
  const line = href ? h("a", { href }, icon(picture), said) : h("div", { class: "told" }, icon(picture), said);
  if (about.what === "asking") {
    const withdraw = () => void askAs(hat, "POST", `/v1/requests/${about.request.id}/withdraw`).then(() => open(hat), troubled(() => void open(hat)));
    return h("li", null, line, h("div", { class: "actions" }, button("undo", say("ask_withdraw"), withdraw)));
  }
  if (about.what !== "pending" || !about.vetoable) return h("li", null, line);
  return h("li", null, line, h("p", null, say("inbox_object_was_it_you")), h("div", { class: "actions" }, button("cross", say("inbox_object"), () => mayObject(hat, about.index, told))));
}

function tell(about: Matter): Told {
  switch (about.what) {
    case "asked":
    case "asking":
    case "answered": {
      const { request } = about;
      const sum = amount(fromDecimal(request.amount, facts.scale));
      if (about.what !== "asked") {
        return { picture: request.state === "paid" ? "tick" : "hand", words: say(`inbox_answer_${request.state}`, { amount: sum }), more: request.words ?? "" };
      }
      return {
        picture: "pay", words: say("asked_one", { name: request.name ?? say("asked_by"), amount: sum }),
        more: request.words ? `${say("inbox_words")} ${request.words}` : "", until: say("inbox_answer_by", { when: moment(Date.parse(request.until), "both") }), href: new URL(request.link).pathname,
      };
    }
    case "draft":
      return {
        picture: "seal", words: say(about.signed ? "inbox_signed" : "inbox_sign", { act: say(`sign_kind_${about.entry}`) }),
        more: say("inbox_until", { when: moment(Date.parse(about.expires_at), "both") }), href: `#draft/${about.link.split("/").at(-1)}`,
      };
    case "pending":
      return { picture: "clock", words: say(`inbox_pending_${about.change ?? "other"}`), more: say("inbox_pending_from", { when: moment(Date.parse(about.effective_at), "both") }) };
    case "at_rest":
      return { picture: "clock", words: say(about.own ? "inbox_at_rest_own" : "why_at_rest"), more: say("inbox_at_rest_next"), href: "#rest" };
    case "wrong":
      return { picture: "hand", words: say(`inbox_wrong_${about.listens ? about.state : "told"}`), href: "/wrong" };
    case "heard":
      return { picture: "hand", words: say("inbox_heard", { count: about.count }), href: "/wrong#heard" };
    case "line": {
      const moved = fromDecimal(about.credit, facts.scale) - fromDecimal(about.debit, facts.scale);
      const direction = moved < 0 ? "out" : moved > 0 ? "in" : "none";
      const of = about.reference?.to === "line" ? say("inbox_of_number", { index: about.reference.index }) : "";
      if (about.kind === "change") return { picture: "phone", words: say(`inbox_changed_${about.change ?? "other"}`), href: `#lines/${about.index}.${about.line}` };
      return {
        picture: "undo", words: say(`inbox_${about.kind}_${direction}`, { amount: amount(Math.abs(moved)) }),
        more: about.reason ? say(`corrected_${about.reason}`) : of, href: `#lines/${about.index}.${about.line}`,
      };
    }
  }
}

/** Asks once more, on a screen of its own, whether a change that waits is to be stopped. */
function mayObject(hat: Hat, index: number, { words, more }: Told): void {
  const back = () => void open(hat);
  const object = async () => {
    show(busy(say("sending")));
    const outgoing = await prepare(hat, { key: freshKey("veto"), what: "veto", name: "", amount: 0, body: { index } });
    await showUntilKnown(outgoing, toWallet(), (news) => outcome(news, toWallet()));
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("hand"), say("inbox_object_title")),
    h("p", null, words), h("p", null, more), h("p", null, say("inbox_object_was_it_you")), h("p", null, say("inbox_object_text")),
    h("div", { class: "actions" },
      button("cross", say("inbox_object_sure"), () => void object().catch(troubled(back)), "main"),
      button("back", say("back"), back)),
  ], "focus");
}
