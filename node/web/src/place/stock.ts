/** `#stock`: what stands ready in town, for whoever shows people the way; and who of this place goes along. */

import type { Hat } from "../db.ts";
import { button, fill, h, icon, link, say, show } from "../dom.ts";
import items from "../items.json";
import { drawn } from "../pictures.ts";
import { busy, explain } from "../start.ts";
import { askAs } from "../wallet.ts";

interface Companion { name: string; how: string }
interface Stock { pots: { id: string; item: string; picture: keyof typeof items; shop: string | null; level: "empty" | "few" | "enough" }[]; companions: Companion[] }

export async function open(hat: Hat): Promise<void> {
  show(busy());
  const { pots, companions } = await askAs<Stock>(hat, "GET", "/v1/place/stock");
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("cup"), say("stock_title")),
    h("p", null, say(pots.length === 0 ? "stock_none" : "stock_text")),
    pots.length === 0 ? null : h("ul", { class: "lines" }, pots.map((pot) => h("li", null, h("a", { href: `/pots/${pot.id}` },
      drawn(items[pot.picture]), h("span", { class: "words" }, h("strong", null, pot.item), h("span", { class: "small" }, [pot.shop, say(`stock_level_${pot.level}`)].filter(Boolean).join(" · "))))))),
    goingAlong(hat, companions),
    h("div", { class: "actions" }, link("back", say("back"), "#")),
  ], "focus");
}

/** Who goes along: a name and how to reach them, as many as there are and one more. */
function goingAlong(hat: Hat, first: readonly Companion[]): HTMLElement {
  const place = h("section", null);
  const draw = (some: readonly Companion[], told = ""): void => {
    const field = (id: string, label: string) => {
      const input = h("input", { id, type: "text", maxlength: 60, autocomplete: "off" });
      return { input, element: h("div", { class: "field" }, h("label", { for: id }, label), input) };
    };
    const [name, how] = [field("along-name", say("along_ask_name")), field("along-how", say("along_ask_how"))];
    const trouble = h("div", { role: "status" }, told === "" ? null : [icon("tick"), " ", told]);
    const save = (next: readonly Companion[]) => void askAs(hat, "PUT", "/v1/place/companions", { companions: next }).then(() => draw(next, say("along_saved")), (error: unknown) => fill(trouble, explain(error)));
    const add = () => {
      const [typed, way] = [name.input.value.trim(), how.input.value.trim()];
      if (typed === "" || way === "") return void fill(trouble, h("p", { class: "fault" }, say("along_fill_in")));
      save([...some, { name: typed, how: way }]);
    };
    fill(place,
      h("h2", null, icon("people"), say("along_title")),
      h("p", null, say("along_place_text")),
      some.map((one, row) => h("div", { class: "told" }, h("span", { class: "words" }, h("strong", null, one.name), `: ${one.how}`), button("cross", say("along_remove", { name: one.name }), () => save(some.filter((_, other) => other !== row)), "quiet"))),
      name.element, how.element, trouble,
      h("div", { class: "actions" }, button("tick", say("along_add"), add)));
  };
  draw(first);
  return place;
}
