/** `/coordination`: what the council sees. Sums, budgets, payouts, rules; of members counts alone. */

import { amountField } from "../amountField.ts";
import { showConnecting } from "../connecting.ts";
import { demoKey } from "../demo.ts";
import type { Hat, Outgoing } from "../db.ts";
import { amount, button, facts, h, halted, icon, language, link, loadErrors, moment as when, now, say, shortAccount, show, type Child } from "../dom.ts";
import { accountText, parseAccount } from "../lib/account.ts";
import { hex, random, sha256, utf8 } from "../lib/bytes.ts";
import type { AccountState } from "../lib/entry.ts";
import { euroCents, showEuro } from "../lib/money.ts";
import { type Claim, type Coordination, type Held, NotCouncil, askAsOffice, connectOffice, office } from "../office.ts";
import { lostPhone } from "../lostPhone.ts";
import { draftOfCouncil } from "../officeDraft.ts";
import { limits, oneAccount, rotate, waiting } from "../officeAccount.ts";
import { close } from "../officeClose.ts";
import { propose, rules } from "../officeRules.ts";
import { chooseList } from "../officeImport.ts";
import { back, heading, minor, money, nameOf, signAndSend } from "../officeParts.ts";
import { entryOf, flush, freshKey } from "../outbox.ts";
import { scanInto } from "../scanInto.ts";
import { squareForm } from "../squareForm.ts";
import { busy, explain, note, start } from "../start.ts";
import { bars, table } from "../tables.ts";
import { keyToConnect } from "../wallet.ts";

let stop: () => void = () => undefined;

async function route(): Promise<void> {
  stop();
  const [name = "", id = ""] = location.hash.slice(1).split("/");
  try {
    if (name === "demo") {
      const key = await demoKey(id);
      if (key) await connectOffice(key);
      return void (await route());
    }
    // Whoever lost a phone comes to the council, and is none of it.
    if (name === "lost") return await lostPhone();
    const hat = await office();
    if (!hat) return await connecting();
    if (name === "open") return opening(hat);
    if (name === "import") return chooseList(hat);
    if (name === "pots") return await (await import("../officePots.ts")).officePots(hat);
    if (name === "trust") return await (await import("../officeTrust.ts")).officeTrust(hat, id);
    if (name === "account") return await oneAccount(hat, id);
    if (name === "close") return await close(hat, id);
    if (name === "propose") return await propose(hat);
    if (name === "limits") return await limits(hat, id);
    if (name === "draft") return await draftOfCouncil(id);
    if (name === "square") return await squareForm(id, null, (path, body) => askAsOffice(hat, "PUT", path, body), `#account/${id}`);
    if (name === "rotate") return await rotate(hat, id, (camera) => (stop = camera.stop));
    show(busy());
    const seen = await askAsOffice<Coordination>(hat, "GET", "/v1/coordination");
    switch (name) {
      case "payouts": return payouts(hat, seen);
      case "budgets": return budgets(seen);
      case "held": return held(seen);
      case "members": return members(seen);
      case "accounts": return accounts();
      case "rules": return rules(hat, seen);
      case "audit": return audit(seen);
      case "waiting": return waiting(seen.waiting);
      default: return await home(hat, seen);
    }
  } catch (error) {
    if (error instanceof NotCouncil) return await connecting();
    show([explain(error, () => void route()), name ? back() : null]);
  }
}

/** A phone that is not the council's: says kindly what this is, and what to do. */
async function connecting(): Promise<void> {
  const key = await keyToConnect("council");
  showConnecting({
    key, picture: "seal", title: say("council_connect"),
    steps: [say("council_connect_text"), say("council_connect_who"), say("council_connect_wait")],
    commands: ["klaver govern show > charter.json", "klaver govern propose charter.json"],
    look: async () => {
      const hat = await connectOffice();
      if (hat) await route();
      return hat !== null;
    },
    more: back("/"),
  });
}

async function home(hat: Hat, seen: Coordination): Promise<void> {
  const overdue = seen.claims.filter((claim) => claim.overdue).length;
  const waits = h("div", null);
  if (seen.audit.read_only) await loadErrors().catch(() => undefined);
  show([
    h("p", { class: seen.holds ? "note good" : "note" }, icon(seen.holds ? "tick" : "hand"), say(seen.holds ? "council_holds" : "council_holds_not")),
    seen.audit.read_only ? note("hand", `${say("why_read_only")} ${halted(seen.audit.read_only)}`, say("council_read_only")) : null,
    overdue > 0 ? h("a", { class: "note", href: "#payouts" }, icon("clock"), say(overdue === 1 ? "council_overdue_one" : "council_overdue", { count: overdue })) : null,
    seen.waiting.length > 0 ? h("a", { class: "note", href: "#waiting" }, icon("clock"), say(seen.waiting.length === 1 ? "council_waits_one" : "council_waits", { count: seen.waiting.length })) : null,
    waits,
    h("h2", { tabindex: "-1", "data-focus": true }, say("council_in_circulation")),
    h("p", { class: "amount" }, money(seen.circulation.in_circulation)),
    h("div", { class: "actions" }, link("euro", say(seen.claims.length === 1 ? "council_payouts_one" : "council_payouts", { count: seen.claims.length }), "#payouts", "main")),
    h("div", { class: "actions row" },
      link("clover", say("council_budgets"), "#budgets"), link("shop", say("council_held"), "#held"), link("cup", say("pots_council"), "#pots"), link("people", say("council_members"), "#members"),
      link("wallet", say("council_accounts"), "#accounts"), link("list", say("council_rules"), "#rules"), link("hand", say("trust_title"), "#trust"), link("seal", say("council_audit"), "#audit")),
  ]);
  interface Draft { link: string; entry: { kind: string }; expires_at: string }
  const { drafts } = await askAsOffice<{ drafts: Draft[] }>(hat, "GET", "/v1/drafts").catch(() => ({ drafts: [] as Draft[] }));
  waits.replaceChildren(...drafts.slice(0, 5).map((draft) => h("a", { class: "note", href: `#draft/${new URL(draft.link).pathname.split("/").at(-1)}` }, icon("clock"),
    say("council_draft", { what: say(`council_kind_${draft.entry.kind}`), when: when(Date.parse(draft.expires_at), "both") }))));
}

/** Payouts that wait, those that wait longest first; the ones chosen are marked as paid with one signature. */
function payouts(hat: Hat, seen: Coordination): void {
  const claims = [...seen.claims].sort((a, b) => Number(b.overdue) - Number(a.overdue) || a.index - b.index);
  if (claims.length === 0) return show([heading("euro", say("council_payouts", { count: 0 })), h("p", null, say("council_payouts_none")), back()], "focus");
  // A merchant is paid what it signed for, whatever the rate is now.
  const cents = ({ amount: claimed, rate }: Claim) => (rate ? euroCents(minor(claimed), [rate.numerator, rate.denominator]) : 0);
  const inEuro = (some: readonly Claim[]) => (some.some(({ rate }) => rate) ? showEuro(some.reduce((sum, claim) => sum + cents(claim), 0), language) : "");
  const boxes = claims.map((claim) => h("input", { type: "checkbox", value: claim.index, onchange: () => reckon() }));
  const sum = h("p", { role: "status" });
  const reference = h("input", { id: "reference", type: "text", maxlength: 70, autocomplete: "off", "aria-describedby": "reference-fault" });
  const fault = h("p", { id: "reference-fault", class: "fault", role: "alert" });
  const chosen = () => claims.filter((_, row) => boxes[row]?.checked);
  const reckon = () => {
    const total = chosen().reduce((all, { amount: one }) => all + minor(one), 0);
    sum.textContent = total === 0 ? "" : [amount(total), inEuro(chosen())].filter(Boolean).join(" = ");
  };
  const settle = async () => {
    const some = chosen();
    if (some.length === 0) return void (fault.textContent = say("council_settle_none"));
    if (reference.value.trim() === "") return void (fault.textContent = say("council_settle_reference_missing"));
    const total = some.reduce((all, { amount: one }) => all + minor(one), 0);
    const bank = hex(await sha256(utf8(reference.value.trim())));
    await signAndSend(hat, { key: freshKey("settle"), what: "settle", name: say("council_payouts", { count: some.length }), amount: total, body: { redeems: some.map(({ index }) => index).sort((a, b) => a - b), bank_reference: bank } });
  };
  show([
    heading("euro", say(claims.length === 1 ? "council_payouts_one" : "council_payouts", { count: claims.length })),
    h("p", null, say("council_payouts_text")),
    h("fieldset", null, h("legend", null, say("council_settle_which")), claims.map((claim, row) => h("label", { class: "choice claim" }, boxes[row],
      h("span", { class: "words" }, claim.name ?? shortAccount(parseAccount(claim.merchant) ?? ""),
        h("span", { class: "small" }, claim.overdue ? [icon("clock"), say("council_since_overdue", { when: when(Date.parse(claim.recorded_at), "day") })] : say("council_since", { when: when(Date.parse(claim.recorded_at), "day") }))),
      h("span", { class: "sum" }, money(claim.amount), h("span", { class: "small" }, inEuro([claim])))))),
    sum,
    h("div", { class: "field" }, h("label", { for: "reference" }, say("council_settle_reference")), reference, fault),
    h("div", { class: "actions" }, button("tick", say("council_settle_do"), () => void settle(), "main"), link("back", say("back"), "#")),
  ], "focus");
}

function budgets(seen: Coordination): void {
  const some = seen.accounts.filter(({ kind }) => kind === "budget");
  const issued = ({ balance }: Held) => Math.max(0, -minor(balance));
  show([
    heading("clover", say("council_budgets")),
    some.length === 0 ? h("p", null, say("council_budgets_none")) : [
      h("p", null, say("council_budgets_text")),
      h("figure", null,
        bars(say("council_budgets_chart"), some.map((budget) => ({ name: nameOf(budget), used: issued(budget), cap: minor(budget.limit) }))),
        table(say("council_budgets_table"), [say("council_budget"), say("council_given"), say("council_left")], some.map((budget) => [
          [nameOf(budget), budget.until ? h("span", { class: "small" }, say("council_until", { when: when(Date.parse(budget.until), "day") })) : null],
          [amount(issued(budget)), h("span", { class: "small" }, say("council_of", { amount: money(budget.limit).replace("\u00a0", " ") }))], money(budget.available)]), 2)),
    ],
    table(say("council_life"), [say("council_what"), say("council_how_much")], (["issued", "returned", "redeemed", "settled", "retired", "in_circulation"] as const).map((key) => [say(`council_sum_${key}`), money(seen.circulation[key])])),
    back(),
  ], "focus");
}

function held(seen: Coordination): void {
  const section = (kind: "merchant" | "fund", title: string, none: string) => {
    const some = seen.accounts.filter((account) => account.kind === kind && account.status !== "closed");
    return some.length === 0 ? h("p", null, none) : table(title, [say("council_name"), say("council_has")], some.map((one) => [
      h("a", { href: `#account/${one.account}` }, nameOf(one), one.status === "frozen" ? ` (${say("council_frozen")})` : ""), money(one.balance)]));
  };
  show([heading("shop", say("council_held")), section("merchant", say("council_merchants"), say("council_merchants_none")), section("fund", say("council_funds"), say("council_funds_none")), back()], "focus");
}

/** Members by what they have: counts of ten or more, so that nobody stands alone. */
function members(seen: Coordination): void {
  const { count, bands } = seen.members;
  const words = ({ from, below }: { from: string | null; below: string | null }) =>
    from === null && below === null ? say("council_band_all") : from === null ? say("council_band_below", { below: money(below as string) }) : below === null ? say("council_band_from", { from: money(from) }) : say("council_band", { from: money(from), below: money(below) });
  show([
    heading("people", say("council_members")),
    count === null ? h("p", null, say("council_members_few")) : [
      h("p", null, say("council_members_text")),
      h("p", { class: "amount" }, say("council_members_count", { count })),
      h("figure", null,
        bars(say("council_members_chart"), bands.map((band) => ({ name: words(band), used: band.count }))),
        table(say("council_members_table"), [say("council_has"), say("council_people")], bands.map((band) => [words(band), String(band.count)]))),
    ],
    back(),
  ], "focus");
}

function accounts(): void {
  const typed = h("input", { id: "code", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": "code-fault" });
  const fault = h("p", { id: "code-fault", class: "fault", role: "alert" });
  const look = () => {
    const account = parseAccount(typed.value.trim().toLowerCase());
    if (!account) return void (fault.textContent = say("council_account_wrong"));
    location.hash = `account/${accountText(account)}`;
  };
  show([
    heading("wallet", say("council_accounts")),
    h("div", { class: "field" }, h("label", { for: "code" }, say("council_account_which")), typed, fault),
    h("div", { class: "actions" }, button("wallet", say("council_account_show"), look, "main"), link("people", say("council_open"), "#open"), link("list", say("import_way"), "#import"), link("back", say("back"), "#")),
  ], "focus");
  typed.addEventListener("keydown", (event) => event.key === "Enter" && look());
}

const KINDS = ["merchant", "budget", "fund", "member"] as const;

/** Names the account that was opened: of what was signed first for this key, which may be earlier than what stands on the screen. */
function opened(done: Outgoing): Child {
  const { kind, body } = entryOf(done);
  return kind === "open" ? [h("p", null, say("council_opened_next")), body.states.map(({ account }) => h("p", null, h("code", null, accountText(account))))] : null;
}

function opening(hat: Hat): void {
  const kind = h("select", { id: "kind", onchange: () => draw() }, KINDS.map((one) => h("option", { value: one }, say(`kind_${one}`))));
  const key = h("input", { id: "key", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": "key-fault" });
  const fault = h("p", { id: "key-fault", class: "fault", role: "alert" });
  const camera = scanInto((text) => (key.value = text));
  stop = camera.stop;
  const limit = amountField(say("council_cap_label", { many: facts.many }));
  const draw = () => (limit.element.hidden = kind.value !== "budget");
  const open = async () => {
    fault.textContent = "";
    const public_key = key.value.trim().toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(public_key)) return void (fault.textContent = say("council_key_wrong"));
    const isBudget = kind.value === "budget";
    const cap = isBudget ? limit.read() : 0;
    if (cap === null) return;
    const rights = kind.value === "merchant" ? 15 : kind.value === "budget" ? 11 : 9;
    const state: AccountState = {
      account: hex(random(16)), kind: kind.value as AccountState["kind"], keys: [{ key: public_key, rights, until: null, cap: null }], threshold: 1, limit: cap,
      // A budget belongs to an organisation: a new one, of which nothing but this number is known.
      ceiling: null, organisation: isBudget ? hex(random(16)) : null, heir: null, until: null, payees: null,
    };
    await signAndSend(hat, { key: `open:${kind.value}:${public_key}`, what: "open", name: say(`kind_${kind.value}`), amount: 0, body: { states: [state] } }, opened);
  };
  draw();
  show([
    heading("people", say("council_open")),
    h("p", null, say("council_open_text")),
    h("div", { class: "field" }, h("label", { for: "kind" }, say("council_kind")), kind),
    camera.element,
    h("div", { class: "field" }, h("label", { for: "key" }, say("council_key")), key, fault),
    limit.element,
    h("div", { class: "actions" }, button("tick", say("council_open_do"), () => void open(), "main"), link("back", say("back"), "#accounts")),
  ], "focus");
}

function audit({ audit: state, trial_balance: trial, holds }: Coordination): void {
  show([
    heading("seal", say("council_audit")),
    h("p", { class: holds ? "note good" : "note" }, icon(holds ? "tick" : "hand"), say(holds ? "council_holds" : "council_holds_not")),
    table(say("council_trial"), [say("council_kind"), say("council_debits"), say("council_credits")], trial.map((line) => [
      [say(`council_trial_${line.kind}`), line.accounts === null ? null : h("span", { class: "small" }, say(line.accounts === 1 ? "council_trial_accounts_one" : "council_trial_accounts", { count: line.accounts }))], money(line.debits), money(line.credits)]), 2),
    h("dl", null,
      h("dt", null, say("council_size")), h("dd", null, String(state.size)),
      h("dt", null, say("council_published")), h("dd", null, String(state.published)),
      h("dt", null, say("council_checked")), h("dd", null, String(state.checked))),
    h("h2", null, say("council_readings")),
    state.readings.length === 0 ? h("p", null, say("council_readings_none")) : h("ul", { class: "names" }, state.readings.map(({ at, auditor, size }) => h("li", null, say("council_reading", { when: when(Date.parse(at), "both"), size, auditor: auditor.slice(0, 8) })))),
    h("h2", null, say("council_note")),
    state.note ? [h("p", null, say("council_note_text", { index: state.note.index, size: state.note.size, when: when(Date.parse(state.note.anchored_at), "both") })), h("code", null, state.note.document)]
      : h("p", null, say("council_note_none")),
    h("h2", null, say("council_witnesses")),
    witnesses(state.witnesses),
    h("p", null, say("verify_command")), h("code", null, `klaver audit ${facts.origin}`),
    back(),
  ], "focus");
}

/** Whether enough witnesses look on, and what each of them saw last. */
function witnesses(state: Coordination["audit"]["witnesses"]): Child {
  if (!state) return h("p", null, icon("clock"), say("council_witnesses_none"));
  const at = (age: number | null) => when(now() - (age ?? 0) * 1_000, "both");
  const isSeen = state.size !== null;
  return [
    h("p", null, icon(isSeen ? "tick" : "clock"), isSeen ? say("council_witnesses_yes", { size: state.size ?? 0, when: at(state.age_seconds) }) : say("council_witnesses_wait")),
    table(say("council_witnesses"), [say("council_witness_name"), say("council_witness_when"), say("council_witness_size")],
      state.each.map(({ name, size, age_seconds: age }) => [name, size === null ? say("council_witness_never") : at(age), size === null ? "" : String(size)])),
  ];
}

void start(async () => {
  addEventListener("hashchange", () => void route());
  await route();
  void flush(() => undefined);
});
