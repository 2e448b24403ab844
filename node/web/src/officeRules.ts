/** `#rules`: every charter and what it changed, and stopping one; `#propose`: new rules, with the meeting that decided them. */

import { ask } from "./api.ts";
import { type ToldCharter, charterOf, sayCharter, sayChange } from "./charterWords.ts";
import type { Hat } from "./db.ts";
import { button, facts, fill, h, icon, link, moment as when, say, shortAccount, show, type Child } from "./dom.ts";
import { lasting } from "./lasting.ts";
import { base64url, random } from "./lib/bytes.ts";
import { parseAccount } from "./lib/account.ts";
import { Malformed } from "./lib/cbor.ts";
import { type Bodies, decodeEntry, encodeEntry, faultOfMemo, memoCommitment } from "./lib/entry.ts";
import { showNumber } from "./lib/money.ts";
import type { Coordination } from "./office.ts";
import { back, command, field, fold, heading, list, readTotal, signAndSend, totalText } from "./officeParts.ts";
import { freshKey } from "./outbox.ts";
import { directory } from "./statement.ts";
import { busy } from "./start.ts";

type Charter = Bodies["govern"]["charter"];
type Change = Coordination["rules"][number];
type Input = HTMLInputElement | HTMLSelectElement;

/** What is proposed here, by how it is typed. The rest of a charter is changed as a file, with the program. */
const AMOUNTS = ["member_limit", "organisation_day_amount", "offline_cap", "card_free_amount", "card_day_cap"] as const;
const DAYS = ["correction_window", "refund_window", "recovery_delay"] as const;
const MAY_BE_EMPTY = ["organisation_day_amount"];
const DAY = 86_400;

/** Keys, and the name of a log: nobody reads them aloud. */
const isOfMachines = (value: string): boolean => /[0-9a-f]{32}|\//.test(value);

/** The rules in force, then every charter and what it changed. */
export async function rules(hat: Hat, seen: Coordination): Promise<void> {
  const [{ charter }, names] = await Promise.all([ask<Told>("GET", "/v1/community"), directory()]);
  const waits = seen.rules.some(({ effective_at }) => effective_at !== null);
  const now = sayCharter(charterOf(charter), charter, (account) => names.get(account) ?? shortAccount(account)).same;
  const known = new Map(seen.accounts.map(({ account, name }) => [parseAccount(account) ?? "", name ?? ""]).filter(([, name]) => name !== "") as [string, string][]);
  show([
    heading("list", say("council_rules")),
    waits ? null : h("div", { class: "actions" }, link("list", say("rules_propose"), "#propose", "main")),
    h("h2", null, say("council_rules_now")),
    list(now.filter(([, value]) => !isOfMachines(value)), "rules"),
    fold(say("statement_exactly"), list(now.filter(([, value]) => isOfMachines(value)))),
    seen.rules.map((change) => oneChange(hat, change, (account) => known.get(account) ?? shortAccount(account))),
    back(),
  ], "focus");
}

function oneChange(hat: Hat, { index, recorded_at, effective_at, by_rescue, reference, changes }: Change, name: (account: string) => string): Child {
  const isFirst = changes.length === 0;
  const day = when(Date.parse(recorded_at), "day");
  return h("section", null,
    h("h2", null, isFirst ? say("council_rules_founded") : say(effective_at ? "council_rules_proposed" : "council_rules_changed", { when: day })),
    effective_at ? h("p", { class: "note" }, icon("clock"), say("council_rules_waits", { when: when(Date.parse(effective_at), "both") })) : null,
    isFirst ? h("p", { class: "small" }, day) : list(changes.flatMap((change) => sayChange(change, name)), "rules"),
    isFirst ? null : reference ? [h("p", null, say("rules_report")), h("blockquote", null, reference)] : h("p", { class: "small" }, say("rules_report_none")),
    effective_at ? stopping(hat, index, by_rescue) : null);
}

/** The council stops what rescue keys began, with a second tap; what the council began an auditor stops. */
function stopping(hat: Hat, index: number, byRescue: boolean): Child {
  if (!byRescue) return [h("p", null, say("rules_stop_auditor")), command(say("rules_stop_command"), `klaver veto ${index}`)];
  const place = h("div", { class: "actions" });
  const stop = () => void signAndSend(hat, { key: freshKey("veto"), what: "veto", name: "", amount: 0, body: { index } });
  const first = button("cross", say("inbox_object"), () => {
    const yes = button("cross", say("inbox_object_sure"), stop, "main");
    fill(place, h("p", null, say("rules_stop_text")), yes, button("back", say("back"), () => fill(place, first)));
    yes.focus();
  });
  place.append(first);
  return place;
}

/** A word that stands inside sentences elsewhere, as a choice of its own. */
const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

interface Told { charter: ToldCharter; charter_base: number }

/** The rules in force as a form; what was typed is looked through before it is signed. */
export async function propose(hat: Hat): Promise<void> {
  show(busy());
  const [{ charter: told, charter_base: base }, known] = await Promise.all([ask<Told>("GET", "/v1/community"), directory()]);
  const charter = charterOf(told);
  const { policy } = charter;
  const typed = (value: string) => h("input", { type: "text", inputmode: "decimal", autocomplete: "off", maxlength: 17, value });
  const row = <N extends string, I extends Input>(name: N, input: I, unit = "") => ({ name, begun: input.value, ...field(name, say(`rules_ask_${name}`), input, unit) });
  const joining = h("select", null, (["council", "invitation", "open"] as const).map((one) => h("option", { value: one, selected: policy.joining === one }, capital(say(`rules_joining_${one}`)))));
  const amounts = AMOUNTS.map((name) => row(name, typed(totalText(policy[name])), facts.many));
  const days = DAYS.map((name) => row(name, typed(showNumber(Math.round(policy[name] / DAY * 100), 2, "nl").replace(/\s/g, "")), say("rules_days")));
  const threshold = row("council_threshold", typed(String(charter.council_threshold)));
  const who = row("joining", joining);
  const reference = field("reference", say("rules_reference"), h("input", { type: "text", maxlength: 140, autocomplete: "off" }));

  /** Returns the charter as it was typed, or nothing after having said what is wrong. */
  const read = (): Charter | undefined => {
    const next: Charter = { ...charter, policy: { ...policy, joining: joining.value as Charter["policy"]["joining"] } };
    for (const { name, input, begun, fault } of amounts) {
      const minor = input.value === begun ? policy[name] : readTotal(input, fault, MAY_BE_EMPTY.includes(name));
      if (minor === undefined) return undefined;
      Object.assign(next.policy, { [name]: minor });
    }
    for (const { name, input, begun, fault } of [...days, threshold]) {
      fault.textContent = "";
      if (input.value === begun) continue;
      const whole = /^\d{1,3}$/.test(input.value.trim()) ? Number(input.value.trim()) : null;
      if (whole === null) return void wrong(fault, input, "rules_whole");
      if (name === "council_threshold") next.council_threshold = whole;
      else next.policy[name] = whole * DAY;
    }
    const outside = outOfBounds(next);
    return outside ? void wrong(outside.at.fault, outside.at.input, outside.why) : next;
  };
  const wrong = (fault: HTMLElement, input: Input, why: string) => {
    fault.textContent = say(why, { most: charter.council.length });
    input.focus();
  };
  const outOfBounds = (next: Charter): { at: { fault: HTMLElement; input: Input }; why: string } | null => {
    if (next.council_threshold < 1 || next.council_threshold > charter.council.length) return { at: threshold, why: "rules_threshold" };
    try {
      // Whoever reads an entry knows how far each rule may go.
      decodeEntry(encodeEntry({ kind: "govern", nonce: "00".repeat(16), expires_at: 0, memo: null, body: { base, charter: next } }));
      return null;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      return { at: [...amounts, ...days].find(({ name }) => name === error.field) ?? threshold, why: "rules_bounds" };
    }
  };
  const look = () => {
    reference.fault.textContent = "";
    const next = read();
    if (!next) return;
    const words = reference.input.value.trim();
    const fault = words === "" ? "rules_reference_missing" : faultOfMemo(words) ? "rules_reference_wrong" : null;
    if (fault) return void wrong(reference.fault, reference.input, fault);
    const said = sayCharter(next, told, (account) => known.get(account) ?? shortAccount(account));
    if (said.changes.length === 0) return void (nothing.textContent = say("council_same"));
    nothing.textContent = "";
    review(hat, { base, charter: next }, said, words, policy.recovery_delay, draw);
  };
  const nothing = h("p", { class: "fault", role: "alert" });
  const draw = () => show([
    heading("list", say("rules_propose")),
    h("p", null, say("rules_propose_text")),
    h("div", { class: "rules" }, who.element, [...amounts, ...days, threshold].map(({ element }) => element)),
    reference.element, nothing,
    h("div", { class: "actions" }, button("tick", say("rules_look"), look, "main"), link("back", say("back"), "#rules")),
    command(say("rules_propose_rest"), "klaver govern show > charter.json"),
  ], "focus");
  draw();
}

/** What changes and all that stays, read from what is signed; one tap signs. */
function review(hat: Hat, body: Bodies["govern"], said: ReturnType<typeof sayCharter>, reference: string, delay: number, again: () => void): void {
  const sign = async () => {
    const salt = random(16);
    const memo = { kept: { salt: base64url(salt), text: reference }, commitment: await memoCommitment(salt, reference) };
    await signAndSend(hat, { key: freshKey("govern"), what: "govern", name: "", amount: 0, body, memo },
      (done) => h("p", { class: "note" }, icon("clock"), say("council_rules_waits", { when: when((done.doneAt ?? 0) + delay * 1_000, "both") })));
  };
  show([
    heading("seal", say("rules_propose")),
    h("p", { class: "lead" }, say("rules_replaced")),
    list(said.changes, "rules"),
    fold(say("rules_same"), list(said.same)),
    h("p", null, say("rules_report")), h("blockquote", null, reference),
    h("p", { class: "note" }, icon("clock"), say("rules_wait", { lasts: lasting(delay) })),
    h("div", { class: "actions" }, button("tick", say("rules_sign"), () => void sign(), "main"), button("back", say("back"), again)),
  ], "focus");
}
