/** A phone is lost: twelve words give the account to another one, and take it from the lost one. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { Phone, World, balance, connectTill, launch, member, price } from "./world.ts";

let world: World;
let browser: Browser;

before(async () => {
  world = await World.found();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

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
  await lost.page.locator(".recovery li").first().waitFor();
  const words = await lost.page.locator(".recovery li").allTextContents();
  assert.equal(new Set(words).size > 6 && words.length, 12);
  await lost.tap("Ik heb ze opgeschreven");
  await lost.reads("De sleutels van je rekening zijn veranderd.");
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
  await found.reads("De sleutels van je rekening zijn veranderd.");
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
