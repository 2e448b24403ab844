/** What the council sees of the demonstration town, what it can do there, and that nobody else gets in. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { looksWell, WATCHED } from "./barriers.ts";
import { Phone, World, addFace, connectPlace, launch, members, until } from "./world.ts";

let town: World;
let world: World;
let browser: Browser;

before(async () => {
  [town, world] = await Promise.all([World.demo(), World.found()]);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await town?.end();
  await world?.end();
});

test("the council sees sums, budgets, payouts and rules; of members counts alone", async () => {
  const phone = await Phone.of(browser, WATCHED);
  const asked: string[] = [];
  phone.page.on("response", (response) => void response.text().then((text) => asked.push(text), () => undefined));
  await phone.open(town.page("/coordination"));
  await phone.reads("Alles klopt: er is niets weg");
  await phone.reads("In omloop");
  assert.equal(new URL(phone.page.url()).hash, "", "the key is gone from the address");
  await looksWell(phone.page, "coordination");
  for (const [hash, says, cells] of [
    ["payouts", "Wat is betaald?", 0], ["budgets", "Ruimte in klavers", 4], ["held", "Bakkerij De Korenaar", 4], ["members", "Leden in cijfers", 1],
    ["accounts", "de laatste zes letters", 0], ["rules", "De eerste regels", 0], ["audit", "Proefbalans", 3], ["open", "Open een rekening", 0],
  ] as const) {
    await phone.open(`${town.url}/coordination#${hash}`);
    await phone.reads(says);
    assert.ok((await phone.page.locator("tbody tr").count()) >= cells, hash);
    await looksWell(phone.page, `coordination, ${hash}`);
  }
  // The demonstration's auditor has a note in the ledger; nobody watches its log.
  await phone.open(`${town.url}/coordination#audit`);
  await phone.reads(/^Nagekeken op .*: de eerste \d+ nummers\.$/);
  await phone.reads("Er kijkt nog geen vereniging mee.");
  await phone.open(`${town.url}/`);
  await phone.page.locator("summary", { hasText: "Hoe doe ik dat?" }).click();
  await phone.reads(/Een auditor keek de eerste \d+ nummers na\. De nota is nummer \d+, (\d+|een|minder)/);
  await phone.reads("Nog geen vereniging kijkt mee.");
  await looksWell(phone.page, "home of a town");
  // Every band is of ten people or more, and together they are all of them.
  await phone.open(`${town.url}/coordination#members`);
  await phone.reads("Leden in cijfers");
  const counts = (await phone.page.locator("figure").first().locator("tbody td").allTextContents()).map(Number);
  const whole = Number(/\d+/.exec((await phone.page.locator("p.amount").textContent()) ?? "")?.[0]);
  assert.ok(counts.every((count) => count >= 10), String(counts));
  assert.equal(counts.reduce((sum, count) => sum + count, 0), whole);
  // The bars say what the table says.
  await phone.open(`${town.url}/coordination#budgets`);
  await phone.reads("Ruimte in klavers");
  assert.equal(await phone.page.locator("svg.chart .used").count(), await phone.page.locator("figure tbody tr").count());
  assert.equal(await phone.page.locator(".bars").getAttribute("role"), "img");
  // The town's citizens have names; none of them ever came to this phone.
  assert.ok(asked.length > 10 && asked.every((text) => !text.includes("Joris")));
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("a payout is marked as paid once two of the council have signed", async () => {
  const phone = await Phone.of(browser);
  await phone.open(town.page("/coordination"));
  await phone.tap(/^Betaal \d+ uitbetaling/);
  await phone.page.locator("input[type=checkbox]").first().waitFor();
  const before = await phone.page.locator("input[type=checkbox]").count();
  assert.match((await phone.page.locator(".claim .sum").first().textContent()) ?? "", /^€/);
  await phone.reads(/^Betaal ten laatste op /);
  await phone.tap("Dit is betaald");
  // Said where it is to be mended, not below another field.
  await phone.page.locator("fieldset .fault", { hasText: "Duid aan wat betaald is." }).waitFor();
  assert.equal(await phone.page.locator("#reference-fault").textContent(), "");
  await phone.page.locator("input[type=checkbox]").first().check();
  await phone.tap("Dit is betaald");
  await phone.reads("Typ de mededeling van de overschrijving.");
  await phone.page.locator("#reference").fill("KLV 2026-11");
  await phone.tap("Dit is betaald");
  await phone.reads("Bijna klaar");
  await phone.page.locator(".main", { hasText: "Deel de link" }).waitFor();
  const link = (await phone.page.locator("#action code").textContent()) ?? "";
  await phone.tap("Naar de coördinatie");
  await phone.reads(/^Wacht op anderen: een uitbetaling, tot /);
  town.wallet("coordinator", "--account", "council-2", "cosign", link);
  await phone.open(`${town.url}/coordination#payouts`);
  await phone.reads(before === 1 ? "Er wacht geen uitbetaling." : "Wat is betaald?");
  assert.equal(await phone.page.locator("input[type=checkbox]").count(), before - 1);
  // What waited for the other signature is asked about, and known to be done.
  await until(async () => (await phone.stored("outbox")).every(({ state }) => state === "done"), "the payout still waits");
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("a payout is shown in euro at the rate that the merchant signed, whatever the rate is now", async () => {
  const phone = await Phone.of(browser);
  await phone.page.route("**/v1/coordination", async (route) => {
    const answer = await route.fetch();
    const body = (await answer.json()) as { claims: object[] };
    const claim = { index: 7, merchant: "klv1", name: "Bakkerij", amount: "10.00", recorded_at: "2026-11-01T10:00:00Z", due_at: "2026-12-01T10:00:00Z", overdue: false };
    body.claims = [{ ...claim, rate: { numerator: 1, denominator: 2 } }, { ...claim, index: 8, rate: { numerator: 1, denominator: 1 } }];
    await route.fulfill({ response: answer, json: body });
  });
  await phone.open(town.page("/coordination"));
  await phone.tap("Betaal 2 uitbetalingen");
  await phone.page.locator("input[type=checkbox]").first().waitFor();
  const sums = (await phone.page.locator(".claim .sum").allTextContents()).map((text) => text.replaceAll("\u00a0", " "));
  assert.deepEqual(sums, ["€ 5,0010 klavers", "€ 10,0010 klavers"]);
  await phone.reads("Betaal ten laatste op dinsdag 1 december");
  for (const box of await phone.page.locator("input[type=checkbox]").all()) await box.check();
  await phone.reads(/= €\s15,00/);
  await phone.context.close();
});

test("an account that is opened is named by what was signed, once for each key and kind", async () => {
  const phone = await Phone.of(browser);
  const key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  const open = async (kind: string): Promise<string> => {
    await phone.open(`${town.url}/coordination#open`);
    await phone.page.locator("#kind").selectOption(kind);
    await phone.tapText("Lukt scannen niet?");
    await phone.page.locator("#key").fill(key.slice(1));
    await phone.tap("Open de rekening");
    await phone.reads("Deze code is niet volledig.");
    await phone.page.locator("#key").fill(key);
    await phone.reads("Staat dit nummer ook op de andere telefoon?");
    if (kind === "merchant") await phone.page.locator("#name").fill("Kapsalon Krul");
    await phone.tap("Open de rekening");
    await phone.reads(/Gedaan|Bijna klaar/);
    const code = (await phone.page.locator("#action code").textContent()) ?? "";
    if (code.startsWith("klv1")) return code;
    town.wallet("coordinator", "--account", "council-2", "cosign", code);
    return open(kind);
  };
  await phone.open(town.page("/coordination"));
  await phone.reads("Alles klopt: er is niets weg");
  const first = await open("merchant");
  assert.equal(await open("merchant"), first);
  assert.notEqual(await open("member"), first);
  // Each is an account that is there.
  await phone.open(`${town.url}/coordination#account/${first}`);
  await phone.reads("Zet deze rekening in rust");
  await phone.page.getByText("Nummer en sleutels").click();
  await phone.reads(key);
  // The name that was typed is the council's from then on, and finds the account; nobody else is told.
  await phone.open(`${town.url}/coordination#accounts`);
  await phone.page.locator("#code").fill("krul");
  await phone.tap("Toon de rekening");
  await phone.page.locator("h2", { hasText: "Kapsalon Krul" }).waitFor();
  assert.ok(!(await (await fetch(`${town.url}/v1/directory`)).text()).includes("Kapsalon Krul"));
  await phone.context.close();
});

test("an account is found by its id and put to rest; what a member has is not shown", async () => {
  const phone = await Phone.of(browser, WATCHED);
  const balance = JSON.parse(town.wallet("citizen", "balance", "--json").trim().split("\n").at(-1) as string) as { account: string };
  await phone.open(town.page("/coordination"));
  await phone.tap("Rekeningen");
  for (const [typed, says] of [["klv1nobody", "Deze code is niet volledig."], ["niemand zo", "Zo vinden we geen rekening."]] as const) {
    await phone.page.locator("#code").fill(typed);
    await phone.tap("Toon de rekening");
    await phone.reads(says);
  }
  await looksWell(phone.page, "coordination, no account");
  await phone.page.locator("#code").fill(balance.account.slice(-6));
  await phone.tap("Toon de rekening");
  await phone.reads("Dat weet alleen het lid zelf.");
  await looksWell(phone.page, "coordination, account");
  await phone.tap("Zet deze rekening in rust");
  await phone.page.locator("h2", { hasText: "in rust zetten?" }).waitFor();
  assert.equal(await phone.page.getByRole("button", { name: "Terug" }).or(phone.page.getByRole("link", { name: "Terug" })).count(), 1, "one way back");
  await phone.tap("Ja, zet in rust");
  await phone.reads(/Gedaan|Bijna klaar/);
  await looksWell(phone.page, "coordination, signed");
  const code = phone.page.locator("#action code");
  if ((await code.count()) > 0) town.wallet("coordinator", "--account", "council-2", "cosign", (await code.textContent()) ?? "");
  await phone.open(`${town.url}/coordination#account/${balance.account}`);
  await phone.reads("In rust gezet");
  await phone.reads("Haal deze rekening uit rust");
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("who is not of the council is told kindly, and is given nothing", async () => {
  const phone = await Phone.of(browser, WATCHED);
  await phone.open(`${world.url}/coordination`);
  await phone.reads("Deze pagina is voor het kernteam");
  await phone.tap("Kijk of het gelukt is");
  await phone.reads("Nog niet. Vraag het kernteam om deze code te scannen.");
  await looksWell(phone.page, "coordination, stranger");
  // A demonstration's key opens nothing in a community that is none.
  await phone.open(`${world.url}/coordination#demo/${"11".repeat(32)}`);
  await phone.reads("Deze pagina is voor het kernteam");
  assert.deepEqual(await phone.stored("keys").then((keys) => keys.length), 1);
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("U2: no barriers on any state of the doe-plek, in three languages", async () => {
  const fresh = await Phone.of(browser, WATCHED);
  await fresh.open(`${world.url}/place`);
  await fresh.page.locator("#connect-key").waitFor({ state: "attached" });
  await looksWell(fresh.page, "place, new");
  await fresh.context.close();
  const { place } = await connectPlace(world, browser, "De Ploeg", "60", "2", WATCHED);
  await looksWell(place.page, "place, empty");
  const some = await members(world, 3);
  for (const [i, account] of some.entries()) await addFace(place, account, ["Aïcha", "Bram van den Bossche", "Chantal"][i] as string);
  await place.tap("Zonder klavers: Chantal");
  await looksWell(place.page, "place, list");
  for (const [hash, says] of [["add", "Scan een lege kaart"], ["usual", "Wat krijgt iedereen hier gewoonlijk?"], ["moments", "Er is nog geen moment"]] as const) {
    await place.open(`${world.url}/place#${hash}`);
    await place.reads(says);
    await looksWell(place.page, `place, ${hash}`);
  }
  await place.open(`${world.url}/place`);
  await place.tap("Ander bedrag: Aïcha");
  await looksWell(place.page, "place, other amount");
  await place.tap("Verander naam of beeld");
  await place.reads("Vergeet dit gezicht");
  await looksWell(place.page, "place, face");
  await place.open(`${world.url}/place`);
  await place.tap(/^Geef 4 klavers/);
  await place.reads("Gegeven");
  await looksWell(place.page, "place, given");
  await place.tap("Zet recht: Aïcha");
  await looksWell(place.page, "place, putting right");
  await place.tap("Was er niet");
  await looksWell(place.page, "place, taking back");
  await place.tap(/^Ja, neem/);
  await place.reads("Dit is rechtgezet.");
  await looksWell(place.page, "place, put right");
  for (const [language, says] of [["fr", "Qui est là ?"], ["en", "Who is here?"]] as const) {
    await place.open(`${world.url}/place?lang=${language}`);
    await place.reads(says);
    await looksWell(place.page, `place, ${language}`);
  }
  assert.deepEqual(place.faults, []);
  await place.context.close();
});

test("U2: the five-o'clock screen with the keyboard alone", async () => {
  const { place } = await connectPlace(world, browser, "Het Atelier", "60", "2", { isMobile: false, hasTouch: false });
  const [one] = (await members(world, 1)) as [string];
  await addFace(place, one, "Dirk");
  await place.open(`${world.url}/place`);
  await place.reads("Geef 2 klavers aan een mens");
  for (let tries = 0; ; tries++) {
    assert.ok(tries < 40, "the button cannot be reached");
    await place.page.keyboard.press("Tab");
    const focused = await place.page.evaluate(() => (document.activeElement as HTMLElement | null)?.innerText ?? "").then((text) => text.replaceAll("\u00a0", " "));
    if (focused.includes("Geef 2 klavers")) break;
  }
  await place.page.keyboard.press("Enter");
  await place.reads("2 klavers aan één mens. Goed bewaard.");
  await place.context.close();
});
