/** Phones that take payments for this shop: added by a code, called as the owner likes, taken away with two taps. */

import { changeKeys } from "../changeKeys.ts";
import { type Hat, recall, remove, rework } from "../db.ts";
import { button, facts, fill, h, icon, link, say, show, type Child } from "../dom.ts";
import { deviceItem, meet, offerDevice } from "../meeting.ts";
import { scanInto } from "../scanInto.ts";
import { busy, explain, note } from "../start.ts";
import { accountOf, connect, isCashier, keyToConnect } from "../wallet.ts";

/** What a cashier's phone may do: give back what the till received. Asking to be paid takes no right. */
const RIGHTS = 2;

/** What the owner calls these phones, by their keys: it stays on the owner's phone. */
type Names = Record<string, string>;
const namesOf = (hat: Hat): string => `cashiers:${hat.account}`;
const call = (hat: Hat, key: string, name: string): Promise<unknown> => rework<Names>(namesOf(hat), (known = {}) => ({ ...known, [key]: name }));

/** `#cashiers`, at the owner's. */
export async function cashiers(hat: Hat): Promise<void> {
  show(busy());
  const [account, names = {}] = await Promise.all([accountOf(hat), recall<Names>(namesOf(hat))]);
  const { state, status } = account;
  const own = state.keys.find(({ key }) => key === hat.key);
  const mayManage = status === "open" && (own?.rights.includes("manage") ?? false);
  const back = () => void cashiers(hat).catch((error: unknown) => show(explain(error, back)));
  const leave = (): Child => button("back", say("cashiers"), back, "main");
  const add = () => naming("", say("show_code"), back, (name) => void meet({
    hat, rights: RIGHTS, page: "/till", picture: "till", title: say("cashier_add"), how: say("cashier_show"), yes: say("device_same"), words: "device_added", back, leave: leave(),
    added: (key) => call(hat, key, name),
  }).catch((error: unknown) => show(explain(error, back))));
  const rename = (key: string) => naming(names[key] ?? "", say("name_save"), back, (name) => void call(hat, key, name).then(back));
  const removal = (key: string) => ({
    text: say("cashier_remove_text"), back,
    remove: () => changeKeys(hat, (keys) => keys.filter((one) => one.key !== key), { words: "device_removed", leave: leave() }),
  });
  const some = state.keys.filter(isCashier);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("till"), say("cashiers")),
    h("p", null, say("cashiers_text")),
    some.length === 0 ? null : h("ul", { class: "names devices" }, some.map(({ key, until }) => {
      const item = deviceItem("till", names[key] ?? say("cashier"), key, account, mayManage ? removal(key) : undefined, until);
      item.append(h("div", { class: "actions" }, button("list", say("name_change"), () => rename(key), "quiet")));
      return item;
    })),
    mayManage ? null : h("p", null, say("why_missing_right")),
    h("div", { class: "actions" }, mayManage ? button("phone", say("cashier_add"), add, "main") : null, link("back", say("back"), "#settings")),
  ], "focus");
}

/** Asks what a phone is called here. */
function naming(known: string, go: string, back: () => void, named: (name: string) => void): void {
  const fault = h("p", { id: "name-fault", class: "fault", role: "alert" });
  const field = h("input", { id: "name", type: "text", maxlength: 40, autocomplete: "off", value: known, "aria-describedby": "name-fault" });
  const act = () => {
    const name = field.value.trim();
    if (name === "") return void (fault.textContent = say("name_missing"));
    named(name);
  };
  show([
    h("h2", { tabindex: "-1" }, icon("till"), say("cashier_name")),
    h("div", { class: "field" }, h("label", { for: "name" }, say("cashier_name_how")), field, fault),
    h("div", { class: "actions" }, button("tick", go, act, "main"), button("back", say("back"), back)),
  ]);
  field.addEventListener("keydown", (event) => event.key === "Enter" && act());
  field.focus();
}

/** What the owner's phone wrote behind the code. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `#device/CODE/SHOP`, on the new phone: of which shop, as its owner's phone calls it. */
export function newCashier(code: string, shop: string, done: () => void): void {
  // The secret has done its work in the address: nobody shall read it over a shoulder.
  history.replaceState(null, "", "#device");
  if (!code) return done();
  offerDevice({
    picture: "till", title: shop ? say("cashier_new_of", { name: decoded(shop) }) : say("cashier_new"), text: say("cashier_new_text"), yes: say("device_same"),
    key: () => keyToConnect(), look: () => connect(), done,
  }, code);
}

/** What a cashier's phone says of all that is the owner's. */
export function ownersOnly({ name }: Hat): void {
  show([
    note("hand", say("cashier_not"), say("cashier_not_next", { name: name ?? say("kind_merchant") })),
    h("div", { class: "actions" }, link("back", say("back"), "#", "main")),
  ], "focus");
}

/** What reads the code that an owner shows, and leads to it. */
export function scanning(look: "main" | "" = ""): Child {
  const place = h("div", null);
  let stop: () => void;
  const draw = (fault = ""): void => {
    const camera = scanInto((text) => {
      const [, code] = text.split(`${facts.origin}/till#device/`);
      if (code) location.hash = `device/${code}`;
      else draw(say("cashier_code_other"));
    }, { words: say("cashier_scan"), look, otherwise: say("cashier_camera_none") });
    stop = camera.stop;
    fill(place, camera.element, h("p", { class: "fault", role: "alert" }, fault));
  };
  draw();
  // Gives the camera back once another screen is shown, however that came.
  const watch = setInterval(() => {
    if (place.isConnected) return;
    stop();
    clearInterval(watch);
  }, 1_000);
  return place;
}

/** A phone that was taken away: it says so, and forgets the shop. */
export async function takenAway(hat: Hat): Promise<void> {
  await remove("hats", hat.account);
  show([
    note("hand", say("cashier_gone"), say("cashier_gone_next")),
    scanning("main"),
  ], "focus");
}
