/** `/wallet`: scan, receive, overview, what waits; the balance behind a tap. */

import { type Hat, keep } from "../db.ts";
import { amount, button, facts, h, icon, link, loadOwnWords, say, show } from "../dom.ts";
import { hatChoice } from "../hats.ts";
import { type Kept, freshInbox, keptInbox, unread } from "../inbox.ts";
import { importSeed } from "../keys.ts";
import { fromHex } from "../lib/bytes.ts";
import { fromDecimal } from "../lib/money.ts";
import { flush, outbox } from "../outbox.ts";
import { busy, explain, start } from "../start.ts";
import { accountOf, adopt, hatOf, hats } from "../wallet.ts";
import { offer } from "./join.ts";

/** Every screen but the first. Each is fetched with its sentences when it is opened; the service worker has it before. */
const SCREENS: Record<string, () => Promise<{ open(hat: Hat, id: string): Promise<void> }>> = {
  scan: () => import("../screens/scanner.ts"), receive: () => import("../screens/receive.ts"),
  lines: () => import("../screens/lines.ts"), outbox: () => import("../screens/sent.ts"), more: () => import("../screens/more.ts"),
  inbox: () => import("../screens/inbox.ts"), code: () => import("../screens/ownCode.ts"), ask: () => import("../screens/askPerson.ts"),
  draft: () => import("../screens/draft.ts"), devices: () => import("../screens/devices.ts"), device: () => import("../screens/newDevice.ts"),
  rest: () => import("../screens/rest.ts"), recovery: () => import("../screens/recovery.ts"), restore: () => import("../screens/restore.ts"),
  seal: () => import("../screens/seal.ts"),
};
/** What a phone may open that has no account yet. */
const WITHOUT_WALLET = ["scan", "restore", "device", "draft"];

async function route(): Promise<void> {
  const [name = "", id = ""] = location.hash.slice(1).split("/");
  try {
    if (name === "demo") return await demo(id);
    const hat = await hatOf();
    const fetched = SCREENS[name];
    if (fetched && (hat || WITHOUT_WALLET.includes(name))) {
      const [{ open }] = await Promise.all([fetched(), loadOwnWords()]);
      return await open(hat as Hat, id);
    }
    return hat ? await home(hat) : offer(null, () => void route());
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
  const news = inboxNews(hat);
  show([
    hatChoice(hat, own, () => void route()),
    news.asked,
    hat.kind === "member" && !hat.recovery && (await outbox()).some(({ state }) => state === "done")
      ? link("seal", say("recovery_offer"), "#recovery", "note") : null,
    waiting.map((outgoing) => h("a", { class: "note", href: `#outbox/${encodeURIComponent(outgoing.key)}` },
      icon(outgoing.state === "alarm" ? "hand" : "clock"), say(outgoing.state === "alarm" ? "receipt_alarm" : "waiting_one", { name: outgoing.name, amount: amount(outgoing.amount) }))),
    h("div", { class: "actions" },
      link("scan", say("scan"), "#scan", "main"),
      link("receive", say("receive"), "#receive"),
      link("list", say("lines"), "#lines"),
      news.way),
    balance,
    h("div", { class: "actions" }, link("phone", say("more"), "#more", "quiet")),
  ]);
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
