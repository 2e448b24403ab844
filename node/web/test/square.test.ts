/** The community's own colours and logo on every page, and the map of the town square, which asks nobody before a tap. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { looksWell, WATCHED } from "./barriers.ts";
import { LOGO, tileServer } from "./tiles.ts";
import { Phone, World, connectTill, launch, until } from "./world.ts";

let world: World;
let browser: Browser;
let tiles: Server;
const fetched: string[] = [];

before(async () => {
  tiles = await tileServer((asked) => fetched.push(asked));
  [world, browser] = await Promise.all([World.found(), launch()]);
});
after(async () => {
  await browser?.close();
  await world?.end();
  tiles?.close();
});

test("the community's colours and logo are worn by every page; what cannot be read is refused at the start", async () => {
  await assert.rejects(world.settle({ brand: { colour: "#ffcc00" } }), /#ffcc00 has a contrast of 1\.5.* choose a darker one/);
  writeFileSync(join(world.directory, "data/logo.svg"), "<svg><script>1</script></svg>");
  await assert.rejects(world.settle({ brand: { logo: "logo.svg" } }), /<script, which does more than draw/);
  writeFileSync(join(world.directory, "data/logo.svg"), LOGO);
  await world.settle({ brand: { colour: "#7a1f5c", logo: "logo.svg" } });
  const phone = await Phone.of(browser, WATCHED);
  for (const path of ["/", "/wallet", "/coordination"]) {
    await phone.open(world.url + path);
    const main = phone.page.locator(".button.main").first();
    await main.waitFor();
    assert.equal(await main.evaluate((element) => getComputedStyle(element).backgroundColor), "rgb(122, 31, 92)", path);
    assert.ok((await phone.page.locator("img.logo").evaluate((image: HTMLImageElement) => image.naturalWidth)) > 0, path);
  }
  await phone.open(`${world.url}/`);
  await looksWell(phone.page, "home in own colours");
  const manifest = (await (await fetch(`${world.url}/manifest.webmanifest`)).json()) as { theme_color: string; icons: { src: string }[] };
  assert.equal(manifest.theme_color, "#7a1f5c");
  const logo = await fetch(world.url + (manifest.icons[0]?.src ?? ""));
  assert.equal(logo.headers.get("content-type"), "image/svg+xml");
  assert.match(logo.headers.get("content-security-policy") ?? "", /default-src 'none'; sandbox/);
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("a shop says where it is; the map comes after a tap, and without it the list says all", async () => {
  const host = `127.0.0.1:${(tiles.address() as AddressInfo).port}`;
  await world.settle({ map: { tiles: `http://${host}/{z}/{x}/{y}.png`, attribution: "Kaart: wij allemaal" } });
  const { till } = await connectTill(world, browser, "Bakkerij De Korenaar");
  const visitor = await Phone.of(browser);
  await visitor.open(`${world.url}/`);
  await visitor.reads("Bakkerij De Korenaar");
  assert.equal(await visitor.page.getByText("Toon de kaart").count(), 0, "nobody is on the map yet");
  await till.open(`${world.url}/till#square`);
  await till.tapText("Op de kaart");
  await till.page.locator("#where").fill("om de hoek");
  await till.tap("Bewaar");
  await till.reads("Dit vinden we niet op de kaart.");
  // Whoever stands in the shop types nothing.
  await till.context.grantPermissions(["geolocation"]);
  await till.context.setGeolocation({ latitude: 50.8503, longitude: 4.3517 });
  await till.tap("Ik ben er nu");
  await until(async () => (await till.page.locator("#where").inputValue()) === "50.850300, 4.351700", "the phone said where it is");
  await till.page.locator("#address").fill("Dorpsstraat 8, Klaverdorp");
  await till.tap("Bewaar");
  await till.reads("Bakkerij De Korenaar staat nu op het dorpsplein en op de kaart.");
  // Another name leaves the place as it is.
  await till.open(`${world.url}/till#name`);
  await till.page.locator("#name").fill("Bakkerij De Aar");
  await till.tap("Bewaar de naam");
  await till.page.locator("#amount").waitFor();
  await visitor.open(`${world.url}/`);
  await visitor.reads(`De kaart komt van een andere website, ${host}. Die ziet dat je kijkt.`);
  await visitor.reads("Dorpsstraat 8, Klaverdorp");
  await visitor.page.waitForLoadState("networkidle");
  assert.equal(fetched.length, 0, "nobody else is asked before the tap");
  await visitor.tap("Toon de kaart");
  await visitor.reads("Kaart: wij allemaal");
  await until(() => fetched.length > 0, "no picture of the map was asked for");
  assert.ok(fetched.every((one) => one.endsWith(` ${world.url}/`)), fetched.join());
  await visitor.page.getByRole("button", { name: "Bakkerij De Aar" }).click();
  await visitor.page.locator(".leaflet-popup", { hasText: /Bakkerij De Aar.*Dorpsstraat 8/ }).waitFor();
  assert.deepEqual([...till.faults, ...visitor.faults], [], "the page's own policy lets all of it through");
  // No pictures: the page says so, and the list is there.
  tiles.close();
  tiles.closeAllConnections();
  const watched = await Phone.of(browser, WATCHED);
  await watched.open(`${world.url}/`);
  await watched.tap("Toon de kaart");
  await watched.reads("De kaart komt niet. Kijk in de lijst, of probeer later.");
  await watched.reads("Bakkerij De Aar");
  await looksWell(watched.page, "town square with a map");
  for (const one of [till, visitor, watched]) await one.context.close();
});
