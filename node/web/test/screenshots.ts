/**
 * Pictures of every page and state, in Dutch: the main ones as a phone shows them by day into docs/screenshots, or with
 * KLAVER_ALL=DIRECTORY all of them there, at 320, 390 and 1280 px, light and dark. KLAVER_STORIES=till,place takes these
 * stories alone. Ends with status 1 when a story could not be told, or a page was not as every page must be.
 */

import { Album } from "./shots/album.ts";
import { lives } from "./shots/lives.ts";
import { office } from "./shots/office.ts";
import { paper } from "./shots/paper.ts";
import { people } from "./shots/people.ts";
import { pioneers } from "./shots/pioneers.ts";
import { place } from "./shots/place.ts";
import { promises } from "./shots/promises.ts";
import { town } from "./shots/town.ts";
import { trust } from "./shots/trust.ts";
import { shop } from "./shots/till.ts";
import { wallet } from "./shots/wallet.ts";
import { organisations } from "./shots/organisations.ts";
import { wrong } from "./shots/wrong.ts";
import { launch } from "./world.ts";

/** What docs/screenshots keeps. */
const MAIN = [
  "home", "pay-newcomer", "pay", "pay-not-enough", "pay-done", "wallet", "wallet-lines", "own-code", "inbox", "wallet-seal",
  "till-price", "till-code", "till-paid", "till-week", "place", "place-given", "place-code", "task", "poster",
  "coordination", "coordination-budgets", "coordination-payouts", "alarm", "verify-holds",
];

const all = process.env["KLAVER_ALL"];
const album = all ? new Album(all, null) : new Album(`${process.env["KLAVER_ROOT"]}/docs/screenshots`, MAIN);
const stories = { town, wallet, people, till: shop, paper, place, lives, office, trust, wrong, promises, pioneers, organisations };
const chosen = process.env["KLAVER_STORIES"]?.split(",") ?? Object.keys(stories);
const untold: string[] = [];

const browser = await launch();
for (const [name, tell] of Object.entries(stories)) {
  if (!chosen.includes(name)) continue;
  const begun = performance.now();
  try {
    await tell(album, browser);
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
    untold.push(name);
  }
  console.log(`${name}: ${Math.round((performance.now() - begun) / 1_000)} s, ${album.taken.size} states so far`);
}
await browser.close();

const missing = all || untold.length > 0 || process.env["KLAVER_STORIES"] ? [] : MAIN.filter((name) => !album.taken.has(name));
for (const name of missing) album.complaints.push(`${name} was not taken`);
if (album.complaints.length > 0) console.error(album.complaints.join("\n"));
process.exitCode = untold.length + album.complaints.length > 0 ? 1 : 0;
