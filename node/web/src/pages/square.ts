/** `/`: the map of the town square, for whoever asks for it: before that tap nobody else is asked anything. */

import { button, given, h, show } from "../dom.ts";
import { note, start } from "../start.ts";
import type { MapGiven } from "../townMap.ts";

void start(async () => {
  const map = given<MapGiven>();
  if (!map) return;
  // The sentences are the node's: this page has no others.
  const { words } = map;
  allowProbe();
  const open = () => void import("../townMap.ts").then(({ showMap }) => showMap(map)).catch(() => show(note("hand", words.failed)));
  show([h("div", { class: "actions" }, button("shop", words.show, open)), h("p", { class: "small" }, words.from)]);
});

/** What draws the map asks the browser once whether it knows SVG, by writing these six signs: nothing else becomes markup. */
function allowProbe(): void {
  interface Types { createPolicy(name: string, rules: { createHTML(markup: string): string | null }): void }
  (globalThis as { trustedTypes?: Types }).trustedTypes?.createPolicy("default", { createHTML: (markup) => (markup === "<svg/>" ? markup : null) });
}
