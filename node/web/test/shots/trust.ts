/** Seals, witnesses, receipts that are checked, and what stands in place of every screen when a log cannot be believed. */

import type { Browser } from "playwright-core";
import { type Phone, World, connectTill, member, price } from "../world.ts";
import { foundWitnessed } from "../witnesses.ts";
import { type Album, PLAIN, phoneOf } from "./album.ts";

export async function trust(album: Album, browser: Browser): Promise<void> {
  const { world, witnesses, end } = await foundWitnessed(["Buren", "Kerk", "School"], 2);
  const { till } = await connectTill(world, browser, "Bakkerij De Korenaar", PLAIN);
  const phone = await member(world, browser, "30", PLAIN);
  await pay(world, till, phone);
  await phone.reads("De meekijkers kijken later mee.");
  await album.shoot(phone, "pay-done-unsealed");
  await witnesses[0]?.start();
  await witnesses[1]?.start();
  await phone.reads("2 van de 3 meekijkers keken mee.");
  await album.shoot(phone, "pay-done-sealed");
  await phone.open(`${world.url}/wallet#seal`);
  await phone.page.locator(".qr svg").waitFor();
  await phone.reads("Zo kan iedereen nakijken");
  await phone.page.locator("summary", { hasText: "De lijst van meekijkers" }).click();
  await album.shoot(phone, "seal-witnesses");
  await phone.page.locator("#theirs").fill((await phone.page.locator("details code").first().textContent()) ?? "");
  await phone.tap("Vergelijk");
  await phone.reads("Hetzelfde zegel aan beide kanten");
  await album.shoot(phone, "seal-compared");
  await phone.open(`${world.url}/`);
  await phone.tapText("Hoe doe ik dat?");
  await phone.reads(/meekijkers zagen het logboek/);
  await album.shoot(phone, "home-witnessed");
  await checking(album, world, phone);
  // A seal that the log did not sign is an alarm.
  await phone.page.route("**/log/checkpoint", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace(/^(\d+)$/mu, "9$1") });
  });
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Betaal nu niet met deze telefoon.");
  await album.shoot(phone, "alarm");
  await phone.page.locator("summary").filter({ hasText: "Voor het kernteam" }).click();
  await album.shoot(phone, "alarm-go-on");
  for (const one of [till, phone]) await one.context.close();
  await end();
  await following(album, browser);
}

async function pay(world: World, till: Phone, phone: Phone): Promise<void> {
  await phone.open(await price(world, till, "2,50"));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
}

/** The page that checks a receipt. */
async function checking(album: Album, world: World, phone: Phone): Promise<void> {
  await phone.open(`${world.url}/wallet#lines`);
  await phone.page.locator(".lines a").first().click();
  const [download] = await Promise.all([phone.page.waitForEvent("download"), phone.tap("Bewijs bewaren")]);
  await phone.reads("Het bewijs klopt en is bewaard.");
  await album.shoot(phone, "wallet-line-saved");
  await phone.open(`${world.url}/verify`);
  await phone.reads("Kies een bewijs");
  await album.shoot(phone, "verify");
  await phone.page.locator("input[type=file]").setInputFiles(await download.path());
  await phone.reads("Dit bewijs klopt.");
  await album.shoot(phone, "verify-holds");
  await phone.page.locator("input[type=file]").setInputFiles({ name: "leeg.tlog-proof", mimeType: "text/plain", buffer: Buffer.from("leeg") });
  await phone.reads("Dit is hier niet na te kijken.");
  await album.shoot(phone, "verify-holds-not");
}

/** Another ledger at the address: an alarm where nothing proves it, followed where the old one does. */
async function following(album: Album, browser: Browser): Promise<void> {
  const world = await World.found();
  const phone = await phoneOf(browser);
  await phone.open(`${world.url}/wallet`);
  await phone.tap("Maak mijn portemonnee");
  await phone.reads("Scan een code");
  await world.usurp();
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Dit is niet de gemeenschap die je kent.");
  await album.shoot(phone, "other-ledger");
  await world.comeBack("honest");
  await world.succeed();
  await phone.page.route("**/v1/succession/share", async (route) => {
    const answer = await route.fetch();
    if (!answer.ok()) return route.fulfill({ response: answer });
    const said = (await answer.json()) as { credits_minor: number };
    await route.fulfill({ response: answer, json: { ...said, credits_minor: said.credits_minor + 1 } });
  });
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Er klopt iets niet met wat je hebt");
  await album.shoot(phone, "other-ledger-balance");
  await phone.page.unroute("**/v1/succession/share");
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Klaverdorp gaat verder");
  await album.shoot(phone, "ledger-followed");
  await phone.context.close();
  await world.end();
}
