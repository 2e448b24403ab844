/** Suspended consumption: a shop has something ready, the council opens its pot, somebody gives, it is handed out and paid. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { WATCHED, looksWell } from "./barriers.ts";
import { Phone, World, balance, connectTill, launch, member } from "./world.ts";

let world: World;
let town: World;
let browser: Browser;

before(async () => {
  [world, town, browser] = await Promise.all([World.found("open"), World.demo(), launch()]);
});
after(async () => {
  await browser?.close();
  await Promise.all([world?.end(), town?.end()]);
});

test("a coffee: offered, opened, given from a wallet without pressure, handed out with a tap, paid by one sum", async () => {
  const { till } = await connectTill(world, browser, "De Linde", WATCHED);
  await till.tap("Klaar voor anderen");
  await till.reads("Zet iets klaar: een koffie, een brood. Anderen geven het.");
  await till.tap("Nog iets klaarzetten");
  await looksWell(till.page, "a new pot");
  await till.page.locator("#amount").fill("2,5");
  await till.tap("Bewaar");
  await till.reads("Nu nog in euro alleen.");
  // Nothing is ready, and a guest never hears no: one tap, and one tap takes it back.
  await till.reads("De potten zijn even leeg. Geef gerust");
  till.taps = 0;
  await till.tap("Geef er een");
  assert.equal(till.taps, 1);
  await till.reads("Genoteerd: een uitgedeeld.");
  await till.tap("Toch niet uitgedeeld");
  await till.tap("Iemand gaf er een, in euro");
  await till.reads("Er staat er een klaar");
  await looksWell(till.page, "the pots of a shop");

  world.council("pot", "open", "Koffie");
  // Whoever gives finds it on the town square, without a script, and pays in the wallet.
  const an = await member(world, browser, "20", WATCHED);
  await an.open(`${world.url}/`);
  await an.tap(/Koffie/);
  await an.reads("Het mag, het hoeft niet.");
  await looksWell(an.page, "a pot for people");
  await an.page.locator("#number").fill("2");
  await an.tap("Geef");
  await an.reads("Koffie · De Linde");
  await an.tap(/^Betaal/);
  await an.reads("Je bewijs is nagekeken.");
  assert.equal(await balance(world, an), "15 klavers");

  // Handed out: one that was given in euro, two that the pot pays with one sum at closing.
  await till.page.reload();
  await till.reads("Er staan er 3 klaar");
  await till.page.getByText("Meer", { exact: true }).click();
  await till.page.getByLabel("Hoeveel deelde je vandaag uit?").fill("3");
  await till.tap("Noteer dit getal");
  await till.reads("Genoteerd: 3 uitgedeeld.");
  await till.page.reload();
  await till.reads("2 uitgedeeld en nog niet betaald");
  await till.tap("Sluit de dag af");
  await till.reads(/De potten betaalden je 5.klavers/);
  await till.open(`${world.url}/till#today`);
  await till.page.locator(".lines li").first().waitFor();
  assert.equal(await till.page.locator(".lines li").count(), 1, "the shop sees one sum");
  // The number on the square is that of this morning: nobody sees a single one.
  await an.open(`${world.url}/`);
  const square = await an.page.locator("main").innerText();
  assert.match(square, /Vraag gerust|Er staat er een klaar/);
  assert.doesNotMatch(square, /Er staan er 0/);

  // The sheet for the window: two languages, a code for givers, no logo.
  await till.open(`${world.url}/till#pots`);
  await till.page.getByText("Meer", { exact: true }).click();
  await till.tap("Blad voor het raam");
  await till.page.locator(".qr svg").waitFor();
  await till.reads("Je hoeft niets te tonen of uit te leggen.");
  await till.reads("Demandez simplement.");
  assert.equal(await till.page.locator("img.logo").count(), 0);
  await looksWell(till.page, "the sheet for the window");

  // Small free services: pictures on the till, pictures on the square.
  await till.open(`${world.url}/till#services`);
  await till.page.getByLabel("Drinkwater").check();
  await till.tap("Bewaar");
  await till.reads("Het staat op het plein.");
  await an.open(`${world.url}/`);
  await an.reads("Drinkwater");
  await looksWell(an.page, "the town square");
  assert.deepEqual([...till.faults, ...an.faults], []);
});

test("a shop without account joins by one form; the council lists it, opens a pot and the town's behind it", async () => {
  const keeper = await Phone.of(browser, { ...WATCHED, javaScriptEnabled: false });
  await keeper.open(`${town.url}/`);
  await keeper.tap("Word hartelijke handelaar: zonder rekening");
  await keeper.page.locator("#name").fill("Kapper Ali");
  await keeper.page.getByRole("radio", { name: "Een knipbeurt" }).check();
  await keeper.page.getByRole("checkbox", { name: "Toilet" }).check();
  await keeper.tap("Doe mee");
  await keeper.reads("Welkom, fijn dat je meedoet.");
  await keeper.tap("Iemand gaf er een, in euro");
  await keeper.reads("Er staan er 1 klaar, door jou geteld.");
  await keeper.tap("Even pauze");
  await keeper.tap("Ga weer verder");
  await keeper.reads("Het kernteam zet je zo op het plein.");

  // The council: one tap lists it; two of them open what a shop offers, and the pot behind all.
  town.wallet("merchant", "pot", "offer", "Stokbrood", "2");
  const council = await Phone.of(browser, WATCHED);
  await council.open(town.page("/coordination"));
  await council.tap("Klaar voor anderen");
  await looksWell(council.page, "the pots of the council");
  await council.tap("Zet Kapper Ali op het plein");
  await council.page.getByRole("button", { name: "Haal Kapper Ali van het plein" }).waitFor();
  for (const open of ["Open deze pot", "Open de stadspot"]) {
    await council.tap(open);
    await council.reads("Bijna klaar");
    town.wallet("coordinator", "--account", "council-2", "cosign", (await council.page.locator("#action code").first().textContent()) ?? "");
    await council.open(`${town.url}/coordination#pots`);
    await council.reads("Hartelijke handelaars");
  }
  assert.equal(await council.page.getByRole("button", { name: /^Open de/ }).count(), 0, "both are open");
  assert.match(town.wallet("merchant", "pot", "mine", "--json"), /"opened":true/);
  // One of them bears promises without network that stay unpaid.
  const fund = (await council.page.locator(".lines a[href^='#account/']").first().getAttribute("href"))?.split("/")[1] ?? "";
  await council.reads("Nu draagt geen enkele pot onbetaalde beloften.");
  await council.page.locator("#promise-pot").fill(fund.slice(0, -1));
  await council.tap("Duid deze pot aan");
  await council.reads("Hier hoort de rekening van een open pot.");
  await council.page.locator("#promise-pot").fill(fund);
  await council.tap("Duid deze pot aan");
  await council.reads("Een belofte die niet betaald wordt, draagt deze pot.");
  assert.equal(((await (await fetch(`${town.url}/v1/promises`)).json()) as { pot: string }).pot, fund);
  await keeper.page.reload();
  await keeper.reads("Je staat op het plein.");
  await keeper.open(`${town.url}/`);
  await keeper.reads("Kapper Ali");
  await keeper.reads("Toilet");
  await keeper.tap(/Geef aan de stadspot/);
  await keeper.page.locator("#amount").fill("3");
  await keeper.tap("Kijk na en betaal");
  await keeper.reads("3 klavers");

  // The doe-plek sees what runs dry, and says who goes along.
  const place = await Phone.of(browser, WATCHED);
  await place.open(town.page("/place"));
  await place.page.locator("#amount").fill("2");
  await place.tap("Bewaar");
  await place.reads("Wie is er?");
  await place.open(`${town.url}/place#stock`);
  await place.reads("Stokbrood");
  await place.page.locator("#along-name").fill("Fatima");
  await place.page.locator("#along-how").fill("0470 12 34 56");
  await place.tap("Voeg toe");
  await place.reads("Bewaard.");
  await looksWell(place.page, "the stock of a doe-plek");
  await keeper.open(`${town.url}/`);
  await keeper.reads("Fatima");
  assert.deepEqual([...council.faults, ...place.faults], []);
});
