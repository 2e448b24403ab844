/** The doe-plek at five o'clock: faces, amounts, one signature, what waits, putting right, lending the right. */

import type { Browser } from "playwright-core";
import { World, addFace, connectPlace, members } from "../world.ts";
import { type Album, PLAIN, phoneOf } from "./album.ts";

export async function place(album: Album, browser: Browser): Promise<void> {
  const world = await World.found("open", "--organisation-day-amount", "200");
  const fresh = await phoneOf(browser);
  await fresh.open(`${world.url}/place`);
  await fresh.page.locator("#connect-key").waitFor({ state: "attached" });
  await album.shoot(fresh, "place-connect");
  const key = (await fresh.page.locator("#connect-key").textContent()) ?? "";
  world.council("account", "open", "budget", "--key", key, "--limit", "60", "--organisation", "new");
  await fresh.tap("Kijk of het gelukt is");
  await fresh.reads("Wat krijgt iedereen hier gewoonlijk?");
  await album.shoot(fresh, "place-usual");
  await fresh.context.close();

  const { place: phone } = await connectPlace(world, browser, "De Ploeg", "60", "2", PLAIN);
  await phone.reads("Nog 60 klavers ruimte");
  await album.shoot(phone, "place-empty");
  await phone.open(`${world.url}/place#moments`);
  await phone.reads("Er is nog geen moment");
  await album.shoot(phone, "place-moments-empty");
  await phone.open(`${world.url}/place#add`);
  await phone.reads("Scan een lege kaart");
  await phone.tap("Voeg toe");
  await phone.reads("Typ een roepnaam");
  await album.shoot(phone, "place-add");
  await phone.open(`${world.url}/place`);
  const called = ["Aïcha", "Bram van den Bossche", "Chantal", "Dirk", "Emine", "Fons"];
  for (const [i, account] of (await members(world, called.length)).entries()) await addFace(phone, account, called[i] as string);
  await phone.tap("Zonder klavers: Chantal");
  await phone.reads("Nog 60 klavers ruimte");
  await album.shoot(phone, "place");
  await phone.tap("Ander bedrag: Dirk");
  await album.shoot(phone, "place-other");
  await phone.tap("Verander naam of beeld");
  await phone.reads("Vergeet dit gezicht");
  await album.shoot(phone, "place-face");
  await phone.open(`${world.url}/place`);
  await phone.tap("Ander bedrag: Dirk");
  await phone.page.locator("#amount").fill("55");
  await phone.tap(/^Zet dit bij/);
  await phone.reads("te veel voor de ruimte");
  await album.shoot(phone, "place-too-much");
  await phone.tap("Ander bedrag: Dirk");
  await phone.tap(/^Zoals gewoon/);
  await phone.context.setOffline(true);
  await phone.tap(/^Geef 10 klavers/);
  await phone.reads("Er is geen netwerk");
  await album.shoot(phone, "place-waiting");
  await phone.context.setOffline(false);
  await phone.reads("Goed bewaard.");
  await album.shoot(phone, "place-given");
  await phone.tap("Zet recht: Aïcha");
  await album.shoot(phone, "place-correct");
  await phone.tap("Was er niet");
  await album.shoot(phone, "place-correct-sure");
  await phone.tap(/^Ja, neem/);
  await phone.reads("Dit is rechtgezet.");
  await album.shoot(phone, "place-corrected");
  await phone.tap("Vorige momenten");
  await phone.page.locator(".lines").waitFor();
  await album.shoot(phone, "place-moments");
  await phone.open(`${world.url}/place#paper`);
  await phone.page.locator("#paper").waitFor();
  await album.shoot(phone, "place-paper");
  await phone.page.locator("#paper").fill("Aïcha\nMoniek");
  await phone.tap("Zet ze op de lijst");
  await phone.reads("kennen we hier niet");
  await album.shoot(phone, "place-paper-doubt");
  await phone.open(`${world.url}/place`);
  await phone.page.route("**/v1/entries", (route) => route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify({ status: 422, code: "expired", detail: "no", transient: false }) }));
  await phone.tap(/^Geef 2 klavers/);
  await phone.reads("Niet gegeven");
  await album.shoot(phone, "place-refused");
  await phone.page.unroute("**/v1/entries");
  await phone.page.route("**/v1/accounts/**", (route) => route.abort());
  await phone.open(`${world.url}/place`);
  await phone.reads("Laatst geweten");
  await album.shoot(phone, "place-room-old");
  await phone.page.unroute("**/v1/accounts/**");

  await lending(album, browser, world);
  await together(album, browser, world);
  await phone.context.close();
  await world.end();
}

async function lending(album: Album, browser: Browser, world: World): Promise<void> {
  const { place: phone } = await connectPlace(world, browser, "De Kade", "50", "3", PLAIN);
  const [one] = (await members(world, 1)) as [string];
  await addFace(phone, one, "Wannes");
  await phone.tap("Laat iemand vandaag invallen");
  await phone.page.locator(".qr svg").waitFor();
  await album.shoot(phone, "place-lend");
  const other = await phoneOf(browser);
  await other.open((await phone.page.locator("#lent-link").textContent()) ?? "");
  await other.reads("Ja, ik doe het vandaag");
  await album.shoot(other, "lent");
  await other.tap("Ja, ik doe het vandaag");
  await phone.reads("Ja, leen het recht uit");
  await album.shoot(phone, "place-lend-compare");
  await album.shoot(other, "lent-compare");
  await phone.tap("Ja, leen het recht uit");
  await phone.reads("Daarna stopt het vanzelf.");
  await album.shoot(phone, "place-lent");
  await other.reads("Open de doe-plek");
  await album.shoot(other, "lent-ready");
  await other.tap("Open de doe-plek");
  await other.page.locator("#amount").fill("3");
  await other.tap("Bewaar");
  await other.reads("Wie is er?");
  await other.open(`${world.url}/place#lend`);
  await other.reads("Deze telefoon mag het recht niet uitlenen.");
  await album.shoot(other, "place-lend-not-yours");
  await other.page.route("**/v1/accounts/*", (route) => route.fulfill({ status: 401, contentType: "application/problem+json", body: JSON.stringify({ status: 401, code: "session_needed", detail: "", transient: false }) }));
  await other.page.route("**/v1/sessions", (route) => route.fulfill({ status: 401, contentType: "application/problem+json", body: JSON.stringify({ status: 401, code: "session_signature", detail: "", transient: false }) }));
  await other.open(`${world.url}/place`);
  await other.reads("Het recht op deze telefoon is voorbij.");
  await album.shoot(other, "lent-over");
  for (const each of [phone, other]) await each.context.close();
}

/** Above the day amount a second organisation signs. */
async function together(album: Album, browser: Browser, world: World): Promise<void> {
  const { place: phone } = await connectPlace(world, browser, "De Werf", "1000", "150", PLAIN);
  const [one, two] = (await members(world, 2)) as [string, string];
  await addFace(phone, one, "Piet");
  await addFace(phone, two, "Quinten");
  await phone.tap("Geef 300 klavers aan 2 mensen");
  await phone.reads("Bijna klaar");
  await album.shoot(phone, "place-almost");
  await phone.context.close();
}
