/** `#organisations`: who takes part, named here: with accounts of their own, or without the currency. */

import { Refused } from "./api.ts";
import type { Hat } from "./db.ts";
import { button, fill, h, icon, link, say, show } from "./dom.ts";
import { askAsOffice } from "./office.ts";
import { field, fold, heading } from "./officeParts.ts";
import { type Figures, figuresIn, organisationWords } from "./organisationParts.ts";
import { busy, explain } from "./start.ts";

const PATH = "/v1/coordination/organisations";

interface Named { id: string; name: string; words: { about?: string; address?: string; agenda?: string }; with_currency: boolean; own_page: string | null; figures: Figures | null }
/** What the council sees; as `node/api/src/organisation.rs` has it. */
interface Seen { organisations: Named[]; unnamed: { organisation: string; place: string | null }[]; together: Figures | null }

export async function officeOrganisations(hat: Hat, id: string): Promise<void> {
  show(busy());
  const seen = await askAsOffice<Seen>(hat, "GET", PATH);
  const known = seen.organisations.find((one) => one.id === id);
  const unnamed = seen.unnamed.find(({ organisation }) => organisation === id);
  if (known || unnamed || id === "new") return naming(hat, known, unnamed?.organisation, unnamed?.place ?? "");
  const row = (to: string, name: string, small: string) => h("li", null, h("a", { href: `#organisations/${to}` }, icon("people"),
    h("span", { class: "words" }, h("strong", null, name), h("span", { class: "small" }, small))));
  const kind = (one: Named) => say(one.with_currency ? "houses_with" : "houses_without");
  show([
    heading("people", say("organisations")),
    h("p", null, say("houses_text")),
    h("ul", { class: "lines" },
      seen.unnamed.map(({ organisation, place }) => row(organisation, place ?? organisation.slice(0, 8), say("houses_unnamed"))),
      seen.organisations.map((one) => row(one.id, one.name, [kind(one), figuresIn(one.figures)].filter(Boolean).join(" · ")))),
    h("div", { class: "actions" }, link("people", say("houses_add"), "#organisations/new", "main")),
    seen.organisations.length === 0 ? null : [h("h2", null, icon("clover"), say("organisations_together")), h("p", null, figuresIn(seen.together) || say("houses_few")), h("p", { class: "small" }, say("figures_how"))],
    h("div", { class: "actions" }, link("back", say("back"), "#")),
  ], "focus");
}

function naming(hat: Hat, known: Named | undefined, organisation: string | undefined, place: string): void {
  const name = field("name", say("houses_ask_name"), h("input", { type: "text", value: known?.name ?? place, maxlength: 80, autocomplete: "off" }));
  const words = organisationWords(known?.words ?? {});
  const trouble = h("div", { role: "alert" });
  const home = () => void (location.hash = "organisations");
  const failed = (error: unknown) => {
    const at = error instanceof Refused && error.problem.code === "malformed_field" ? (error.problem.field ?? "") : "";
    if (at === "name") {
      name.fault.textContent = say("houses_fault_name");
      name.input.focus();
    } else if (!words.wrong(at)) fill(trouble, explain(error));
  };
  const save = () => {
    name.fault.textContent = "";
    words.wrong("");
    const body = { name: name.input.value.trim(), words: words.read(), ...(organisation === undefined ? {} : { organisation }) };
    askAsOffice<Named>(hat, known ? "PUT" : "POST", known ? `${PATH}/${known.id}` : PATH, body).then((kept) => (kept.own_page && !known ? handOver(kept) : home()), failed);
  };
  show([
    heading("people", known?.name ?? say("houses_add")),
    h("p", null, say(known?.with_currency || organisation !== undefined ? "houses_with_text" : "houses_without_text")),
    name.element, words.elements, trouble,
    h("div", { class: "actions" }, button("tick", say("houses_save"), save, "main"), link("back", say("back"), "#organisations")),
    known?.own_page ? fold(say("houses_own_page"), ownPage(known.own_page)) : null,
    known ? h("details", null, h("summary", null, say("houses_end")), h("p", null, say("houses_end_text")),
      h("div", { class: "actions" }, button("cross", say("houses_end_do"), () => void askAsOffice(hat, "DELETE", `${PATH}/${known.id}`).then(home, failed)))) : null,
  ], "focus");
}

/** The private page of one without the currency, to be handed to whoever tends it. */
const ownPage = (address: string) => [h("p", null, say("houses_own_page_text")), h("p", null, h("a", { id: "own-page", href: address }, say("houses_own_page_open"))), h("code", null, address)];

function handOver(kept: Named): void {
  show([
    heading("tick", kept.name),
    h("p", null, say("houses_added")),
    ownPage(kept.own_page ?? ""),
    h("div", { class: "actions" }, link("list", say("organisations"), "#organisations", "main")),
  ], "focus");
}
