/** *Klopt er iets niet?*: told from a line and from the till, heard by one person, answered, linked to what followed. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { accountText } from "../src/lib/account.ts";
import { WATCHED, looksWell } from "./barriers.ts";
import { Phone, World, close, connectTill, launch, member } from "./world.ts";

const WORDS = "Ik was er maar een uur";

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

const said = (text: string): Record<string, unknown> => JSON.parse(text.trim().split("\n").at(-1) as string) as Record<string, unknown>;

/** A phone whose owner has just joined, and its account. */
async function newcomer(link: string): Promise<{ phone: Phone; account: string }> {
  const phone = await Phone.of(browser, WATCHED);
  await phone.open(link);
  await phone.page.getByRole("button", { name: "Maak mijn portemonnee" }).click();
  await phone.reads("Scan een code");
  return { phone, account: accountText((await phone.stored("hats"))[0]?.["account"] as string) };
}

test("a line that is not right: told to Mia alone, talked about, put right, and linked to what followed", async () => {
  const { link } = said(town.wallet("coordinator", "invite", "--uses", "2", "--json")) as { link: string };
  const asked: string[] = [];
  const [an, mia, council] = await Promise.all([newcomer(link), newcomer(link), Phone.of(browser, WATCHED)]);
  council.page.on("response", (response) => void response.text().then((text) => asked.push(text), () => undefined));
  await council.open(town.page("/coordination"));
  await council.tap("Wie luistert");
  await council.reads("Marleen");
  await council.tap("Duid een vertrouwenspersoon aan");
  await council.page.locator("#account").fill("klv1nietecht");
  await council.tap("Bewaar");
  await council.reads("Dit is geen open rekening van een persoon.");
  await council.page.locator("#account").fill(mia.account);
  await council.page.locator("#name").fill("Mia");
  await council.page.locator("#phone").fill("bel maar");
  await council.tap("Bewaar");
  await council.reads("Typ een telefoonnummer");
  await looksWell(council.page, "naming a person of trust");
  await council.page.locator("#phone").fill("0470 12 34 56");
  await council.tap("Bewaar");
  await council.reads("0470 12 34 56");

  // An received too much, and says so from the line: four taps and no word that must be typed.
  const { index } = said(town.wallet("trekker", "earn", "--each", "4", an.account, "--json")) as { index: number };
  await an.phone.open(`${town.url}/wallet#lines`);
  await an.phone.page.locator(".lines a").first().click();
  an.phone.taps = 0;
  await an.phone.tap("Klopt er iets niet?");
  await an.phone.reads(/^Dit gaat over: je kreeg 4\sklavers, /);
  await an.phone.tap("Vertel het");
  await an.phone.reads("Tik eerst aan wat er is.");
  await Promise.all([looksWell(council.page, "persons of trust"), looksWell(an.phone.page, "telling that something is wrong")]);
  assert.equal(await an.phone.page.locator("input[name=whom]:checked").count(), 0, "nobody is chosen for them");
  await an.phone.reads("Bel Mia: ");
  await an.phone.page.getByLabel("Mia").check();
  await an.phone.page.getByLabel("Het bedrag klopt niet.").check();
  await an.phone.page.locator("#words").fill(WORDS);
  await an.phone.page.locator("#phone").fill("niet nu");
  await an.phone.tap("Vertel het");
  await an.phone.reads("Dit is geen telefoonnummer.");
  assert.equal(await an.phone.page.locator("#phone").getAttribute("aria-invalid"), "true", "the field is marked, and read with what is wrong");
  await an.phone.reads("Mia leest dit, en niemand anders.");
  await an.phone.reads("Bel Mia: 0470 12 34 56");
  await an.phone.page.locator("#phone").fill("0499 11 22 33");
  await an.phone.tap("Vertel het");
  await an.phone.reads("Mia leest het en antwoordt hier.");
  await an.phone.tap("Wat ik vertelde");
  await an.phone.reads(WORDS);
  assert.match(await an.phone.page.locator(".button.main").innerText(), /Naar mijn portemonnee/, "nobody tells it twice by the main button");

  // Mia finds it among her messages, and says that they talk.
  await mia.phone.open(`${town.url}/wallet`);
  await mia.phone.tap(/^Berichten \(1/);
  await mia.phone.tap(/^Iemand vertelde je iets/);
  await mia.phone.page.getByRole("link", { name: "Het bedrag klopt niet." }).click();
  await mia.phone.reads(WORDS);
  await mia.phone.reads("Bel deze persoon: 0499 11 22 33");
  const read = await mia.phone.page.locator("main").innerText();
  assert.doesNotMatch(read, /klv1|[{}]/, "no account stands there, and no word without its value");
  assert.match(read, /Kreeg 4\sklavers, /);
  assert.match(await mia.phone.page.locator(".button.main").innerText(), /we praten erover/, "nothing ends before it is said how");
  await mia.phone.page.locator("#answer").fill("Ik vraag het aan de doe-plek.");
  await mia.phone.tap("Antwoord: we praten erover");
  await mia.phone.reads("In gesprek");
  await Promise.all([looksWell(an.phone.page, "what one told"), looksWell(mia.phone.page, "what a person of trust reads")]);

  // The place puts it right; Mia sees its number and links it with one tap.
  const put = said(town.wallet("trekker", "correct", String(index), `${an.account}=2`, "--reason", "wrong_amount", "--json")) as { index: number };
  await mia.phone.page.reload();
  await mia.phone.reads(new RegExp(`^Nummer ${put.index}, rechtgezet: 2\\sklavers eraf, `));
  assert.equal(await mia.phone.page.locator("#entry").inputValue(), String(put.index));
  await mia.phone.tap("Antwoord: het is klaar");
  await mia.phone.reads("Toch nog iets antwoorden");
  assert.equal(await mia.phone.page.locator("#answer").count(), 0, "what is done is not asked again");
  await an.phone.open(`${town.url}/wallet#inbox`);
  await an.phone.tap(/^Over wat je vertelde: het is klaar/);
  await an.phone.reads("Het is rechtgezet.");
  await an.phone.reads("Wis wat ik vertelde");
  await an.phone.reads("Ik vraag het aan de doe-plek.");
  await an.phone.tap(`nummer ${put.index}`);
  await an.phone.reads("Bewijs bewaren");
  assert.match(await an.phone.page.locator(".amount").innerText(), /^2/);

  // The council sees how many, and no word of it.
  await council.open(`${town.url}/coordination#trust`);
  await council.page.locator("dd", { hasText: /^1 tot 4$/ }).waitFor();
  await council.reads("Hoe het afliep, tonen we vanaf vijf.");
  assert.equal(await council.page.locator("dt", { hasText: "Rechtgezet" }).count(), 0, "a zero would say how the others ended");
  const learnt = asked.join("\n");
  assert.ok(learnt.includes("0470 12 34 56") && !learnt.includes(WORDS) && !learnt.includes("0499 11 22 33"));
  await an.phone.open(`${town.url}/`);
  await an.phone.reads("Bel Mia: 0470 12 34 56");
  await close(an.phone, mia.phone, council);
});

test("a till tells too, takes it back, and hears whom to call", async () => {
  const mia = await member(world, browser, "0", WATCHED);
  const account = accountText((await mia.stored("hats"))[0]?.["account"] as string);
  world.council("wrong", "name", account, "--name", "Mia", "--phone", "02 555 01 23");
  const { till } = await connectTill(world, browser, "De Linde", WATCHED);
  await till.open(`${world.url}/till#today`);
  await till.tap("Klopt er iets niet?");
  await till.reads("Je vertelde nog niets.");
  await till.tap("Vertel wat er niet klopt");
  await till.page.getByLabel("Iets anders.").check();
  await till.tap("Vertel het");
  await till.reads("Zeg het in een paar woorden, of laat een nummer achter.");
  await till.page.locator("#words").fill("De sticker is weg.");
  await till.tap("Vertel het");
  await till.reads("Mia leest het en antwoordt hier.");
  await till.tap("Wat ik vertelde");
  await till.reads("Bel Mia: 02 555 01 23");
  await looksWell(till.page, "what a till told");
  await mia.open(`${world.url}/wrong#heard`);
  await mia.page.getByRole("link", { name: "Iets anders." }).click();
  await mia.reads("De Linde");
  await till.tap("Trek het terug");
  await till.tap("Ja, wis het");
  await till.reads("Je vertelde nog niets.");
  // A citizen of the town reads how the last one ended.
  const citizen = await Phone.of(browser, WATCHED);
  await citizen.open(town.page("/wallet"));
  await citizen.reads("Scan een code");
  await citizen.open(`${town.url}/wrong`);
  await citizen.reads("Het is terugbetaald.");
  await close(till, mia, citizen);
});
