/** Budgets with their funders and what others add; invitations, growth and an hour with pioneers. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { WATCHED, looksWell } from "./barriers.ts";
import { Phone, World, close, launch } from "./world.ts";

let town: World;
let browser: Browser;

before(async () => {
  [town, browser] = await Promise.all([World.demo(), launch()]);
});
after(async () => {
  await browser?.close();
  await town?.end();
});

/** The second of the council signs what waits on the phone of the first. */
async function cosign(council: Phone): Promise<void> {
  await council.reads("Bijna klaar");
  const link = (await council.page.locator("#action code").first().textContent()) ?? "";
  town.wallet("coordinator", "--account", "council-2", "cosign", link);
}

test("a place has a second budget with a funder of its own; a contribution makes it larger, with thanks on paper", async () => {
  const [council, place, outside] = await Promise.all([Phone.of(browser, WATCHED), Phone.of(browser, WATCHED), Phone.of(browser, WATCHED)]);
  await council.open(town.page("/coordination"));
  await council.reads("In omloop");
  await council.open(`${town.url}/coordination#open`);
  await council.page.locator("#kind").selectOption("budget");
  await council.page.locator("#place").selectOption({ label: "De Zaadkamer" });
  await council.reads("De telefoons van die doe-plek geven er meteen uit.");
  await council.page.locator("#name").fill("De Zaadkamer · Rotary");
  await council.page.locator("#amount").fill("100");
  await council.tap("Open de rekening");
  await cosign(council);

  // It is named when it is there; then who pays, and what somebody adds.
  await council.open(`${town.url}/coordination`);
  await council.tap("Ruimte");
  await council.page.getByRole("link", { name: "De Zaadkamer · Rotary" }).click();
  await council.reads("Nog niet gezegd");
  await council.tap("Wie betaalt, en hoeveel");
  await council.tap("Bewaar");
  await council.reads("Vul dit in, kort.");
  await council.page.locator("#funder").fill("Rotary");
  await council.page.locator("#promised").fill("veel");
  await council.tap("Bewaar");
  await council.reads("Typ een bedrag in euro");
  await council.page.locator("#promised").fill("100");
  await council.page.locator("#received").fill("50,00");
  await looksWell(council.page, "who pays for a budget");
  await council.tap("Bewaar");
  await council.reads("Bewaard");
  await council.reads("Er is minder ontvangen dan je hoogstens uitbetaalt.");
  await council.tap("Noteer een bijdrage");
  await council.page.locator("#who").fill("Bakkerij De Korenaar");
  await council.page.locator("#cents").fill("25");
  assert.equal(await council.page.locator("#raise").inputValue(), "25", "what shops would be paid for it");
  await council.tap("Teken en vergroot de ruimte");
  await cosign(council);
  const thanks = (await council.page.getByRole("link", { name: "Dank op papier" }).getAttribute("href")) ?? "";
  await council.tap("Terug");
  await council.reads("+ 25 klavers ruimte");
  await council.reads("125 klavers");
  await looksWell(council.page, "a budget with a contribution");
  const funder = (await council.page.getByRole("link", { name: "Pagina voor wie betaalt" }).getAttribute("href")) ?? "";

  await outside.open(thanks);
  await outside.reads("Dank u, Bakkerij De Korenaar");
  await outside.reads("Daarmee kunnen we 25 klavers meer geven als dank.");
  await outside.reads("Druk af");
  await looksWell(outside.page, "a thank-you");
  await outside.open(funder);
  await outside.reads("Nog geen tien mensen kregen iets.");
  // The municipality has paid for much: in tens, and nobody is in it.
  await council.open(`${town.url}/coordination#budgets`);
  await council.page.getByRole("link", { name: "De Zaadkamer · gemeente" }).click();
  await outside.open((await council.page.getByRole("link", { name: "Pagina voor wie betaalt" }).getAttribute("href")) ?? "");
  await outside.reads("Mensen bedankt");
  const words = await outside.page.locator("main").innerText();
  const sums = [...words.matchAll(/minstens (\d+)/g)].map(([, number]) => Number(number));
  assert.ok(sums.length >= 4 && sums.every((sum) => sum > 0 && sum % 10 === 0), words);
  assert.ok(!/klv1|Joris/.test(words), words);
  await looksWell(outside.page, "the page of a funder");

  // The phones of the place may choose it at five o'clock, without doing anything.
  await place.open(town.page("/place"));
  await place.page.locator("#amount").fill("2");
  await place.tap("Bewaar");
  await place.page.locator("#hat option", { hasText: "De Zaadkamer · Rotary" }).waitFor({ state: "attached" });
  await place.page.locator("#hat").selectOption({ label: "De Zaadkamer · Rotary" });
  await place.page.locator("#amount").fill("2");
  await place.tap("Bewaar");
  await place.reads("125 klavers");
  // Every signature of it is in the ledger, and what an auditor replays holds.
  assert.match(town.wallet("auditor", "audit", town.url), /\S/);
  await close(council, place, outside);
});

test("an hour with pioneers: planned, said, made tasks; the pulse after thirty days; whoever is in brings somebody", async () => {
  const [council, host, guest, member] = await Promise.all([0, 1, 2, 3].map(() => Phone.of(browser, WATCHED))) as [Phone, Phone, Phone, Phone];
  await council.open(town.page("/coordination"));
  await council.reads("Hoe gaat het met Buurthuis De Brug? 30 dagen later");
  await council.tap(/^Hoe gaat het met Buurthuis De Brug/);
  await council.reads(/^Minstens \d+0 mensen kregen iets/);
  await council.reads(/^Na 90 dagen: te lezen vanaf/);
  await looksWell(council.page, "pioneers");
  await council.tap("Plan een uur");
  await council.tap("Maak de pagina voor wie het uur leidt");
  await council.reads("Vul dit in, kort.");
  await council.page.locator("#name").fill("Zaal Molenstraat");
  await council.tap("Maak de pagina voor wie het uur leidt");
  await council.page.getByRole("heading", { name: "Zaal Molenstraat" }).waitFor();
  const link = (await council.page.getByRole("link", { name: "Pagina voor wie het uur leidt" }).first().getAttribute("href")) ?? "";

  await host.open(link);
  await host.reads("klaver card new --count 25 --sheet kaarten.pdf");
  await host.tap("Wat je zegt, stap voor stap");
  await host.reads("Wat kan je? (10 minuten)");
  await looksWell(host.page, "the script of the hour");
  await host.open(`${link}/sheet`);
  for (const place of [0, 1]) await host.page.locator(`[data-code="${place}"] svg`).waitFor();
  const { codes } = JSON.parse((await host.page.locator("#data").textContent()) ?? "{}") as { codes: [string, string] };
  await guest.open(codes[0]);
  await guest.page.locator("#need").fill("Iemand die mijn dak bekijkt");
  await guest.page.locator("#offer").fill("Taart bakken");
  await looksWell(guest.page, "saying what one needs");
  await guest.tap("Zeg het");
  await guest.reads("Dank je, het staat erbij.");
  await guest.open(codes[1]);
  await guest.tap("Maak mijn portemonnee");
  await guest.reads("Scan een code");

  await host.open(link);
  const need = host.page.locator("li", { hasText: "Iemand die mijn dak bekijkt" });
  await need.locator("summary").click();
  await need.getByLabel(/erstel/).first().check();
  await need.locator("input[name=how_many]").fill("1 dak");
  await looksWell(host.page, "the page of the host");
  await need.getByRole("button", { name: "Maak de taak" }).click();
  await host.reads("Dit is nu een taak.");
  await council.page.reload();
  await council.reads("Gezegd: 2. Taken: 1.");

  // A member invites somebody: a few at once, and the council sees tens.
  await member.open(town.page("/wallet"));
  await member.reads("Scan een code");
  await member.open(`${town.url}/wallet#more`);
  await member.tap("Iemand uitnodigen");
  await member.page.locator("#people").fill("9");
  await member.tap("Maak een uitnodiging");
  await member.reads("Kies een getal van 1 tot 5.");
  await member.page.locator("#people").fill("5");
  await member.tap("Maak een uitnodiging");
  await member.page.locator(".qr svg").waitFor();
  await looksWell(member.page, "an invitation");
  const invited = (await member.page.locator("details code").textContent()) ?? "";
  await member.tap("Maak een uitnodiging");
  await member.tap("Maak een uitnodiging");
  await member.reads("Je hebt al genoeg mensen uitgenodigd.");
  const friend = await Phone.of(browser, WATCHED);
  await friend.open(invited);
  await friend.tap("Maak mijn portemonnee");
  await friend.reads("Scan een code");
  await council.open(`${town.url}/coordination#members`);
  await council.reads("Zo groeien we");
  const people = (await council.page.getByText(/^minstens \d+$/).allTextContents()).map((text) => Number(/\d+/.exec(text)?.[0]));
  assert.ok(people.length >= 2 && people.every((count, month) => count % 10 === 0 && count >= (people[month - 1] ?? 10)), String(people));
  await looksWell(council.page, "growth");
  await host.open(`${link}?lang=fr`);
  await host.reads("Le tour de table");
  await host.open(`${link}/script?lang=en`);
  await host.reads("What can you do? (10 minutes)");
  await close(council, host, guest, member, friend);
});
