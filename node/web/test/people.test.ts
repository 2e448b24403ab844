/** People among each other: an own code, asking and answering, the inbox, and signing together. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { WATCHED, looksWell } from "./barriers.ts";
import { accountText } from "../src/lib/account.ts";
import { Phone, World, balance, close, connectTill, inTown, member, price } from "./world.ts";

let world: World;
let browser: Browser;

inTown((...town) => void ([world, browser] = town));

/** Opens the own code of a phone and returns its link. */
async function ownCode(phone: Phone): Promise<string> {
  await phone.open(`${world.url}/wallet#code`);
  return (await phone.page.locator("#own-code").textContent()) ?? "";
}

const accountOf = async (phone: Phone): Promise<string> => accountText((await phone.stored("hats"))[0]?.["account"] as string);

test("an own code leads to the pay page: an amount, and one tap; a printed amount goes straight there", async () => {
  const [an, ben] = [await member(world, browser, "0"), await member(world, browser, "20")];
  an.taps = 0;
  await an.tap("Ontvangen");
  await an.tap("Mijn eigen code");
  await an.page.locator(".qr svg").waitFor();
  assert.equal(an.taps, 2);
  await an.tap("Verander wat mensen lezen");
  await an.page.locator("#words").fill("An van de soep");
  await an.tap("Bewaar");
  await an.reads("Je woorden zijn bewaard.");
  const link = await ownCode(an);
  assert.ok(link.startsWith(`${world.url}/to/`) && link.length <= 90, link);
  // The code says nothing of the account.
  assert.ok(!link.includes((await accountOf(an)).slice(4, 12)));

  await ben.open(link);
  await ben.reads("An van de soep");
  for (const [typed, says] of [["", ""], ["1,2,3", "twee komma"], ["drie", "alleen cijfers"], ["1,005", "hoogstens 2 cijfers"]] as const) {
    await ben.page.locator("#amount").fill(typed);
    await ben.page.getByRole("button", { name: "Kijk na en betaal" }).click();
    if (says) await ben.reads(says);
  }
  ben.taps = 0;
  await ben.page.locator("#amount").fill("2,5");
  await ben.tap("Kijk na en betaal");
  await ben.reads("Genoeg");
  await ben.reads("An van de soep");
  await ben.tap(/^Betaal 2,50/);
  await ben.page.locator(".paid").waitFor();
  assert.equal(ben.taps, 2);
  await ben.open(`${link}?amount=3`);
  await ben.reads("Genoeg");
  await ben.tap(/^Betaal 3/);
  await ben.page.locator(".paid").waitFor();
  assert.equal(await balance(world, an), "5,50 klavers");
  // The program has one too.
  const { link: place } = world.place("code", "--words", "De Ploeg") as { link: string };
  await ben.open(place);
  await ben.reads("De Ploeg");
  assert.notEqual((world.place("code", "--replace") as { link: string }).link, place);
  await ben.open(place);
  await ben.reads("Deze code is vervangen");
  await close(an, ben);
});

test("a replaced code says so and takes nothing, also on paper that still hangs", async () => {
  const [an, ben] = [await member(world, browser, "0"), await member(world, browser, "5")];
  const old = await ownCode(an);
  await an.tap("Vervang deze code");
  await an.reads("Deze code vervangen? De oude werkt dan niet meer");
  await an.tap("Ja, vervang ze");
  await an.reads("De oude werkt niet meer.");
  const fresh = (await an.page.locator("#own-code").textContent()) ?? "";
  assert.notEqual(fresh, old);
  for (const printed of [old, `${old}?amount=2`, old.toUpperCase().replace("HTTP", "http")]) {
    const answer = await ben.page.goto(printed);
    assert.equal(answer?.status(), 410);
    await ben.reads("Deze code is vervangen");
    assert.equal(await ben.page.locator("#amount").count(), 0);
  }
  await ben.open(fresh);
  await ben.page.locator("#amount").waitFor();
  // What is printed is the sheet alone, in black on white, also on a dark phone.
  await an.page.emulateMedia({ media: "print", colorScheme: "dark" });
  assert.equal(await an.page.getByRole("button", { name: "Deel de code" }).isVisible(), false);
  assert.equal(await an.page.locator(".sheet .qr svg").isVisible(), true);
  assert.equal(await an.page.evaluate(() => getComputedStyle(document.body).color), "rgb(0, 0, 0)");
  await close(an, ben);
});

test("U6: an own code works without a script; without network the owner still shows it", async () => {
  const an = await member(world, browser, "0");
  const link = await ownCode(an);
  const plain = await Phone.of(browser, { javaScriptEnabled: false });
  await plain.open(link);
  await plain.page.locator("#amount").fill("4,20");
  await plain.page.getByRole("button", { name: "Kijk na en betaal" }).click();
  await plain.page.waitForURL(/\/p\//);
  assert.match(await plain.page.locator("body").innerText(), /4,20\sklavers[^]*klaver pay/);
  await an.page.evaluate(() => navigator.serviceWorker.ready);
  await an.context.setOffline(true);
  await an.open(`${world.url}/wallet#code`);
  await an.page.locator(".qr svg").waitFor();
  assert.equal(await an.page.locator("#own-code").textContent(), link);
  await close(an, plain);
});

test("asking somebody: it waits in their inbox, they pay with one tap or say rather not", async () => {
  const [an, ben, other] = [await member(world, browser, "0"), await member(world, browser, "20"), await member(world, browser, "0")];
  const code = await ownCode(ben);
  const ask = async (amount: string, words: string) => {
    await an.open(`${world.url}/wallet#ask`);
    await an.page.locator("#code").fill(code);
    await an.page.locator("#amount").fill(amount);
    await an.page.locator("#words").fill(words);
    await an.tap("Stuur mijn vraag");
    await an.reads(`Je vroeg ${amount}`);
  };
  await an.open(`${world.url}/wallet#ask`);
  await an.page.locator("#code").fill("niemands-code");
  await an.page.locator("#amount").fill("3");
  await an.tap("Stuur mijn vraag");
  await an.reads("Dit is niet de eigen code van iemand.");
  // What was typed is still there.
  assert.equal(await an.page.locator("#amount").inputValue(), "3");
  await ask("3", "An, voor de taart");
  await ask("7", "An, voor de fiets");

  await ben.open(`${world.url}/wallet`);
  await ben.reads("Berichten (2 nieuw)");
  ben.taps = 0;
  await ben.tap(/vraagt 3/);
  await ben.reads("An, voor de taart");
  await ben.reads("Genoeg");
  await ben.tap(/^Betaal 3/);
  await ben.page.locator(".paid").waitFor();
  assert.equal(ben.taps, 2);
  await ben.open(`${world.url}/wallet`);
  await ben.tap(/vraagt 7/);
  await ben.tap("Liever niet");
  await ben.reads("Je antwoord is verstuurd: liever niet.");
  await ben.open(`${world.url}/wallet#inbox`);
  await ben.reads("Hier is nu niets voor jou.");

  await an.open(`${world.url}/wallet`);
  await an.reads("Berichten (2 nieuw)");
  await an.tap(/^Berichten/);
  await an.reads(/Op je vraag is 3\sklavers betaald\./);
  await an.reads(/Op je vraag om 7\sklavers was het antwoord: liever niet\./);
  await an.tap("Terug");
  await an.page.getByRole("link", { name: "Berichten", exact: true }).waitFor();
  world.place("request", "4", "--to", code, "--words", "De Ploeg, soep", "--no-wait");
  await ben.open(`${world.url}/wallet#inbox`);
  await ben.reads("De Ploeg, soep");
  // Nobody else hears of it.
  await other.open(`${world.url}/wallet#inbox`);
  await other.reads("Hier is nu niets voor jou.");
  await close(an, ben, other);
});

test("the inbox tells what was put right and what waits, and is there without network", async () => {
  const phone = await member(world, browser, "0");
  const account = await accountOf(phone);
  const given = world.place("earn", "--each", "6", account) as { index: number };
  world.place("correct", String(given.index), account, "--reason", "not_done");
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Berichten (1 nieuw)");
  await phone.tap(/^Berichten/);
  await phone.reads(/Rechtgezet: 6\sklavers eraf\./);
  await phone.reads("Dit ging niet door.");
  await phone.page.evaluate(() => navigator.serviceWorker.ready);
  await phone.context.setOffline(true);
  await phone.open(`${world.url}/wallet#inbox`);
  await phone.reads("Er is geen netwerk. Dit is van");
  await phone.reads(/Rechtgezet: 6\sklavers eraf/);
  await close(phone);
});

test("a phone that signs for a shop too says as whom it pays", async () => {
  const shop = await connectTill(world, browser, "Frituur Bosch");
  const phone = await member(world, browser, "9");
  await phone.open(`${world.url}/till`);
  const key = (await phone.page.locator("#connect-key").textContent()) ?? "";
  world.council("account", "open", "merchant", "--key", key);
  await phone.tap("Kijk of het gelukt is");
  await phone.page.locator("#name").fill("Naaiatelier Zoom");
  await phone.tap("Bewaar de naam");
  await phone.page.locator("#amount").waitFor();
  await phone.open(await price(world, shop.till, "2"));
  const choice = phone.page.getByLabel("Ik betaal als");
  const choose = async (start: string) => {
    await choice.waitFor();
    const names = await choice.locator("option").allTextContents();
    await choice.selectOption({ label: names.find((name) => name.startsWith(start)) ?? "" });
  };
  await choose("Naaiatelier");
  await phone.reads("Niet genoeg");
  await choose("Mezelf");
  await phone.page.getByText("Genoeg", { exact: true }).waitFor();
  await phone.tap(/^Betaal 2/);
  await phone.page.locator(".paid").waitFor();
  // The wallet's first screen acts for the same one.
  assert.equal(await balance(world, phone), "7 klavers");
  await close(shop.till, phone);
});

test("U2: no barriers on the screens of people among each other", async () => {
  const [an, ben] = [await member(world, browser, "3", WATCHED), await member(world, browser, "20", WATCHED)];
  const code = await ownCode(ben);
  await looksWell(ben.page, "own code");
  await ben.tap("Verander wat mensen lezen");
  await looksWell(ben.page, "own code, words");
  await an.open(code);
  await looksWell(an.page, "alias");
  await an.open(`${world.url}/wallet#receive`);
  await an.reads("Mijn eigen code");
  await looksWell(an.page, "receive");
  await an.open(`${world.url}/wallet#ask`);
  await an.reads("Stuur mijn vraag");
  await looksWell(an.page, "ask");
  await an.page.locator("#code").fill(code);
  await an.page.locator("#amount").fill("2,50");
  await an.reads("Je vraagt het aan: iemand van Klaverdorp");
  await an.page.locator("#words").fill("An, voor de taart");
  await an.tap("Stuur mijn vraag");
  await an.reads("Gevraagd");
  await looksWell(an.page, "asked");
  await ben.open(`${world.url}/wallet`);
  await ben.reads("Berichten (1 nieuw)");
  await looksWell(ben.page, "wallet, asked");
  await ben.tap(/^Berichten/);
  await ben.reads(/vraagt 2,50/);
  await looksWell(ben.page, "inbox");
  await ben.tap(/vraagt 2,50/);
  await ben.reads("Liever niet");
  await looksWell(ben.page, "pay, asked");
  await ben.tap("Liever niet");
  await ben.reads("Je antwoord is verstuurd");
  await looksWell(ben.page, "declined");

  // Whoever asked sees what waits, and may think better of it.
  await an.open(`${world.url}/wallet#ask`);
  await an.page.locator("#code").fill(code);
  await an.page.locator("#amount").fill("1");
  await an.tap("Stuur mijn vraag");
  await an.reads("Gevraagd");
  await an.open(`${world.url}/wallet#inbox`);
  await an.reads("Er is nog geen antwoord");
  await looksWell(an.page, "inbox, asking");
  await an.tap("Niet meer vragen");
  await an.page.waitForFunction(() => !document.body.innerText.includes("nog geen antwoord"));
  await ben.open(`${world.url}/wallet#inbox`);
  await ben.reads("Hier is nu niets voor jou");
  await close(an, ben);
});
