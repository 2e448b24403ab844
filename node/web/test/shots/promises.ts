/** Paying without network: a promise, shown, kept by a till, paid later, or borne by a pot. */

import type { Browser } from "playwright-core";
import { World, connectTill, leaveNetwork, member, takesPromise } from "../world.ts";
import { type Album, PLAIN, phoneOf } from "./album.ts";

/** A phone that keeps pages. */
const KEEPING = { ...PLAIN, serviceWorkers: "allow" } as const;

export async function promises(album: Album, browser: Browser): Promise<void> {
  const world = await World.found("open", "--offline-cap", "10");
  const { till, account } = await connectTill(world, browser, "Bakkerij De Korenaar", KEEPING);
  const phone = await member(world, browser, "10", KEEPING);
  await leaveNetwork(world, phone, "/wallet");
  await leaveNetwork(world, till, "/till");
  await till.page.locator(".key", { hasText: /^4$/ }).click();
  await till.tap("Toon de code");
  await till.reads("Er komt geen antwoord.");
  await album.shoot(till, "till-no-network");
  await till.tap("Neem een belofte aan, zonder netwerk");
  await till.page.locator(".qr svg").waitFor();
  await album.shoot(till, "promise-ask");
  await phone.open((await till.page.locator("details code").first().textContent()) ?? "");
  await phone.reads("Dit is een belofte.");
  await album.shoot(phone, "promise-confirm");
  await phone.tap(/^Beloof 4/);
  await phone.page.locator(".qr svg").waitFor();
  await album.shoot(phone, "promise-show");
  const code = (await phone.page.locator("details code").textContent()) ?? "";
  await takesPromise(till, "hallo");
  await till.reads("Dit is geen belofte.");
  await album.shoot(till, "promise-no-other");
  await takesPromise(till, code);
  await till.reads("Beloofd, niet betaald");
  await album.shoot(till, "promise-held");
  await till.open(`${world.url}/till`);
  await till.reads("Beloofd, nog niet betaald");
  await album.shoot(till, "till-promised");
  await till.open(`${world.url}/till#today`);
  await till.reads("Beloofd, niet betaald");
  await album.shoot(till, "till-today-no-network");
  await till.open(`${world.url}/promise#till/300/`);
  await takesPromise(till, code);
  await till.reads("Je vroeg 3");
  await album.shoot(till, "promise-differs");
  await phone.open(`${world.url}/p/aaaaaaaaaaaaaaaaaaaaaaaaaa`);
  await phone.reads("Geen netwerk");
  await album.shoot(phone, "promise-offline");
  await phone.tap("Beloof zonder netwerk");
  await phone.page.locator("#shop").waitFor();
  await album.shoot(phone, "promise-list");
  await phone.open(`${world.url}/promise#pay/${account}/900`);
  await phone.reads("Zoveel kan je nu niet beloven.");
  await album.shoot(phone, "promise-short");
  const els = world.stranger("els");
  const unpaid = (els.run("pay", account, "5", "--offline", "--valid", "5s") as { code: string }).code;
  await till.open(`${world.url}/promise#take`);
  await takesPromise(till, unpaid);
  await till.reads("Beloofd, niet betaald");
  await till.context.setOffline(false);
  await till.page.locator(".not-paid").waitFor();
  await album.shoot(till, "promise-unpaid");
  await till.open(`${world.url}/till#today`);
  await till.reads("Niet betaald");
  await album.shoot(till, "till-today-promises");
  await world.end();

  const town = await World.demo();
  const council = await phoneOf(browser);
  await council.open(`${town.page("/coordination")}`);
  await council.reads("Potten");
  await council.page.evaluate(() => void (location.hash = "#pots"));
  await council.reads("Beloften zonder netwerk");
  await album.shoot(council, "coordination-promises");
  await town.end();
}
