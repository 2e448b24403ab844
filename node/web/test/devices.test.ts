/** One account, several keys: phones, paper, a council of two; and an account that is put to rest. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { WATCHED, looksWell } from "./barriers.ts";
import { accountText } from "../src/lib/account.ts";
import { Phone, World, balance, close, connectTill, inTown, member, price } from "./world.ts";

let world: World;
let browser: Browser;

inTown((...town) => void ([world, browser] = town));

/** Shows the code for another phone, and returns what it leads to. */
async function showDeviceCode(phone: Phone): Promise<string> {
  await phone.open(`${world.url}/wallet#devices`);
  await phone.tap("Voeg een telefoon toe");
  await phone.page.locator(".qr svg").waitFor();
  return (await phone.page.locator("#device-link").textContent()) ?? "";
}

test("a second phone by a code that the first one shows; both pay, and one can be taken away", async () => {
  const { till } = await connectTill(world, browser, "Bakkerij De Korenaar");
  const old = await member(world, browser, "12");
  const fresh = await Phone.of(browser);
  const link = await showDeviceCode(old);
  assert.ok(link.length <= 90, link);
  await fresh.open(link);
  await fresh.reads("Je betaalt daarna met allebei je telefoons.");
  assert.equal(await fresh.page.evaluate(() => location.hash), "#device", "the secret stays in the address");
  await fresh.tap("Voeg deze telefoon toe");
  const number = await fresh.page.locator(".amount").textContent();
  await old.reads("Is dit nummer hetzelfde?");
  assert.equal(await old.page.locator(".amount").textContent(), number);
  assert.match(number ?? "", /^\d{3}\s\d{3}$/);
  await old.tap("Ja, voeg deze telefoon toe");
  await old.reads("De nieuwe telefoon hoort nu bij je rekening.");
  await fresh.reads("Deze telefoon hoort nu bij je rekening.");
  assert.equal(fresh.taps, 1);
  assert.equal(await balance(world, fresh), "12 klavers");
  for (const phone of [fresh, old]) {
    await phone.open(await price(world, till, "2"));
    await phone.reads("Genoeg");
    await phone.tap(/^Betaal/);
    await phone.page.locator(".paid").waitFor();
  }
  await old.open(`${world.url}/wallet#devices`);
  await old.page.locator(".devices li", { hasText: /Een ander toestel\s*Sinds \d+/ }).waitFor();
  assert.equal(await old.page.locator(".devices li").count(), 2);
  await old.tap("Neem weg");
  await old.reads("Dit toestel wegnemen?");
  assert.deepEqual(await old.page.locator("#action .button").allTextContents(), ["Ja, neem weg", "Terug"]);
  await old.tap("Ja, neem weg");
  await old.reads("Dit toestel hoort niet meer bij je rekening.");
  await fresh.open(await price(world, till, "2"));
  await fresh.reads("We weten niet of je genoeg hebt");
  await fresh.tap(/^Betaal/);
  await fresh.reads("Niet betaald");
  assert.equal(await balance(world, old), "8 klavers");
  await close(till, old);
  await fresh.context.close();
});

test("whoever scans the code over a shoulder is seen by the number, and gets nothing", async () => {
  const old = await member(world, browser, "3");
  const link = await showDeviceCode(old);
  const [thief, own] = [await Phone.of(browser), await Phone.of(browser)];
  await thief.open(link);
  await thief.tap("Voeg deze telefoon toe");
  await old.reads("Is dit nummer hetzelfde?");
  await own.open(`${world.url}/wallet#scan`);
  await own.typesCode(link);
  await own.tap("Voeg deze telefoon toe");
  await own.reads("is voorbij of al gebruikt");
  await old.tap("Nee, een ander nummer");
  await old.reads("Er is niets toegevoegd.");
  await old.open(`${world.url}/wallet#devices`);
  await old.reads("Deze telefoon");
  assert.equal(await old.page.locator(".devices li").count(), 1);
  assert.equal((await thief.stored("hats")).length, 0);
  await close(old, thief, own);
});

test("put to rest by oneself: nothing leaves, the council wakes it", async () => {
  const { till } = await connectTill(world, browser, "Kruidenier Boon");
  const phone = await member(world, browser, "5");
  await phone.open(`${world.url}/wallet#more`);
  phone.taps = 0;
  await phone.tap("Zet mijn rekening in rust");
  await phone.tap("Zet mijn rekening in rust");
  await phone.tap("Ja, nu in rust zetten");
  await phone.reads("Er gaat nu niets meer van je rekening.");
  assert.equal(phone.taps, 3);
  await phone.open(await price(world, till, "1"));
  await phone.reads("Je rekening is in rust gezet.");
  assert.equal(await phone.page.getByRole("button", { name: /^Betaal/ }).count(), 0);
  await phone.open(`${world.url}/wallet#inbox`);
  await phone.tap(/zelf in rust/);
  await phone.reads("Toon deze code aan het kernteam");
  const account = (await phone.page.locator("#action code").textContent()) ?? "";
  assert.equal(account, accountText((await phone.stored("hats"))[0]?.["account"] as string));
  world.council("account", "unfreeze", account);
  await phone.open(await price(world, till, "1"));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
  await close(till, phone);
});

test("what the council wants to change is told in time, and can be stopped", async () => {
  const phone = await member(world, browser, "5");
  const account = accountText((await phone.stored("hats"))[0]?.["account"] as string);
  const { public_key: theirs } = world.place("key", "new", "stranger") as { public_key: string };
  world.council("account", "change", account, "--council", "--add-key", theirs);
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Berichten (1 nieuw)");
  phone.taps = 0;
  await phone.tap(/^Berichten/);
  await phone.reads("Het kernteam wil een toestel toevoegen.");
  await phone.reads("Dit gaat in op");
  await phone.tap("Houd dit tegen");
  // It is asked on a screen of its own, with one way on and one back.
  await phone.reads("Houd je dit tegen?");
  await phone.reads("Het kernteam wil een toestel toevoegen.");
  assert.deepEqual(await phone.page.locator("#action .button").allTextContents(), ["Ja, houd dit tegen", "Terug"]);
  await phone.tap("Ja, houd dit tegen");
  await phone.reads("Je rekening blijft zoals ze is.");
  assert.equal(phone.taps, 3);
  await phone.open(`${world.url}/wallet#inbox`);
  await phone.reads("Een toestel van jou hield een verandering tegen.");
  assert.equal(await phone.page.getByText("Houd dit tegen").count(), 0);
  await phone.open(`${world.url}/wallet#devices`);
  await phone.reads("Deze telefoon");
  assert.equal(await phone.page.locator(".devices li").count(), 1);
  await close(phone);
});

test("the spare key on paper: a sheet with words and a code, that brings the account back", async () => {
  const phone = await member(world, browser, "4");
  await phone.open(`${world.url}/wallet#recovery`);
  await phone.page.locator(".recovery li").first().waitFor({ state: "attached" });
  const words = await phone.page.locator(".recovery li").allTextContents();
  await phone.page.locator(".printed svg").waitFor({ state: "attached" });
  assert.equal(await phone.page.locator(".printed .qr").isVisible(), false);
  assert.equal(await phone.page.getByRole("button", { name: "Ik heb het bewaard" }).count(), 0, "there is nothing to keep yet");
  await phone.page.emulateMedia({ media: "print", colorScheme: "dark" });
  assert.equal(await phone.page.getByRole("button", { name: "Druk het blad af" }).isVisible(), false);
  assert.equal(await phone.page.locator(".recovery li").first().isVisible(), true, "the words are on paper");
  await phone.page.getByText("Bewaar dit blad waar niemand het leest.").waitFor();
  const picture = await phone.page.locator(".printed .qr").screenshot();
  await phone.page.emulateMedia({ media: "screen", colorScheme: "light" });
  const printed = await read(picture);
  assert.match(printed, new RegExp(`^${world.url}/wallet#restore/[a-z2-7]{26}$`));
  await phone.tap("Druk het blad af");
  await phone.tap("Ik heb het bewaard");
  await phone.reads("Je reservesleutel is klaar.");

  const found = await Phone.of(browser);
  await found.open(printed);
  await found.page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>("#words")?.value);
  assert.equal(await found.page.locator("#words").inputValue(), words.join(" "));
  assert.equal(await found.page.evaluate(() => location.hash), "#restore", "the secret stays in the address");
  await found.tap("Zet mijn portemonnee terug");
  await found.reads("Je portemonnee staat nu op deze telefoon.");
  assert.equal(await balance(world, found), "4 klavers");
  await close(phone, found);
});

/** Reads a QR code from a picture as any phone would: by the page's own decoder. */
async function read(png: Buffer): Promise<string> {
  const reader = await Phone.of(browser, { bypassCSP: true });
  await reader.open(`${world.url}/wallet`);
  const data = await reader.page.evaluate(async (source) => {
    const picture = await createImageBitmap(await (await fetch(source)).blob());
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
    context.drawImage(picture, 0, 0);
    const { width, height, data: bytes } = context.getImageData(0, 0, picture.width, picture.height);
    return { width, height, text: btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), "")) };
  }, `data:image/png;base64,${png.toString("base64")}`);
  await reader.context.close();
  const { default: decode } = await import("qr/decode.js");
  return decode({ width: data.width, height: data.height, data: Uint8ClampedArray.from(Buffer.from(data.text, "base64")) });
}

/** Opens a pot for which two people sign: a phone, and somebody with the program. */
async function potOfTwo(phone: Phone): Promise<string> {
  const ours = (await phone.stored("keys"))[0]?.["public"] as string;
  const { public_key: theirs } = world.place("key", "new", "pot") as { public_key: string };
  const { account } = world.council("account", "open", "fund", "--key", ours, "--key", theirs, "--threshold", "2") as { account: string };
  world.give("20", account);
  world.place("join", world.url, "--existing", account, "--key", "pot");
  return account;
}

test("signing together: what, by whom, until when, one tap; what is no longer true cannot be signed", async () => {
  const phone = await member(world, browser, "0", WATCHED);
  const payee = await member(world, browser, "0");
  await payee.open(`${world.url}/wallet#code`);
  await payee.tap("Verander wat mensen lezen");
  await payee.page.locator("#words").fill("Lut van de taart");
  await payee.tap("Bewaar");
  await payee.reads("Je woorden zijn bewaard.");
  const code = (await payee.page.locator("#own-code").textContent()) ?? "";
  await potOfTwo(phone);
  // By the payee's own code: the program asks for a request, as the page does.
  const { link } = world.place("pay", code, "6", "--account", "pot") as { link: string };
  // The pot's other signer opens the link as it was sent.
  await phone.open(link);
  await phone.tap("Open in mijn portemonnee");
  // Whom and how much: by the names that they have, never by the letters of an account.
  await phone.reads(/^een pot betaalt 6\sklavers aan "Lut van de taart"\.$/);
  await phone.reads("Je tekent als: Mezelf");
  assert.doesNotMatch(await phone.page.locator("#action").innerText(), /…|klv1/);
  await looksWell(phone.page, "draft");
  // Whoever is not concerned learns nothing.
  await payee.open(link);
  await payee.tap("Open in mijn portemonnee");
  await payee.reads("Dit is er niet, of is niet voor jou om te tekenen.");
  phone.taps = 0;
  await phone.tap(/^Teken voor 6\sklavers$/);
  await phone.reads("Alle handtekeningen zijn er.");
  assert.equal(phone.taps, 1);
  assert.equal(await balance(world, payee), "6 klavers");
  await phone.open(`${world.url}/wallet#draft/${link.split("/").at(-1)}`);
  await phone.reads("Dit is al genoteerd");
  await close(phone, payee);
});

test("U2: no barriers on devices, rest and the spare key's sheet", async () => {
  const phone = await member(world, browser, "2", WATCHED);
  const link = await showDeviceCode(phone);
  await looksWell(phone.page, "another phone");
  const fresh = await Phone.of(browser, WATCHED);
  await fresh.open(link);
  await fresh.reads("Je betaalt daarna met allebei je telefoons.");
  await looksWell(fresh.page, "new phone");
  await fresh.tap("Voeg deze telefoon toe");
  await phone.reads("Is dit nummer hetzelfde?");
  await looksWell(phone.page, "compare");
  await phone.tap("Ja, voeg deze telefoon toe");
  await phone.reads("De nieuwe telefoon hoort nu bij je rekening.");
  await phone.open(`${world.url}/wallet#devices`);
  await phone.reads("Een ander toestel");
  await looksWell(phone.page, "devices");
  await phone.open(`${world.url}/wallet#more`);
  await phone.page.locator("summary", { hasText: "Voor wie het wil nakijken" }).click();
  await phone.reads("Het logboek klopt");
  await looksWell(phone.page, "more");
  await phone.open(`${world.url}/wallet#rest`);
  await phone.reads("Zet mijn rekening in rust");
  await looksWell(phone.page, "rest");
  await phone.tap("Zet mijn rekening in rust");
  await phone.tap("Ja, nu in rust zetten");
  await phone.reads("Er gaat nu niets meer van je rekening.");
  await phone.open(`${world.url}/wallet#rest`);
  await phone.reads("Toon deze code aan het kernteam");
  await looksWell(phone.page, "at rest");
  await close(phone, fresh);
});
