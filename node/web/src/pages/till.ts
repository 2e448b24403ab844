/** `/till`: the price, the code, paid. Last payments, the day's total, giving back, being paid out. */

import { allowSound, askFor, makeRequest, stopAsking } from "../asking.ts";
import { amountField } from "../amountField.ts";
import type { StatementLine } from "../api.ts";
import { type Hat, keep, put, recall } from "../db.ts";
import { amount, button, facts, fill, h, icon, language, link, moment, say, show } from "../dom.ts";
import { type Part, euroCents, fromDecimal, showEuro, showNumber, split } from "../lib/money.ts";
import { type Wish, flush, freshKey, prepare, sendUntilKnown } from "../outbox.ts";
import { outcome } from "../paid.ts";
import { qr } from "../qr.ts";
import { busy, explain, note, start } from "../start.ts";
import { type Shown, directory, isToday, lineList, readLines, showLine } from "../statement.ts";
import { accountText } from "../lib/account.ts";
import { accountOf, askAs, connect, hatOf, keyToConnect } from "../wallet.ts";

interface Settings {
  part: Part;
  /** Whether prices are typed in euro. */
  euro: boolean;
}
const FIRST: Settings = { part: "exact", euro: true };

async function route(): Promise<void> {
  stopAsking();
  const [name = "", id = ""] = location.hash.slice(1).split("/");
  try {
    const hat = await hatOf("merchant", "fund");
    if (!hat) return await connecting();
    switch (name) {
      case "today": return id ? await oneLine(hat, id) : await today(hat);
      case "payout": return await payOut(hat);
      case "settings": return await settings(hat);
      case "name": return naming(hat);
      default: return await price(hat);
    }
  } catch (error) {
    show([explain(error, () => void route()), name ? h("div", { class: "actions" }, link("back", say("back"), "#")) : null]);
  }
}

/** A new device: shows the key that the council or the owner adds to the merchant's account. */
async function connecting(): Promise<void> {
  const key = await keyToConnect();
  const state = h("p", { role: "status" });
  const look = async () => {
    state.textContent = say("loading");
    try {
      const hat = await connect();
      if (hat) return hat.name === null ? naming(hat) : void (await route());
      state.replaceChildren(icon("clock"), say("connect_not_yet"));
    } catch (error) {
      fill(state, explain(error));
    }
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("till"), say("connect_title")),
    h("p", null, say("connect_text")),
    h("p", null, say("connect_who")),
    qr(key, say("connect_code")),
    h("code", { id: "connect-key" }, key),
    state,
    h("div", { class: "actions" }, button("tick", say("connect_done"), () => void look(), "main")),
  ]);
}

/** The name by which people see the shop: what they read before they pay. */
function naming(hat: Hat): void {
  const fault = h("p", { id: "name-fault", class: "fault", role: "alert" });
  const name = h("input", { id: "name", type: "text", maxlength: 60, value: hat.name ?? "", autocomplete: "organization", "aria-describedby": "name-fault" });
  const save = () => {
    const typed = name.value.trim();
    if (typed === "") return void (fault.textContent = say("name_missing"));
    askAs(hat, "PUT", `/v1/accounts/${accountText(hat.account)}/profile`, { name: typed, listed: true })
      .then(() => put("hats", { ...hat, name: typed }))
      .then(() => (location.hash.length > 1 ? location.replace("#") : void route()))
      .catch((error: unknown) => fill(fault, explain(error)));
  };
  show([
    h("h2", { tabindex: "-1" }, icon("shop"), say("name_title")),
    h("div", { class: "field" }, h("label", { for: "name" }, say("name_label")), name, fault),
    h("p", null, say("name_text")),
    h("div", { class: "actions" }, button("tick", say("name_save"), save, "main")),
  ]);
  name.addEventListener("keydown", (event) => event.key === "Enter" && save());
  name.focus();
}

const set = async (): Promise<Settings> => ({ ...FIRST, ...(await recall<Partial<Settings>>("till")), ...(facts.rate ? {} : { euro: false }) });

async function price(hat: Hat): Promise<void> {
  const { euro, part } = await set();
  const scale = euro ? 2 : facts.scale;
  const field = amountField(say(euro ? "price_euro" : "price_credits"), scale, "", true);
  const shown = h("p", { class: "split", role: "status" });
  const reckon = (): { minor: number; rest: string | null } | null => {
    const typed = field.read();
    if (typed === null) return null;
    if (!euro || !facts.rate) return { minor: typed, rest: null };
    const { minor, rest } = split(typed, facts.rate, part, facts.scale);
    return { minor, rest: rest === 0 ? null : say("rest_in_money", { euro: showEuro(rest, language) }) };
  };
  const preview = () => {
    const value = Number(field.input.value.replace(",", "."));
    shown.textContent = "";
    if (!(value > 0) || !euro || !facts.rate || !/^[0-9]+([.,][0-9]{1,2})?$/.test(field.input.value)) return;
    const { minor, rest } = split(Math.round(value * 100), facts.rate, part, facts.scale);
    shown.textContent = rest === 0 ? amount(minor) : say("split", { amount: amount(minor), euro: showEuro(rest, language) });
  };
  const ask = () => {
    const reckoned = reckon();
    if (!reckoned) return;
    if (reckoned.minor === 0) return void (shown.textContent = say("too_small_for_credits"));
    allowSound();
    show(busy());
    const back = () => void route();
    makeRequest(hat, reckoned.minor).then((request) => askFor({ hat, request, rest: reckoned.rest, back, papers: true }), (error: unknown) => show(explain(error, back)));
  };
  const press = (sign: string) => () => {
    const { input } = field;
    if (sign === "back") input.value = input.value.slice(0, -1);
    else if (input.value.length < 9) input.value += sign === "comma" ? (/[.,]/.test(input.value) || input.value === "" ? "" : language === "en" ? "." : ",") : sign;
    input.dispatchEvent(new Event("input"));
  };
  const keyOf = (sign: string) => h("button", { type: "button", class: "key", onclick: press(sign), "aria-label": sign === "back" ? say("key_back") : sign === "comma" ? say("key_comma") : null },
    sign === "back" ? icon("back") : sign === "comma" ? (language === "en" ? "." : ",") : sign);
  field.input.addEventListener("input", preview);
  field.input.addEventListener("keydown", (event) => event.key === "Enter" && ask());
  show([
    h("p", { class: "small whom" }, icon("shop"), hat.name ?? say("kind_merchant")),
    field.element, shown,
    h("div", { class: "keypad" }, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "comma", "0", "back"].map(keyOf)),
    h("div", { class: "actions" }, button("scan", say("show_code"), ask, "main")),
    h("div", { class: "actions row" },
      link("list", say("today"), "#today"), link("euro", say("pay_out"), "#payout"), link("hand", say("settings"), "#settings")),
  ]);
  field.input.focus();
}

async function today(hat: Hat, pages = 1): Promise<void> {
  show(busy());
  // The day's total needs the whole day, however many lines it has.
  const isWanted = (oldest: StatementLine, read: number) => read < pages || isToday(Date.parse(oldest.recorded_at));
  const [{ lines, hasMore }, known] = await Promise.all([readLines(hat, isWanted), directory()]);
  const some = lines.filter(({ moved }) => moved !== 0);
  const total = some.filter(({ line, moved }) => line.kind === "pay" && moved > 0 && isToday(Date.parse(line.recorded_at)))
    .reduce((sum, { moved, undone }) => sum + moved - undone, 0);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("today")),
    h("p", null, say("day_total")), h("p", { class: "amount" }, amount(total)),
    some.length === 0 ? h("p", null, say("today_none")) : lineList(some, known, "#today/"),
    h("div", { class: "actions" }, hasMore ? button("list", say("older"), () => void today(hat, pages + 1)) : null, link("back", say("back"), "#")),
  ], "focus");
}

async function oneLine(hat: Hat, id: string): Promise<void> {
  await showLine(hat, id, "#today", (shown) => {
    const left = shown.moved - shown.undone;
    if (shown.line.kind !== "pay" || left <= 0) return null;
    return button("undo", say("refund"), () => refund(hat, shown, left));
  });
}

function refund(hat: Hat, { line }: Shown, left: number): void {
  const field = amountField(say("refund_how_much", { amount: amount(left) }), facts.scale, showNumber(left, facts.scale, language));
  const back = () => void route();
  const act = (event: Event) => {
    const minor = field.read();
    if (minor === null) return;
    (event.currentTarget as HTMLButtonElement).disabled = true;
    void signAndSend(hat, {
      key: freshKey(`refund:${line.index}.${line.line}`), what: "refund", name: "", amount: minor,
      body: { index: line.index, line: line.line, amount: minor },
    }, back);
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("undo"), say("refund")),
    h("p", null, moment(Date.parse(line.recorded_at), "both")),
    field.element,
    h("div", { class: "actions" }, button("undo", say("refund_do"), act, "main"), button("back", say("back"), back)),
  ], "focus");
}

async function payOut(hat: Hat): Promise<void> {
  show(busy());
  const { rate } = facts;
  const account = await accountOf(hat);
  const most = Math.max(0, fromDecimal(account.balance ?? "0", facts.scale));
  const head = h("h2", { tabindex: "-1", "data-focus": true }, icon("euro"), say("pay_out"));
  const foot = link("back", say("back"), "#");
  if (!rate) return show([head, note("hand", say("pay_out_none")), h("div", { class: "actions" }, foot)], "focus");
  if (most === 0) return show([head, h("p", null, say("pay_out_nothing")), h("div", { class: "actions" }, foot)], "focus");
  const field = amountField(say("pay_out_how_much", { amount: amount(most) }), facts.scale, showNumber(most, facts.scale, language));
  const worth = h("p", { role: "status" });
  const reckon = () => {
    const digits = field.input.value.trim().replace(",", ".");
    const minor = /^[0-9]+(\.[0-9]+)?$/.test(digits) ? Math.round(Number(digits) * 10 ** facts.scale) : 0;
    worth.textContent = minor > 0 ? say("pay_out_worth", { amount: amount(minor), euro: showEuro(euroCents(minor, rate), language) }) : "";
  };
  field.input.addEventListener("input", reckon);
  reckon();
  const act = (event: Event) => {
    const minor = field.read();
    if (minor === null) return;
    (event.currentTarget as HTMLButtonElement).disabled = true;
    void signAndSend(hat, { key: freshKey("redeem"), what: "redeem", name: "", amount: minor, body: { merchant: hat.account, amount: minor, rate } }, () => void route());
  };
  show([head, h("p", null, say("pay_out_text")), field.element, worth,
    h("div", { class: "actions" }, button("euro", say("pay_out_do"), act, "main"), foot)], "focus");
}

async function signAndSend<K extends "refund" | "redeem">(hat: Hat, wish: Wish<K>, back: () => void): Promise<void> {
  try {
    const outgoing = await prepare(hat, wish);
    show(busy(say("sending")));
    await sendUntilKnown(outgoing, (news) => show(outcome(news, button("till", say("next"), back, "main")), news.state === "waiting" ? "quiet" : "focus"));
  } catch (error) {
    show(explain(error, back));
  }
}

async function settings(hat: Hat): Promise<void> {
  const now = await set();
  const choose = (news: Partial<Settings>) => void keep("till", { ...now, ...news }).then(() => settings(hat));
  const choice = (part: Part) => h("label", { class: "choice" }, h("input", { type: "radio", name: "part", id: `part-${part}`, checked: now.part === part, onchange: () => choose({ part }) }), say(`part_${part}`));
  const inEuro = h("label", { class: "choice" }, h("input", { type: "checkbox", id: "in-euro", checked: now.euro, disabled: !facts.rate, onchange: () => choose({ euro: !now.euro }) }), say("settings_euro"));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("hand"), say("settings")),
    facts.rate ? h("fieldset", null, h("legend", null, say("part_title")), choice("exact"), choice("whole"), choice("half")) : null,
    inEuro,
    h("div", { class: "actions" }, link("shop", say("name_change"), "#name"), link("back", say("back"), "#", "main")),
  ]);
}

void start(async () => {
  addEventListener("hashchange", () => void route());
  await route();
  void flush(() => undefined);
});
