/**
 * `#pots`: what the shop has ready for whoever needs it. Handing out is one tap or one number; nobody is asked or noted.
 * The day is closed with one sum for each pot, so that the ledger tells of no single one.
 */

import { amountField } from "../amountField.ts";
import { allowSound, askFor, makeRequest } from "../asking.ts";
import type { Hat, Outgoing } from "../db.ts";
import { amount, button, facts, fill, h, icon, language, link, say, show, type Child } from "../dom.ts";
import items from "../items.json";
import { parseAccount } from "../lib/account.ts";
import { fromDecimal, showNumber, toDecimal } from "../lib/money.ts";
import { prepare, sendUntilKnown } from "../outbox.ts";
import { drawn } from "../pictures.ts";
import { busy, explain, note, whyNot } from "../start.ts";
import { askAs, isCashier } from "../wallet.ts";

type Item = keyof typeof items;
interface EditPot { item: string; picture: Item; price: string; offered: boolean }
/** A pot as its shop sees it; as `node/api/src/pot.rs` has it. */
interface ShopPot { id: string; pot: EditPot; account: string | null; opened: boolean; tally: number; ready: number; waiting: number; due: boolean; pays: "euro" | "own" | "town" | "later"; link: string }
interface Closing { payments: { id: string; from: string; amount: string; count: number; request: string; until: string }[]; later: number }

const NEW: EditPot = { item: "", picture: "coffee", price: "", offered: true };
const price = ({ pot }: ShopPot): number => fromDecimal(pot.price, facts.scale);
const shopPots = async (hat: Hat): Promise<ShopPot[]> => (await askAs<{ pots: ShopPot[] }>(hat, "GET", "/v1/shop/pots")).pots;

/** The screen; `id` names a pot to change, or is "new". */
export async function pots(hat: Hat, id: string): Promise<void> {
  show(busy());
  if (id === "new") return edit(hat, null, NEW);
  const all = await shopPots(hat);
  const chosen = all.find((one) => one.id === id);
  if (chosen && !isCashier(hat)) return edit(hat, chosen.id, chosen.pot);
  list(hat, all);
}

function list(hat: Hat, all: readonly ShopPot[], told: Child = null): void {
  const waiting = all.reduce((sum, one) => sum + one.waiting, 0);
  const offered = all.filter(({ pot, tally, waiting: owed }) => pot.offered || tally + owed > 0);
  const hidden = all.filter((one) => !offered.includes(one));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("cup"), say("pots_shop")),
    h("p", null, say(offered.length === 0 ? "pots_shop_none" : "pots_shop_text")),
    told,
    offered.map((one) => onePot(hat, one)),
    waiting > 0 ? h("p", null, icon("clock"), " ", say(waiting === 1 ? "pots_waiting_one" : "pots_waiting", { count: waiting })) : null,
    h("div", { class: "actions" },
      waiting > 0 && !isCashier(hat) ? button("tick", say("pots_close"), () => void closeDay(hat).then((said) => reload(hat, said), (error: unknown) => show(explain(error, () => void reload(hat))))) : null,
      isCashier(hat) ? null : link("clover", say("pots_new"), "#pots/new"),
      hidden.length > 0 && !isCashier(hat) ? hidden.map((one) => link("undo", say("pots_change_hidden", { item: one.pot.item }), `#pots/${one.id}`, "quiet")) : null,
      link("till", say("till"), "#")),
  ], "focus");
}

async function reload(hat: Hat, told: Child = null): Promise<void> {
  try {
    list(hat, await shopPots(hat), told);
  } catch (error) {
    show(explain(error, () => void reload(hat)));
  }
}

/** How many stand ready, and kind words when there is none: a guest never hears no. */
function stands({ ready, pays }: ShopPot): string {
  if (ready > 0) return say(ready === 1 ? "pots_ready_one" : "pots_ready", { count: ready });
  return say(pays === "town" ? "pots_empty_town" : "pots_empty");
}

function onePot(hat: Hat, first: ShopPot): HTMLElement {
  const place = h("section", null);
  /** `last` is what was tapped last: a mistake in it is taken back with one tap. */
  const draw = (now: ShopPot, told = "", last = "", of = 1): void => {
    const count = (what: "given" | "handed_out", number: number, words: string, from: string) => {
      // A second tap before the answer would count twice.
      place.inert = true;
      askAs<ShopPot>(hat, "POST", `/v1/shop/pots/${now.id}/count`, { what, count: number })
        .then((next) => draw(next, words, from, Math.abs(number)), (error: unknown) => fill(trouble, explain(error)))
        .finally(() => (place.inert = false));
    };
    const trouble = h("div", { role: "status" }, told === "" ? null : [icon("tick"), " ", told]);
    const tap = (name: string, what: "given" | "handed_out", number: number, picture: "cup" | "euro" | "undo", key: string, look = ""): HTMLButtonElement => {
      const one = button(picture, say(key), () => count(what, number, say(`pots_told_${name}`), name), look);
      one.id = `${name}-${now.id}`;
      return one;
    };
    const many = h("input", { id: `many-${now.id}`, type: "text", inputmode: "numeric", autocomplete: "off", maxlength: 3 });
    const several = () => {
      const number = Number(many.value);
      if (!Number.isInteger(number) || number < 1 || number > 500) return void fill(trouble, h("p", { class: "fault" }, say("pots_number_wrong", { most: 500 })));
      count("handed_out", number, say("pots_told_many", { count: number }), "out");
    };
    fill(place,
      h("h2", null, drawn(items[now.pot.picture]), now.pot.item),
      h("p", null, stands(now)),
      now.opened ? null : h("p", { class: "small" }, icon("clock"), " ", say("pots_not_open")),
      trouble,
      h("div", { class: "actions" },
        tap("out", "handed_out", 1, "cup", "pots_hand_out", "main"),
        last === "out" ? tap("back", "handed_out", -of, "undo", "pots_hand_out_undo", "quiet") : null,
        tap("given", "given", 1, "euro", "pots_given"),
        last === "given" && now.tally > 0 ? tap("ungiven", "given", -of, "undo", "pots_given_undo", "quiet") : null),
      h("details", null, h("summary", null, say("pots_more")),
        h("div", { class: "field" }, h("label", { for: `many-${now.id}` }, say("pots_many")), many),
        h("div", { class: "actions" },
          button("cup", say("pots_many_do"), several),
          now.opened && !isCashier(hat) ? button("scan", say("pots_by_card"), () => byCard(hat, now)) : null,
          link("list", say("pots_sheet"), `${new URL(now.link).pathname}/sheet`, "quiet"),
          isCashier(hat) ? null : link("hand", say("pots_change"), `#pots/${now.id}`, "quiet"))));
    const next = last === "back" ? "out" : last === "ungiven" ? "given" : last;
    if (next) document.getElementById(`${next}-${now.id}`)?.focus();
  };
  draw(first);
  return place;
}

/** Somebody gives one with a card, a voucher or their phone at this till: the pot itself asks for it. */
function byCard(hat: Hat, pot: ShopPot): void {
  const account = pot.account === null ? null : parseAccount(pot.account);
  if (!account) return;
  const own: Hat = { ...hat, account, kind: "fund", name: pot.pot.item };
  const back = () => void reload(hat);
  allowSound();
  show(busy());
  makeRequest(own, price(pot)).then((request) => askFor({ hat: own, request, rest: pot.pot.item, back, papers: () => import("./paper.ts") }), (error: unknown) => show(explain(error, back)));
}

/** Signs what the pots owe for all that was handed out, one payment after the other. @throws NoAnswer, Refused */
async function signClosing(hat: Hat): Promise<{ news: Outgoing[]; later: number }> {
  const own = await shopPots(hat);
  const { payments, later } = await askAs<Closing>(hat, "POST", "/v1/shop/closing");
  for (const { id, from, amount: sum, count } of payments) {
    const pot = own.find((one) => one.id === id);
    const isOwed = pot && count <= pot.waiting && fromDecimal(sum, facts.scale) === count * price(pot) && parseAccount(from) !== hat.account;
    if (!isOwed) throw new TypeError(`${sum} from ${from} is not what pot ${id} owes`);
  }
  const news: Outgoing[] = [];
  for (const payment of payments) {
    const from = parseAccount(payment.from);
    if (!from) continue;
    const minor = fromDecimal(payment.amount, facts.scale);
    const until = Date.parse(payment.until) / 1_000;
    // The request counts once: whatever is sent again, the pot pays one time.
    const outgoing = await prepare({ ...hat, account: from, kind: "fund", name: null }, {
      key: `closing:${payment.request}`, what: "pay", name: hat.name ?? "", amount: minor, until,
      body: { from, payees: [{ to: hat.account, amount: minor, request: { id: payment.request, until } }], late: false },
    });
    news.push(await sendUntilKnown(outgoing, () => undefined));
  }
  return { news, later };
}

/** Closes the day; says what came of it. */
async function closeDay(hat: Hat): Promise<Child> {
  show(busy(say("sending")));
  const { news, later } = await signClosing(hat);
  const paid = news.filter(({ state }) => state === "done").reduce((sum, one) => sum + one.amount, 0);
  const other = news.find(({ state }) => state !== "done");
  return [
    paid > 0 ? note("tick", say("pots_closed", { amount: amount(paid) })) : null,
    other === undefined ? null : other.state === "refused" ? note("hand", ...whyNot(other.code ?? "")) : note("clock", say("waiting"), say("waiting_next")),
    later > 0 ? note("clock", say("pots_later"), say("pots_later_next")) : null,
  ];
}

/** Most of one kind that is closed without anybody looking at it. */
const UNSEEN_MAX = 50;

/** Closes the days before today, where the shop forgot: nobody has to think of it. */
export async function closeEarlier(hat: Hat): Promise<void> {
  if (isCashier(hat) || hat.kind !== "merchant") return;
  const due = (await shopPots(hat)).filter((pot) => pot.due);
  // More than a day of a busy shop may be a slip of the finger: that is closed by somebody who looks at it.
  if (due.length > 0 && due.every(({ waiting }) => waiting <= UNSEEN_MAX)) await signClosing(hat);
}

/** A new pot, or changing one. */
function edit(hat: Hat, id: string | null, pot: EditPot): void {
  const item = h("input", { id: "item", type: "text", maxlength: 40, autocomplete: "off", value: pot.item });
  const cost = amountField(say("pots_edit_price", { many: facts.many }), facts.scale, pot.price === "" ? "" : showNumber(fromDecimal(pot.price, facts.scale), facts.scale, language));
  const offered = h("input", { type: "checkbox", checked: pot.offered });
  const choose = (picture: Item) => h("label", { class: "task-picture" },
    h("input", { type: "radio", name: "picture", value: picture, checked: picture === pot.picture }), drawn(items[picture]), h("span", null, say(`item_${picture}`)));
  const trouble = h("div", { role: "alert" });
  const save = async () => {
    const picture = (document.querySelector<HTMLInputElement>("input[name=picture]:checked")?.value ?? "something") as Item;
    const minor = cost.read();
    if (minor === null) return;
    const body: EditPot = { item: item.value.trim() || say(`item_${picture}`), picture, price: toDecimal(minor, facts.scale), offered: offered.checked };
    try {
      await askAs(hat, id === null ? "POST" : "PUT", id === null ? "/v1/shop/pots" : `/v1/shop/pots/${id}`, body);
      location.hash = "pots";
    } catch (error) {
      fill(trouble, explain(error));
    }
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("cup"), say(id === null ? "pots_new" : "pots_change")),
    h("fieldset", { class: "pictures" }, h("legend", null, say("pots_edit_picture")), (Object.keys(items) as Item[]).map(choose)),
    h("div", { class: "field" }, h("label", { for: "item" }, say("pots_edit_item")), item),
    cost.element,
    id === null ? null : h("label", { class: "choice" }, offered, say("pots_edit_offered")),
    trouble,
    h("div", { class: "actions" }, button("tick", say("pots_edit_do"), () => void save(), "main"), link("back", say("back"), "#pots")),
  ], "focus");
}
