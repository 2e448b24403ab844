/** The five-o'clock screen: twelve people in at most fifteen taps, without network, with a second organisation, put right. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { accountText } from "../src/lib/account.ts";
import { Phone, World, addFace, balance, connectPlace, inTown, member, members } from "./world.ts";

let world: World;
let browser: Browser;

inTown((...town) => void ([world, browser] = town), () => World.found("open", "--organisation-day-amount", "200"));

const NAMES = ["Aïcha", "Bram", "Chantal", "Dirk", "Emine", "Fons", "Greta", "Hamid", "Ilse", "Jo", "Karim", "Lena"];

/** What an account of somebody elsewhere has, by the books: the budget's own lines tell what it gave and took back. */
async function left(place: Phone): Promise<string> {
  await place.open(place.page.url().replace(/#.*/, ""));
  await place.page.locator(".room", { hasText: /ruimte/ }).waitFor();
  return ((await place.page.locator(".room").textContent()) ?? "").replace("\u00a0", " ");
}

test("twelve people, two without credits, one put right afterwards, within fifteen taps", async () => {
  const { place } = await connectPlace(world, browser, "De Ploeg", "120", "2");
  const phone = await member(world, browser, "0");
  const [hat] = await phone.stored("hats");
  const own = accountText(hat?.["account"] as string);
  const accounts = [own, ...(await members(world, 11))];
  for (const [i, account] of accounts.entries()) await addFace(place, account, NAMES[i] as string);
  // Adding somebody says that they are here: the count begins with an empty list.
  const pressed = place.page.locator(".there[aria-pressed=true]");
  while ((await pressed.count()) > 0) await pressed.first().click();
  assert.match(await left(place), /Nog 120 klavers ruimte/);

  place.taps = 0;
  const started = performance.now();
  for (const [i, name] of NAMES.entries()) {
    // One tap each: on the face, or beside it for who wants no credits.
    if (i === 3 || i === 7) await place.tap(`Zonder klavers: ${name}`);
    else await place.tap(new RegExp(`^${name}`));
  }
  await place.tap("Geef 20 klavers aan 10 mensen");
  await place.reads("20 klavers aan 10 mensen. Goed bewaard.");
  assert.equal(place.taps, 13);
  // In the order of the list, so that each is found where they stood.
  const order = NAMES.filter((_, i) => i !== 3 && i !== 7);
  assert.deepEqual((await place.page.locator(".guests .words").allTextContents()).map((text) => text.replace("Zonder klavers", "")), NAMES);
  await place.tap(`Zet recht: ${order[1]}`);
  await place.page.locator("#amount").fill("1");
  await place.tap("Zet dit recht");
  await place.reads("Nu 19 klavers aan 10 mensen.");
  assert.equal(place.taps, 15);
  console.log(`twelve people: ${place.taps} taps, ${Math.round(performance.now() - started)} ms without thinking`);

  // Taking all of it back is no slip of a thumb: it is asked once, and the sum is the one of now.
  await place.tap("Zet recht: Aïcha");
  await place.tap("Was er niet");
  await place.reads("Aïcha was er niet. Terug naar de doe-plek: 2 klavers.");
  assert.equal(await place.page.locator("#amount").count(), 0, "one question at a time");
  assert.equal(await place.page.locator(".guests").count(), 0);
  await place.tap("Ja, neem 2 klavers terug");
  await place.reads("Nu 17 klavers aan 9 mensen.");
  assert.equal(await place.page.getByText("20\u00a0klavers").count(), 0);
  await place.tap("Vorige momenten");
  await place.page.locator(".lines .sum", { hasText: /^17\sklavers$/ }).waitFor();
  await place.reads("11 aanwezig");
  await place.page.locator(".lines a").first().click();
  await place.reads("Dit is rechtgezet.");

  // Struck through for one, as it was for the others.
  assert.deepEqual(await place.page.locator(".guests s").allTextContents(), ["Aïcha", "2\u00a0klavers"]);
  assert.equal(await place.page.locator(".guests .face").count(), 12);
  assert.equal(await balance(world, phone), "0 klavers");
  await phone.open(`${world.url}/wallet#lines`);
  await phone.reads("Dit is rechtgezet.");
  assert.match(await left(place), /Nog 103 klavers ruimte/);
  // Next time it is one tap for the same people.
  await place.tap("Zoals vorige keer");
  await place.reads("Geef 24 klavers aan 12 mensen");
  assert.deepEqual([...place.faults, ...phone.faults], []);
  await place.context.close();
  await phone.context.close();
});

test("a tap while the list is drawn anew counts", async () => {
  const { place } = await connectPlace(world, browser, "De Haven", "20", "1");
  const [one] = (await members(world, 1)) as [string];
  await addFace(place, one, "Pia");
  // Taps at ever later moments of a drawing that was begun before: whichever list is under the thumb, each one counts.
  const differing = await place.page.evaluate(async () => {
    const face = () => document.querySelector<HTMLButtonElement>(".there") as HTMLButtonElement;
    const isThere = () => face().getAttribute("aria-pressed") === "true";
    const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    const found: number[] = [];
    for (let i = 0; i < 60; i += 1) {
      const before = isThere();
      dispatchEvent(new HashChangeEvent("hashchange"));
      const until = performance.now() + i / 4;
      while (performance.now() < until) await pause(0);
      face().click();
      await pause(120);
      if (isThere() === before) found.push(i / 4);
    }
    return found;
  });
  assert.deepEqual(differing, [], "milliseconds after the drawing began");
  await place.context.close();
});

test("other amounts, nameless counters, and what has no room", async () => {
  const { place } = await connectPlace(world, browser, "Het Atelier", "10", "4");
  const [one, two] = (await members(world, 2)) as [string, string];
  await addFace(place, one, "Mia");
  await addFace(place, two, "Nor");
  // After these eight only two are left: said before, not after.
  await place.reads("Hierna is er nog 2 klavers ruimte.");
  await place.tap("Ander bedrag: Nor");
  await place.page.locator("#amount").fill("7");
  await place.tap(/^Zet dit bij/);
  await place.reads("Dit is 1 klaver te veel voor de ruimte.");
  // There is a way out, and it is the one action: nobody receives more than fits.
  assert.equal(await place.page.getByRole("button", { name: /^Geef 11 klavers/ }).count(), 0);
  await place.tap("Geef Nor 6 klavers in plaats van 7");
  await place.reads("Geef 10 klavers aan 2 mensen");
  await place.tap("Ander bedrag: Nor");
  await place.page.locator("#amount").fill("1,50");
  await place.tap(/^Zet dit bij/);
  for (const group of ["Ook hier, zonder naam", "Voor het eerst, zonder naam"]) await place.page.getByRole("group", { name: group }).getByRole("button", { name: "Een meer" }).click();
  await place.tap("Geef 5,50 klavers aan 2 mensen");
  await place.reads("Gegeven");
  await place.reads("Zonder naam: 1 ook hier, 1 voor het eerst.");
  // A smaller amount afterwards takes back the difference alone.
  await place.tap("Zet recht: Mia");
  await place.page.locator("#amount").fill("9");
  await place.tap("Zet dit recht");
  await place.reads("Typ minder dan 4 klavers.");
  await place.page.locator("#amount").fill("3");
  await place.tap("Zet dit recht");
  await place.reads(/^Hiervan ging terug: 1\sklaver$/);
  assert.match(await left(place), /Nog 5,50 klavers ruimte/);
  assert.deepEqual(place.faults, []);
  await place.context.close();
});

test("without network it waits on the phone, says so, and is given once", async () => {
  const { place } = await connectPlace(world, browser, "De Tuin", "50", "3");
  const [one] = (await members(world, 1)) as [string];
  await addFace(place, one, "Omar");
  await place.page.evaluate(() => navigator.serviceWorker.ready);
  await place.open(`${world.url}/place`);
  await place.page.waitForFunction(() => navigator.serviceWorker.controller);
  await place.reads("Nog 50 klavers ruimte");
  await place.context.setOffline(true);
  await place.open(`${world.url}/place`);
  await place.reads("Laatst geweten: nog 50 klavers ruimte");
  await place.tap("Geef 3 klavers aan een mens");
  await place.reads("Er is geen netwerk. Nog niet verstuurd: 3 klavers.");
  // Closed and opened again: the same moment waits, the list is empty, and the room counts what waits.
  await place.open(`${world.url}/place`);
  await place.reads("Wacht op netwerk");
  await place.reads("Laatst geweten: nog 47 klavers ruimte");
  assert.equal(await place.page.locator(".there[aria-pressed=true]").count(), 0);
  await place.context.setOffline(false);
  await place.tap(/^Wacht op netwerk/);
  await place.reads("3 klavers aan één mens. Goed bewaard.");
  assert.match(await left(place), /Nog 47 klavers ruimte/);
  await place.context.close();
});

test("above the day amount a second organisation signs: almost done, never refused", async () => {
  const { place } = await connectPlace(world, browser, "De Werf", "1000", "150");
  const [one, two] = (await members(world, 2)) as [string, string];
  await addFace(place, one, "Piet");
  await addFace(place, two, "Quinten");
  await place.tap("Geef 300 klavers aan 2 mensen");
  await place.reads("Bijna klaar");
  await place.reads("wacht op nog een handtekening");
  await place.reads(/Tekenen kan tot \d/);
  await place.page.locator(".main", { hasText: "Deel de link" }).waitFor();
  const link = (await place.page.locator("#action code").textContent()) ?? "";
  assert.match(link, /\/d\//i);
  await place.tap("Kijk of er getekend is");
  await place.reads("Nog niet getekend.");
  world.place("cosign", link);
  await place.tap("Kijk of er getekend is");
  await place.reads("300 klavers aan 2 mensen. Goed bewaard.");
  assert.deepEqual(place.faults, []);
  await place.context.close();
});

test("a list that is being made is not lost to one that came to nothing", async () => {
  const { place } = await connectPlace(world, browser, "De Loods", "50", "2");
  const [one, two] = (await members(world, 2)) as [string, string];
  await addFace(place, one, "Sam");
  await place.page.route("**/v1/entries", (route) => route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify({ status: 422, code: "expired", detail: "no", transient: false }) }));
  await place.tap("Geef 2 klavers aan een mens");
  await place.reads("Niet gegeven");
  await place.page.unroute("**/v1/entries");
  const refused = place.page.url();
  await place.tap("Volgend moment");
  await addFace(place, two, "Tine");
  await place.open(refused);
  await place.tap("Terug naar de lijst");
  await place.reads("Er staat een andere lijst open.");
  await place.open(`${world.url}/place`);
  await place.tap("Geef 2 klavers aan een mens");
  await place.reads("Goed bewaard.");
  await place.open(refused);
  await place.tap("Terug naar de lijst");
  await place.tap("Geef 2 klavers aan een mens");
  await place.reads("Goed bewaard.");
  await place.context.close();
});

test("two tabs with two lists of one moment: the moment says what was signed", async () => {
  const { place } = await connectPlace(world, browser, "De Kring", "50", "2");
  const [one, two] = (await members(world, 2)) as [string, string];
  await addFace(place, one, "Uma");
  await addFace(place, two, "Vic");
  const other = await place.context.newPage();
  await other.goto(`${world.url}/place`);
  await other.getByRole("button", { name: "Zonder klavers: Vic" }).click();
  await other.getByText("Geef 2 klavers aan een mens").waitFor();
  await place.tap("Geef 4 klavers aan 2 mensen");
  await place.reads("4 klavers aan 2 mensen. Goed bewaard.");
  await other.getByText("Geef 2 klavers aan een mens").click();
  await other.getByText("4 klavers aan 2 mensen. Goed bewaard.".replace(" ", "\u00a0")).first().waitFor();
  assert.equal((await place.stored("outbox")).length, 1);
  assert.match(await left(place), /Nog 46 klavers ruimte/);
  await place.context.close();
});

test("a face is an account, a name, nothing else: wrong codes are said, and forgotten is forgotten", async () => {
  const { place, account } = await connectPlace(world, browser, "De Brug", "50", "1");
  const [one] = (await members(world, 1)) as [string];
  const guest = await member(world, browser, "0");
  await guest.open(`${world.url}/wallet#receive`);
  await guest.page.locator("#amount").fill("1");
  await guest.tap("Toon een code");
  await guest.page.locator(".qr svg").waitFor();
  const receive = (await guest.page.locator("details code").textContent()) ?? "";
  await place.page.getByRole("link", { name: "Nieuw gezicht" }).click();
  for (const [code, name, says] of [
    [one, "", "Typ een roepnaam"], [`${one.slice(0, -1)}q`, "Rita", "Deze code is niet volledig"], ["bakker", "Rita", "Deze code is niet volledig"],
    ["https://elders.be/p/aaaaaaaaaaaaaaaaaaaaaaaaaa", "Rita", "Deze code is van een andere gemeenschap: elders.be"], [account, "Rita", "Dit is de rekening van de doe-plek zelf."],
    [`${world.url}/i/aaaaaaaaaaaaaaaaaaaaaaaaaa`, "Rita", "Dit is geen code om te ontvangen."],
  ] as const) {
    await place.page.locator("#code").fill(code);
    await place.page.locator("#name").fill(name);
    await place.tap("Voeg toe");
    await place.reads(says);
  }
  // What the wallet shows to receive is as good as the account; a picture is as good as a name.
  await place.page.locator("#code").fill(receive);
  await place.page.locator("#name").fill("");
  await place.page.getByRole("radio", { name: "Boom" }).check();
  await place.tap("Voeg toe");
  await place.tap("Geef 1 klaver aan een mens");
  await place.reads("1 klaver aan één mens. Goed bewaard.");
  assert.equal(await balance(world, guest), "1 klaver");
  await place.tap("Volgend moment");
  await place.tap("Ander bedrag: Boom");
  await place.tap("Verander naam of beeld");
  await place.tap("Vergeet dit gezicht");
  await place.tap("Ja, vergeet dit gezicht");
  await place.reads("Hier komen de gezichten van deze plek.");
  assert.deepEqual([...place.faults, ...guest.faults], []);
  await place.context.close();
  await guest.context.close();
});
