/** Organisations in one ledger: pages of their own, joint figures, one without the currency, and two of two who sign. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { looksWell, WATCHED } from "./barriers.ts";
import { Phone, World, addFace, close, connectPlace, launch, members } from "./world.ts";

let town: World;
let world: World;
let browser: Browser;

before(async () => {
  [town, world, browser] = await Promise.all([World.demo(), World.found(), launch()]);
});
after(async () => {
  await browser?.close();
  await Promise.all([town?.end(), world?.end()]);
});

/** A day that is still to come, as fields of a form have it. */
const soon = (): string => new Date(Date.now() + 8 * 86_400_000).toISOString().slice(0, 10);

test("the town shows who takes part and what all did; a repair café without the currency is listed, meets and counts", async () => {
  const [council, keeper] = await Promise.all([Phone.of(browser, WATCHED), Phone.of(browser, { ...WATCHED, javaScriptEnabled: false })]);
  await council.open(`${town.url}/organisations`);
  await council.reads("Koor De Merel");
  // Two places of the demonstration thanked more than ten people last month; the choir counted 26.
  await council.reads(/minstens \d+ mensen/);
  await looksWell(council.page, "organisations of the town");
  await council.page.getByRole("link", { name: /^De Zaadkamer/ }).click();
  await council.reads("Doe-plekken en potten");
  await council.reads(/minstens \d+ mensen/);
  await looksWell(council.page, "an organisation");

  await council.open(town.page("/coordination"));
  await council.tap("Organisaties");
  await council.reads(/De Zaadkamer/);
  await looksWell(council.page, "organisations of the council");
  await council.tap("Voeg een organisatie toe");
  await council.tap("Bewaar");
  await council.reads("Typ een naam van hoogstens 80 tekens.");
  await council.page.locator("#name").fill("Repair Café");
  await council.page.locator("#agenda").fill("http://onveilig");
  await council.tap("Bewaar");
  await council.reads("Typ een adres dat met https:// begint.");
  await council.page.locator("#agenda").fill("https://repair.example/agenda");
  await council.page.locator("#about").fill("Samen repareren wat stuk is.");
  await council.tap("Bewaar");
  await council.reads("Ze staat op het plein. Geef haar dit adres.");
  const own = await council.page.locator("#own-page").getAttribute("href") as string;

  // Its own page needs no script, no key and no account.
  await keeper.open(own);
  await keeper.reads("Er staat nog niets op jullie agenda.");
  await keeper.page.locator("#what").fill("Herstelnamiddag");
  await keeper.page.locator("#day").fill(soon());
  await keeper.page.locator("#time").fill("14:00");
  await keeper.tap("Zet dit in de agenda");
  await keeper.reads("14:00 tot 16:00");
  await keeper.page.locator("#people").fill("31");
  await keeper.page.locator("#hours").fill("9");
  await keeper.tap("Bewaar deze getallen");
  await keeper.reads("31 mensen, 9 uren");
  await looksWell(council.page, "an organisation's private address");
  await keeper.tap("Bekijk wat iedereen ziet");
  await keeper.reads("Herstelnamiddag");
  await keeper.reads("minstens 30 mensen");
  await keeper.open(`${town.url}/tasks`);
  await keeper.reads("Herstelnamiddag");

  await council.tap("Organisaties");
  await council.page.getByRole("link", { name: /^Repair Café/ }).click();
  await council.page.locator("summary", { hasText: "Neem van de lijst" }).click();
  await council.tap("Ja, neem weg");
  await council.page.getByText("Repair Café").waitFor({ state: "detached" });
  await keeper.open(own);
  assert.doesNotMatch(await keeper.page.locator("main").innerText(), /Repair/);
  await close(council, keeper);
});

test("an organisation adds a colleague's phone, lets two of two sign, and sees its own figures alone", async () => {
  const [{ place }, colleague] = [await connectPlace(world, browser, "De Ploeg", "500", "2"), await Phone.of(browser, WATCHED)];
  const [first] = await members(world, 1);
  await addFace(place, first as string, "Aïcha");
  await place.tap(/^Geef 2 klavers/);
  await place.reads("Goed bewaard.");
  await place.open(`${world.url}/place`);
  await place.tap("Organisatie");
  await place.reads("2 klavers gegeven");
  await place.reads("1 mens, 1 moment");
  await place.reads("Eén telefoon tekent.");
  await looksWell(place.page, "an organisation as its staff sees it");

  await place.tap("Wie tekent");
  await place.reads("Met twee telefoons kunnen jullie samen tekenen.");
  await place.tap("Voeg een medewerker toe");
  await colleague.open(await place.page.locator("#device-link").textContent() as string);
  await colleague.reads("Je geeft mee, en beslist mee wie tekent.");
  await colleague.tap("Voeg deze telefoon toe");
  await place.tap("Ja, voeg deze telefoon toe");
  await place.reads("De nieuwe telefoon hoort nu bij je rekening.");
  await place.tap("Wie tekent");
  await place.page.locator("#threshold").selectOption("2");
  await looksWell(place.page, "who signs");
  await place.tap("Zo tekenen wij");
  await place.reads("Vanaf nu tekenen jullie zo.");
  await place.tap("Wie tekent");
  await place.page.locator("#threshold").waitFor();
  assert.equal(await place.page.locator("#threshold").inputValue(), "2");

  // One signs, and hears that it is almost done; the other phone finishes it.
  await place.open(`${world.url}/place`);
  await place.tap(/^Aïcha/);
  await place.tap(/^Geef 2 klavers/);
  await place.reads("Bijna klaar");
  await colleague.open(await place.page.locator("#action code").textContent() as string);
  await colleague.page.getByRole("link", { name: "Open in mijn portemonnee" }).click();
  await colleague.tap(/^Teken/);
  await colleague.page.locator(".paid").waitFor();
  await place.tap("Kijk of er getekend is");
  await place.reads("Goed bewaard.");
  await close(place, colleague);
});

test("two organisations carry one session: each gives its share to everybody from its own budget, the public page names both", async () => {
  const [one, other] = await Promise.all([connectPlace(world, browser, "De Zaadkamer", "500", "2", WATCHED), connectPlace(world, browser, "Het Ketelhuis", "500", "4", WATCHED)]);
  for (const [place, name] of [[one, "De Zaadkamer"], [other, "Het Ketelhuis"]] as const) {
    const { state } = world.council("account", "show", place.account) as { state: { organisation: string } };
    world.council("organisation", "name", name, "--organisation", state.organisation);
  }
  const { organisations } = world.council("organisation", "list") as { organisations: { name: string }[] };
  for (const name of ["De Zaadkamer", "Het Ketelhuis"]) assert.ok(organisations.some((one) => one.name === name), name);
  const [ours, theirs] = [one.place, other.place];
  await ours.open(`${world.url}/place#task/new`);
  await ours.page.getByLabel("Samen koken").check();
  for (const [field, text] of [["for_whom", "De buurt"], ["how_many", "40 borden"], ["brought_by", "Griet"]] as const) await ours.page.locator(`#${field}`).fill(text);
  await ours.page.getByLabel(/Dit vervangt niemands/).check();
  await ours.tap("Bewaar");
  await ours.tap("Nieuw moment");
  await ours.tap("Bewaar");
  await ours.page.locator("summary", { hasText: "Vraag een andere organisatie mee" }).click();
  await ours.page.locator("#carrier").selectOption({ label: "Het Ketelhuis" });
  await ours.tap("Vraag het hun");
  await ours.reads("en heeft nog niet geantwoord");
  await looksWell(ours.page, "a task that another organisation is asked to carry along");

  await theirs.open(`${world.url}/place#tasks`);
  await theirs.reads("we zijn gevraagd");
  await theirs.page.locator(".lines a").first().click();
  await theirs.reads("Willen jullie deze taak meedragen, voor 50 %?");
  await looksWell(theirs.page, "being asked to carry a task along");
  for (const [field, text] of [["responsible", "Ketelhuis vzw"], ["insurer", "Ethias"], ["policy", "77"]] as const) await theirs.page.locator(`#${field}`).fill(text);
  await theirs.tap("Ja, wij dragen mee");
  await theirs.reads("Jullie dragen deze taak mee, voor 50 %.");

  // Each gives half of what is usual at its own place, and sees why.
  const [guest] = await members(world, 1);
  for (const [phone, gives] of [[ours, "1 klaver"], [theirs, "2 klavers"]] as const) {
    await phone.open(`${world.url}/place`);
    await phone.reads("Jullie geven 50 % aan iedereen.");
    await addFace(phone, guest as string, "Aïcha");
    await phone.tap(`Geef ${gives} aan een mens`);
    await phone.reads("Goed bewaard.");
  }
  await theirs.open(`${world.url}/tasks`);
  await theirs.reads("De Zaadkamer & Het Ketelhuis");
  await close(ours, theirs);
});
