/** `/wallet`: scan, receive, overview, what waits; the balance behind a tap. */

import { type Hat, type Outgoing, keep, recall } from "../db.ts";
import { amount, button, facts, fill, h, icon, largeAmount, link, loadOwnWords, say, show, type Icon } from "../dom.ts";
import { demoKey } from "../demo.ts";
import { hatChoice } from "../hats.ts";
import { type Kept, freshInbox, keptInbox, unread } from "../inbox.ts";
import { fromDecimal } from "../lib/money.ts";
import { flush, isOpen, outbox } from "../outbox.ts";
import { outcome } from "../paid.ts";
import { busy, explain, note, start } from "../start.ts";
import { accountOf, adopt, hatOf, hats } from "../wallet.ts";
import { offer } from "./join.ts";

/** Every screen but the first. Each is fetched with its sentences when it is opened; the service worker has it before. */
const SCREENS: Record<string, () => Promise<{ open(hat: Hat, id: string): Promise<void> }>> = {
  scan: () => import("../screens/scanner.ts"), receive: () => import("../screens/receive.ts"),
  lines: () => import("../screens/lines.ts"), outbox: () => import("../screens/sent.ts"), more: () => import("../screens/more.ts"),
  inbox: () => import("../screens/inbox.ts"), code: () => import("../screens/ownCode.ts"), ask: () => import("../screens/askPerson.ts"),
  draft: () => import("../screens/draft.ts"), devices: () => import("../screens/devices.ts"), device: () => import("../screens/newDevice.ts"),
  rest: () => import("../screens/rest.ts"), recovery: () => import("../screens/recovery.ts"), restore: () => import("../screens/restore.ts"),
  seal: () => import("../screens/seal.ts"), year: () => import("../screens/year.ts"),
  come: () => import("../screens/come.ts"), arrive: () => import("../screens/arrive.ts"),
};
/** What a phone may open that has no account yet. */
const WITHOUT_WALLET = ["scan", "restore", "device", "draft", "outbox", "come", "arrive"];

async function route(): Promise<void> {
  const [name = "", id = ""] = location.hash.slice(1).split("/");
  try {
    if (name === "offline") return notOpened(decodeURIComponent(id));
    if (name === "demo") return await demo(id);
    const hat = await hatOf();
    const fetched = SCREENS[name];
    if (fetched && (hat || WITHOUT_WALLET.includes(name))) {
      const [{ open }] = await Promise.all([fetched(), loadOwnWords()]);
      return await open(hat as Hat, id);
    }
    return await (hat ? home(hat) : without());
  } catch (error) {
    show([explain(error, () => void route()), name ? h("div", { class: "actions" }, link("back", say("back"), "#")) : null]);
  }
}

/** Somebody opened a code without network: what they see is not what they opened, and it says so. */
function notOpened(path: string): void {
  const again = /^\/[a-z]+\/[a-z0-9]+$/i.test(path) ? button("again", say("again"), () => location.assign(path), "main") : null;
  show([h("h2", { tabindex: "-1", "data-focus": true }, icon("clock"), say("offline_title")), note("hand", say("code_offline"), say("no_answer_next")), h("div", { class: "actions" }, again, link("back", say("to_wallet"), "#"))], "focus");
}

/** A phone without an account: perhaps one is on its way, given back by its words. */
async function without(): Promise<void> {
  const coming = (await outbox()).find((outgoing) => outgoing.hat && outgoing.state !== "done");
  if (coming) return show(outcome(coming, link("undo", say("restore"), "#restore", "quiet")));
  offer(null, () => void route(), say("make_wallet"), h("h2", { tabindex: "-1" }, icon("clover"), say("welcome")));
}

async function home(hat: Hat): Promise<void> {
  const [own, sent] = await Promise.all([hats(), outbox()]);
  const balance = h("div", { class: "balance" });
  const reveal = button("wallet", say("show_balance"), () => {
    balance.replaceChildren(busy());
    accountOf(hat).then(
      (account) => {
        const minor = fromDecimal(account.balance ?? "0", facts.scale);
        balance.replaceChildren(h("p", { class: "amount", role: "status" }, largeAmount(minor)), button("wallet", say("hide_balance"), () => balance.replaceChildren(reveal), "quiet"));
      },
      (error: unknown) => fill(balance, explain(error, () => reveal.click())),
    );
  }, "quiet");
  balance.append(reveal);
  const news = inboxNews(hat);
  show([
    hatChoice(hat, own, () => void route()),
    news.asked,
    hat.kind === "member" && !hat.recovery && sent.some(({ state }) => state === "done")
      ? way("#recovery", "seal", say("recovery_offer")) : null,
    sent.filter((outgoing) => outgoing.state === "alarm" || isOpen(outgoing))
      .map((outgoing) => way(`#outbox/${encodeURIComponent(outgoing.key)}`, outgoing.state === "alarm" ? "hand" : "clock", unsettled(outgoing))),
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

/** News that leads on. */
const way = (href: string, picture: Icon, words: string, next?: string): HTMLElement =>
  h("a", { class: "note", href }, icon(picture), h("span", null, words, next ? h("span", { class: "small" }, " ", next) : null));

/** Says what is known of something signed that is not done. */
function unsettled({ state, name, amount: minor }: Outgoing): string {
  if (state === "alarm") return say("receipt_alarm");
  if (state === "draft") return say("waiting_signed");
  return name !== "" && minor > 0 ? say("waiting_one", { name, amount: amount(minor) }) : say("waiting_other");
}

/** What the inbox says on the first screen: at once what is known, then what is new. */
function inboxNews(hat: Hat): { way: HTMLElement; asked: HTMLElement } {
  const letters = link("mail", say("inbox"), "#inbox");
  const asked = h("div", null);
  const tell = (kept: Kept) => {
    const count = unread(kept);
    letters.replaceChildren(icon("mail"), count === 0 ? say("inbox") : say("mail_unread", { count }));
    const open = kept.messages.flatMap(({ about }) => (about.what === "asked" ? [about.request] : []));
    asked.replaceChildren(...open.slice(0, 3).map((request) => way(new URL(request.link).pathname, "pay",
      say("asked_one", { name: request.name ?? say("asked_by"), amount: amount(fromDecimal(request.amount, facts.scale)) }), say("asked_look"))));
  };
  // Without an answer what is known stays.
  void keptInbox(hat).then(tell).then(() => freshInbox(hat)).then(tell).then(() => accountOf(hat)).catch(() => undefined);
  return { way: letters, asked };
}

/** A key that a demonstration printed: it hides nothing, so it may stand in a link. */
async function demo(seed: string): Promise<void> {
  const key = await demoKey(seed);
  const hat = key ? await adopt(key) : null;
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
