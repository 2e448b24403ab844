/** Organisations: on the square, named by the council, one without the currency, its own staff, one task carried by two. */

import type { Browser } from "playwright-core";
import { type Phone, World, addFace, connectPlace, members } from "../world.ts";
import { type Album, PLAIN, phoneOf } from "./album.ts";

const soon = (): string => new Date(Date.now() + 8 * 86_400_000).toISOString().slice(0, 10);

export async function organisations(album: Album, browser: Browser): Promise<void> {
  const town = await World.demo();
  const council = await phoneOf(browser);
  await council.open(`${town.url}/organisations`);
  await council.reads("Koor De Merel");
  await album.shoot(council, "organisations");
  await council.page.getByRole("link", { name: /^De Zaadkamer/ }).click();
  await council.reads("Wat we samen deden");
  await album.shoot(council, "organisation");
  await council.open(`${town.url}/organisations`);
  await council.page.getByRole("link", { name: /^Koor De Merel/ }).click();
  await council.reads("Open zangavond");
  await album.shoot(council, "organisation-without");
  await council.open(town.page("/coordination"));
  await council.tap("Organisaties");
  await council.reads("Koor De Merel");
  await album.shoot(council, "coordination-organisations");
  await council.tap("Voeg een organisatie toe");
  await council.page.locator("#agenda").fill("http://onveilig");
  await council.page.locator("#name").fill("Repair Café Klavergem");
  await council.tap("Bewaar");
  await council.reads("Typ een adres dat met https:// begint.");
  await album.shoot(council, "coordination-organisation-fault");
  await council.page.locator("#agenda").fill("");
  await council.tap("Bewaar");
  await council.reads("Ze staat op het plein.");
  await album.shoot(council, "coordination-organisation-added");
  await council.open(await council.page.locator("#own-page").getAttribute("href") as string);
  await album.shoot(council, "member-new");
  await council.page.locator("#what").fill("Herstelnamiddag: breng mee wat stuk is");
  await council.page.locator("#day").fill(soon());
  await council.page.locator("#time").fill("14:00");
  await council.tap("Zet dit in de agenda");
  await council.page.locator("#people").fill("31");
  await council.page.locator("#hours").fill("9");
  await council.tap("Bewaar deze getallen");
  await council.reads("31 mensen");
  await album.shoot(council, "member");
  await council.page.locator("#what").fill("Te laat");
  await council.page.locator("#day").fill("2020-01-01");
  await council.page.locator("#time").fill("14:00");
  await council.tap("Zet dit in de agenda");
  await council.reads("die nog komen");
  await album.shoot(council, "member-fault");
  await council.open(`${town.url}/tasks`);
  await album.shoot(council, "tasks-gatherings");
  await town.end();
  await ofStaff(album, browser);
}

/** What staff sees, and a task that two places carry. */
async function ofStaff(album: Album, browser: Browser): Promise<void> {
  const world = await World.found();
  const [one, other] = [await connectPlace(world, browser, "De Zaadkamer", "500", "2", PLAIN), await connectPlace(world, browser, "Het Ketelhuis", "500", "4", PLAIN)];
  await one.place.open(`${world.url}/place#organisation`);
  await one.place.reads("Vraag het kernteam om een bladzijde op het plein.");
  await album.shoot(one.place, "place-organisation-unnamed");
  for (const [place, name] of [[one, "De Zaadkamer"], [other, "Het Ketelhuis"]] as const) {
    const { state } = world.council("account", "show", place.account) as { state: { organisation: string } };
    world.council("organisation", "name", name, "--organisation", state.organisation);
  }
  const [ours, theirs] = [one.place, other.place];
  await task(ours, world.url);
  await album.shoot(ours, "place-task-asked-along");
  await theirs.open(`${world.url}/place#tasks`);
  await theirs.reads("we zijn gevraagd");
  await theirs.page.locator(".lines a").first().click();
  await theirs.reads("Willen jullie deze taak meedragen");
  await album.shoot(theirs, "place-carried-asked");
  await theirs.tap("Ja, wij dragen mee");
  await theirs.reads("Jullie dragen deze taak mee");
  await album.shoot(theirs, "place-carried");
  await ours.open(`${world.url}/place`);
  await ours.reads("Jullie geven 50 % aan iedereen.");
  const [guest] = await members(world, 1);
  await addFace(ours, guest as string, "Aïcha");
  await album.shoot(ours, "place-shared-session");
  await ours.tap("Geef 1 klaver aan een mens");
  await ours.reads("Goed bewaard.");
  await ours.open(`${world.url}/place`);
  await ours.tap("Toon de code");
  await ours.reads("De telling staat hier vanaf");
  await album.shoot(ours, "place-session-question");
  const code = await ours.page.locator("#check-in").textContent() as string;
  await ours.open(`${world.url}/place#organisation`);
  await ours.reads("1 klaver gegeven");
  await album.shoot(ours, "place-organisation");
  await ours.tap("Wie tekent");
  await ours.reads("Met twee telefoons kunnen jullie samen tekenen.");
  await album.shoot(ours, "place-staff");
  const an = await phoneOf(browser);
  await an.open(code);
  await an.tap("Ik ben er");
  await an.tap("Maak mijn portemonnee");
  await an.reads("Leerde je iemand kennen?");
  await album.shoot(an, "check-in-question");
  await world.end();
}

/** A task with a session now, its question, and another place that is asked along. */
async function task(ours: Phone, url: string): Promise<void> {
  await ours.open(`${url}/place#task/new`);
  await ours.page.getByLabel("Samen koken").check();
  for (const [field, text] of [["for_whom", "De buurt"], ["how_many", "40 borden"], ["brought_by", "Griet"]] as const) await ours.page.locator(`#${field}`).fill(text);
  await ours.page.getByLabel(/Dit vervangt niemands/).check();
  await ours.tap("Bewaar");
  await ours.tap("Nieuw moment");
  const now = new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Brussels", timeStyle: "short" }).format(Date.now());
  await ours.page.locator("#time").fill(now);
  await ours.page.locator("#question").fill("Leerde je iemand kennen?");
  await ours.tap("Bewaar");
  await ours.page.locator("summary", { hasText: "Vraag een andere organisatie mee" }).click();
  await ours.page.locator("#carrier").selectOption({ label: "Het Ketelhuis" });
  await ours.tap("Vraag het hun");
  await ours.reads("en heeft nog niet geantwoord");
}
