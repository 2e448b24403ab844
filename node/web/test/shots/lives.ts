/** The life of a task: brought, answered, planned, joined, checked in, given for, thanked. */

import type { Browser } from "playwright-core";
import { type Phone, World, addFace, connectPlace, members } from "../world.ts";
import { type Album, PLAIN, phoneOf } from "./album.ts";

/** Now, as a clock in the community shows it. */
const clock = () => new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Brussels", timeStyle: "short" }).format(Date.now());

export async function lives(album: Album, browser: Browser): Promise<void> {
  const world = await World.found();
  const { place } = await connectPlace(world, browser, "De Ploeg", "120", "2", PLAIN);
  await place.open(`${world.url}/place#usual`);
  await place.page.locator("#address").fill("Kerkstraat 3, Klaverdorp");
  await place.tap("Bewaar");
  await place.reads("Wie is er?");
  const visitor = await phoneOf(browser);
  await visitor.open(`${world.url}/tasks`);
  await album.shoot(visitor, "tasks-empty");
  await visitor.open(`${world.url}/tasks/new`);
  await album.shoot(visitor, "task-bring");
  await visitor.page.getByRole("radio", { name: "Brieven vouwen" }).check();
  for (const [id, text] of [["for_whom", "De bibliotheek"], ["how_many", "5000 brieven"], ["brought_by", "Jo van de bib"]] as const) await visitor.page.locator(`#${id}`).fill(text);
  await visitor.tap("Breng deze taak");
  await visitor.reads("Je taak is aangekomen.");
  await album.shoot(visitor, "client-new");
  const followed = visitor.page.url().replace("?new", "");

  await place.open(`${world.url}/place#tasks`);
  await place.reads("Deze taak wacht op jullie antwoord.");
  await album.shoot(place, "place-tasks");
  await place.tap(/Brieven vouwen \(5000 brieven\)/);
  await place.reads("Neem deze taak aan");
  await album.shoot(place, "place-task-waits");
  await place.tap("Nog niet haalbaar");
  await place.reads("We zijn met te weinig.");
  await album.shoot(place, "place-task-why-not");
  await place.tap("We zijn met te weinig.");
  await place.reads("Dit is nog niet haalbaar.");
  await visitor.open(followed);
  await visitor.reads("Dit is nog niet haalbaar.");
  await album.shoot(visitor, "client-not-feasible");
  await place.tap("Neem deze taak aan");
  await album.shoot(place, "place-task-edit");
  await place.page.getByLabel("Dit vervangt niemands betaald werk").check();
  await place.page.getByLabel("Er staan namen of adressen in").check();
  await place.page.getByLabel("Het kan zittend").check();
  await place.tap("Bewaar");
  await place.reads("Niet alles over de verzekering staat erbij.");
  await place.tap("Nieuw moment");
  await place.page.locator("#time").fill(clock());
  await place.page.locator("#places").fill("1");
  await album.shoot(place, "place-task-session");
  await place.tap("Bewaar");
  await place.reads("Nog vrij: 1 van 1");
  await place.tap("50 %");
  await place.page.locator("[aria-pressed=true]", { hasText: "50 %" }).waitFor();
  await album.shoot(place, "place-task");
  await visitor.open(followed);
  await visitor.reads("De helft is klaar");
  await album.shoot(visitor, "client-open");
  await visitor.open(`${world.url}/tasks`);
  await album.shoot(visitor, "tasks");
  await visitor.tap(/Brieven vouwen/);
  await visitor.page.getByRole("button", { name: "Ik kom" }).waitFor();
  await album.shoot(visitor, "task");
  await visitor.tap("Ik kom");
  await visitor.tap("Maak mijn portemonnee");
  await visitor.reads("Je hebt een plaats. Tot dan!");
  await album.shoot(visitor, "task-joined");
  const late = await phoneOf(browser);
  await late.open(visitor.page.url());
  await late.reads("alle plaatsen bezet");
  await album.shoot(late, "task-full");
  await checkingIn(album, world, place, visitor, late);

  await place.open(`${world.url}/place#tasks`);
  await place.tap(/Brieven vouwen/);
  await place.tap("Deze taak is klaar");
  await place.page.locator("#action p[role=status]", { hasText: "klaar" }).waitFor();
  await album.shoot(place, "place-task-done");
  await visitor.open(followed);
  await visitor.reads("Het is klaar.");
  await album.shoot(visitor, "client-done");
  await visitor.page.locator("#words").fill("Dank je wel aan iedereen!");
  await visitor.tap("Zeg dank je wel");
  await visitor.reads("Een woord van dank:");
  await album.shoot(visitor, "client-thanked");
  for (const one of [place, visitor, late]) await one.context.close();
  await world.end();
}

async function checkingIn(album: Album, world: World, place: Phone, visitor: Phone, late: Phone): Promise<void> {
  const called = ["Aïcha", "Bram", "Chantal", "Dirk"];
  await place.open(`${world.url}/place`);
  for (const [i, account] of (await members(world, called.length)).entries()) await addFace(place, account, called[i] as string);
  await place.tap("Toon de code");
  await place.page.locator(".qr svg").waitFor();
  await album.shoot(place, "place-code");
  const code = (await place.page.locator("#check-in").textContent()) ?? "";
  await visitor.open(code);
  await visitor.page.getByRole("button", { name: "Ik ben er" }).waitFor();
  await album.shoot(visitor, "check-in");
  await visitor.tap("Ik ben er");
  await visitor.reads("Je bent er");
  await album.shoot(visitor, "checked-in");
  await late.open(`${code.slice(0, -26)}${"a".repeat(26)}`);
  await late.tap("Ik ben er");
  await late.tap("Maak mijn portemonnee");
  await late.reads("Scan de code die vandaag op de plek hangt.");
  await album.shoot(late, "check-in-other-code");
  await place.reads('Tikten "ik ben er": 1');
  await album.shoot(place, "place-code-checked-in");
  await place.open(`${world.url}/place`);
  await place.reads('Tikten "ik ben er": 1.');
  await album.shoot(place, "place-session");
  await place.tap("Toon de code");
  await place.tap("Maak een affiche");
  await place.page.locator(".qr svg").waitFor();
  await album.shoot(place, "poster");
}
