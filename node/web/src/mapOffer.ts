/** Offers the map of the town square: before that tap nobody else is asked anything. The sentences are the node's. */

import type { MapGiven, Made } from "./townMap.ts";

/** Shows a button that fetches the map; `made` is what the page draws with. */
export function offerMap(map: MapGiven, made: Made): void {
  const { button, h, icon, show } = made;
  const { words } = map;
  // What draws the map asks the browser once whether it knows SVG, by these six signs: nothing else becomes markup.
  interface Types { createPolicy(name: string, rules: { createHTML(markup: string): string | null }): void }
  (globalThis as { trustedTypes?: Types }).trustedTypes?.createPolicy("default", { createHTML: (markup) => (markup === "<svg/>" ? markup : null) });
  const failed = (again: () => void) => show([h("p", { class: "note", role: "status" }, icon("hand"), words.failed), h("div", { class: "actions" }, button("again", words.again, again))]);
  const open = () => void import("./townMap.ts").then(({ showMap }) => showMap(map, made, () => failed(open))).catch(() => failed(() => location.reload()));
  show([h("div", { class: "actions" }, button("shop", words.show, open)), h("p", { class: "small" }, words.from)]);
}
