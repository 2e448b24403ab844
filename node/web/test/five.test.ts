/** Five o'clock: cards before a camera that stays open, also without network, and what a phone forgets when its right ends. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { looksWell } from "./barriers.ts";
import { camerasOn, withCamera } from "./frames.ts";
import { parseAccount } from "../src/lib/account.ts";
import { sheetCodes } from "./sheets.ts";
import { Phone, World, addFace, close, connectPlace, inTown, members, until } from "./world.ts";

let world: World;
let browser: Browser;

inTown((...town) => void ([world, browser] = town));

/** A card that the place on the command line handed out: its account, the code on its front and the one inside. */
interface Card { account: string; front: string; inside: string }

let printed = 0;

async function cards(count: number): Promise<Card[]> {
  const made: Card[] = [];
  for (let i = 0; i < count; i++) {
    const sheet = join(world.directory, `card-${printed++}.pdf`);
    const { papers: [paper] } = world.place("card", "new", "--count", "1", "--sheet", sheet) as { papers: { account: string }[] };
    const [inside = ""] = await sheetCodes(world.directory, sheet);
    made.push({ account: paper?.account ?? "", inside, front: inside.split("#")[0] ?? "" });
  }
  return made;
}

/** The organisation of the place on the command line. */
function organisation(): string {
  return (world.council("account", "show", world.budget, "--council") as { state: { organisation: string } }).state.organisation;
}

/** Begins with a list that nobody is on. */
async function emptyList(place: Phone): Promise<void> {
  const pressed = place.page.locator(".there[aria-pressed=true]");
  while ((await pressed.count()) > 0) await pressed.first().click();
}

/** Lets a phone keep the page, and takes its network away. */
async function withoutNetwork(place: Phone): Promise<void> {
  await place.page.evaluate(() => navigator.serviceWorker.ready);
  await place.open(`${world.url}/place`);
  await place.page.waitForFunction(() => navigator.serviceWorker.controller);
  await place.reads(/^Nog .* ruimte$/);
  await place.context.setOffline(true);
  await place.open(`${world.url}/place`);
  await place.reads(/^Laatst geweten: nog/);
}

/** Everything that a phone keeps, as text. */
async function everything(phone: Phone): Promise<string> {
  return JSON.stringify(await Promise.all(["keys", "hats", "outbox", "kept"].map((store) => phone.stored(store))));
}

/** A phone that a place lent the right to give; it hands on by its title. */
async function standIn(place: Phone): Promise<Phone> {
  await place.open(`${world.url}/place`);
  // The faces have come as far as the node: the other phone learns them there.
  await until(async () => JSON.stringify((await place.stored("kept")).find(({ name }) => String(name).startsWith("faces-unheard:"))?.["value"]) === "{}", "the faces were not shared");
  await place.tap("Laat iemand vandaag invallen");
  const link = (await place.page.locator("#lent-link").textContent()) ?? "";
  const other = await Phone.of(browser);
  await other.page.addInitScript(() => {
    navigator.share = async (data) => void (document.title = data?.text ?? "");
  });
  await other.open(link);
  await other.tap("Ja, ik doe het vandaag");
  await place.tap("Ja, leen het recht uit");
  await place.reads("Daarna stopt het vanzelf.");
  await other.tap("Open de doe-plek");
  return other;
}

test("twelve people at five o'clock: three by card, two without credits, one new, one put right, within fifteen taps and a minute", async () => {
  const [karim, lena, blank] = (await cards(3)) as [Card, Card, Card];
  const { place } = await connectPlace(world, browser, "De Ploeg", "120", "2", {}, organisation());
  const holds = await withCamera(place);
  await place.open(`${world.url}/place`);
  await place.reads("Wie is er?");
  const tapped = ["Aïcha", "Bram", "Chantal", "Dirk", "Emine", "Fons", "Greta", "Hamid", "Ilse"];
  for (const [i, account] of (await members(world, tapped.length)).entries()) await addFace(place, account, tapped[i] as string);
  await addFace(place, karim.front, "Karim");
  await addFace(place, lena.front, "Lena");
  await emptyList(place);
  // The blank card is of this place: the node is not asked about it.
  await until(async () => JSON.stringify(await place.stored("kept")).includes("cards:"), "the cards of the place were not learned");
  const asked: string[] = [];
  place.page.on("request", (request) => void (request.url().includes("/v1/papers/") && asked.push(request.url())));

  place.taps = 0;
  const started = performance.now();
  await place.tap("Scan kaarten");
  await holds(karim.front);
  await place.reads("Karim is er.");
  await holds(lena.inside);
  await place.reads("Lena is er.");
  await holds(blank.front);
  await place.reads("Deze kaart is hier nieuw. Wie is dit?");
  await place.page.keyboard.type("Mona");
  await place.tap("Voeg toe");
  await place.reads("Mona is er.");
  // The camera is open still; whoever is there stays there.
  await holds(karim.front);
  await place.reads("Karim stond al op de lijst.");
  await holds(null);
  assert.equal(await camerasOn(place), 1);
  for (const [i, name] of tapped.entries()) await place.tap(i === 3 || i === 7 ? `Zonder klavers: ${name}` : new RegExp(`^${name}`));
  await place.tap("Geef 20 klavers aan 10 mensen");
  await place.reads("20 klavers aan 10 mensen. Goed bewaard.");
  assert.equal(await camerasOn(place), 0, "the camera is given back by another screen");
  await place.tap("Zet recht: Mona");
  await place.page.locator("#amount").fill("1");
  await place.tap("Zet dit recht");
  await place.reads("Nu 19 klavers aan 10 mensen.");
  const took = performance.now() - started;
  console.log(`twelve people, three by card: ${place.taps} taps, ${Math.round(took)} ms without thinking`);
  assert.ok(place.taps <= 15, `${place.taps} taps`);
  assert.ok(took <= 60_000, `${took} ms`);
  assert.deepEqual(asked, []);
  assert.ok(Number(await place.page.evaluate(() => document.body.dataset["chimed"])) >= 4, "every card is heard");
  assert.deepEqual(new Set(await place.page.locator(".guests .words > :first-child").allTextContents()), new Set([...tapped, "Karim", "Lena", "Mona"]));
  await place.open(`${world.url}/place`);
  await place.reads(/^Nog 101\sklavers ruimte$/);
  await close(place);
});

test("without network a known card is known; another one waits to be looked up, and is given to afterwards", async () => {
  const [known, unknown] = (await cards(2)) as [Card, Card];
  const { place } = await connectPlace(world, browser, "De Vlonder", "50", "2");
  const holds = await withCamera(place);
  await addFace(place, known.front, "Nour");
  await emptyList(place);
  await withoutNetwork(place);
  await place.tap("Scan kaarten");
  await holds(known.front);
  await place.reads("Nour is er.");
  await holds(unknown.front);
  await place.reads("Deze kaart is hier nieuw. Wie is dit?");
  await looksWell(place.page, "a card that is new at the list");
  await place.page.keyboard.type("Otis");
  await place.page.keyboard.press("Enter");
  await place.reads("Otis is er. We zoeken de kaart op zodra er netwerk is.");
  await holds(`${world.url}/c/aaaaaaaaaaaaaaaaaaaaaaaaaa`);
  await place.reads("Deze kaart is hier nieuw. Wie is dit?");
  await place.page.keyboard.type("Pia");
  await place.page.keyboard.press("Enter");
  await place.reads("Nog op te zoeken: Otis, Pia. Die blijven op de lijst staan.");
  await place.tap("Geef 2 klavers aan een mens");
  await place.reads("Er is geen netwerk. Nog niet verstuurd: 2 klavers.");
  await place.tap("Volgend moment");
  await place.reads("Nog op te zoeken: Otis, Pia. Geven kan zodra er netwerk is.");
  await place.context.setOffline(false);
  // Otis is found; whose code is nobody's is told so, and is given nothing.
  await place.reads("Geef 2 klavers aan een mens");
  const pia = place.page.locator(".faces .face", { hasText: "Pia" });
  await pia.getByText(/./).first().waitFor();
  assert.equal(await pia.locator(".there").getAttribute("aria-pressed"), "false");
  await place.tap("Geef 2 klavers aan een mens");
  await place.reads("2 klavers aan één mens. Goed bewaard.");
  const text = await everything(place);
  assert.ok(text.includes(`{"account":"${parseAccount(unknown.account)}","name":"Otis"`), "Otis has the account of the card");
  await place.open(`${world.url}/place`);
  await place.reads(/^Nog 46\sklavers ruimte$/);
  await place.tap("Ander bedrag: Pia");
  await place.tap("Vergeet dit gezicht");
  await place.reads("Wie is er?");
  assert.equal(await place.page.locator(".faces .face", { hasText: "Pia" }).count(), 0);
  await close(place);
});

test("a right that is over: a list that was not given is said and kept until somebody drops it, all else of the place is gone", async () => {
  const { place } = await connectPlace(world, browser, "De Kade", "50", "3");
  const [one, two] = (await members(world, 2)) as [string, string];
  await addFace(place, one, "Wannes");
  await addFace(place, two, "Zohra");
  const other = await standIn(place);
  await other.page.locator("#amount").fill("3");
  await other.tap("Bewaar");
  await other.page.getByRole("button", { name: /^Wannes/ }).first().click();
  await other.tap("Geef 3 klavers aan een mens");
  await other.reads("3 klavers aan één mens. Goed bewaard.");
  await other.tap("Zet recht: Wannes");
  await other.page.locator("#amount").fill("2");
  await other.tap("Zet dit recht");
  await other.reads(/^Hiervan ging terug: 1\sklaver$/);
  await other.tap("Volgend moment");
  await other.tap(/^Zohra/);
  await other.reads("Geef 3 klavers aan een mens");
  const [hat] = await other.stored("hats");
  const account = String(hat?.["account"]);
  assert.ok((await everything(other)).includes(`moments:${account}`));

  await place.open(`${world.url}/place#lend`);
  await place.tap("Neem het recht nu terug");
  await place.reads("Teruggenomen");
  await other.open(`${world.url}/place`);
  await other.reads("Het recht op deze telefoon is voorbij.");
  await other.reads("Deze lijst is niet gegeven");
  await looksWell(other.page, "a list that was not given");
  // Of the place nothing is left but that list.
  const kept = (await other.stored("kept")) as { name: string; value: unknown }[];
  assert.deepEqual(kept.filter((record) => JSON.stringify(record).includes(account)).map(({ name }) => name), [`ungiven:${account}`]);
  assert.deepEqual([await other.stored("hats"), await other.stored("outbox")], [[], []]);
  assert.ok(!(await everything(other)).includes("Wannes"));
  // It is there the next time too, and goes on to the trekker.
  await other.open(`${world.url}/place`);
  await other.reads("Niemand op deze lijst kreeg klavers. Geef ze door aan de trekker.");
  await other.page.locator(".guests", { hasText: "Zohra" }).waitFor();
  await other.tap("Geef de lijst door");
  await until(async () => /De Kade[^]*Zohra/.test(await other.page.title()), "the list was not handed on");
  await other.tap("Wis deze lijst");
  assert.ok((await everything(other)).includes("Zohra"), "asked once before it is gone");
  await other.tap("Ja, wis deze lijst");
  await other.reads("Toon deze code aan wie de doe-plek beheert.");
  const after = await everything(other);
  assert.ok(!after.includes(account) && !after.includes("Zohra"), after);
  await close(place, other);
});

test("a budget whose time is over, or that is spent, says so before anybody is tapped, and what can be done", async () => {
  const { place, account } = await connectPlace(world, browser, "De Hoeve", "3", "3");
  const [one] = (await members(world, 1)) as [string];
  await addFace(place, one, "Xenia");
  await emptyList(place);
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  world.council("account", "change", account, "--council", "--until", yesterday);
  await place.open(`${world.url}/place`);
  await place.reads("De tijd van deze ruimte is voorbij.");
  await place.reads("Geven kan nu niet. Tik toch aan wie er is: de lijst blijft staan.");
  await place.reads("Bel het kernteam en vraag om ruimte.");
  await looksWell(place.page, "a budget that has ended");
  assert.equal(await place.page.getByText(/Nog .* ruimte/).count(), 0);
  await place.tap(/^Xenia/);
  const give = place.page.getByRole("button", { name: "Geef 3 klavers aan een mens" });
  assert.ok(await give.isDisabled());
  // With more time the same list is given with one tap.
  world.council("account", "change", account, "--council", "--until", "none");
  await place.open(`${world.url}/place`);
  await place.reads(/^Hierna is er nog 0\sklavers ruimte/);
  await place.tap("Geef 3 klavers aan een mens");
  await place.reads("Goed bewaard.");
  await place.tap("Volgend moment");
  await place.reads("Deze ruimte is op.");
  await place.reads("Bel het kernteam en vraag om ruimte.");
  assert.equal(await place.page.locator(".there[aria-pressed=true]").count(), 0);
  // Whoever wants no credits is noted all the same.
  await place.tap("Zonder klavers: Xenia");
  await place.tap("Bewaar dit moment");
  await place.reads("Bewaard");
  await close(place);
});

test("why people receive belongs to the task; a list that another phone gave for already is told before it is given twice", async () => {
  const { place } = await connectPlace(world, browser, "De Zolder", "50", "2");
  const [one] = (await members(world, 1)) as [string];
  await addFace(place, one, "Roos");
  await place.tap("Taken");
  await place.tap("Een namiddag brieven vouwen");
  await place.page.getByLabel("Dit vervangt niemands betaald werk").check();
  await place.page.getByRole("radio", { name: "Welkom" }).check();
  await place.tap("Bewaar");
  await place.page.locator("#time").fill(new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Brussels", timeStyle: "short" }).format(Date.now()));
  await place.tap("Bewaar");
  await place.reads("Nog vrij: 12 van 12");
  const other = await standIn(place);
  await other.page.locator("#amount").fill("2");
  await other.tap("Bewaar");
  await other.reads('Tikten "ik ben er": 0.');
  // Of the task, not of the phone.
  await other.reads(/^Gewoon: 2\sklavers \(Welkom\)/);
  assert.equal(await other.page.getByText("Een andere telefoon gaf vandaag al").count(), 0);
  await place.open(`${world.url}/place`);
  await place.reads('Tikten "ik ben er": 0.');
  await place.tap("Geef 2 klavers aan een mens");
  await place.reads("Goed bewaard.");
  // Seen on the list that stands open, and on one that is opened later; not on the phone that gave.
  await other.reads(/^Een andere telefoon gaf vandaag al 2\sklavers voor deze taak\./);
  await looksWell(other.page, "a list that was given for already");
  await other.open(`${world.url}/place`);
  await other.reads(/^Een andere telefoon gaf vandaag al 2\sklavers voor deze taak\./);
  await place.tap("Volgend moment");
  await place.reads('Tikten "ik ben er": 0.');
  await place.page.waitForTimeout(500);
  assert.equal(await place.page.getByText("Een andere telefoon gaf vandaag al").count(), 0);
  await close(place, other);
});
