/** `#draft/ID`: what is signed, by whom, until when; one tap signs. */

import { type Draft, DraftDiffers, findDraft, shortKey } from "../draft.ts";
import type { Hat } from "../db.ts";
import { facts, button, h, icon, link, moment, now, say, show, type Child } from "../dom.ts";
import { ask } from "../api.ts";
import { type Rules, type Said, namer, sayEntry } from "../entryWords.ts";
import { callHat } from "../hats.ts";
import { hex, sha256 } from "../lib/bytes.ts";
import { Malformed } from "../lib/cbor.ts";
import { cosign, sendUntilKnown } from "../outbox.ts";
import { outcome, toWallet } from "../paid.ts";
import { busy, explain, note } from "../start.ts";
import { directory } from "../statement.ts";
import { hats } from "../wallet.ts";

export async function open(_: unknown, id: string): Promise<void> {
  show(busy());
  try {
    const found = await findDraft(id, facts.ledger);
    if (!found) return show([note("hand", say("sign_unknown"), say("sign_unknown_next")), back()], "focus");
    const own = new Map((await hats()).map((hat) => [hat.account, nameOf(hat)]));
    const { entry } = found.draft.envelope;
    // What new rules change is held against those in force; what they say is read from their own bytes.
    const rules = entry.kind === "govern" ? await ask<Rules>("GET", "/v1/community") : null;
    const said = sayEntry(entry, namer(own, await directory()), rules);
    draw(id, found.draft, found.signer, said, new Set((await hats()).map(({ key }) => key)));
  } catch (error) {
    if (!(error instanceof DraftDiffers) && !(error instanceof Malformed)) throw error;
    show([note("hand", say("sign_differs"), say("sign_differs_next")), back()], "focus");
  }
}

const back = (): Child => h("div", { class: "actions" }, link("back", say("back"), "#inbox"));
const nameOf = (hat: Hat): string => (hat.account === "" ? say("sign_who_council") : callHat(hat));

function draw(id: string, draft: Draft, signer: Hat | null, said: Said | null, ours: ReadonlySet<string>): void {
  const { entry } = draft.envelope;
  const until = entry.expires_at * 1_000;
  const state = draft.state === "waiting" && until <= now() ? "expired" : draft.state;
  const sign = () => void signAndSend(id, draft, signer as Hat, said as Said).catch((error: unknown) => show(explain(error, () => void open(null, id))));
  const maySign = state === "waiting" && signer !== null && said !== null;
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("seal"), say("sign_title")),
    state === "waiting" ? null : note("clock", say(`sign_${state}`, { index: draft.index ?? 0 })),
    said ? h("p", { class: "lead" }, said.words) : note("hand", say("sign_too_much"), say("sign_too_much_next")),
    said && said.facts.length > 0 ? h("dl", { class: entry.kind === "govern" ? "rules" : "" }, said.facts.map(([what, value]) => [h("dt", null, what), h("dd", null, value)])) : null,
    said?.same ? h("details", { class: "rules" }, h("summary", null, icon("list"), say("sign_same")), h("dl", null, said.same.map(([what, value]) => [h("dt", null, what), h("dd", null, value)]))) : null,
    entry.kind === "govern" ? h("p", null, say(draft.memo ? "sign_report" : "sign_report_none")) : null,
    entry.kind === "attest" ? documentCheck(entry.body.document) : null,
    draft.memo ? h("blockquote", null, draft.memo.text) : entry.memo ? h("p", null, say("sign_memo_unseen")) : null,
    h("dl", null,
      h("dt", null, say("sign_signed_by")),
      draft.signedBy.length === 0 ? h("dd", null, say("sign_nobody")) : draft.signedBy.map((key) => h("dd", null, icon("tick"), " ", say(ours.has(key) ? "sign_by_you" : "sign_by", { key: shortKey(key) }))),
      draft.waitsFor ? [h("dt", null, say("sign_needed")), h("dd", null, say("sign_needed_from", { count: Math.max(1, draft.waitsFor.need - draft.waitsFor.have), who: say(`sign_who_${draft.waitsFor.who}`) }))] : null,
      h("dt", null, say("sign_until_when")), h("dd", null, moment(until, "both"))),
    maySign && signer ? h("p", null, say("sign_as", { name: nameOf(signer) })) : state === "waiting" && said && !signer ? h("p", { class: "note good" }, icon("tick"), say("sign_you_did")) : null,
    said ? null : h("code", null, `klaver cosign ${facts.origin}/d/${id}`),
    h("div", { class: "actions" }, maySign ? button("tick", say("sign_do"), sign, "main") : null, link("back", say("back"), "#inbox")),
  ], "focus");
}

/** Whether a file is the document whose hash is signed: its name and its words say nothing about that. */
function documentCheck(document: string): Child {
  const state = h("p", { role: "status" });
  const file = h("input", { id: "document", type: "file" });
  file.addEventListener("change", () => void (async () => {
    const [chosen] = Array.from(file.files ?? []);
    if (!chosen) return;
    const isSame = hex(await sha256(new Uint8Array(await chosen.arrayBuffer()))) === document;
    state.replaceChildren(icon(isSame ? "tick" : "cross"), say(isSame ? "sign_document_same" : "sign_document_other"));
  })());
  return h("div", { class: "field" }, h("label", { for: "document" }, say("sign_document_file")), file, state);
}

async function signAndSend(id: string, { envelope, memo }: Draft, signer: Hat, said: Said): Promise<void> {
  show(busy(say("sending")));
  const outgoing = await cosign(signer, envelope, { key: `draft:${id}:${signer.key}`, name: said.words, memo });
  await sendUntilKnown(outgoing, (news) => show(outcome(news, toWallet()), news.state === "waiting" ? "quiet" : "focus"));
}
