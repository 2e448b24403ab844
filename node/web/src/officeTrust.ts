/** `#trust`: whom people can tell that something is wrong, named here; of what was told counts alone. */

import { Refused } from "./api.ts";
import type { Hat } from "./db.ts";
import { button, fill, h, icon, link, say, show, type Child } from "./dom.ts";
import { parseAccount } from "./lib/account.ts";
import { askAsOffice } from "./office.ts";
import { field, heading, list } from "./officeParts.ts";
import { busy, explain } from "./start.ts";
import { table } from "./tables.ts";

const STATES = ["told", "talking", "done"] as const;
const AGES = ["days", "weeks", "months"] as const;
const ENDS = ["told", "refund", "correction", "credit", "nothing"] as const;
const PATH = "/v1/coordination/persons-of-trust";

interface Person { id: string; account: string; name: string; phone: string; organisation: string | null; gives_at: string | null }
/** What the council sees; as `node/api/src/wrong.rs` has it. */
interface Trust {
  persons: Person[];
  places: { organisation: string; name: string | null }[];
  counts: { state: (typeof STATES)[number]; age: (typeof AGES)[number]; count: number | null }[];
  years: (Record<(typeof ENDS)[number], number | null> & { year: number })[];
}

const number = (count: number | null | undefined): string => (count === null || count === undefined ? say("trust_few") : String(count));

export async function officeTrust(hat: Hat, id: string): Promise<void> {
  show(busy());
  const seen = await askAsOffice<Trust>(hat, "GET", PATH);
  const known = seen.persons.find((one) => one.id === id);
  if (known || id === "new") return naming(hat, seen, known);
  const count = (state: string, age: string) => number(seen.counts.find((one) => one.state === state && one.age === age)?.count);
  show([
    heading("hand", say("trust_title")),
    h("p", null, say("trust_text")),
    seen.persons.length === 0 ? h("p", { class: "note" }, icon("hand"), say("trust_none")) : h("ul", { class: "lines" }, seen.persons.map((one) => h("li", null, h("a", { href: `#trust/${one.id}` }, icon("people"),
      h("span", { class: "words" }, h("strong", null, one.name), h("span", { class: "small" }, `${one.phone} · ${placeOf(seen, one.organisation)}`)))))),
    h("div", { class: "actions" }, link("people", say("trust_name"), "#trust/new", "main")),
    h("h2", null, say("trust_counts")),
    h("p", null, say("trust_counts_text")),
    table(say("trust_counts"), [say("trust_age"), ...STATES.map((state) => say(`wrong_state_${state}`))], AGES.map((age) => [say(`trust_age_${age}`), ...STATES.map((state) => count(state, age))]), 3),
    seen.years.map(oneYear),
    h("div", { class: "actions" }, link("back", say("back"), "#")),
  ], "focus");
}

/** A year, a line for each number. How few ended is not told: whoever knows one of them would know how that one did. */
function oneYear(year: Trust["years"][number]): Child {
  const lines = year.told === null ? (["told"] as const) : ENDS;
  return h("section", null, h("h2", null, `${say("trust_years")}: ${year.year}`),
    list(lines.map((end) => [say(`trust_end_${end}`), number(year[end])])),
    year.told === null ? h("p", { class: "small" }, say("trust_ends_few")) : null);
}

const placeOf = (seen: Trust, organisation: string | null): string =>
  organisation === null ? say("trust_all") : (seen.places.find((one) => one.organisation === organisation)?.name ?? organisation.slice(0, 8));

function naming(hat: Hat, seen: Trust, known?: Person): void {
  const text = (id: string, value = "", type = "text") => field(id, say(`trust_ask_${id}`), h("input", { type, value, maxlength: 80, autocomplete: "off" }));
  const places = (id: string, none: string, first: string | null | undefined) => field(id, say(`trust_ask_${id}`), h("select", null,
    h("option", { value: "" }, none), seen.places.map(({ organisation }) => h("option", { value: organisation, selected: organisation === first }, placeOf(seen, organisation)))));
  const account = field("account", say("trust_ask_account"), h("input", { type: "text", value: known?.account ?? "", disabled: known !== undefined, autocomplete: "off", autocapitalize: "none", spellcheck: "false" }));
  const [name, phone] = [text("name", known?.name), text("phone", known?.phone, "tel")];
  const [organisation, gives_at] = [places("organisation", say("trust_all"), known?.organisation), places("gives_at", say("trust_nowhere"), known?.gives_at)];
  const trouble = h("div", { role: "alert" });
  const fields: Record<string, { fault: HTMLElement; input: HTMLElement }> = { account, name, phone, organisation, gives_at };
  const wrong = (id: string, key = `trust_fault_${id}`) => {
    const { fault, input } = fields[id] as { fault: HTMLElement; input: HTMLElement };
    fault.textContent = say(key);
    input.focus();
  };
  const failed = (error: unknown) => {
    const { code = "", field: at = "" } = error instanceof Refused ? error.problem : {};
    if (code === "person_gives") wrong("gives_at");
    else if (code === "malformed_field" && ["account", "name", "phone"].includes(at)) wrong(at);
    else fill(trouble, explain(error));
  };
  const home = () => void (location.hash = "trust");
  const save = () => {
    for (const { fault } of Object.values(fields)) fault.textContent = "";
    if (!parseAccount(account.input.value.trim().toLowerCase())) return wrong("account");
    const maybe = (key: string, value: string) => (value === "" ? {} : { [key]: value });
    const body = {
      account: account.input.value.trim().toLowerCase(), name: name.input.value.trim(), phone: phone.input.value.trim(),
      ...maybe("organisation", organisation.input.value), ...maybe("gives_at", gives_at.input.value),
    };
    askAsOffice(hat, known ? "PUT" : "POST", known ? `${PATH}/${known.id}` : PATH, body).then(home, failed);
  };
  const end = h("details", null, h("summary", null, say("trust_end")), h("p", null, say("trust_end_text")),
    h("div", { class: "actions" }, button("cross", say("trust_end_do"), () => void askAsOffice(hat, "DELETE", `${PATH}/${known?.id ?? ""}`).then(home, failed))));
  show([
    heading("people", known?.name ?? say("trust_name")),
    h("p", null, say("trust_public")),
    account.element as Child, name.element, phone.element, organisation.element, gives_at.element, trouble,
    h("div", { class: "actions" }, button("tick", say("trust_save"), save, "main"), link("back", say("back"), "#trust")),
    known ? end : null,
  ], "focus");
}
