/** Several organisations that carry one task: asking another one, and answering when one is asked. */

import { ask, Refused } from "../api.ts";
import type { Hat } from "../db.ts";
import { button, fill, h, icon, link, say, show, type Child } from "../dom.ts";
import { explain } from "../start.ts";
import { type Carrier, type PlaceTask, drawTask } from "../tasks.ts";
import { askAs } from "../wallet.ts";

/** What one can be asked to give of what is usual, in hundredths. */
const SHARES = [25, 50, 75] as const;

const put = (hat: Hat, { id }: PlaceTask, body: object): Promise<PlaceTask> => askAs(hat, "PUT", `/v1/place/tasks/${id}/carriers`, body);
const called = ({ name, organisation }: Carrier): string => name ?? organisation.slice(0, 8);

/** Who carries the task along, for the place that answers for it; `again` draws it as it is then. */
export function carriers(hat: Hat, found: PlaceTask, again: (saved: PlaceTask) => void): HTMLElement {
  const place = h("section", null);
  const trouble = h("div", { role: "alert" });
  const change = (body: object) => void put(hat, found, body).then(again, (error: unknown) => fill(trouble, explain(error)));
  const row = (one: Carrier) => h("li", null, h("strong", null, called(one)), " ", say(one.agreed ? "carry_yes" : "carry_waits", { share: one.share }), " ",
    one.agreed && !(one.responsible && one.insurer && one.policy) ? say("carry_uninsured") : (one.responsible ?? ""),
    h("div", { class: "actions" }, button("cross", say("carry_off", { name: called(one) }), () => change({ organisation: one.organisation, carries: false }), "quiet")));
  const asking = h("details", null, h("summary", null, say("carry_ask")));
  fill(place,
    found.carriers.length === 0 ? null : [h("h2", null, icon("people"), say("carry_title")), h("p", null, say("carry_text", { share: found.share })), h("ul", { class: "names" }, found.carriers.map(row))],
    asking, trouble);
  const offer = async () => {
    const { organisations } = await ask<{ organisations: { id: string; name: string; with_currency: boolean }[] }>("GET", "/v1/organisations");
    const others = organisations.filter(({ id, with_currency }) => with_currency && id !== found.organisation && !found.carriers.some(({ organisation }) => organisation === id));
    if (others.length === 0) return fill(asking, h("summary", null, say("carry_ask")), h("p", null, say("carry_none")));
    const which = h("select", { id: "carrier" }, others.map(({ id, name }) => h("option", { value: id }, name)));
    const share = h("select", { id: "share" }, SHARES.map((part) => h("option", { value: String(part), selected: part === 50 }, say("carry_share", { share: part }))));
    fill(asking, h("summary", null, say("carry_ask")), h("p", null, say("carry_how")),
      h("div", { class: "field" }, h("label", { for: "carrier" }, say("carry_which")), which),
      h("div", { class: "field" }, h("label", { for: "share" }, say("carry_share_which")), share),
      h("div", { class: "actions" }, button("mail", say("carry_ask_do"), () => change({ organisation: which.value, carries: true, share: Number(share.value) }))));
  };
  asking.addEventListener("toggle", () => asking.open && asking.childElementCount === 1 && void offer().catch((error: unknown) => fill(trouble, explain(error))));
  return place;
}

/** A task that another place answers for: one is asked to carry it along, or does. */
export function carried(hat: Hat, found: PlaceTask, title: string, again: (saved: PlaceTask | null) => void): void {
  const own = found.carriers.find((one) => one.own) as Carrier;
  const trouble = h("div", { role: "alert" });
  const fields = (["responsible", "insurer", "policy"] as const).map((name) => {
    const input = h("input", { id: name, type: "text", maxlength: 80, autocomplete: "off", value: own[name] ?? "" });
    return { name, input, element: h("div", { class: "field" }, h("label", { for: name }, say(`doing_${name}`)), input) };
  });
  const failed = (error: unknown) => fill(trouble, explain(error));
  const yes = () => {
    const said = Object.fromEntries(fields.map(({ name, input }) => [name, input.value.trim()]).filter(([, value]) => value !== ""));
    put(hat, found, { organisation: own.organisation, carries: true, ...said }).then(again, failed);
  };
  // Whoever has left sees nothing of it any more: that the task is gone for them is what they asked for.
  const no = () => void put(hat, found, { organisation: own.organisation, carries: false }).then(() => again(null), (error: unknown) => (error instanceof Refused && error.problem.code === "unknown_task" ? again(null) : failed(error)));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, drawTask(found.task.picture), title),
    h("p", { class: "lead", role: "status" }, say(own.agreed ? "carried_yes" : "carried_asked", { share: own.share })),
    h("p", null, say("task_for", { whom: found.task.for_whom })),
    h("p", null, say("carried_how")),
    own.agreed && fields.some(({ input }) => input.value === "") ? h("p", { class: "note" }, icon("hand"), say("doing_uninsured")) : null,
    h("h2", null, icon("seal"), say("doing_insurance")), h("p", { class: "small" }, say("carried_insurance")),
    fields.map(({ element }) => element) as Child, trouble,
    h("div", { class: "actions" },
      button("tick", say(own.agreed ? "place_save" : "carried_do"), yes, "main"),
      button("cross", say(own.agreed ? "carried_leave" : "carried_no"), no),
      link("list", say("doing_public"), `/tasks/${found.id}`, "quiet"), link("back", say("back"), "#tasks")),
  ], "focus");
}
