/** `#inbox`: what this account's person must be told, and what they can do about it. */

import { NoAnswer } from "../api.ts";
import type { Hat } from "../db.ts";
import { amount, button, facts, h, icon, link, moment, say, show, type Child, type Icon } from "../dom.ts";
import { type Kept, type Matter, type Message, freshInbox, keptInbox, markRead } from "../inbox.ts";
import { fromDecimal } from "../lib/money.ts";
import { freshKey, prepare } from "../outbox.ts";
import { outcome, showUntilKnown, toWallet } from "../paid.ts";
import { busy, explain, note } from "../start.ts";

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

interface Told { picture: Icon; words: string; more?: string; href?: string }

function item(hat: Hat, { about, at }: Message, isNew: boolean): HTMLElement {
  const { picture, words, more, href } = tell(about);
  const said = h("span", { class: "words" }, isNew ? h("strong", null, words) : words,
    [isNew ? say("inbox_new") : null, more, at ? moment(Date.parse(at), "both") : null]
      .map((part) => (part ? h("span", { class: "small" }, part) : null)));
  const line = href ? h("a", { href }, icon(picture), said) : h("div", { class: "told" }, icon(picture), said);
  return h("li", null, line, about.what === "pending" && about.vetoable ? objection(hat, about.index) : null);
}

function tell(about: Matter): Told {
  switch (about.what) {
    case "asked":
    case "answered": {
      const { request } = about;
      const sum = amount(fromDecimal(request.amount, facts.scale));
      if (about.what === "answered") {
        return { picture: request.state === "paid" ? "tick" : "hand", words: say(`inbox_answer_${request.state}`, { amount: sum }), more: request.words ?? "" };
      }
      return {
        picture: "pay", words: say("inbox_asked", { name: request.name ?? say("inbox_somebody"), amount: sum }),
        more: request.words ? `${say("own_words")} ${request.words}` : "", href: new URL(request.link).pathname,
      };
    }
    case "draft":
      return {
        picture: "seal", words: say(about.signed ? "inbox_signed" : "inbox_sign", { act: say(`sign_kind_${about.entry}`) }),
        more: say("inbox_until", { when: moment(Date.parse(about.expires_at), "both") }), href: `#draft/${about.link.split("/").at(-1)}`,
      };
    case "pending":
      return { picture: "clock", words: say("inbox_pending"), more: say("inbox_pending_from", { when: moment(Date.parse(about.effective_at), "both") }) };
    case "at_rest":
      return { picture: "clock", words: say("inbox_at_rest"), href: "#rest" };
    case "wrong":
      return { picture: "hand", words: say(`inbox_wrong_${about.listens ? about.state : "told"}`), href: "/wrong" };
    case "heard":
      return { picture: "hand", words: say("inbox_heard", { count: about.count }), href: "/wrong#heard" };
    case "line": {
      const moved = fromDecimal(about.credit, facts.scale) - fromDecimal(about.debit, facts.scale);
      const direction = moved < 0 ? "out" : moved > 0 ? "in" : "none";
      const of = about.reference?.to === "line" ? say("inbox_of_number", { index: about.reference.index }) : "";
      return {
        picture: "undo", words: say(`inbox_${about.kind}_${direction}`, { amount: amount(Math.abs(moved)) }),
        more: of, href: `#lines/${about.index}.${about.line}`,
      };
    }
  }
}

/** Stops a change that waits, after asking once more. */
function objection(hat: Hat, index: number): HTMLElement {
  const place = h("div", { class: "actions" });
  const object = async () => {
    show(busy(say("sending")));
    const outgoing = await prepare(hat, { key: freshKey("veto"), what: "veto", name: "", amount: 0, body: { index } });
    await showUntilKnown(outgoing, toWallet(), (news) => outcome(news, toWallet()));
  };
  const sure = () => {
    const yes = button("cross", say("inbox_object_sure"), () => void object().catch((error: unknown) => show(explain(error, () => void open(hat)))), "main");
    place.replaceChildren(h("p", null, say("inbox_object_text")), yes, button("back", say("back"), () => place.replaceChildren(first)));
    yes.focus();
  };
  const first = button("cross", say("inbox_object"), sure);
  place.append(first);
  return place;
}
