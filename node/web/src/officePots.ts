/** `#pots`: pots of shops that wait for their account, the pot of the town behind them, and shops with their heart alone. */

import { type StateJson, stateOf } from "./accountState.ts";
import type { Hat } from "./db.ts";
import { button, facts, fill, h, icon, link, say, shortAccount, show, type Child } from "./dom.ts";
import items from "./items.json";
import { parseAccount } from "./lib/account.ts";
import type { AccountState } from "./lib/entry.ts";
import { fromDecimal } from "./lib/money.ts";
import { askAsOffice } from "./office.ts";
import { heading, money, signAndSend } from "./officeParts.ts";
import { promisePot } from "./officePromises.ts";
import { freshKey } from "./outbox.ts";
import { drawn } from "./pictures.ts";
import { busy, explain } from "./start.ts";

interface CouncilPot { id: string; pot: { item: string; picture: keyof typeof items; price: string; offered: boolean; shop: string }; name: string | null; account: string; opened: boolean; keys: { key: string }[] }
interface CouncilHearty { id: string; shop: { name: string; services: string[]; paused: boolean }; item: string | null; listed: boolean }
/** What the council sees; as `node/api/src/pot.rs` has it. */
interface CouncilPots { pots: CouncilPot[]; town: { account: string; opened: boolean }; hearty: CouncilHearty[] }
interface Seen { state: StateJson; status: "open" | "frozen" | "closed"; base: number; pending: object | null; name: string | null }

/** What a shop's key may do with its own pot: hand out, and give a gift back. Keys are changed by the council. */
const [HANDS_OUT, GIVES_BACK] = [1, 2];
/** What one closing may take from the pot of the town, as a count of a shop's dearest item. */
const AT_ONCE_MAX = 50;
/** Most keys of one account: `KEYS_MAX` of the ledger. */
const KEYS_MAX = 64;

/** Shows what waits, and what can be done with one tap. */
export async function officePots(hat: Hat): Promise<void> {
  show(busy());
  const seen = await askAsOffice<CouncilPots>(hat, "GET", "/v1/coordination/pots");
  const [waiting, opened] = [seen.pots.filter((pot) => !pot.opened && pot.pot.offered), seen.pots.filter((pot) => pot.opened)];
  // One thing is there to be done first: a pot that waits, else a shop.
  const unlisted = seen.hearty.find(({ listed }) => !listed);
  show([
    heading("cup", say("pots_council")),
    h("p", null, say("pots_council_text")),
    waiting.length === 0 && opened.length === 0 ? h("p", null, say("pots_council_none")) : null,
    waiting.map((pot, row) => h("section", null, about(pot),
      pot.keys.length === 0 ? h("p", { class: "note" }, icon("hand"), say("pots_council_no_key")) :
        h("div", { class: "actions" }, button("tick", say("pots_council_open"), () => void openPot(hat, pot), row === 0 ? "main" : "")))),
    opened.length === 0 ? null : [h("h2", null, say("pots_council_opened")), h("ul", { class: "lines" }, opened.map((pot) => h("li", null, h("a", { href: `#account/${pot.account}` }, drawn(items[pot.pot.picture]), h("span", { class: "words" }, `${pot.pot.item} · ${shop(pot)}`)))))],
    opened.length === 0 ? null : await town(hat, seen.town, opened),
    h("h2", null, icon("hand"), say("pots_council_hearty")),
    seen.hearty.length === 0 ? h("p", null, say("pots_council_hearty_none")) : seen.hearty.map((one) => hearty(hat, one, waiting.length === 0 && one === unlisted)),
    promisePot(hat),
    h("div", { class: "actions" }, link("hand", say("hearty_way"), "/hearty/new"), link("back", say("back"), "#")),
  ], "focus");
}

const shop = ({ name, pot }: CouncilPot): string => name ?? shortAccount(parseAccount(pot.shop) ?? "");

const about = (pot: CouncilPot): Child => [
  h("h2", null, drawn(items[pot.pot.picture]), pot.pot.item),
  h("p", null, shop(pot), " · ", money(pot.pot.price)),
];

/** Returns the state of a pot whose account has this number, for these shops and keys. */
function potOf(account: string, payees: readonly string[], keys: AccountState["keys"]): AccountState {
  return {
    account, kind: "fund", keys: keys.sort((one, other) => (one.key < other.key ? -1 : 1)), threshold: 1, limit: 0,
    ceiling: null, organisation: null, heir: null, until: null, payees: [...new Set(payees)].sort(),
  };
}

/**
 * Returns the pot of the town for the shops that there are: each key hands out what one closing of its shop may come to,
 * and gives no gift of the town back. A pot has room for so many keys: then each shop's first one.
 */
function townPotOf(account: string, pots: readonly CouncilPot[]): AccountState {
  const caps = new Map<string, number>();
  const add = ({ pot, keys }: CouncilPot, most: number) => {
    const cap = AT_ONCE_MAX * fromDecimal(pot.price, facts.scale);
    for (const { key } of keys.slice(0, most)) caps.set(key, Math.max(cap, caps.get(key) ?? 0));
  };
  const all = new Set(pots.flatMap(({ keys }) => keys.map(({ key }) => key)));
  for (const pot of pots) add(pot, all.size > KEYS_MAX ? 1 : all.size);
  const keys = [...caps].slice(0, KEYS_MAX).map(([key, cap]) => ({ key, rights: HANDS_OUT, until: null, cap }));
  return potOf(account, pots.map(({ pot }) => idOf(pot.shop)), keys);
}

const idOf = (text: string): string => {
  const account = parseAccount(text);
  if (!account) throw new TypeError(`${text} is no account`);
  return account;
};

async function openPot(hat: Hat, pot: CouncilPot): Promise<void> {
  const keys = pot.keys.map(({ key }) => ({ key, rights: HANDS_OUT | GIVES_BACK, until: null, cap: null }));
  const state = potOf(idOf(pot.account), [idOf(pot.pot.shop)], keys);
  await signAndSend(hat, { key: `open:pot:${pot.account}`, what: "open", name: `${pot.pot.item} · ${shop(pot)}`, amount: 0, body: { states: [state] } });
}

/** The pot of the town: opened once, and then for the shops that come and without those that go. */
async function town(hat: Hat, { account, opened }: CouncilPots["town"], pots: readonly CouncilPot[]): Promise<Child> {
  const wanted = townPotOf(idOf(account), pots);
  const words = [h("h2", null, icon("cup"), say("pots_town")), h("p", null, say("pots_council_town"))];
  if (!opened) {
    const open = () => void signAndSend(hat, { key: `open:pot:${account}`, what: "open", name: say("pots_town"), amount: 0, body: { states: [wanted] } });
    return [...words, h("div", { class: "actions" }, button("tick", say("pots_council_town_open"), open))];
  }
  const { state: told, base, status, pending, name } = await askAsOffice<Seen>(hat, "GET", `/v1/accounts/${account}`);
  // Givers read its name on the pay page: it has one from the first look after it was opened.
  if (name === null) await askAsOffice(hat, "PUT", `/v1/accounts/${account}/profile`, { name: say("pots_town"), listed: true });
  const state = stateOf(told);
  const differs = (one: unknown, other: unknown) => JSON.stringify(one) !== JSON.stringify(other);
  const [lacksShops, lacksKeys] = [differs(wanted.payees, state.payees), differs(wanted.keys, state.keys)];
  const change = (next: AccountState) => void signAndSend(hat, { key: freshKey(`change:${state.account}`), what: "change", name: say("pots_town"), amount: 0, body: { base, state: next, status: status === "frozen" ? "frozen" : "open" } });
  return [
    ...words, h("div", { class: "actions" }, link("wallet", say("council_account_show"), `#account/${account}`, "quiet")),
    // The rules take shops at once, and keys after the waiting time: never both in one entry.
    lacksShops ? h("div", { class: "actions" }, button("shop", say("pots_council_town_shops"), () => change({ ...state, payees: wanted.payees }))) :
      lacksKeys && pending === null ? h("div", { class: "actions" }, button("phone", say("pots_council_town_keys"), () => change({ ...state, keys: wanted.keys }))) :
        lacksKeys ? h("p", { class: "note" }, icon("clock"), say("pots_council_town_waits")) : null,
  ];
}

/** A shop without account: one tap lists it, or takes it off. */
function hearty(hat: Hat, first: CouncilHearty, isMain: boolean): HTMLElement {
  const place = h("section", null);
  const draw = (one: CouncilHearty): void => {
    const list = (listed: boolean) => void askAsOffice<CouncilHearty>(hat, "PUT", `/v1/coordination/hearty/${one.id}`, { listed }).then(draw, (error: unknown) => fill(trouble, explain(error)));
    const drop = () => void askAsOffice(hat, "DELETE", `/v1/coordination/hearty/${one.id}`).then(() => place.remove(), (error: unknown) => fill(trouble, explain(error)));
    const trouble = h("div", { role: "alert" });
    const offers = [...(one.item === null ? [] : [one.item]), ...one.shop.services.map((name) => say(`service_${name}`))];
    fill(place, h("p", null, h("strong", null, one.shop.name), h("span", { class: "small" }, ` ${offers.join(", ")}`)), trouble,
      h("div", { class: "actions" }, one.listed ? button("undo", say("pots_council_unlist", { name: one.shop.name }), () => list(false), "quiet") : [
        button("tick", say("pots_council_list", { name: one.shop.name }), () => list(true), isMain ? "main" : ""),
        button("cross", say("pots_council_drop", { name: one.shop.name }), drop, "quiet"),
      ]));
  };
  draw(first);
  return place;
}
