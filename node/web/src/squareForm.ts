/** What the town square shows of a place, merchant or pot: a name, and where it is. Its owner says so, or the council. */

import { ask } from "./api.ts";
import { button, h, icon, link, say, show } from "./dom.ts";
import { busy, note, troubled } from "./start.ts";

interface Position { latitude_microdegrees: number; longitude_microdegrees: number }
interface Listed { account: string; name: string; address?: string; position?: Position }

/** Sends to the node with the session of whoever may say so. */
export type Put = (path: string, body: unknown) => Promise<unknown>;

/** Shows the form; `home` is where one goes back to. */
export async function squareForm(account: string, known: string | null, put: Put, home: string): Promise<void> {
  show(busy());
  const { entries } = await ask<{ entries: Listed[] }>("GET", "/v1/directory");
  const listed = entries.find((entry) => entry.account === account);
  const name = h("input", { id: "name", type: "text", maxlength: 60, autocomplete: "off", value: listed?.name ?? known ?? "", "aria-describedby": "name-fault" });
  const where = h("input", { id: "where", type: "text", autocomplete: "off", value: listed?.position ? shown(listed.position) : "", "aria-describedby": "where-fault" });
  const address = h("input", { id: "address", type: "text", maxlength: 60, autocomplete: "street-address", value: listed?.address ?? "" });
  const [nameFault, whereFault] = [h("p", { id: "name-fault", class: "fault", role: "alert" }), h("p", { id: "where-fault", class: "fault", role: "alert" })];
  const here = () => navigator.geolocation.getCurrentPosition(
    ({ coords }) => (where.value = shown({ latitude_microdegrees: coords.latitude * 1e6, longitude_microdegrees: coords.longitude * 1e6 })),
    () => (whereFault.textContent = say("square_here_not")));
  const onMap = h("details", { open: where.value !== "" }, h("summary", null, icon("list"), say("square_map")),
    h("div", { class: "field" }, h("label", { for: "where" }, say("square_where")), where, whereFault),
    "geolocation" in navigator ? h("div", { class: "actions" }, button("hand", say("square_here"), here)) : null,
    h("p", { class: "small" }, say("square_where_how")));
  const save = async () => {
    nameFault.textContent = whereFault.textContent = "";
    const position = where.value.trim() === "" ? null : readPosition(where.value);
    if (name.value.trim() === "") return void (nameFault.textContent = say("square_name_missing"));
    if (position === undefined) {
      onMap.open = true;
      return void (whereFault.textContent = say("square_where_wrong"));
    }
    show(busy(say("sending")));
    await put(`/v1/accounts/${account}/profile`, { name: name.value.trim(), listed: true, address: address.value.trim() || null, position });
    show([note("tick", say(position ? "square_done_map" : "square_done", { name: name.value.trim() })), h("div", { class: "actions" }, link("back", say("back"), home, "main"))], "focus");
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("shop"), say("square_way")),
    h("p", null, say("square_text")),
    h("div", { class: "field" }, h("label", { for: "name" }, say("square_name")), name, nameFault),
    h("div", { class: "field" }, h("label", { for: "address" }, say("square_address")), address),
    onMap,
    h("div", { class: "actions" }, button("tick", say("square_do"), () => void save().catch(troubled(() => void squareForm(account, known, put, home))), "main"), link("back", say("back"), home)),
  ], "focus");
}

function shown({ latitude_microdegrees: latitude, longitude_microdegrees: longitude }: Position): string {
  return `${(latitude / 1e6).toFixed(6)}, ${(longitude / 1e6).toFixed(6)}`;
}

/** Reads latitude and longitude as maps write them: "50.8503, 4.3517"; undefined for anything else. */
function readPosition(text: string): Position | undefined {
  const [, north, east] = /^\s*([-+]?\d{1,2}(?:[.,]\d+)?)\s*[,;\s]\s*([-+]?\d{1,3}(?:[.,]\d+)?)\s*$/.exec(text) ?? [];
  if (north === undefined || east === undefined) return undefined;
  const [latitude = 0, longitude = 0] = [north, east].map((part) => Math.round(Number(part.replace(",", ".")) * 1e6));
  return Math.abs(latitude) <= 90e6 && Math.abs(longitude) <= 180e6 ? { latitude_microdegrees: latitude, longitude_microdegrees: longitude } : undefined;
}
