/** QR codes: drawn as a picture with its quiet zone. */

import { h } from "./dom.ts";

/**
 * Returns the picture of a code, level M, four modules of quiet zone; what draws it is fetched only then. Where that
 * cannot be had, the code stands there to be typed.
 */
export function qr(text: string, label: string): HTMLElement {
  const place = h("div", { class: "qr" });
  import("./encoder.ts").then(({ default: encodeQR }) => place.append(draw(encodeQR, text, label))).catch(() => place.append(h("code", null, text)));
  return place;
}

function draw(encodeQR: typeof import("./encoder.ts").default, text: string, label: string): SVGElement {
  // Capitals make a smaller code; hosts, letters of the path and ids are read in either case.
  const isPlain = /^https?:\/\/[^#?]*$/.test(text);
  const rows = encodeQR(isPlain ? text.toUpperCase() : text, "raw", { ecc: "medium", border: 4 });
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const lines = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")));
  svg.setAttribute("viewBox", `0 0 ${rows.length} ${rows.length}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("shape-rendering", "crispEdges");
  path.setAttribute("d", lines.join(""));
  svg.append(path);
  return svg;
}
