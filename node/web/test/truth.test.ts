/** *Paid* is said of what is paid, and *nothing happened* of what did not: whatever breaks in between. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser, Route } from "playwright-core";
import { Phone, World, balance, connectTill, inTown, member, price, until } from "./world.ts";

let world: World;
let browser: Browser;
let till: Phone;

inTown(async (...town) => {
  [world, browser] = town;
  ({ till } = await connectTill(world, browser, "Bakkerij De Korenaar"));
});

/** A phone before the button that pays. */
async function readyToPay(euro: string): Promise<Phone> {
  const phone = await member(world, browser, "20");
  await phone.open(await price(world, till, euro));
  await phone.reads("Genoeg");
  return phone;
}

/** Answers the first request as `first` does, and those after it as the node does. */
function once(first: (route: Route) => Promise<void>): (route: Route) => Promise<void> {
  let left = 1;
  return (route) => (left-- > 0 ? first(route) : route.continue());
}

test("the browser closes its store while a payment is underway: it is known to be paid", async () => {
  const phone = await Phone.of(browser);
  await phone.page.addInitScript(() => {
    const real = IDBFactory.prototype.open;
    const kept: IDBDatabase[] = [];
    Object.assign(globalThis, { closeStores: () => kept.forEach((one) => one.close()) });
    IDBFactory.prototype.open = function (...given) {
      const request = real.apply(this, given);
      request.addEventListener("success", () => kept.push(request.result));
      return request;
    };
  });
  await phone.open(`${world.url}/wallet`);
  await phone.tap("Maak mijn portemonnee");
  await phone.reads("Scan een code");
  const { accountText } = await import("../src/lib/account.ts");
  world.give("5", accountText((await phone.stored("hats"))[0]?.["account"] as string));
  await phone.open(await price(world, till, "1,30"));
  await phone.reads("Genoeg");
  await phone.page.route("**/v1/entries", async (route) => {
    const answer = await route.fetch();
    await phone.page.evaluate(() => (globalThis as unknown as { closeStores(): void }).closeStores());
    await route.fulfill({ response: answer });
  });
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
  assert.deepEqual((await phone.stored("outbox")).map(({ state }) => state), ["done"]);
  await phone.context.close();
});

test("what stands between phone and node answers in its place: it goes on waiting, and is paid once", async () => {
  for (const [status, contentType, body] of [
    [200, "text/html", "<h1>Welkom op ons wifi</h1>"], [200, "application/json", "{}"], [200, "application/json", "{\"outc"], [403, "application/json", "{\"code\":\"no\"}"],
  ] as const) {
    const phone = await readyToPay("1");
    await phone.page.route("**/v1/entries", once((route) => route.fulfill({ status, contentType, body })));
    await phone.tap(/^Betaal/);
    await phone.reads("We weten nog niet of het lukte. We kijken het na.");
    assert.deepEqual((await phone.stored("outbox")).map(({ state }) => state), ["waiting"], body);
    await phone.page.locator(".paid").waitFor();
    assert.equal(await balance(world, phone), "19 klavers");
    await phone.context.close();
  }
});

test("a late refusal in one tab takes nothing back that another tab knows", async () => {
  const phone = await readyToPay("2");
  let answer = () => {};
  const late = new Promise<void>((resolve) => (answer = resolve));
  await phone.page.route("**/v1/entries", async (route) => {
    await late;
    await route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify({ status: 422, code: "expired", detail: "too late", transient: false }) });
  });
  await phone.tap(/^Betaal/);
  await until(async () => (await phone.stored("outbox"))[0]?.["sent"] === true, "it was not sent");
  const other = await phone.context.newPage();
  await other.goto(`${world.url}/wallet`);
  await until(async () => (await phone.stored("outbox"))[0]?.["state"] === "done", "the other tab did not send it");
  answer();
  await phone.page.locator(".paid").waitFor();
  assert.deepEqual((await phone.stored("outbox")).map(({ state }) => state), ["done"]);
  await phone.context.close();
});

test("the screen of what waits becomes true by itself", async () => {
  const phone = await readyToPay("1,10");
  await phone.context.route("**/v1/entries", (route) => route.abort());
  await phone.tap(/^Betaal/);
  await phone.reads("We kijken het na.");
  await phone.open(`${world.url}/wallet`);
  await phone.tap(/^Nog niet bevestigd: 1,10/);
  await phone.reads("Betaal niet opnieuw.");
  await phone.context.unroute("**/v1/entries");
  await phone.page.locator(".paid").waitFor();
  await phone.context.close();
});

test("the till hears that it is paid after its stream was refused", async () => {
  await till.page.route("**/v1/requests/*/events", once((route) => route.fulfill({ status: 503, body: "even geduld" })));
  const phone = await readyToPay("1,40");
  await phone.tap(/^Betaal/);
  await till.page.locator(".paid.whole").waitFor();
  await till.page.unroute("**/v1/requests/*/events");
  await phone.context.close();
});

test("the till says that it does not know when the time is over and nobody answers", async () => {
  const { till: far } = await connectTill(world, browser, "Fietsen Ketting");
  await far.page.clock.install();
  await price(world, far, "3");
  await far.page.route("**/v1/requests/**", (route) => route.abort());
  await far.page.clock.runFor(11 * 60_000);
  await far.reads("Geen antwoord. Kijk bij");
  await far.context.close();
});

test("a receipt that does not hold takes paid from the till's screen; one that is late comes", async () => {
  const forge = async (route: Route) => {
    const answer = await route.fetch();
    const body = (await answer.json()) as { checkpoint: string };
    body.checkpoint = body.checkpoint.replace(/\n([0-9]+)\n/, (_, size: string) => `\n${Number(size) + 1}\n`);
    await route.fulfill({ response: answer, json: body });
  };
  for (const [hinder, says, paid] of [[forge, "Dit is niet zeker betaald.", 0], [once((route) => route.abort()), "Goed bewaard.", 1]] as const) {
    await till.page.route("**/v1/receipts/**", hinder);
    const phone = await readyToPay("1,60");
    await phone.tap(/^Betaal/);
    await till.reads(says);
    assert.equal(await till.page.locator(".paid").count(), paid);
    await till.page.unroute("**/v1/receipts/**");
    await phone.context.close();
  }
});

test("a phone of a person and a shop pays as the person, says so, and can pay as the shop", async () => {
  const phone = await member(world, browser, "20");
  await phone.open(`${world.url}/till`);
  const key = (await phone.page.locator("#connect-key").textContent()) ?? "";
  world.give("9", (world.council("account", "open", "merchant", "--key", key) as { account: string }).account);
  await phone.tap("Kijk of het gelukt is");
  await phone.page.locator("#name").fill("Naaiatelier Draad");
  await phone.tap("Bewaar de naam");
  await phone.page.locator("#amount").waitFor();
  // The shop was the last one chosen.
  await phone.open(`${world.url}/wallet`);
  await phone.page.locator("#hat").selectOption({ label: "Naaiatelier Draad" });
  const accountOf = async (kind: string) => (await phone.stored("hats")).find((hat) => hat["kind"] === kind)?.["account"];
  for (const [other, kind] of [[null, "member"], ["Naaiatelier Draad", "merchant"]] as const) {
    await phone.open(await price(world, till, "1"));
    const choice = phone.page.getByLabel("Ik betaal als");
    assert.match(await choice.evaluate((one) => (one as HTMLSelectElement).selectedOptions[0]?.text ?? ""), /^Mezelf$/);
    if (other) await choice.selectOption({ label: other });
    await phone.reads("Genoeg");
    await phone.tap(/^Betaal 1/);
    await phone.page.locator(".paid").waitFor();
    const [newest] = (await phone.stored("outbox")).sort((a, b) => Number(b["signedAt"]) - Number(a["signedAt"]));
    assert.equal(newest?.["account"], await accountOf(kind));
  }
  // The shop's own code is paid by the person behind it.
  await phone.open(await price(world, phone, "2"));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal 2/);
  await phone.page.locator(".paid").waitFor();
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

/** Changes a small thing that the phone keeps. */
async function rekeep(phone: Phone, name: string, value: unknown): Promise<void> {
  await phone.page.evaluate(({ name, value }) => new Promise<void>((resolve) => {
    const request = indexedDB.open("klaver", 1);
    request.onsuccess = () => {
      const transaction = request.result.transaction("kept", "readwrite");
      transaction.objectStore("kept").put({ name, value });
      transaction.oncomplete = () => {
        request.result.close();
        resolve();
      };
    };
  }), { name, value });
}

const OLD_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

test("a log that signs with another key is believed where it continues what the phone has seen, and only there", async () => {
  const phone = await readyToPay("1,20");
  const kept = async (name: string) => (await phone.stored("kept")).find((one) => one["name"] === name)?.["value"];
  await until(async () => (await kept("checkpoint")) !== undefined, "no seal was kept");
  const trusted = (await kept("trusted")) as { logKeys: string[] };
  const seal = (await kept("checkpoint")) as string;
  // The phone joined when the log had another key, and what it has seen is another history.
  await rekeep(phone, "trusted", { ...trusted, logKeys: [OLD_KEY] });
  await rekeep(phone, "pending", []);
  await rekeep(phone, "checkpoint", seal.replace(/^(.*\n.*\n).*\n/, `$1${Buffer.alloc(32, 7).toString("base64")}\n`));
  await phone.tap(/^Betaal/);
  await phone.reads("Het bewijs klopt niet.");
  const keys = async () => ((await kept("trusted")) as { logKeys: string[] }).logKeys;
  assert.deepEqual(await keys(), [OLD_KEY]);
  // Every seal counts, not the newest alone: one that waits is of another history.
  await rekeep(phone, "checkpoint", seal);
  const other = seal.replace(/^(.*\n).*\n.*\n/, (_, origin: string) => `${origin}1\n${Buffer.alloc(32, 7).toString("base64")}\n`);
  await rekeep(phone, "pending", [other]);
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Er klopt iets niet");
  assert.deepEqual(await keys(), [OLD_KEY]);
  await rekeep(phone, "pending", []);
  await rekeep(phone, "alarm", undefined);
  // Keys that no charter names, signed by the council, are nobody's.
  await phone.page.route("**/v1/lineage", async (route) => route.fulfill({ json: { ledger: "", charters: [] } }));
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Er klopt iets niet");
  assert.deepEqual(await keys(), [OLD_KEY]);
  await phone.page.unroute("**/v1/lineage");
  await rekeep(phone, "alarm", undefined);
  // It was the same history after all: the key is learned, and the payment is judged again.
  await rekeep(phone, "checkpoint", seal);
  // Also by a page that was kept since before, and knows the old key alone.
  await phone.page.addInitScript(([old, fresh]) => document.addEventListener("readystatechange", () => {
    const facts = document.getElementById("facts");
    if (facts) facts.textContent = facts.textContent?.replace(fresh as string, old as string) ?? "";
  }), [OLD_KEY, trusted.logKeys[0]]);
  await phone.open(`${world.url}/wallet`);
  await until(async () => (await phone.stored("outbox"))[0]?.["state"] === "done", "it is an alarm still");
  assert.deepEqual(await keys(), trusted.logKeys);
  // A node that shows the charters without one that this phone has followed hides what the council decided.
  await until(async () => ((await kept("trusted")) as { charterBase?: number }).charterBase === 0, "no charter is remembered");
  await rekeep(phone, "trusted", { ...trusted, charterBase: 5 });
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Er klopt iets niet");
  await phone.context.close();
});
