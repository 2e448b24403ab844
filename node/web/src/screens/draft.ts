/** `#draft/ID`: what is signed, by whom, until when; one tap signs. */

import { type Draft, DraftDiffers, findDraft, shortKey } from "../draft.ts";
import type { Hat } from "../db.ts";
import { facts, button, h, icon, link, moment, now, say, show, type Child } from "../dom.ts";
import { type Said, namer, sayEntry } from "../entryWords.ts";
import { callHat } from "../hats.ts";
import { Malformed } from "../lib/cbor.ts";
import type { Entry } from "../lib/entry.ts";
import { cosign } from "../outbox.ts";
import { outcome, showUntilKnown, toWallet } from "../paid.ts";
import { busy, note, troubled } from "../start.ts";
import { directory } from "../statement.ts";
import { hats } from "../wallet.ts";

/** What only the council's own page adds. */
export interface More {
  say(entry: Entry, name: (account: string) => string): Said | null;
  /** What stands below it; `allow` gives and takes the button that signs. */
  beside(draft: Draft, said: Said | null, allow: (may: boolean) => void): Child;
  /** Returns whose key this is, as far as that is known. */
  who(key: string): string | null;
  /** Returns what the button that signs says. */
  verb(entry: Entry): string;
  home: HTMLElement;
}

export async function open(_: unknown, id: string, more?: More): Promise<void> {
  show(busy());
  try {
    const found = await findDraft(id, facts.ledger);
    if (!found) return show([heading("sign_none"), note("hand", say("sign_unknown"), say("sign_unknown_next")), back()], "focus");
    const own = new Map((await hats()).map((hat) => [hat.account, nameOf(hat)]));
    const { entry } = found.draft.envelope;
    if (!more && (entry.kind === "govern" || entry.kind === "attest")) return location.replace(`/coordination#draft/${id}`);
    const name = namer(own, await directory(), found.draft.names);
    const said = sayEntry(entry, name) ?? more?.say(entry, name) ?? null;
    draw(id, found.draft, found.signer, said, new Set((await hats()).map(({ key }) => key)), more);
  } catch (error) {
    if (!(error instanceof DraftDiffers) && !(error instanceof Malformed)) throw error;
    show([heading("sign_none"), note("hand", say("sign_differs"), say("sign_differs_next")), back()], "focus");
  }
}

const heading = (words: string): Child => h("h2", { tabindex: "-1", "data-focus": true }, icon("seal"), say(words));
const back = (): Child => h("div", { class: "actions" }, link("back", say("back"), "#inbox"));
const nameOf = (hat: Hat): string => (hat.account === "" ? say("sign_who_council") : callHat(hat));

function draw(id: string, draft: Draft, signer: Hat | null, said: Said | null, ours: ReadonlySet<string>, more?: More): void {
  const { entry } = draft.envelope;
  const until = entry.expires_at * 1_000;
  const state = draft.state === "waiting" && until <= now() ? "expired" : draft.state;
  const sign = () => void signAndSend(id, draft, signer as Hat, said as Said, more).catch(troubled(() => void open(null, id, more)));
  const maySign = state === "waiting" && signer !== null && said !== null;
  const signing = maySign ? button("tick", more?.verb(entry) ?? (said.sum ? say("sign_do_sum", { amount: said.sum }) : say("sign_do")), sign, "main") : null;
  show([
    heading("sign_title"),
    state === "waiting" ? null : note("clock", say(`sign_${state}`, { index: draft.index ?? 0 })),
    said ? h("p", { class: "lead" }, said.words) : note("hand", say("sign_too_much"), say("sign_too_much_next")),
    said && said.facts.length > 0 ? h("dl", { class: said.same ? "rules" : "" }, said.facts.map(([what, value]) => [h("dt", null, what), h("dd", null, value)])) : null,
    more?.beside(draft, said, (may) => signing && (signing.hidden = !may)),
    draft.memo ? h("blockquote", null, draft.memo.text) : entry.memo ? h("p", null, say("sign_memo_unseen")) : null,
    h("dl", null,
      h("dt", null, say("sign_signed_by")),
      draft.signedBy.length === 0 ? h("dd", null, say("sign_nobody")) : draft.signedBy.map((key) => h("dd", null, icon("tick"), " ", ours.has(key) ? say("sign_by_you") : more?.who(key) ?? (more ? say("sign_by", { key: shortKey(key) }) : say("sign_by_other")))),
      draft.waitsFor ? [h("dt", null, say("sign_needed")), h("dd", null, needed(draft.waitsFor))] : null,
      h("dt", null, say("sign_until_when")), h("dd", null, moment(until, "both"))),
    maySign && signer ? h("p", null, say("sign_as", { name: nameOf(signer) })) : state === "waiting" && said && !signer ? h("p", { class: "note good" }, icon("tick"), say("sign_you_did")) : null,
    draft.names.length > 0 ? h("details", null, h("summary", null, say("sign_accounts")), draft.names.map(({ account }) => h("p", null, h("code", null, account)))) : null,
    said ? null : h("code", null, `klaver cosign ${facts.origin}/d/${id}`),
    h("div", { class: "actions" }, signing, link("back", say(maySign ? "sign_not" : "back"), more ? "#" : "#inbox")),
  ], "focus");
}

/** Says how many signatures are missing; of one's own account no more than that. */
function needed({ who, have, need }: NonNullable<Draft["waitsFor"]>): string {
  const count = Math.max(1, need - have);
  return who === "account" ? String(count) : say("sign_needed_from", { count, who: say(`sign_who_${who}`) });
}

async function signAndSend(id: string, { envelope, memo }: Draft, signer: Hat, said: Said, more?: More): Promise<void> {
  show(busy(say("sending")));
  const outgoing = await cosign(signer, envelope, { key: `draft:${id}:${signer.key}`, name: said.words, memo });
  const home = more?.home ?? toWallet();
  await showUntilKnown(outgoing, home, (news) => outcome(news, home));
}
