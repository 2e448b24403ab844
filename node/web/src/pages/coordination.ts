/** `/coordination`: what the council sees. Sums, budgets, payouts, rules; of members counts alone. */

import { stateOf } from "../accountState.ts";
import { amountField } from "../amountField.ts";
import { NoAnswer, Refused, ask } from "../api.ts";
import { showConnecting } from "../connecting.ts";
import { demoKey } from "../demo.ts";
import { type Hat, type Outgoing, keep, recall } from "../db.ts";
import { amount, button, facts, fill, h, halted, icon, language, link, loadErrors, moment as when, now, say, shortAccount, show, type Child } from "../dom.ts";
import { CodeFault, accountOfCode } from "../faces.ts";
import { lasting } from "../lasting.ts";
import { accountText, parseAccount } from "../lib/account.ts";
import { hex, random, sha256, utf8 } from "../lib/bytes.ts";
import type { AccountState } from "../lib/entry.ts";
import { euroCents, showEuro, showNumber } from "../lib/money.ts";
import { type Claim, type Coordination, type Held, NotCouncil, askAsOffice, connectOffice, office } from "../office.ts";
import { lostPhone } from "../lostPhone.ts";
import { draftOfCouncil } from "../officeDraft.ts";
import { limits, oneAccount, rotate, see, waiting } from "../officeAccount.ts";
import { budgets, budgetsOf, contributing, funding, oneBudget } from "../officeBudgets.ts";
import { pioneers, reminders, roundsOf } from "../officePioneers.ts";
import { close, payFirst } from "../officeClose.ts";
import { propose, rules } from "../officeRules.ts";
import { chooseList } from "../officeImport.ts";
import { back, command, field, fold, heading, list, minor, money, nameOf, otherPhone, signAndSend } from "../officeParts.ts";
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
    if (name === "open") return await opening(hat);
    if (name === "budget") return await oneBudget(hat, id);
    if (name === "funding") return await funding(hat, id);
    if (name === "contribution") return await contributing(hat, id);
    if (name === "pioneers") return await pioneers(hat, id);
    if (name === "import") return chooseList(hat);
    if (name === "pots") return await (await import("../officePots.ts")).officePots(hat);
    if (name === "trust") return await (await import("../officeTrust.ts")).officeTrust(hat, id);
    if (name === "organisations") return await (await import("../officeOrganisations.ts")).officeOrganisations(hat, id);
    if (name === "account") return await oneAccount(hat, id);
    if (name === "rest") return await oneAccount(hat, id, true);
    if (name === "close") return await close(hat, id);
    if (name === "payfirst") return await payFirst(hat, id);
    if (name === "propose") return await propose(hat);
    if (name === "limits") return await limits(hat, id);
    if (name === "draft") return await draftOfCouncil(id);
    if (name === "square") return await squareForm(id, (await namesToGive())[id] ?? null, (path, body) => askAsOffice(hat, "PUT", path, body), `#account/${id}`);
    if (name === "rotate") return await rotate(hat, id, (camera) => (stop = camera.stop));
    show(busy());
    const seen = await askAsOffice<Coordination>(hat, "GET", "/v1/coordination");
    await giveNames(hat, seen.accounts).catch(() => undefined);
    switch (name) {
      case "payouts": return payouts(hat, seen);
      case "budgets": return await budgets(hat, life(seen));
      case "held": return held(seen);
      case "members": return await members(hat, seen);
      case "accounts": return accounts(hat, seen);
      case "rules": return await rules(hat, seen);
      case "audit": return await audit(seen);
      case "waiting": return await waiting(hat, seen.waiting);
      default: return await home(hat, seen);
    }
  } catch (error) {
    if (error instanceof NotCouncil) return await connecting();
    if (!(error instanceof NoAnswer)) return show([explain(error, () => void route()), name ? back() : null]);
    show([
      heading("clock", say("no_answer")), h("p", null, say("no_answer_next")),
      h("div", { class: "actions" }, button("again", say("again"), () => void route(), "main"), name ? link("back", say("back"), "#") : null),
    ], "focus");
  }
}

/** A phone that is not the council's: says kindly what this is, and what to do. */
async function connecting(): Promise<void> {
  const [key, { charter }] = await Promise.all([keyToConnect("council"), ask<{ charter: { policy: { recovery_delay: number } } }>("GET", "/v1/community")]);
  showConnecting({
    key, picture: "seal", title: say("council_connect"),
    steps: [say("council_connect_text"), say("council_connect_shops"), say("council_connect_who"), say("council_connect_wait", { lasts: lasting(charter.policy.recovery_delay) })],
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
  const [waits, pulses] = [h("div", { class: "actions" }), h("div", null)];
  void roundsOf(hat).then((rounds) => fill(pulses, reminders(rounds)), () => undefined);
  const payoutsTo = link("euro", say(seen.claims.length === 1 ? "council_payouts_one" : "council_payouts", { count: seen.claims.length }), "#payouts", "main");
  if (seen.audit.read_only) await loadErrors().catch(() => undefined);
  show([
    h("p", { class: seen.holds ? "note good" : "note" }, icon(seen.holds ? "tick" : "hand"), say(seen.holds ? "council_holds" : "council_holds_not")),
    seen.audit.read_only ? note("hand", `${say("why_read_only")} ${halted(seen.audit.read_only) ?? ""}`, say("council_read_only")) : null,
    overdue > 0 ? h("a", { class: "note", href: "#payouts" }, icon("clock"), say(overdue === 1 ? "council_overdue_one" : "council_overdue", { count: overdue })) : null,
    seen.waiting.length > 0 ? h("a", { class: "note", href: "#waiting" }, icon("clock"), say(seen.waiting.length === 1 ? "council_waits_one" : "council_waits", { count: seen.waiting.length, when: when(Math.min(...seen.waiting.map((one) => Date.parse(one.effective_at))), "both") })) : null,
    pulses, waits,
    h("h2", { tabindex: "-1", "data-focus": true }, say("council_in_circulation")),
    h("p", { class: "amount" }, money(seen.circulation.in_circulation)),
    seen.claims.length === 0 ? null : h("div", { class: "actions" }, payoutsTo),
    h("div", { class: "actions row" },
      link("clover", say("council_budgets"), "#budgets"), link("shop", say("council_held"), "#held"), link("cup", say("pots_council"), "#pots"), link("people", say("council_members"), "#members"), link("hand", say("pioneer_way"), "#pioneers"),
      link("wallet", say("council_accounts"), "#accounts"), link("list", say("council_rules"), "#rules"), link("hand", say("trust_way"), "#trust"), link("people", say("organisations"), "#organisations"), link("seal", say("council_audit"), "#audit")),
  ]);
  interface Draft { link: string; entry: { kind: string }; expires_at: string; signed_by: string[] }
  const { drafts } = await askAsOffice<{ drafts: Draft[] }>(hat, "GET", "/v1/drafts").catch(() => ({ drafts: [] as Draft[] }));
  // What waits for this phone comes first, and is what there is to do here.
  const ours = ({ signed_by }: Draft) => signed_by.includes(hat.key);
  const shown = [...drafts].sort((a, b) => Number(ours(a)) - Number(ours(b))).slice(0, 5);
  fill(waits, shown.map((draft, row) => {
    const isFirst = row === 0 && !ours(draft);
    if (isFirst) payoutsTo.classList.remove("main");
    return link(ours(draft) ? "clock" : "seal", say(ours(draft) ? "council_draft_own" : "council_draft", { what: say(`council_kind_${draft.entry.kind}`), when: when(Date.parse(draft.expires_at), "both") }),
      `#draft/${new URL(draft.link).pathname.split("/").at(-1)}`, isFirst ? "main" : "");
  }));
}

/** Payouts that wait, those that wait longest first; the ones chosen are marked as paid with one signature. */
function payouts(hat: Hat, seen: Coordination): void {
  const claims = [...seen.claims].sort((a, b) => Number(b.overdue) - Number(a.overdue) || a.index - b.index);
  if (claims.length === 0) return show([heading("euro", say("council_payouts_title")), h("p", null, say("council_payouts_none")), back()], "focus");
  // A merchant is paid what it signed for, whatever the rate is now.
  const cents = ({ amount: claimed, rate }: Claim) => (rate ? euroCents(minor(claimed), [rate.numerator, rate.denominator]) : 0);
  const inEuro = (some: readonly Claim[]) => (some.some(({ rate }) => rate) ? showEuro(some.reduce((sum, claim) => sum + cents(claim), 0), language) : "");
  const boxes = claims.map((claim) => h("input", { type: "checkbox", value: claim.index, onchange: () => reckon() }));
  const sum = h("p", { role: "status" });
  const reference = h("input", { id: "reference", type: "text", maxlength: 70, autocomplete: "off", "aria-describedby": "reference-fault" });
  const fault = h("p", { id: "reference-fault", class: "fault", role: "alert" });
  const whichFault = h("p", { class: "fault", role: "alert" });
  const chosen = () => claims.filter((_, row) => boxes[row]?.checked);
  const reckon = () => {
    const total = chosen().reduce((all, { amount: one }) => all + minor(one), 0);
    sum.textContent = total === 0 ? "" : [amount(total), inEuro(chosen())].filter(Boolean).join(" = ");
  };
  const settle = async () => {
    const some = chosen();
    whichFault.textContent = fault.textContent = "";
    if (some.length === 0) {
      whichFault.textContent = say("council_settle_none");
      return void boxes[0]?.focus();
    }
    if (reference.value.trim() === "") {
      fault.textContent = say("council_settle_reference_missing");
      return void reference.focus();
    }
    const total = some.reduce((all, { amount: one }) => all + minor(one), 0);
    const bank = hex(await sha256(utf8(reference.value.trim())));
    await signAndSend(hat, { key: freshKey("settle"), what: "settle", name: say("council_payouts_title"), amount: total, body: { redeems: some.map(({ index }) => index).sort((a, b) => a - b), bank_reference: bank } });
  };
  show([
    heading("euro", say("council_payouts_title")),
    h("p", null, say("council_payouts_text")),
    h("p", null, say("council_payouts_where")),
    h("fieldset", null, h("legend", null, say("council_settle_which")), claims.map((claim, row) => h("label", { class: "choice claim" }, boxes[row],
      h("span", { class: "words" }, claim.name ?? shortAccount(parseAccount(claim.merchant) ?? ""),
        h("span", { class: "small" }, claim.overdue ? [icon("clock"), say("council_due_over", { when: when(Date.parse(claim.due_at), "day") })] : say("council_due", { when: when(Date.parse(claim.due_at), "day") })),
        h("span", { class: "small" }, say("council_since", { when: when(Date.parse(claim.recorded_at), "day") }))),
      h("span", { class: "sum" }, claim.rate ? [inEuro([claim]), h("span", { class: "small" }, money(claim.amount))] : money(claim.amount)))), whichFault),
    sum,
    h("div", { class: "field" }, h("label", { for: "reference" }, say("council_settle_reference")), reference, fault),
    h("div", { class: "actions" }, button("tick", say("council_settle_do"), () => void settle(), "main"), link("back", say("back"), "#")),
  ], "focus");
}

/** An amount under a head that says its unit: two numbers beside each other have no room for it. */
const figure = (sum: number): string => showNumber(sum, facts.scale, language);

/** What became of everything that was given. */
const life = (seen: Coordination): Child =>
  table(say("council_life"), [say("council_what"), say("council_how_much")], (["issued", "returned", "redeemed", "settled", "retired", "in_circulation"] as const).map((key) => [say(`council_sum_${key}`), money(seen.circulation[key])]));

function held(seen: Coordination): void {
  const section = (kind: "merchant" | "fund", title: string, none: string) => {
    const some = seen.accounts.filter((account) => account.kind === kind && account.status !== "closed");
    return some.length === 0 ? h("p", null, none) : table(title, [say("council_name"), say("council_has")], some.map((one) => [
      h("a", { href: `#account/${one.account}` }, nameOf(one), one.status === "frozen" ? ` (${say("council_frozen")})` : ""), money(one.balance)]));
  };
  show([heading("shop", say("council_held")), section("merchant", say("council_merchants"), say("council_merchants_none")), section("fund", say("council_funds"), say("council_funds_none")), back()], "focus");
}

/** Members by what they have: counts of ten or more, so that nobody stands alone. */
async function members(hat: Hat, seen: Coordination): Promise<void> {
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
    growth(await askAsOffice<{ months: { month: string; people: number }[] }>(hat, "GET", "/v1/coordination/growth")),
    back(),
  ], "focus");
}

/** How many had joined by the end of each month: tens, once a day. */
function growth({ months }: { months: { month: string; people: number }[] }): Child {
  const called = (month: string) => `${say(`month_${Number(month.slice(5))}`)} ${month.slice(0, 4)}`;
  return [
    h("h2", null, say("growth_title")),
    months.length === 0 ? h("p", null, say("growth_none")) : [
      h("p", null, say("growth_text")),
      h("figure", null,
        bars(say("growth_table"), months.map(({ month, people }) => ({ name: called(month), used: people }))),
        table(say("growth_table"), [say("growth_month"), say("council_people")], months.map(({ month, people }) => [called(month), say("growth_at_least", { count: people })])))],
  ];
}

/** One account, found by the code that its phone shows, by the name of a place, shop or pot, or by its last letters. */
function accounts(hat: Hat, seen: Coordination): void {
  const { element, input, fault } = field("code", say("council_account_which"), h("input", { type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false" }));
  const several = h("ul", { class: "names" });
  const look = async () => {
    fault.textContent = "";
    fill(several);
    try {
      const found = await findAccounts(hat, seen, input.value.trim());
      const [only, ...others] = found;
      if (!only) return void (fault.textContent = say("council_account_wrong"));
      if (others.length === 0) return void (location.hash = `account/${only.account}`);
      fill(several, found.map((one) => h("li", null, h("a", { class: "way", href: `#account/${one.account}` }, nameOf(one)))));
    } catch (error) {
      if (error instanceof CodeFault) fault.textContent = error.message;
      else fill(fault, explain(error));
    }
  };
  const camera = scanInto((text) => {
    input.value = text;
    void look();
  });
  stop = camera.stop;
  show([
    heading("wallet", say("council_accounts")),
    camera.element, element, several,
    h("div", { class: "actions" }, button("wallet", say("council_account_show"), () => void look(), "main"), link("people", say("council_open"), "#open"), link("list", say("import_way"), "#import"), link("back", say("back"), "#")),
  ], "focus");
  input.addEventListener("keydown", (event) => event.key === "Enter" && void look());
}

type Named = Pick<Held, "account" | "name">;

/** Returns the accounts that somebody may mean. @throws CodeFault in words, NoAnswer, Refused */
async function findAccounts(hat: Hat, { accounts: known }: Coordination, text: string): Promise<Named[]> {
  const words = text.toLowerCase();
  if (words === "") return [];
  if (/^klv1|[/:]/.test(words)) return [{ account: accountText(await accountOfCode(text)), name: null }];
  const named = known.filter(({ name }) => name?.toLowerCase().includes(words));
  const letters = /^…?([a-z0-9]{6})$/.exec(words)?.[1];
  if (named.length > 0 || !letters) return named;
  const { accounts: ending } = await askAsOffice<{ accounts: { state: { account: string }; name: string | null }[] }>(hat, "GET", `/v1/accounts?ending=${letters}`);
  return ending.map(({ state: { account }, name }) => ({ account, name }));
}

/** One budget of each place that has one, under the place's name: what stands before the funder's. */
async function placesOf(hat: Hat): Promise<{ account: string; name: string }[]> {
  const places = new Map<string, { account: string; name: string }>();
  for (const { account, name, organisation } of await budgetsOf(hat)) {
    if (organisation && !places.has(organisation)) places.set(organisation, { account, name: nameOf({ account, name }).split(" · ")[0] ?? "" });
  }
  return [...places.values()];
}

const KINDS = ["merchant", "budget", "fund", "member"] as const;

/** Names the account that was opened: of what was signed first for this key, which may be earlier than what stands on the screen. */
function opened(done: Outgoing): Child {
  const { kind, body } = entryOf(done);
  return kind === "open" ? [h("p", null, say("council_opened_next")), fold(say("account"), body.states.map(({ account }) => h("p", null, h("code", null, accountText(account)))))] : null;
}

/** What accounts that were opened here are to be called, once they are there: others may have to sign first. */
const namesToGive = async (): Promise<Record<string, string>> => (await recall<Record<string, string>>("names-to-give")) ?? {};

/** Names what was opened here and is there now; only the council sees the name until its owner wants to be listed. */
async function giveNames(hat: Hat, there: readonly Held[]): Promise<void> {
  const names = await namesToGive();
  for (const held of there.filter(({ account }) => account in names)) {
    const name = names[held.account] ?? "";
    if (held.name === null) {
      const isKept = await askAsOffice(hat, "PUT", `/v1/accounts/${held.account}/profile`, { name, listed: false }).then(() => true, (error: unknown) => {
        // A name that cannot be is asked for no more; whoever is not heard is asked again.
        if (error instanceof Refused) return false;
        throw error;
      });
      if (isKept) held.name = name;
    }
    delete names[held.account];
    await keep("names-to-give", names);
  }
}

async function opening(hat: Hat): Promise<void> {
  show(busy());
  // A place may have several budgets: each with its funder, the same phones give from all of them.
  const places = await placesOf(hat);
  const place = h("select", { id: "place", onchange: () => chosen() }, h("option", { value: "" }, say("money_new_place")), places.map(({ account, name }) => h("option", { value: account }, name)));
  const ofPlace = h("div", { class: "field" }, h("label", { for: "place" }, say("money_of_place")), place, h("p", { class: "small" }, say("money_same_phones")));
  const kind = h("select", { id: "kind", onchange: () => draw() }, KINDS.map((one) => h("option", { value: one }, say(`kind_${one}`))));
  const phone = otherPhone();
  stop = phone.camera.stop;
  const called = field("name", say("council_open_name"), h("input", { type: "text", maxlength: 60, autocomplete: "off" }));
  const limit = amountField(say("council_cap_label"));
  /** Budgets of a place are called `place · funder`. */
  const chosen = () => {
    const beside = places.find(({ account }) => account === place.value);
    called.input.value = beside ? `${beside.name} · ` : "";
    draw();
  };
  const draw = () => {
    const isBudget = kind.value === "budget";
    limit.element.hidden = !isBudget;
    called.element.hidden = kind.value === "member";
    ofPlace.hidden = !isBudget || places.length === 0;
    const isKnown = !ofPlace.hidden && place.value !== "";
    phone.element.hidden = scanText.hidden = isKnown;
    (ofPlace.lastChild as HTMLElement).hidden = !isKnown;
  };
  const open = async () => {
    const isBudget = kind.value === "budget";
    const beside = isBudget && place.value !== "" ? stateOf((await see(hat, place.value)).state) : null;
    const public_key = beside ? place.value : phone.read();
    if (public_key === null) return;
    const cap = isBudget ? limit.read() : 0;
    if (cap === null) return;
    const rights = kind.value === "merchant" ? 15 : kind.value === "budget" ? 11 : 9;
    const state: AccountState = {
      account: hex(random(16)), kind: kind.value as AccountState["kind"], keys: beside?.keys ?? [{ key: public_key, rights, until: null, cap: null }], threshold: beside?.threshold ?? 1, limit: cap,
      // A budget belongs to an organisation: its place's, or a new one, of which nothing but this number is known.
      ceiling: null, organisation: isBudget ? (beside?.organisation ?? hex(random(16))) : null, heir: null, until: null, payees: null,
    };
    await signAndSend(hat, { key: beside ? freshKey(`open:${public_key}`) : `open:${kind.value}:${public_key}`, what: "open", name: say(`kind_${kind.value}`), amount: 0, body: { states: [state] } }, opened, (signed) => {
      const { kind: what, body } = entryOf(signed);
      const account = what === "open" ? body.states[0]?.account : undefined;
      const name = called.input.value.replace(/[\s·]+$/, "").trim();
      if (account && name !== "" && kind.value !== "member") void namesToGive().then((names) => keep("names-to-give", { ...names, [accountText(account)]: name }));
    });
  };
  const scanText = h("p", null, say("council_open_text"));
  draw();
  show([
    heading("people", say("council_open")),
    scanText,
    h("div", { class: "field" }, h("label", { for: "kind" }, say("council_kind")), kind),
    ofPlace,
    called.element,
    phone.element,
    limit.element,
    h("div", { class: "actions" }, button("tick", say("council_open_do"), () => void open(), "main"), link("back", say("back"), "#accounts")),
  ], "focus");
}

async function audit({ audit: state, trial_balance: trial, holds }: Coordination): Promise<void> {
  const { log } = await ask<{ log: { policy?: string | null } }>("GET", "/v1/community");
  show([
    heading("seal", say("council_audit")),
    h("p", { class: holds ? "note good" : "note" }, icon(holds ? "tick" : "hand"), say(holds ? "council_holds" : "council_holds_not")),
    table(say("council_trial"), [say("council_kind"), say("council_how_much")], trial.map((line) => [
      [say(`council_trial_${line.kind}`), line.accounts === null ? null : h("span", { class: "small" }, say(line.accounts === 1 ? "council_trial_accounts_one" : "council_trial_accounts", { count: line.accounts }))], [["council_debits", line.debits], ["council_credits", line.credits]].map(([word = "", sum = ""]) => h("span", { class: "small" }, `${say(word)} ${figure(minor(sum))}`))])),
    h("dl", null,
      h("dt", null, say("council_size")), h("dd", null, String(state.size)),
      h("dt", null, say("council_published")), h("dd", null, String(state.published)),
      h("dt", null, say("council_checked")), h("dd", null, String(state.checked))),
    h("h2", null, say("council_readings")),
    state.readings.length === 0 ? h("p", null, say("council_readings_none")) : h("ul", { class: "names" }, state.readings.map(({ at, auditor, size }) => h("li", null, say("council_reading", { when: when(Date.parse(at), "both"), size, auditor: auditor.slice(0, 8) })))),
    h("h2", null, say("council_note")),
    state.note ? [h("p", null, say("council_note_text", { size: state.note.size, when: when(Date.parse(state.note.anchored_at), "both") })), fold(say("statement_exactly"), list([[say("statement_document"), state.note.document], [say("council_note_index"), String(state.note.index)]]))]
      : h("p", null, say("council_note_none")),
    h("h2", null, say("council_witnesses")),
    witnesses(state.witnesses, Boolean(log.policy)),
    command(say("verify_command"), `klaver audit ${facts.origin}`),
    back(),
  ], "focus");
}

/** Whether enough witnesses look on, and what each of them saw last. */
function witnesses(state: Coordination["audit"]["witnesses"], hasList: boolean): Child {
  if (!state) return h("p", null, icon("clock"), say(hasList ? "council_witnesses_undecided" : "council_witnesses_none"));
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
