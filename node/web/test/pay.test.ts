import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { Phone, World, connectTill, launch } from "./world.ts";

let world: World;
let browser: Browser;
let till: Phone;
let shop: string;

before(async () => {
  world = await World.found();
  browser = await launch();
  ({ till, account: shop } = await connectTill(world, browser, "Bakkerij De Korenaar"));
});
after(async () => {
  await browser?.close();
  await world?.end();
});

/** Types a price at the till, and returns the link of the code. */
async function price(euro: string): Promise<string> {
  await till.open(`${world.url}/till`);
  for (const sign of euro) await till.page.locator(".key", { hasText: new RegExp(`^${sign}$`) }).click();
  await till.tap("Toon de code");
  return (await till.page.locator("details code").textContent()) ?? "";
}

/** A phone that has joined, with credits. */
async function member(amount: string): Promise<Phone> {
  const phone = await Phone.of(browser);
  await phone.open(`${world.url}/wallet`);
  await phone.tap("Maak mijn portemonnee");
  await phone.reads("Scan een code");
  if (amount !== "0") {
    const [hat] = await phone.stored("hats");
    const { accountText } = await import("../src/lib/account.ts");
    world.give(amount, accountText(hat?.["account"] as string));
  }
  phone.taps = 0;
  return phone;
}

test("from a till's code to paid on both screens: one tap", async () => {
  const phone = await member("20");
  const code = await price("5,80");
  await phone.open(code);
  await phone.reads("Betalen aan Bakkerij De Korenaar");
  await phone.reads("Genoeg");
  const tapped = Date.now();
  await phone.tap("Betaal 5,80");
  await till.page.locator(".paid.whole").waitFor();
  const seen = Date.now() - tapped;
  await phone.page.locator(".paid").waitFor();
  await till.reads("Het bewijs klopt.");
  assert.equal(phone.taps, 1);
  assert.equal(await till.page.evaluate(() => document.body.dataset["chimed"]), "1");
  assert.ok(seen < 2_000, `${seen} ms`);
  assert.deepEqual([...phone.faults, ...till.faults], []);
  assert.ok(shop.startsWith("klv1"));
});
