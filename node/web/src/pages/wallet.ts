/** `/wallet`: scan, receive, overview, what waits; the balance behind a tap. */

import { type Hat, type Outgoing, keep, recall } from "../db.ts";
import { amountField } from "../amountField.ts";
import { amount, button, facts, fill, h, icon, link, loadOwnWords, say, show } from "../dom.ts";
import { hatChoice } from "../hats.ts";
import { type Kept, freshInbox, keptInbox, unread } from "../inbox.ts";
import { importSeed } from "../keys.ts";
import { accountText } from "../lib/account.ts";
import { fromHex } from "../lib/bytes.ts";
import { fromDecimal } from "../lib/money.ts";
import { flush, isOpen, outbox } from "../outbox.ts";
import { outcome, toWallet } from "../paid.ts";
import type { Scan } from "../scan.ts";
import { busy, explain, note, start } from "../start.ts";
import { accountOf, adopt, hatOf, hats } from "../wallet.ts";
import { offer } from "./join.ts";

// What is not needed at once is fetched when it is; the service worker has it before.
const statement = () => import("../statement.ts");
const asking = () => import("../asking.ts");

/** The screens that are seldom opened. Each is fetched with its sentences when it is. */
const SCREENS: Record<string, () => Promise<{ open(hat: Hat, id: string): Promise<void> }>> = {
  inbox: () => import("../screens/inbox.ts"), code: () => import("../screens/ownCode.ts"), ask: () => import("../screens/askPerson.ts"),
  draft: () => import("../screens/draft.ts"), devices: () => import("../screens/devices.ts"), device: () => import("../screens/newDevice.ts"),
  rest: () => import("../screens/rest.ts"),
};
/** What a phone may open that has no account yet: it becomes one of an account's phones, or signs for the council. */
const WITHOUT_WALLET = ["device", "draft"];

async function screen<T>(loading: Promise<T>): Promise<T> {
  const [loaded] = await Promise.all([loading, loadOwnWords()]);
  return loaded;
}

let camera: Scan | null = null;
let stopAsking: () => void = () => undefined;

function leave(): void {
  camera?.stop();
  camera = null;
  stopAsking();
}

async function route(): Promise<void> {
  leave();
  const [name = "", id = ""] = location.hash.slice(1).split("/");
  try {
    if (name === "scan") return (await import("./scanner.ts")).scanner(leave, (opened) => (camera = opened));
    if (name === "offline") return notOpened(decodeURIComponent(id));
    if (name === "demo") return await demo(id);
    if (name === "restore") return await (await screen(import("./recovery.ts"))).offerRestore(id);
    const hat = await hatOf();
    const seldom = SCREENS[name];
    if (seldom && (hat || WITHOUT_WALLET.includes(name))) return await (await screen(seldom())).open(hat as Hat, id);
    if (!hat) return await without();
    if (name === "recovery") return await (await screen(import("./recovery.ts"))).offerRecovery(hat);
    switch (name) {
      case "receive": return await receive(hat);
      case "lines": return id ? await (await statement()).showLine(hat, id, "#lines") : await lines(hat);
      case "outbox": return await sent(id);
      case "more": return await more(hat);
      case "seal": return await (await import("./seal.ts")).showSeal(decodeURIComponent(id), (opened) => (camera = opened));
      default: return await home(hat);
    }
  } catch (error) {
    show([explain(error, () => void route()), name ? h("div", { class: "actions" }, link("back", say("back"), "#")) : null]);
  }
}

/** Somebody opened a code without network: what they see is not what they opened, and it says so. */
function notOpened(path: string): void {
  const again = /^\/[a-z]+\/[a-z0-9]+$/i.test(path) ? button("undo", say("again"), () => location.assign(path), "main") : null;
  show([note("clock", say("code_offline"), say("no_answer_next")), h("div", { class: "actions" }, again, link("back", say("to_wallet"), "#"))], "focus");
}

/** A phone without an account: perhaps one is on its way, given back by its words. */
async function without(): Promise<void> {
  const coming = (await outbox()).find((outgoing) => outgoing.hat && isOpen(outgoing));
  if (coming) return show(outcome(coming, link("undo", say("restore"), "#restore", "quiet")));
  offer(null, () => void route());
}

async function home(hat: Hat): Promise<void> {
  const own = await hats();
  const sent = await outbox();
  const balance = h("div", { class: "balance" });
  const reveal = button("wallet", say("show_balance"), () => {
    balance.replaceChildren(busy());
    accountOf(hat).then(
      (account) => {
        const minor = fromDecimal(account.balance ?? "0", facts.scale);
        balance.replaceChildren(h("p", { class: "amount", role: "status" }, amount(minor)), button("wallet", say("hide_balance"), () => balance.replaceChildren(reveal), "quiet"));
      },
      (error: unknown) => fill(balance, explain(error), reveal),
    );
  }, "quiet");
  balance.append(reveal);
  const news = inboxNews(hat);
  show([
    hatChoice(hat, own, () => void route()),
    news.asked,
    hat.kind === "member" && !hat.recovery && sent.some(({ state }) => state === "done")
      ? link("seal", say("recovery_offer"), "#recovery", "note") : null,
    sent.filter((outgoing) => outgoing.state === "alarm" || isOpen(outgoing)).map((outgoing) => h("a", { class: "note", href: `#outbox/${encodeURIComponent(outgoing.key)}` },
      icon(outgoing.state === "alarm" ? "hand" : "clock"), unsettled(outgoing))),
    h("div", { class: "actions" },
      link("scan", say("scan"), "#scan", "main"),
      link("receive", say("receive"), "#receive"),
      link("list", say("lines"), "#lines"),
      news.way),
    balance,
    h("div", { class: "actions" }, link("phone", say("more"), "#more", "quiet")),
  ]);
  if (await recall<boolean>("show-balance")) reveal.click();
}

/** Says what is known of something signed that is not done. */
function unsettled({ state, name, amount: minor }: Outgoing): string {
  if (state === "alarm") return say("receipt_alarm");
  if (state === "draft") return say("waiting_signed");
  return name !== "" && minor > 0 ? say("waiting_one", { name, amount: amount(minor) }) : say("waiting_other");
}

/** What the inbox says on the first screen: at once what is known, then what is new. */
function inboxNews(hat: Hat): { way: HTMLElement; asked: HTMLElement } {
  const way = link("mail", say("inbox"), "#inbox");
  const asked = h("div", null);
  const tell = (kept: Kept) => {
    const count = unread(kept);
    way.replaceChildren(icon("mail"), count === 0 ? say("inbox") : say("mail_unread", { count }));
    const open = kept.messages.flatMap(({ about }) => (about.what === "asked" ? [about.request] : []));
    asked.replaceChildren(...open.slice(0, 3).map((request) => h("a", { class: "note", href: new URL(request.link).pathname },
      icon("pay"), say("asked_one", { name: request.name ?? say("asked_by"), amount: amount(fromDecimal(request.amount, facts.scale)) }))));
  };
  // Without an answer what is known stays.
  void keptInbox(hat).then(tell).then(() => freshInbox(hat)).then(tell, () => undefined);
  return { way, asked };
}

async function receive(hat: Hat): Promise<void> {
  const { allowSound, askFor, makeRequest, stopAsking: stop } = await asking();
  stopAsking = stop;
  const field = amountField(say("receive_how_much", { many: facts.many }));
  const ask = () => {
    const minor = field.read();
    if (minor === null) return;
    allowSound();
    show(busy());
    makeRequest(hat, minor).then((request) => askFor({ hat, request, rest: null, back: () => void receive(hat) }), (error: unknown) => show(explain(error, () => void receive(hat))));
  };
  show([
    h("h2", { tabindex: "-1" }, icon("receive"), say("receive")),
    field.element,
    h("div", { class: "actions" }, button("scan", say("show_code"), ask, "main"),
      link("receive", say("way_code"), "#code"), link("people", say("way_ask"), "#ask"), link("back", say("back"), "#")),
  ]);
  field.input.addEventListener("keydown", (event) => event.key === "Enter" && ask());
  field.input.focus();
}

async function lines(hat: Hat, pages = 1): Promise<void> {
  show(busy());
  const { readLines, directory, lineList } = await statement();
  const [{ lines: found, balance, hasMore }, known] = await Promise.all([readLines(hat, (_, read) => read < pages), directory()]);
  const visible = found.filter(({ moved }) => moved !== 0);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("lines")),
    visible.length === 0 ? h("p", null, say("lines_none")) : h("details", null, h("summary", null, icon("wallet"), say("show_balance")), h("p", { class: "amount" }, amount(balance))),
    lineList(visible, known, "#lines/"),
    h("div", { class: "actions" }, hasMore ? button("list", say("older"), () => void lines(hat, pages + 1)) : null, link("back", say("back"), "#")),
  ], "focus");
}

async function sent(key: string): Promise<void> {
  const found = (await outbox()).find((outgoing) => outgoing.key === decodeURIComponent(key));
  if (found?.words || found?.what === "cosign" || found?.what === "veto") await loadOwnWords();
  show(found ? outcome(found, toWallet()) : note("hand", say("line_unknown")), "focus");
}

async function more(hat: Hat): Promise<void> {
  const always = (await recall<boolean>("show-balance")) === true;
  const state = h("p", { role: "status" }, icon("seal"), say("log_looking"));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("more")),
    h("dl", null,
      h("dt", null, say("community_name")), h("dd", null, facts.name),
      h("dt", null, say("account")), h("dd", null, h("code", null, accountText(hat.account))),
      h("dt", null, say("key")), h("dd", null, h("code", null, hat.key))),
    state,
    h("div", { class: "actions" },
      hat.kind !== "member" ? null : hat.recovery ? h("p", { class: "good" }, icon("tick"), say("recovery_there")) : link("seal", say("recovery"), "#recovery"),
      button("wallet", say(always ? "balance_tap" : "balance_always"), () => void keep("show-balance", !always).then(() => more(hat))),
      link("seal", say("more_seal"), "#seal"), link("tick", say("verify_link"), "/verify"),
      link("phone", say("way_devices"), "#devices"), link("clock", say("way_rest"), "#rest"),
      link("till", say("till"), "/till"), link("back", say("back"), "#")),
  ], "focus");
  const watched = await (await import("../seals.ts")).visit();
  state.className = watched === "alarm" ? "note" : "";
  state.replaceChildren(icon(watched === "alarm" ? "hand" : "seal"), say(`log_${watched}`));
}

/** A key that a demonstration printed: it hides nothing, so it may stand in a link. */
async function demo(seed: string): Promise<void> {
  history.replaceState(null, "", "#");
  if (!facts.demo || !/^[0-9a-f]{64}$/.test(seed)) return void (await route());
  const key = await importSeed(fromHex(seed));
  const hat = await adopt(key);
  if (hat) await keep("hat", hat.account);
  if (hat?.kind === "merchant") return location.replace("/till");
  await route();
}

void start(async () => {
  addEventListener("hashchange", () => void route());
  await route();
  // What is shown of what waits becomes true without being opened again.
  void flush(({ key }) => (location.hash.length < 2 || location.hash === `#outbox/${encodeURIComponent(key)}`) && void route());
});
