/** `#services`: the small free services that the shop offers to anybody, as the town square and the map show them. */

import type { Hat } from "../db.ts";
import { button, h, icon, link, say, show } from "../dom.ts";
import { drawn } from "../pictures.ts";
import services from "../services.json";
import { busy, explain, note } from "../start.ts";
import { changeTill, freshTill } from "./settings.ts";

export async function offerServices(hat: Hat): Promise<void> {
  show(busy());
  const { settings: now } = await freshTill(hat);
  const boxes = (Object.keys(services) as (keyof typeof services)[]).map((name) => [name, h("input", { type: "checkbox", checked: now.services.includes(name) })] as const);
  const save = () => changeTill(hat, { services: boxes.filter(([, box]) => box.checked).map(([name]) => name) })
    .then(() => show([note("tick", say("services_done")), h("div", { class: "actions" }, link("back", say("back"), "#settings", "main"))], "focus"));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("hand"), say("services_way")),
    h("p", null, say("services_text")),
    h("fieldset", { class: "pictures" }, h("legend", { class: "unseen" }, say("services_way")),
      boxes.map(([name, box]) => h("label", { class: "task-picture" }, box, drawn(services[name]), h("span", null, say(`service_${name}`))))),
    h("div", { class: "actions" }, button("tick", say("services_do"), () => void save().catch((error: unknown) => show(explain(error, () => void offerServices(hat)))), "main"), link("back", say("back"), "#settings")),
  ], "focus");
}
