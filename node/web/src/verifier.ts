/** Checking a receipt that somebody drops: what it proves, step by step, and what a step that fails can mean. */

import { amount, button, fill, h, icon, moment, say, show, knows, type Child, type Icon } from "./dom.ts";
import { accountText } from "./lib/account.ts";
import type { Envelope } from "./lib/entry.ts";
import { type Line, type Proven } from "./lib/receipt.ts";
import { type Examination, type Looked, examine } from "./lib/verifier.ts";
import { type Believed, believedOfNode, summary, trustForm } from "./verifierTrust.ts";

/** No receipt is larger, in bytes. */
const FILE_MAX = 512 * 1024;

/** What is checked now, and by what: a change of either shows the result anew. */
interface Shown {
  file: string | null;
  believed: Believed;
}

/** Shows the page. */
export async function verifier(): Promise<void> {
  if (!globalThis.crypto?.subtle) return show(h("p", { class: "note" }, icon("hand"), say("check_no_crypto")));
  const shown: Shown = { file: null, believed: await believedOfNode() };
  const result = h("div", { role: "status", tabindex: "-1", "data-focus": true });
  const trusted = h("div", null);
  const renew = async () => {
    fill(trusted, summary(shown.believed));
    if (shown.file === null) return;
    const found = await examine(shown.file, shown.believed.trust, Math.floor(Date.now() / 1_000));
    fill(result, report(found, shown.believed));
    result.scrollIntoView({ block: "start" });
    result.focus();
  };
  const take = async (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (!file) return;
    shown.file = file.size > FILE_MAX ? "" : await file.text();
    await renew();
  };
  const chosen = h("input", { type: "file", hidden: true, onchange: () => void take(chosen.files).then(() => (chosen.value = "")) });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event: DragEvent) => {
    event.preventDefault();
    void take(event.dataTransfer?.files);
  });
  show([
    h("div", { class: "actions" }, button("seal", say("check_choose"), () => chosen.click(), "main")), chosen,
    h("p", { class: "small" }, say("check_drop")), h("p", { class: "small" }, say("check_help")),
    result,
    h("section", null, h("h2", null, icon("seal"), say("check_trust")), trusted, trustForm(shown.believed, (believed) => {
      shown.believed = believed;
      void renew();
    })),
  ]);
  await renew();
}

/** The verdict first, then what it proves, then the steps. */
function report(found: Examination, believed: Believed): Child {
  const { proven, claimed, code, steps } = found;
  const title = proven ? "check_holds" : code === "receipt_lines_needed" || code === "update_needed" || code === "malformed_receipt" ? "check_none" : "check_holds_not";
  const claim = claimed && { origin: claimed.origin, size: claimed.size };
  return [
    // What could not be looked at is no swindle.
    h("p", { class: proven ? "note good" : title === "check_none" ? "note" : "note fails" }, icon(proven ? "tick" : title === "check_none" ? "hand" : "cross"), say(title)),
    proven ? [tell(proven), h("p", null, icon("seal"), aboutWitnesses(found, believed))] : code && [h("p", null, say(`check_why_${code}`)), h("p", null, say(`check_means_${code}`))],
    h("details", null, h("summary", null, say("check_steps")),
      claim ? h("p", null, say(proven ? "check_whose" : "check_claims", claim)) : null,
      // What was not looked at any more says nothing.
      h("ol", { class: "steps" }, steps.filter(({ step, state }) => state !== "unknown" || (step === "witnesses" && proven)).map((step) => stepLine(step, found, believed)))),
  ];
}

const PICTURES: Record<Looked["state"], Icon> = { holds: "tick", fails: "cross", unknown: "clock" };

function stepLine({ step, state }: Looked, found: Examination, believed: Believed): Child {
  const said = step === "witnesses" && state !== "fails" && found.proven ? aboutWitnesses(found, believed)
    : say(state === "fails" ? `check_why_${found.code}` : `check_step_${step}_holds`);
  return h("li", { class: state }, icon(PICTURES[state]), h("div", null, h("strong", null, say(`check_step_${step}`)), h("p", null, said)));
}

function aboutWitnesses({ verdict }: Examination, { trust }: Believed): string {
  const total = trust.policy?.witnesses.length ?? 0;
  if (!verdict || total === 0) return say("check_witnesses_none");
  const names = verdict.seen.map(({ witness, at }) => `${witness} (${moment(at * 1_000, "full")})`).join(", ");
  const values = { count: verdict.seen.length, total, names };
  return say(verdict.isQuorum && verdict.seen.length > 0 ? "check_step_witnesses_holds" : "check_witnesses_wait", values);
}

/** Says what a receipt proves: how much first. */
function tell({ index, recordedAt, content }: Proven): Child {
  return [
    "line" in content ? aboutLine(content.line) : aboutEntry(content.envelope),
    h("p", null, say("check_entry", { index, when: moment(recordedAt, "full") })),
  ];
}

function aboutLine({ account, kind, debit, credit }: Line): Child {
  const what = wordsOf(kind, credit > debit ? "in" : debit > credit ? "out" : "none", Math.abs(credit - debit));
  return [
    credit === debit ? null : h("p", { class: "amount" }, amount(Math.abs(credit - debit))),
    h("p", null, h("strong", null, what)),
    // The line of one account: whom it paid stands in the other's.
    kind === "pay" ? h("p", { class: "small" }, say("check_other_side")) : null,
    whose(say("check_account", { account: accountText(account) })),
  ];
}

function aboutEntry({ entry }: Envelope): Child {
  if (entry.kind !== "pay") return h("p", null, h("strong", null, wordsOf(entry.kind, "out")));
  const from = accountText(entry.body.from);
  return entry.body.payees.map((payee) => [
    h("p", { class: "amount" }, amount(payee.amount)),
    whose(say("check_pay", { from, to: accountText(payee.to) })),
  ]);
}

/** Whose it is, as letters and digits that say nothing to most. */
const whose = (words: string): Child => h("details", null, h("summary", null, say("check_accounts")), h("p", { class: "small" }, words));

function wordsOf(kind: string, direction: "in" | "out" | "none", minor = 0): string {
  const key = `line_${kind}_${direction}`;
  return knows(key) ? say(key, { amount: amount(minor) }) : `${say("line_other")} (${kind})`;
}
