/** The map itself, with what draws it: fetched when somebody asks to see it. */

import * as leaflet from "leaflet";
import { drawn } from "./pictures.ts";
import type { Icon, button, h, icon, show } from "./dom.ts";

/** What pages draw with: given, not fetched, so that the parts of the wallet stay whole. */
export interface Made { button: typeof button; h: typeof h; icon: typeof icon; show: typeof show }

/** What the node gives the page; points are millionths of a degree. */
export interface MapGiven {
  tiles: string;
  attribution: string;
  style: string;
  places: { name: string; address: string | null; kind: "merchant" | "budget" | "fund" | "hearty"; at: [number, number]; offers: { words: string; shape: string }[] }[];
  words: Record<"show" | "from" | "map" | "closer" | "further" | "failed" | "again", string>;
}

const PICTURES: Record<MapGiven["places"][number]["kind"], Icon> = { merchant: "shop", budget: "people", fund: "cup", hearty: "shop" };
/** Closest to the ground that a map opens on, for one place alone. */
const CLOSEST = 16;

/** Shows the map with its places; each says its name when it is chosen. `failed` is called when no picture comes. */
export async function showMap({ tiles, attribution, style, places, words }: MapGiven, { button, h, icon, show }: Made, failed: () => void): Promise<void> {
  await loadStyle(h("link", { rel: "stylesheet", href: style }));
  const view = h("div", { class: "map", role: "region", "aria-label": words.map, "data-focus": true });
  const map = leaflet.map(view, { zoomControl: false, attributionControl: false });
  // It has no size before it stands on the page.
  show([view,
    h("div", { class: "actions row" }, button("more", words.closer, () => void map.zoomIn()), button("less", words.further, () => void map.zoomOut())),
    h("p", { class: "small" }, attribution)]);
  view.focus();
  // A grey field with buttons helps nobody: without any picture the list is better.
  let isSeen = false;
  // Whose page asks is no secret, and some who give maps want to know it; which page it is stays here.
  leaflet.tileLayer(tiles, { maxZoom: 19, referrerPolicy: "origin" }).on("tileload", () => (isSeen = true)).on("load", () => isSeen || failed()).addTo(map);
  const points = places.map(({ name, address, kind, at: [latitude, longitude], offers }) => {
    const point = leaflet.latLng(latitude / 1e6, longitude / 1e6);
    const picture = h("span", { class: "spot" }, icon(PICTURES[kind]), h("span", { class: "unseen" }, name));
    leaflet.marker(point, { icon: leaflet.divIcon({ html: picture, iconSize: [48, 48], className: "" }) })
      .bindPopup(h("div", null, h("p", null, h("strong", null, name)), address && h("p", null, address), offers.length === 0 ? null : h("ul", { class: "services" }, offers.map(({ words, shape }) => h("li", null, drawn(shape), words)))), { closeButton: false }).addTo(map);
    return point;
  });
  map.fitBounds(leaflet.latLngBounds(points), { maxZoom: CLOSEST, padding: [48, 48] });
}

function loadStyle(sheet: HTMLLinkElement): Promise<void> {
  return new Promise((resolve, reject) => {
    sheet.addEventListener("load", () => resolve());
    sheet.addEventListener("error", () => reject(new Error(sheet.href)));
    document.head.append(sheet);
  });
}
