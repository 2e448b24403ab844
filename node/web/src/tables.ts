/** Tables, and bars drawn from the same figures: whoever cannot see the bars reads the table beneath. */

import { h, type Child } from "./dom.ts";

/** A table; the last `figures` columns are numbers. */
export function table(caption: string, head: readonly string[], rows: readonly (readonly Child[])[], figures = 1): HTMLElement {
  const side = (column: number) => (column >= head.length - figures ? "figure" : null);
  // On a narrow phone a number stands above its unit, rather than beyond the edge.
  const loose = (cell: Child): Child => (typeof cell === "string" ? cell.replaceAll("\u00a0", " ") : cell);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, h("table", null,
    h("caption", null, caption),
    h("thead", null, h("tr", null, head.map((words, column) => h("th", { scope: "col", class: side(column) }, words)))),
    h("tbody", null, rows.map((cells) => h("tr", null, cells.map((cell, column) => (column === 0 ? h("th", { scope: "row" }, cell) : h("td", { class: side(column) }, Array.isArray(cell) ? cell.map(loose) : loose(cell)))))))));
}

export interface Bar {
  /** What it is, as the table beneath calls it. */
  name: string;
  used: number;
  /** Of how much; as long as the longest bar when it is left out. */
  cap?: number;
}

const HEIGHT = 28;

/** Bars, each under its name; whoever hears the page is told that the table beneath says the same. */
export function bars(title: string, some: readonly Bar[]): HTMLElement {
  const make = (name: string, attributes: Record<string, string | number>): SVGElement => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    return element;
  };
  const most = Math.max(1, ...some.map(({ used, cap }) => Math.max(used, cap ?? 0)));
  return h("div", { class: "bars", role: "img", "aria-label": title }, some.map(({ name, used, cap }) => {
    const svg = make("svg", { class: "chart", viewBox: `0 0 600 ${HEIGHT}`, preserveAspectRatio: "none" });
    const at = { x: 1, y: 2, height: HEIGHT - 4, rx: 6 };
    if (cap !== undefined) svg.append(make("rect", { ...at, class: "cap", width: Math.max(2, (cap / most) * 598) }));
    svg.append(make("rect", { ...at, class: "used", width: Math.max(0, (used / most) * 598) }));
    return [h("span", null, name), svg];
  }));
}
