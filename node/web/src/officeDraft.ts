/** `#draft/ID` of the coordination: new rules and statements, which only the council signs, in words. */

import { ask } from "./api.ts";
import { type ToldCharter, sayCharter } from "./charterWords.ts";
import { fill, h, icon, link, loadOwnWords, say, type Child } from "./dom.ts";
import type { Draft } from "./draft.ts";
import type { Said } from "./entryWords.ts";
import { hex, sha256 } from "./lib/bytes.ts";
import type { Entry } from "./lib/entry.ts";
import { lasting } from "./lasting.ts";
import { fileField, fold, list } from "./officeParts.ts";
import { open } from "./screens/draft.ts";
import { note } from "./start.ts";

/** The rules in force, as the node tells them, and the number of the record that made them. */
interface Rules { charter: ToldCharter & { council: string[]; policy: { recovery_delay: number } }; charter_base: number }

export async function draftOfCouncil(id: string): Promise<void> {
  const [rules] = await Promise.all([ask<Rules>("GET", "/v1/community"), loadOwnWords()]);
  await open(null, id, {
    say: (entry, name) => sayRules(rules, entry, name), beside: (draft, said, allow) => beside(rules, draft, said, allow), home: link("seal", say("council_to"), "#", "main"),
    who: (key) => (rules.charter.council.includes(key) ? say("sign_by_council") : null),
    verb: ({ kind }) => say(kind === "govern" ? "rules_sign" : kind === "attest" ? "statement_sign" : "sign_do"),
  });
}

/** Returns what new rules or a statement say, from their own bytes; what rules change is held against those in force. */
function sayRules(rules: Rules, entry: Entry, name: (account: string) => string): Said | null {
  if (entry.kind === "attest") {
    const { statement, size, root, document } = entry.body;
    return { words: say("statement_anchored", { what: say(`statement.${statement}`) }), facts: [], same: [[say("statement_document"), document], [say("statement_size"), String(size)], [say("statement_root"), root]] };
  }
  if (entry.kind !== "govern") return null;
  const { base, charter } = entry.body;
  const isNewest = rules.charter_base === base;
  const { changes, same } = sayCharter(charter, isNewest ? rules.charter : null, name);
  const words = say(!isNewest ? "rules_outdated" : changes.length === 0 ? "rules_unchanged" : "rules_replaced");
  return { words, facts: changes, same: [...same, [say("rules_base"), String(base)]] };
}

/** What belongs to rules and statements besides: the meeting, all that stays, the document. */
function beside({ charter: { policy } }: Rules, { envelope: { entry }, memo }: Draft, said: Said | null, allow: (may: boolean) => void): Child {
  if (entry.kind !== "attest" && entry.kind !== "govern") return null;
  const rest = fold(say(entry.kind === "attest" ? "statement_exactly" : "rules_same"), list(said?.same ?? []));
  return entry.kind === "attest" ? [documentCheck(entry.body.document, allow), rest] : [rest, h("p", null, say(memo ? "rules_report" : "rules_report_none")), h("p", { class: "note" }, icon("clock"), say("rules_wait", { lasts: lasting(policy.recovery_delay) }))];
}

/** Whether a file is the document whose hash is signed: its name and its words say nothing about that. Nobody signs before. */
function documentCheck(document: string, allow: (may: boolean) => void): Child {
  const state = h("div", { role: "status" });
  allow(false);
  const file = fileField("document", "", (chosen) => void (async () => {
    allow(false);
    const isSame = hex(await sha256(new Uint8Array(await chosen.arrayBuffer()))) === document;
    // Another one may have been chosen meanwhile.
    if (file.input.files?.[0] !== chosen) return;
    fill(state, isSame ? h("p", { class: "note good" }, icon("tick"), say("statement_file_same")) : note("cross", say("statement_file_other"), say("statement_file_other_next")));
    allow(isSame);
  })());
  return [h("p", null, say("statement_file")), file.element, state];
}
