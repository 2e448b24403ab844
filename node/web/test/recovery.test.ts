/** A phone is lost: twelve words give the account to another one, and take it from the lost one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser, Route } from "playwright-core";
import { Phone, World, balance, connectTill, inTown, member, price } from "./world.ts";

let world: World;
let browser: Browser;

inTown((...town) => void ([world, browser] = town));

test("words after the first success, a new phone, and the old one pays no more", async () => {
  const { till } = await connectTill(world, browser, "Kruidenier Boon");
  const lost = await member(world, browser, "12");
  // Nothing is offered before something went well.
  assert.equal(await lost.page.getByText("Maak een reservesleutel").count(), 0);
  await lost.open(await price(world, till, "2"));
  await lost.reads("Genoeg");
  await lost.tap(/^Betaal/);
  await lost.page.locator(".paid").waitFor();
  await lost.open(`${world.url}/wallet`);
  await lost.tap("Maak een reservesleutel");
  await lost.tap("Schrijf de woorden op");
  const words = await lost.page.locator(".recovery li").allTextContents();
  assert.equal(new Set(words).size > 6 && words.length, 12);
  await lost.tap("Ik heb het bewaard");
  await lost.reads("Je reservesleutel is klaar.");
  assert.equal(await lost.page.getByText("Bewijs bewaren").count(), 0, "no file stands beside it that could be taken for the key");
  // What is on paper is not on the phone.
  assert.equal((await lost.stored("keys")).length, 1);
  await lost.open(`${world.url}/wallet`);
  await lost.reads("Scan een code");
  assert.equal(await lost.page.getByText("Maak een reservesleutel").count(), 0);

  const found = await Phone.of(browser);
  await found.open(`${world.url}/wallet`);
  await found.tap("Ik had al een portemonnee");
  for (const [typed, says] of [
    ["abandon about", "Hier horen twaalf woorden. Het zijn er nu 2."],
    ["klaver ".repeat(12), "is geen woord van een reservesleutel"],
    ["abandon ".repeat(12), "Kijk de volgorde na."],
    ["abandon ".repeat(11) + "about", "Bij deze woorden hoort hier geen rekening."],
  ] as const) {
    if (await found.page.locator("#words").count() === 0) await found.open(`${world.url}/wallet#restore`);
    await found.page.locator("#words").fill(typed);
    await found.tap("Zet mijn portemonnee terug");
    await found.reads(says);
  }
  await found.open(`${world.url}/wallet#restore`);
  await found.page.locator("#words").fill(words.join(" ").toUpperCase());
  await found.tap("Zet mijn portemonnee terug");
  await found.reads("Je portemonnee staat nu op deze telefoon.");
  assert.equal(await balance(world, found), "10 klavers");

  const code = await price(world, till, "1,50");
  await lost.open(code);
  await lost.reads("We weten niet of je genoeg hebt");
  await lost.tap(/^Betaal/);
  await lost.reads("Niet betaald");
  await found.open(code);
  await found.reads("Genoeg");
  await found.tap(/^Betaal/);
  await found.page.locator(".paid").waitFor();
  assert.equal(await balance(world, found), "8,50 klavers");
  assert.deepEqual([...lost.faults, ...found.faults], []);
});

/** A phone that has paid once, and its words as it shows them. */
async function withWords(): Promise<{ phone: Phone; words: string[] }> {
  const { till } = await connectTill(world, browser, "Boekhandel Ezelsoor");
  const phone = await member(world, browser, "12");
  await phone.open(await price(world, till, "2"));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
  await till.context.close();
  await phone.open(`${world.url}/wallet#recovery`);
  await phone.tap("Schrijf de woorden op");
  return { phone, words: await phone.page.locator(".recovery li").allTextContents() };
}

async function restore(phone: Phone, words: string[]): Promise<void> {
  await phone.open(`${world.url}/wallet#restore`);
  await phone.page.locator("#words").fill(words.join(" "));
  await phone.tap("Zet mijn portemonnee terug");
}

const refusal = { status: 422, contentType: "application/problem+json", body: JSON.stringify({ status: 422, code: "stale_base", detail: "no", transient: false }) };

test("the words that were written down are the ones that count, though the first tries fail", async () => {
  const { phone, words } = await withWords();
  await phone.page.route("**/v1/accounts/*", (route) => route.abort());
  await phone.tap("Ik heb het bewaard");
  await phone.reads("Er komt geen antwoord.");
  await phone.page.unroute("**/v1/accounts/*");
  await phone.page.route("**/v1/entries", (route) => route.fulfill(refusal));
  await phone.tap("Probeer opnieuw");
  await phone.reads("Niet gelukt");
  assert.equal((await phone.stored("hats"))[0]?.["recovery"], undefined);
  await phone.page.unroute("**/v1/entries");
  await phone.tap("Probeer opnieuw");
  await phone.reads("Je reservesleutel is klaar.");

  // A restore that is closed before its answer came is finished when the wallet opens.
  const found = await Phone.of(browser);
  await found.page.route("**/v1/entries", async (route) => {
    await route.fetch();
    await route.abort();
  });
  await restore(found, words);
  await found.reads("We kijken het na.");
  assert.deepEqual(await found.stored("hats"), []);
  await found.page.close();
  const next = await found.context.newPage();
  // The session of the words' key ends with the restore: the phone's own key opens one.
  const opened = next.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/v1/sessions"));
  await next.goto(`${world.url}/wallet`);
  await next.getByText("Scan een code").waitFor();
  await opened;
  const [hat] = (await next.evaluate(() => new Promise((resolve) => {
    const request = indexedDB.open("klaver", 1);
    request.onsuccess = () => {
      const transaction = request.result.transaction(["hats", "keys"]);
      const [hats, keys] = [transaction.objectStore("hats").getAll(), transaction.objectStore("keys").getAllKeys()];
      transaction.oncomplete = () => resolve([{ ...hats.result[0], keys: keys.result }]);
    };
  }))) as { key: string; keys: string[] }[];
  // The key of the words is on paper alone.
  assert.deepEqual(hat?.keys, [hat?.key]);
  await next.getByRole("button", { name: "Toon wat ik heb" }).click();
  await next.getByText(/10\sklavers/).waitFor();
  for (const one of [phone, found]) await one.context.close();
});

test("a refused restore leaves the account that was on the phone", async () => {
  const { phone, words } = await withWords();
  await phone.tap("Ik heb het bewaard");
  await phone.reads("Je reservesleutel is klaar.");
  const other = await member(world, browser, "3");
  const before = await other.stored("hats");
  await other.page.route("**/v1/entries", (route) => route.fulfill(refusal));
  await restore(other, words);
  await other.reads("Niet gelukt");
  await other.page.route("**/v1/accounts/*", (route) => route.fulfill(refusal));
  await restore(other, words);
  await other.reads("Dit kan niet");
  assert.deepEqual(await other.stored("hats"), before);
  await other.page.unroute("**/v1/accounts/*");
  assert.equal(await balance(world, other), "3 klavers");
  for (const one of [phone, other]) await one.context.close();
});

test("a state that the log does not show is not signed, and not joined", async () => {
  const { phone } = await withWords();
  let sent = 0;
  phone.page.on("request", (request) => (sent += Number(request.url().endsWith("/v1/entries"))));
  const lie = async (route: Route) => {
    const answer = await route.fetch();
    const body = (await answer.json()) as { state: { keys: { key: string }[] } };
    const theirs = { ...body.state.keys[0], key: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a" };
    await route.fulfill({ response: answer, json: { ...body, state: { ...body.state, keys: [...body.state.keys, theirs] } } });
  };
  await phone.page.route("**/v1/accounts/*", lie);
  await phone.tap("Ik heb het bewaard");
  await phone.reads("Het bewijs klopt niet.");
  assert.equal(sent, 0);
  const newcomer = await Phone.of(browser);
  await newcomer.page.route("**/v1/accounts/*", lie);
  await newcomer.open(`${world.url}/wallet`);
  await newcomer.tap("Maak mijn portemonnee");
  await newcomer.reads("Het bewijs klopt niet.");
  assert.deepEqual(await newcomer.stored("hats"), []);
  for (const one of [phone, newcomer]) await one.context.close();
});

test("whatever gives a phone an account asks the browser not to forget it", async () => {
  const asked = await Phone.of(browser);
  await asked.page.addInitScript(() => {
    StorageManager.prototype.persist = async () => {
      localStorage.setItem("persisted", String(Number(localStorage.getItem("persisted")) + 1));
      return true;
    };
  });
  const count = () => asked.page.evaluate(() => Number(localStorage.getItem("persisted")));
  const { phone, words } = await withWords();
  await phone.tap("Ik heb het bewaard");
  await phone.reads("Je reservesleutel is klaar.");
  await restore(asked, words);
  await asked.reads("Je portemonnee staat nu op deze telefoon.");
  assert.equal(await count(), 1);
  await asked.open(`${world.url}/till`);
  world.council("account", "open", "merchant", "--key", (await asked.page.locator("#connect-key").textContent()) ?? "");
  await asked.tap("Kijk of het gelukt is");
  await asked.page.locator("#name").waitFor();
  assert.equal(await count(), 2);
  for (const one of [phone, asked]) await one.context.close();
});
