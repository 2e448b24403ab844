/** What anybody sees: the town square, codes that lead nowhere, invitations, the map, colours of a community's own. */

import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { LOGO, tileServer } from "../tiles.ts";
import { World, connectPlace, connectTill } from "../world.ts";
import { type Album, PLAIN, phoneOf } from "./album.ts";

export async function town(album: Album, browser: Browser): Promise<void> {
  const world = await World.found();
  const phone = await phoneOf(browser);
  await phone.open(`${world.url}/`);
  await album.shoot(phone, "home-empty");
  for (const [name, path] of [
    ["unknown", "/p/aaaaaaaaaaaaaaaaaaaaaaaaaa"], ["draft-unknown", "/d/aaaaaaaaaaaaaaaaaaaaaaaaaa"], ["card-unknown", "/c/aaaaaaaaaaaaaaaaaaaaaaaaaa"],
    ["voucher-unknown", "/v/aaaaaaaaaaaaaaaaaaaaaaaaaa"], ["alias-unknown", "/to/bakker"], ["invitation-unknown", "/i/aaaaaaaaaaaaaaaaaaaaaaaaaa"], ["nowhere", "/nergens"],
    ["task-unknown", "/tasks/00000000000000000000000000000000"], ["check-in-unknown", "/t/aaaaaaaaaaaaaaaaaaaaaaaaaa"], ["lent-broken", "/l/aaaaaaaaaaaaaaaaaaaaaaaaaa#kort"],
  ] as const) {
    await phone.open(world.url + path);
    await phone.page.locator("main h1").waitFor({ state: "attached" });
    await album.shoot(phone, name);
  }
  const plain = await phoneOf(browser, { javaScriptEnabled: false });
  await plain.open(`${world.url}/wallet`);
  await album.shoot(plain, "wallet-no-script");
  await plain.context.close();

  const { till } = await connectTill(world, browser, "Bakkerij De Korenaar", PLAIN);
  const second = await connectTill(world, browser, "Café Het Anker", PLAIN);
  const { place } = await connectPlace(world, browser, "De Ploeg", "60", "2", PLAIN);
  await second.till.open(`${world.url}/till`);
  await second.till.tap("Even pauze");
  await second.till.reads("De kassa neemt even pauze");
  await phone.open(`${world.url}/`);
  await phone.reads("Bakkerij De Korenaar");
  await album.shoot(phone, "home");
  const tiles = await tileServer();
  const host = `127.0.0.1:${(tiles.address() as AddressInfo).port}`;
  writeFileSync(join(world.directory, "data/logo.svg"), LOGO);
  await world.settle({ map: { tiles: `http://${host}/{z}/{x}/{y}.png`, attribution: "Kaart: wij allemaal" }, brand: { colour: "#7a1f5c", logo: "logo.svg" } });
  await till.open(`${world.url}/till#square`);
  await till.page.locator("#address").fill("Dorpsstraat 8, Klaverdorp");
  await till.tapText("Op de kaart");
  await till.page.locator("#where").fill("50.8503, 4.3517");
  await till.tap("Bewaar");
  await till.reads("en op de kaart");
  await album.shoot(till, "till-square-done");
  await phone.open(`${world.url}/`);
  await phone.reads("Toon de kaart");
  await album.shoot(phone, "home-own-colours");
  await phone.tap("Toon de kaart");
  await phone.reads("Kaart: wij allemaal");
  await phone.page.locator(".leaflet-tile-loaded").first().waitFor();
  await album.shoot(phone, "home-map");
  tiles.close();
  tiles.closeAllConnections();
  await phone.open(`${world.url}/`);
  await phone.tap("Toon de kaart");
  await phone.reads("De kaart komt niet.");
  await album.shoot(phone, "home-map-failed");
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Maak mijn portemonnee");
  await album.shoot(phone, "wallet-own-colours");
  for (const one of [phone, till, second.till, place]) await one.context.close();
  await world.end();
  await invitations(album, browser);
}

async function invitations(album: Album, browser: Browser): Promise<void> {
  const world = await World.found("invitation");
  const { link } = world.council("invite", "--uses", "1") as { link: string };
  const [phone, other] = [await phoneOf(browser), await phoneOf(browser)];
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Vraag een uitnodiging");
  await album.shoot(phone, "wallet-needs-invitation");
  await phone.open(link);
  await phone.reads("Maak mijn portemonnee");
  await album.shoot(phone, "invitation");
  await phone.tap("Maak mijn portemonnee");
  await phone.reads("Scan een code");
  await phone.open(link);
  await phone.page.locator("#action, .note").first().waitFor();
  await album.shoot(phone, "invitation-joined");
  await other.open(link);
  await other.reads("Deze uitnodiging is al gebruikt of voorbij.");
  await album.shoot(other, "invitation-used");
  for (const one of [phone, other]) await one.context.close();
  await world.end();
}
