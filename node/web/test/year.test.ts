/** One's year: what one received for helping beside what a volunteer may receive, for one's own eyes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { ceilingsOf, exceeded, nearness } from "../src/lib/ceilings.ts";
import { WATCHED, looksWell } from "./barriers.ts";
import { World, close, inTown, member } from "./world.ts";

let world: World;
let browser: Browser;

// An hour is thanked with more than a volunteer in Belgium may receive in a day.
inTown((...town) => void ([world, browser] = town), () => World.found("open", "--thanks", "30"));

test("ceilings are those of the country, dated, the newest that is known; near from four fifths on", () => {
  assert.deepEqual(ceilingsOf("BE", 2026), { year: 2026, day: 4_402, month: null, total: 176_083 });
  assert.equal(ceilingsOf("BE", 2025), null);
  assert.deepEqual([ceilingsOf("NL", 2024)?.month, ceilingsOf("NL", 2030)?.year, ceilingsOf("XX", 2026)], [21_000, 2_025, null]);
  assert.deepEqual([79, 80, 100, 101].map((received) => nearness(received, 100)), ["below", "near", "near", "above"]);
  const [belgium, none] = [ceilingsOf("BE", 2026), { day: 0, month: 0, total: 0 }];
  assert.ok(belgium);
  assert.equal(exceeded(belgium, none, 4_402), null);
  assert.deepEqual(exceeded(belgium, none, 4_403), { ceiling: 4_402, of: "day" });
  assert.deepEqual(exceeded(belgium, { ...none, total: 176_000 }, 84), { ceiling: 176_083, of: "year" });
});

test("my year: what helping brought and what came from elsewhere, kept on the phone; a kind word before a place is taken", async () => {
  const phone = await member(world, browser, "40", WATCHED);
  const asked: string[] = [];
  phone.page.on("request", (request) => asked.push(`${request.url()} ${request.postData() ?? ""}`));
  await phone.open(`${world.url}/wallet#more`);
  await phone.tap("Mijn jaar");
  await phone.reads("Dit kreeg je dit jaar om te helpen.");
  await phone.reads("40 klavers");
  await phone.reads("Je mag dit jaar nog € 1720,83 krijgen.");
  await phone.reads("Bedragen van 2026, voor alle organisaties samen.");
  await looksWell(phone.page, "year");
  for (const [typed, says] of [["veel", "alleen cijfers"], ["1,005", "hoogstens 2 cijfers"]] as const) {
    await phone.page.locator("#elsewhere").fill(typed);
    await phone.tap("Bewaar op deze telefoon");
    await phone.reads(says);
  }
  await phone.page.locator("#elsewhere").fill("1500");
  await phone.tap("Bewaar op deze telefoon");
  await phone.reads("Je komt er dicht bij: nog € 220,83 dit jaar.");
  await phone.page.locator("#elsewhere").fill("1800");
  await phone.tap("Bewaar op deze telefoon");
  await phone.reads("Niets wordt tegengehouden.");
  await phone.page.reload();
  await phone.reads("Niets wordt tegengehouden.");
  await looksWell(phone.page, "year-above");
  // What one typed is asked of nobody and told to nobody.
  assert.deepEqual(asked.filter((one) => one.includes("1500") || one.includes("1800") || one.includes("180000")), []);
  await close(phone);
});
