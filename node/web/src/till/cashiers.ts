/** Phones that take payments for this shop and see its day: added by a code, taken away with two taps. */

import { changeKeys } from "../changeKeys.ts";
import { type Hat, remove } from "../db.ts";
import { button, h, icon, link, say, show, type Child } from "../dom.ts";
import { deviceItem, meet, offerDevice } from "../meeting.ts";
import { busy, explain, note } from "../start.ts";
import { accountOf, connect, isCashier, keyToConnect } from "../wallet.ts";

/** What a cashier's phone may do: give back what the till received. Asking to be paid takes no right. */
const RIGHTS = 2;

/** `#cashiers`, at the owner's. */
export async function cashiers(hat: Hat): Promise<void> {
  show(busy());
  const account = await accountOf(hat);
  const { state, status } = account;
  const own = state.keys.find(({ key }) => key === hat.key);
  const mayManage = status === "open" && (own?.rights.includes("manage") ?? false);
  const back = () => void cashiers(hat).catch((error: unknown) => show(explain(error, back)));
  const leave = (): Child => link("back", say("back"), "#settings", "main");
  const add = () => void meet({
    hat, rights: RIGHTS, page: "/till", picture: "till", title: say("cashier_add"), how: say("cashier_show"), yes: say("device_same"), words: "device_added", back, leave: leave(),
  }).catch((error: unknown) => show(explain(error, back)));
  const removal = (key: string) => ({
    text: say("cashier_remove_text"), back,
    remove: () => changeKeys(hat, (keys) => keys.filter((one) => one.key !== key), { words: "device_removed", leave: leave() }),
  });
  const some = state.keys.filter(isCashier);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("till"), say("cashiers")),
    h("p", null, say("cashiers_text")),
    some.length === 0 ? null : h("ul", { class: "names devices" }, some.map(({ key, until }) => deviceItem("till", say("cashier"), key, account, mayManage ? removal(key) : undefined, until))),
    mayManage ? null : h("p", null, say("why_missing_right")),
    h("div", { class: "actions" }, mayManage ? button("phone", say("cashier_add"), add, "main") : null, link("back", say("back"), "#settings")),
  ], "focus");
}

/** `#device/CODE`, on the new phone. */
export function newCashier(code: string, done: () => void): void {
  // The secret has done its work in the address: nobody shall read it over a shoulder.
  history.replaceState(null, "", "#device");
  if (!code) return done();
  offerDevice({
    picture: "till", title: say("cashier_new"), text: say("cashier_new_text"),
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

/** A phone that was taken away: it says so, and forgets the shop. */
export async function takenAway(hat: Hat): Promise<void> {
  await remove("hats", hat.account);
  show([
    note("hand", say("cashier_gone"), say("cashier_gone_next")),
    h("div", { class: "actions" }, link("till", say("till"), "/till", "main")),
  ], "focus");
}
