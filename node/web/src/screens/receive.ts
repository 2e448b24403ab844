/** `#receive`: asks for an amount by a code on the screen; and the ways to the own code and to somebody. */

import { amountField } from "../amountField.ts";
import { allowSound, askFor, makeRequest, stopAsking } from "../asking.ts";
import type { Hat } from "../db.ts";
import { button, facts, h, icon, link, say, show } from "../dom.ts";
import { busy, troubled } from "../start.ts";

export async function open(hat: Hat): Promise<void> {
  addEventListener("hashchange", stopAsking, { once: true });
  const field = amountField(say("ask_how_much", { many: facts.many }));
  const ask = () => {
    const minor = field.read();
    if (minor === null) return;
    allowSound();
    show(busy());
    makeRequest(hat, minor).then((request) => askFor({ hat, request, rest: null, back: () => void open(hat) }), troubled(() => void open(hat)));
  };
  show([
    h("h2", { tabindex: "-1" }, icon("receive"), say("receive")),
    field.element,
    h("div", { class: "actions" }, button("scan", say("receive_show"), ask, "main"),
      link("scan", say("way_code"), "#code"), link("people", say("ask_title"), "#ask"), link("back", say("back"), "#")),
  ]);
  field.input.addEventListener("keydown", (event) => event.key === "Enter" && ask());
  field.input.focus();
}
