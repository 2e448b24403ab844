/** `#draft/ID` of the coordination: new rules and statements, which only the council signs, in words. */

import { ask } from "./api.ts";
import { type ToldCharter, sayCharter } from "./charterWords.ts";
import { h, icon, link, loadOwnWords, say, type Child } from "./dom.ts";
import type { Draft } from "./draft.ts";
import type { Said } from "./entryWords.ts";
import { hex, sha256 } from "./lib/bytes.ts";
import type { Entry } from "./lib/entry.ts";
import { open } from "./screens/draft.ts";

/** The rules in force, as the node tells them, and the number of the record that made them. */
interface Rules { charter: ToldCharter; charter_base: number }

export async function draftOfCouncil(id: string): Promise<void> {
  await loadOwnWords();
  await open(null, id, { say: sayRules, beside, home: link("seal", say("council_to"), "#", "main") });
}

/** Returns what new rules or a statement say, from their own bytes; what rules change is held against those in force. */
async function sayRules(entry: Entry, name: (account: string) => string): Promise<Said | null> {
  if (entry.kind === "attest") {
    const { statement, size, root, document } = entry.body;
    return { words: say("statement_anchored", { what: say(`statement.${statement}`), size }), facts: [[say("statement_document"), document], [say("statement_root"), root]] };
  }
  if (entry.kind !== "govern") return null;
  const { base, charter } = entry.body;
  const rules = await ask<Rules>("GET", "/v1/community");
  const { changes, same } = sayCharter(charter, rules.charter_base === base ? rules.charter : null, name);
  return { words: say(changes.length === 0 ? "rules_unchanged" : "rules_replaced", { base }), facts: changes, same };
}

/** What belongs to rules and statements besides: the meeting, all that stays, the document. */
function beside({ envelope: { entry }, memo }: Draft, said: Said | null): Child {
  if (entry.kind === "attest") return documentCheck(entry.body.document);
  if (entry.kind !== "govern") return null;
  return [
    said?.same ? h("details", { class: "rules" }, h("summary", null, icon("list"), say("rules_same")), h("dl", null, said.same.map(([what, value]) => [h("dt", null, what), h("dd", null, value)]))) : null,
    h("p", null, say(memo ? "rules_report" : "rules_report_none")),
  ];
}

/** Whether a file is the document whose hash is signed: its name and its words say nothing about that. */
function documentCheck(document: string): Child {
  const state = h("p", { role: "status" });
  const file = h("input", { id: "document", type: "file" });
  file.addEventListener("change", () => void (async () => {
    const [chosen] = Array.from(file.files ?? []);
    if (!chosen) return;
    const isSame = hex(await sha256(new Uint8Array(await chosen.arrayBuffer()))) === document;
    state.replaceChildren(icon(isSame ? "tick" : "cross"), say(isSame ? "statement_file_same" : "statement_file_other"));
  })());
  return h("div", { class: "field" }, h("label", { for: "document" }, say("statement_file")), file, state);
}
