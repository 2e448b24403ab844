/** `/till`: which screen is shown; the screens stand in `till/`. */

import { stopAsking } from "../asking.ts";
import { showConnecting } from "../connecting.ts";
import { Refused } from "../api.ts";
import type { Hat } from "../db.ts";
import { h, link, say, show } from "../dom.ts";
import { flush } from "../outbox.ts";
import { accountText } from "../lib/account.ts";
import { squareForm } from "../squareForm.ts";
import { explain, start } from "../start.ts";
import { cashiers, newCashier, ownersOnly, scanning, takenAway } from "../till/cashiers.ts";
import { naming } from "../till/naming.ts";
import { payOut } from "../till/payout.ts";
import { askPot, askPots, isDecided } from "../till/promised.ts";
import { price } from "../till/price.ts";
import { settings } from "../till/settings.ts";
import { oneLine, today } from "../till/today.ts";
import { week } from "../till/week.ts";
import { askAs, cashierHat, connect, hatOf, isCashier, keyToConnect } from "../wallet.ts";

/** How often the pot is asked about promises that stayed unpaid, in milliseconds. */
const POT_EVERY = 600_000;

const again = () => void route();
/** Leads back to the price; when that is what the address says already, it is drawn anew. */
const home = () => (location.hash.length > 1 ? location.replace("#") : again());

async function route(): Promise<void> {
  stopAsking();
  const [name = "", id = "", shop = ""] = location.hash.slice(1).split("/");
  try {
    if (name === "device") return newCashier(id, shop, home);
    const hat = (await hatOf("merchant", "fund")) ?? (await cashierHat());
    if (!hat) return await connecting();
    if (isCashier(hat)) return await cashier(hat, name, id);
    switch (name) {
      case "today": return id ? await oneLine(hat, id, again) : await today(hat);
      case "payout": return await payOut(hat, again);
      case "week": return await week(hat, Math.max(0, Number.parseInt(id, 10) || 0));
      case "cashiers": return await cashiers(hat);
      case "settings": return await settings(hat);
      case "name": return naming(hat, home);
      case "pots": return await (await import("../till/pots.ts")).pots(hat, id);
      case "services": return await (await import("../till/services.ts")).offerServices(hat);
      case "square": return await squareForm(accountText(hat.account), hat.name, (path, body) => askAs(hat, "PUT", path, body), "#settings");
      default: return await price(hat, again);
    }
  } catch (error) {
    show([explain(error, again), name ? h("div", { class: "actions" }, link("back", say("back"), "#")) : null]);
  }
}

/** What whoever works here may open: the price, the day's payments to give one back, handing out. All else is the owner's. */
async function cashier(hat: Hat, name: string, id: string): Promise<void> {
  try {
    switch (name) {
      case "": return await price(hat, again);
      case "today": return id ? await oneLine(hat, id, again) : await today(hat);
      case "pots": return await (await import("../till/pots.ts")).pots(hat, id);
      default: return ownersOnly(hat);
    }
  } catch (error) {
    // A key that no longer counts opens no session.
    if (!(error instanceof Refused) || !/^session_(key|signature)$/.test(error.problem.code)) throw error;
    // A page that was kept asks in the name of a ledger that may have ended.
    if (!(await (await import("../succession.ts")).opensAnew())) await takenAway(hat);
  }
}

/** A new device: shows the key that the council or the owner adds to the merchant's account. */
async function connecting(): Promise<void> {
  const key = await keyToConnect();
  showConnecting({
    key, picture: "till", title: say("connect_title"), steps: [say("connect_text")], more: [h("h2", null, say("connect_who")), scanning(), h("div", { class: "actions" }, link("back", say("back"), "/"))],
    commands: [`klaver account open merchant --key ${key}`, `klaver account change --add-key ${key}:refund`],
    look: async () => {
      const hat = await connect();
      if (hat?.name === null) naming(hat, home);
      else if (hat) await route();
      return hat !== null;
    },
  });
}

void start(async () => {
  addEventListener("hashchange", again);
  await route();
  const hat = await hatOf("merchant", "fund");
  const own = hat ?? (await cashierHat());
  // A promise that is paid by now, or will not be, changes what stands on the day's list.
  const redraw = () => void (location.hash === "#today" && again());
  void flush((news) => own && isDecided(news) && void askPot(own, news).then(redraw, redraw));
  const ask = () => own && void askPots(own).then((hasNews) => hasNews && redraw(), () => undefined);
  ask();
  // A till is open all day.
  setInterval(ask, POT_EVERY);
  // What was handed out yesterday is paid without anybody thinking of it; without an answer the next start does it.
  if (hat) void import("../till/pots.ts").then(({ closeEarlier }) => closeEarlier(hat)).catch(() => undefined);
});
