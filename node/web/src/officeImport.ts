/**
 * `#import`: members from a list (CSV). What it would do is shown first; nothing happens before a tap. Who brings a key
 * gets an account, who brings none an invitation: keys are made on people's own phones. Names stay on this phone.
 */

import { type Hat, type Outgoing } from "./db.ts";
import { amount, button, facts, h, icon, link, moment as when, say, shortAccount, show, type Child } from "./dom.ts";
import { ask } from "./api.ts";
import type { StateJson } from "./accountState.ts";
import { hex, random, sha256, utf8 } from "./lib/bytes.ts";
import type { AccountState } from "./lib/entry.ts";
import { LIST_BYTES_MAX, LISTED_MAX, type Listed, type MemberList, NoList, readMemberList, textOf } from "./lib/memberList.ts";
import { askAsOffice } from "./office.ts";
import { back, fileField, fold, heading, minor, result, signOne } from "./officeParts.ts";
import { entryOf } from "./outbox.ts";
import { qr } from "./qr.ts";
import { shareLink } from "./shareLink.ts";
import { busy, explain } from "./start.ts";
import { table } from "./tables.ts";

/** How many accounts one signature opens: well within what an entry may hold. */
const AT_ONCE = 100;
/** How long an invitation can be used, in seconds. */
const INVITED_SECONDS = 30 * 86_400;
/** How many wrong lines are named; the others are counted. */
const WRONG_SHOWN = 50;

interface Policy { member_limit: string; registrar_opens: number }
interface Plan { policy: Policy; list: MemberList }
interface Invitation { link: string; expires_at: string }

/** Asks for the list. */
export function chooseList(hat: Hat, typed = ""): void {
  const needsKeys = facts.joining === "council";
  const fault = h("p", { id: "list-fault", class: "fault", role: "alert" });
  const file = fileField("file", ".csv,.txt,text/csv,text/plain", () => (fault.textContent = ""));
  const text = h("textarea", { id: "list", rows: 6, autocomplete: "off", spellcheck: "false", "aria-describedby": "list-fault" }, typed);
  const read = async () => {
    fault.textContent = "";
    const [chosen] = Array.from(file.input.files ?? []);
    try {
      if (chosen && chosen.size > LIST_BYTES_MAX) throw new NoList("too_long");
      const source = chosen ? textOf(new Uint8Array(await chosen.arrayBuffer())) : text.value;
      const list = readMemberList(source, { scale: facts.scale, needsKeys });
      show(busy());
      const { charter } = await ask<{ charter: { policy: Policy } }>("GET", "/v1/community");
      await findTaken(hat, list);
      showPlan(hat, { list, policy: charter.policy }, source);
    } catch (error) {
      if (!(error instanceof NoList)) return show([explain(error, () => chooseList(hat, text.value)), back("#accounts")]);
      fault.textContent = say(`import_${error.fault}`, { count: LISTED_MAX });
    }
  };
  show([
    heading("people", say("import_title")),
    h("p", null, say("import_text")),
    needsKeys ? h("p", null, say("import_keys_needed")) : null,
    file.element,
    h("div", { class: "field" }, h("label", { for: "list" }, say("import_paste")), text, fault),
    h("p", null, say("import_private")),
    fold(say("import_how"), h("p", null, say("import_columns")), h("pre", null, say(needsKeys ? "import_example_keys" : "import_example")), needsKeys ? null : h("p", null, say("import_keys")), h("p", null, say("import_limits"))),
    h("div", { class: "actions" }, button("list", say("import_look"), () => void read(), "main"), link("back", say("back"), "#accounts")),
  ], "focus");
}

/** Moves whoever has an account already to what is wrong: a key opens one. */
async function findTaken(hat: Hat, list: MemberList): Promise<void> {
  if (!list.members.some(({ key }) => key !== null)) return;
  const taken = new Set<string>();
  interface Page { accounts: { state: StateJson }[]; next: string | null }
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: Page = await askAsOffice<Page>(hat, "GET", `/v1/accounts${cursor === "" ? "" : `?cursor=${encodeURIComponent(cursor)}`}`);
    for (const { state } of page.accounts) for (const { key } of state.keys) taken.add(key);
    cursor = page.next;
  }
  const isTaken = ({ key }: Listed) => key !== null && taken.has(key);
  list.wrong.push(...list.members.filter(isTaken).map(({ line, key }) => ({ line, fault: "key_taken" as const, value: key ?? "" })));
  list.wrong.sort((a, b) => a.line - b.line);
  list.members = list.members.filter((one) => !isTaken(one));
}

const counted = (key: string, count: number): string => say(count === 1 ? `${key}_one` : key, { count });

/** Shows what the list would do, and every line that is wrong. */
function showPlan(hat: Hat, { list, policy }: Plan, source: string): void {
  const { members, wrong, unused } = list;
  const opens = members.filter(({ key }) => key !== null);
  const invites = members.filter(({ key }) => key === null);
  const limitOf = ({ limit }: Listed) => limit ?? minor(policy.member_limit);
  const other = (kind: string) => button("list", say("import_other"), () => chooseList(hat, source), kind);
  if (wrong.length > 0) {
    return show([
      heading("people", say("import_title")),
      h("p", { class: "note", role: "status" }, icon("hand"), counted("import_wrong", wrong.length)),
      h("p", null, say("import_wrong_next")),
      h("ul", { class: "names" }, wrong.slice(0, WRONG_SHOWN).map(({ line, fault, value }) => h("li", null, say("import_line", { line }), " ", say(`import_fault_${fault}`, { value })))),
      wrong.length > WRONG_SHOWN ? h("p", null, say("import_wrong_more", { count: wrong.length - WRONG_SHOWN })) : null,
      h("div", { class: "actions" }, other("main"), link("back", say("back"), "#accounts")),
    ], "focus");
  }
  const whatToDo = opens.length === 0 ? counted("import_do_invite", invites.length) : invites.length === 0 ? counted("import_do_open", opens.length) : counted("import_do_both", members.length);
  show([
    heading("people", say("import_plan")),
    h("p", { class: "note" }, icon("clock"), say("import_plan_text")),
    h("ul", { class: "names" }, opens.length > 0 ? h("li", null, counted("import_opens", opens.length)) : null, invites.length > 0 ? h("li", null, counted("import_invites", invites.length)) : null),
    unused.length > 0 ? h("p", null, say("import_unused", { columns: unused.join(", ") })) : null,
    policy.registrar_opens < invites.length ? h("p", null, say("import_day", { count: policy.registrar_opens })) : null,
    table(say("import_table"), [say("council_name"), say("import_gets")], members.map((one) => [
      one.name, one.key === null ? say("import_gets_invitation") : [say("import_gets_account"), h("span", { class: "small" }, say("import_limit", { amount: amount(limitOf(one)).replace("\u00a0", " ") }))]]), 0),
    h("div", { class: "actions" }, button("tick", whatToDo, () => void carryOut(hat, opens.map((one) => ({ ...one, limit: limitOf(one) })), invites), "main"), other(""), link("back", say("back"), "#accounts")),
  ], "focus");
}

/** Opens accounts, then makes invitations; what is done already is not done again. */
async function carryOut(hat: Hat, opens: Listed[], invites: Listed[]): Promise<void> {
  const [signed, made]: [Outgoing[], Invitation[]] = [[], []];
  const sheet = () => showOutcome(signed, opens, invites, made);
  const goOn = async (): Promise<void> => {
    try {
      show(busy(say("sending")));
      for (let from = signed.length * AT_ONCE; from < opens.length; from += AT_ONCE) {
        const outgoing = await openSome(hat, opens.slice(from, from + AT_ONCE));
        if (outgoing.state !== "done" && outgoing.state !== "draft") return show([result(outgoing), back("#accounts")], "focus");
        signed.push(outgoing);
      }
      while (made.length < invites.length) made.push(await askAsOffice<Invitation>(hat, "POST", "/v1/invitations", { uses: 1, valid_for: INVITED_SECONDS }));
      sheet();
    } catch (error) {
      // Invitations that are made are shown: nobody else has them.
      if (signed.length + made.length > 0) sheet();
      else show(null);
      document.getElementById("action")?.prepend(h("div", null, explain(error, () => void goOn())));
    }
  };
  await goOn();
}

async function openSome(hat: Hat, some: Listed[]): Promise<Outgoing> {
  const state = ({ key, limit }: Listed): AccountState => ({
    account: hex(random(16)), kind: "member", keys: [{ key: key ?? "", rights: 11, until: null, cap: null }], threshold: 1, limit: limit ?? 0,
    ceiling: null, organisation: null, heir: null, until: null, payees: null,
  });
  const states = some.map(state).sort((a, b) => (a.account < b.account ? -1 : 1));
  // The same people are opened once, however often somebody taps.
  const about = hex(await sha256(utf8(some.map(({ key, limit }) => `${key}:${limit}`).join("\n"))));
  return signOne(hat, { key: `import:${about}`, what: "open", name: say("kind_member"), amount: 0, body: { states } }, (news) => news.state === "waiting" && show(result(news)));
}

/** Shows the sheet of invitations to print, which is nowhere else; once that is done, what became of the accounts. */
function showOutcome(signed: Outgoing[], opens: Listed[], invites: Listed[], made: Invitation[]): void {
  const accounts = new Map(signed.flatMap((outgoing) => {
    const { kind, body } = entryOf(outgoing);
    return kind === "open" ? body.states.map((state): [string, string] => [state.keys[0]?.key ?? "", state.account]) : [];
  }));
  const opened = opens.filter(({ key }) => accounts.has(key ?? ""));
  const isDraft = signed.some(({ state }) => state === "draft");
  // The code is held up to others: whose account is which stands on a screen of its own.
  const whose = () => show([
    heading("people", say("import_opened")),
    h("p", { class: "note" }, icon("list"), say("import_write_down")),
    table(say("import_opened"), [say("council_name"), say("account")], opened.map(({ name, key }) => [name, h("code", null, shortAccount(accounts.get(key ?? "") ?? ""))]), 0),
    h("p", null, say("import_opened_next")),
    h("div", { class: "actions" }, button("back", say("back"), becameOf, "main")),
  ], "focus");
  const becameOf = () => show([
    signed.length === 0 ? heading("people", say("council_done")) : signed.map(result),
    made.length === 0 ? null : h("p", null, say("import_given")),
    h("div", { class: "actions" }, signed.map(shareLink), opened.length === 0 ? null : button("people", say("import_whose"), whose, isDraft ? "" : "main"), link("seal", say("council_to"), "#", isDraft || opened.length > 0 ? "" : "main")),
  ], "focus");
  if (made.length === 0) return becameOf();
  const done = button("tick", say("import_printed"), becameOf);
  show([
    h("div", { class: "unprinted" },
      heading("people", counted("import_made", made.length)), h("p", null, say("import_made_text")),
      h("div", { class: "actions" }, button("down", say("import_print"), () => print(), "main"), done)),
    h("div", { class: "slips" }, made.map((invitation, row) => slip(invites[row]?.name ?? "", invitation))),
  ], "focus");
}

/** The slip of one person. */
function slip(name: string, { link: address, expires_at }: Invitation): Child {
  return h("section", { class: "slip" },
    facts.logo ? h("img", { class: "logo", src: facts.logo, alt: "" }) : null,
    h("h3", null, name),
    h("p", null, say("import_slip", { community: facts.name })),
    qr(address, say("import_slip_code", { name })),
    h("p", null, h("code", null, address)),
    h("p", { class: "small" }, say("import_slip_until", { when: when(Date.parse(expires_at), "day") })));
}

