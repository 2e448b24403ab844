/** `/wallet`: scan, receive, overview, what waits; the balance behind a tap. */

import { keep, recall, type Hat } from "../db.ts";
import { amountField } from "../amountField.ts";
import { amount, button, facts, h, icon, link, say, shortAccount, show, type Child } from "../dom.ts";
import { importSeed } from "../keys.ts";
import { accountText } from "../lib/account.ts";
import { fromHex } from "../lib/bytes.ts";
import { fromDecimal } from "../lib/money.ts";
import { flush, outbox } from "../outbox.ts";
import { outcome, toWallet } from "../paid.ts";
import type { Scan } from "../scan.ts";
import { busy, explain, note, start } from "../start.ts";
import { accountOf, adopt, hatOf, hats } from "../wallet.ts";
import { offer } from "./join.ts";

// What is not needed at once is fetched when it is; the service worker has it before.
const statement = () => import("../statement.ts");
const asking = () => import("../asking.ts");

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
    if (name === "demo") return await demo(id);
    if (name === "restore") return (await import("./recovery.ts")).offerRestore();
    const hat = await hatOf();
    if (!hat) return offer(null, () => void route());
    if (name === "recovery") return await (await import("./recovery.ts")).offerRecovery(hat);
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

async function home(hat: Hat): Promise<void> {
  const own = await hats();
  const waiting = (await outbox()).filter(({ state }) => state === "waiting" || state === "alarm" || state === "draft");
  const balance = h("div", { class: "balance" });
  const reveal = button("wallet", say("show_balance"), () => {
    balance.replaceChildren(busy());
    accountOf(hat).then(
      (account) => {
        const minor = fromDecimal(account.balance ?? "0", facts.scale);
        balance.replaceChildren(h("p", { class: "amount", role: "status" }, amount(minor)), button("wallet", say("hide_balance"), () => balance.replaceChildren(reveal), "quiet"));
      },
      (error: unknown) => balance.replaceChildren(...([explain(error)].flat(4).filter(Boolean) as (Node | string)[]), reveal),
    );
  }, "quiet");
  balance.append(reveal);
  show([
    own.length > 1 ? chooser(hat, own) : null,
    hat.kind === "member" && !hat.recovery && (await outbox()).some(({ state }) => state === "done")
      ? link("seal", say("recovery_offer"), "#recovery", "note") : null,
    waiting.map((outgoing) => h("a", { class: "note", href: `#outbox/${encodeURIComponent(outgoing.key)}` },
      icon(outgoing.state === "alarm" ? "hand" : "clock"), say(outgoing.state === "alarm" ? "receipt_alarm" : "waiting_one", { name: outgoing.name, amount: amount(outgoing.amount) }))),
    h("div", { class: "actions" },
      link("scan", say("scan"), "#scan", "main"),
      link("receive", say("receive"), "#receive"),
      link("list", say("lines"), "#lines")),
    balance,
    h("div", { class: "actions" }, link("phone", say("more"), "#more", "quiet")),
  ]);
  if (await recall<boolean>("show-balance")) reveal.click();
}

/** Whom this phone acts for. */
function chooser(hat: Hat, own: readonly Hat[]): Child {
  const select = h("select", { id: "hat", onchange: () => void keep("hat", select.value).then(route) },
    own.map((one) => h("option", { value: one.account, selected: one.account === hat.account }, one.name ?? `${say(`kind_${one.kind}`)} ${shortAccount(one.account)}`)));
  return h("div", { class: "field" }, h("label", { for: "hat" }, say("act_as")), select);
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
    h("div", { class: "actions" }, button("scan", say("show_code"), ask, "main"), link("back", say("back"), "#")),
  ]);
  field.input.addEventListener("keydown", (event) => event.key === "Enter" && ask());
  field.input.focus();
}

async function lines(hat: Hat): Promise<void> {
  show(busy());
  const { readLines, directory, lineList } = await statement();
  const [{ lines: found, balance }, known] = await Promise.all([readLines(hat), directory()]);
  const visible = found.filter(({ moved }) => moved !== 0);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("lines")),
    visible.length === 0 ? h("p", null, say("lines_none")) : h("details", null, h("summary", null, icon("wallet"), say("show_balance")), h("p", { class: "amount" }, amount(balance))),
    lineList(visible, known, "#lines/"),
    h("div", { class: "actions" }, link("back", say("back"), "#")),
  ], "focus");
}

async function sent(key: string): Promise<void> {
  const found = (await outbox()).find((outgoing) => outgoing.key === decodeURIComponent(key));
  const screen = () => show(found ? outcome(found, toWallet()) : note("hand", say("line_unknown")), "focus");
  screen();
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
  const hat = await adopt(key.public);
  if (hat) await keep("hat", hat.account);
  if (hat?.kind === "merchant") return location.replace("/till");
  await route();
}

void start(async () => {
  addEventListener("hashchange", () => void route());
  await route();
  void flush(() => location.hash.length < 2 && void route());
});
