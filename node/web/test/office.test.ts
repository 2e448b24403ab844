/** What the council does from its page: members from a list, limits, a lost phone, rules and statements that wait. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { looksWell, WATCHED } from "./barriers.ts";
import { Phone, World, launch } from "./world.ts";

let town: World;
let browser: Browser;

before(async () => {
  town = await World.demo();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

/** A phone of the council. */
async function councillor(): Promise<Phone> {
  const phone = await Phone.of(browser, WATCHED);
  await phone.open(town.page("/coordination"));
  await phone.reads("Alles klopt: er is niets weg");
  return phone;
}

/** Signs for another member of the council what a phone began. */
async function another(phone: Phone): Promise<void> {
  const code = phone.page.locator("#action code").first();
  town.wallet("coordinator", "--account", "council-2", "cosign", (await code.textContent()) ?? "");
}

/** A phone that lost its wallet: it shows a key to the council. */
async function stranger(): Promise<{ phone: Phone; key: string }> {
  const phone = await Phone.of(browser, WATCHED);
  await phone.open(`${town.url}/wallet#restore`);
  await phone.tap("Ik heb geen woorden of blad");
  return { phone, key: (await phone.page.locator("#connect-key").textContent()) ?? "" };
}

/** Returns an account that a wallet of the town signs for. */
function accountOf(role: string): string {
  return (JSON.parse(town.wallet(role, "balance", "--json").trim().split("\n").at(-1) as string) as { account: string }).account;
}

test("members come from a list: mistakes by line, first what would happen, then accounts and slips", async () => {
  const [phone, newcomer] = [await councillor(), await stranger()];
  const asked: string[] = [];
  phone.page.on("request", (request) => void asked.push(`${request.method()} ${new URL(request.url()).pathname} ${request.postData() ?? ""}`));
  const changing = () => asked.filter((one) => /^POST \/v1\/(entries|invitations)/.test(one));
  await phone.tap("Rekeningen");
  await phone.tap("Leden uit een lijst");
  await phone.page.locator("#list").fill(" \n");
  await phone.tap("Kijk de lijst na");
  await phone.reads("In deze lijst staat niemand.");
  // Whoever has an account already is no newcomer.
  const known = (JSON.parse(town.wallet("citizen", "whoami", "--json").trim().split("\n").at(-1) as string) as { keys: { public_key: string }[] }).keys[0]?.public_key ?? "";
  await phone.page.locator("#list").fill(`naam;sleutel;e-mail\nAnn;;a@b.be\n;;\n;${newcomer.key};\nBert;zz;\nDirk;${known};\nEls;${newcomer.key}`);
  await phone.tap("Kijk de lijst na");
  await phone.reads("4 lijnen kloppen niet. Er is niets gebeurd.");
  for (const line of ["Lijn 4: de naam ontbreekt.", "Lijn 5: deze sleutel is niet volledig.", "Lijn 6: deze sleutel heeft al een rekening.", "Lijn 7: deze sleutel staat al op lijn 4."]) await phone.reads(line);
  await phone.tap("Kies de lijst opnieuw");
  // A spreadsheet of Windows writes its letters in its own way.
  const list = Buffer.from(`Naam;Sleutel;Limiet;E-mail\r\nAnn;;;a@b.be\r\n"Zo\xeb; van der Elst";${newcomer.key};2,5;\r\n`, "latin1");
  await phone.page.locator("#file").setInputFiles({ name: "leden.csv", mimeType: "text/csv", buffer: list });
  await phone.tap("Kijk de lijst na");
  await phone.reads("Er is nog niets gebeurd.");
  for (const said of ["Een rekening gaat open.", "Een uitnodiging om te geven.", "Niet gebruikt: E-mail.", "Zoë; van der Elst", "tot 2,50 klavers onder nul"]) await phone.reads(said);
  assert.deepEqual(changing(), [], "nothing is asked of the node before the tap");
  await phone.tap("Doe dit voor 2 mensen");
  await phone.reads("Doe mee met");
  await looksWell(phone.page, "coordination, slips");
  assert.equal(changing().length, 2);
  assert.ok(asked.every((one) => !one.includes("Ann") && !one.includes("Elst")), "names stay on the phone");
  // The slips are nowhere else: nothing leads away before somebody says that they are printed.
  assert.deepEqual(await phone.page.locator("#action a, #action button").allTextContents(), ["Druk de strookjes af", "Ik heb ze afgedrukt"]);
  // The slip is for one person, who makes the key.
  await phone.page.emulateMedia({ media: "print" });
  await phone.page.locator(".slip .qr svg").waitFor();
  assert.equal(await phone.page.locator("h2").first().isVisible(), false, "only slips are printed");
  const invited = await Phone.of(browser);
  await invited.open((await phone.page.locator(".slip code").textContent()) ?? "");
  await phone.page.emulateMedia({ media: "screen" });
  await phone.tap("Ik heb ze afgedrukt");
  await phone.reads("Bijna klaar");
  assert.equal(await phone.page.getByText("Zoë").count(), 0, "no name under a code that is held up");
  await phone.tap("Toon van wie ze zijn");
  await phone.reads("Zoë; van der Elst");
  await phone.tap("Terug");
  await another(phone);
  await newcomer.phone.tap("Kijk of het gelukt is");
  await newcomer.phone.reads("Scan een code");
  await invited.tap("Maak mijn portemonnee");
  await invited.reads("Scan een code");
  assert.deepEqual([...phone.faults, ...newcomer.phone.faults], []);
  for (const one of [phone, newcomer.phone, invited]) await one.context.close();
});

test("limits change at once; a new key waits, says until when, and its owner can stop it", async () => {
  const [phone, fresh] = [await councillor(), await stranger()];
  await phone.tap("Handelaars en potten");
  await phone.tap("Bakkerij De Korenaar");
  await phone.tap("Verander de grenzen");
  await phone.page.locator("#limit").fill("veel");
  await phone.tap("Teken deze grenzen");
  await phone.page.locator("#limit-fault").getByText(/\S/).waitFor();
  await phone.page.locator("#limit").fill("25");
  await phone.page.locator("#ceiling").fill("5000");
  await phone.tap("Teken deze grenzen");
  await phone.reads("Bijna klaar");
  await another(phone);
  await phone.open(`${town.url}/coordination#held`);
  await phone.tap("Bakkerij De Korenaar");
  await phone.reads("25 klavers");
  await phone.reads(/5\s000\sklavers/);
  // A budget ends with a day of the community's own clock, also in summer.
  const budget = accountOf("trekker");
  await phone.open(`${town.url}/coordination#limits/${budget}`);
  await phone.page.locator("#until").fill("2027-07-01");
  await phone.tap("Teken deze grenzen");
  await phone.reads("Bijna klaar");
  await another(phone);
  await phone.open(`${town.url}/coordination#account/${budget}`);
  await phone.reads(/^1 juli.*23:59$/);
  await phone.open(`${town.url}/coordination#limits/${budget}`);
  await phone.page.locator("#until").waitFor();
  assert.equal(await phone.page.locator("#until").inputValue(), "2027-07-01");
  // A member lost the phone.
  const account = accountOf("citizen");
  await phone.open(`${town.url}/coordination#account/${account}`);
  await phone.tap("Telefoon kwijt");
  await phone.reads(/^Dit telt pas na .* Tot dan kan de oude telefoon dit tegenhouden\.$/);
  await phone.reads("Tot dan kan de oude telefoon nog betalen.");
  assert.ok(await phone.page.getByRole("button", { name: "Scan eerst de nieuwe telefoon" }).isDisabled());
  await looksWell(phone.page, "coordination, new phone");
  await phone.tapText("Lukt scannen niet?");
  await phone.page.locator("#key").fill(fresh.key.slice(1));
  await phone.tap("Teken voor de nieuwe telefoon");
  await phone.reads("Deze code is niet volledig.");
  await phone.page.locator("#key").fill(fresh.key);
  // Both phones show one number, and nothing is lost before somebody says so.
  const number = async ({ page }: Phone) => page.locator(".asking .amount").textContent();
  await phone.reads("Staat dit nummer ook op de andere telefoon?");
  assert.equal(await number(phone), await number(fresh.phone));
  await phone.tap("Teken voor de nieuwe telefoon");
  await phone.reads("Duid aan wat kwijt is.");
  await phone.page.getByLabel("De oude telefoon mag straks niet meer betalen").check();
  await phone.tap("Teken voor de nieuwe telefoon");
  await phone.reads("Bijna klaar");
  await another(phone);
  await fresh.phone.tap("Kijk of het gelukt is");
  await fresh.phone.reads("Nog niet. Vraag het kernteam om deze code te scannen.");
  await phone.open(`${town.url}/coordination`);
  await phone.tap(/^Een verandering wacht/);
  await phone.reads(/^Andere telefoons tekenen voor deze rekening, vanaf .* Tot dan kan de eigenaar dit tegenhouden\.$/);
  await phone.page.locator("main a.way").first().click();
  await phone.page.getByText("Welke sleutels komen er?").click();
  await phone.reads(fresh.key);
  const waits = /Nummer in het grootboek: (\d+)/.exec((await phone.page.getByText("Nummer in het grootboek").textContent()) ?? "")?.[1] ?? "";
  town.wallet("citizen", "veto", waits);
  await phone.open(`${town.url}/coordination#waiting`);
  await phone.reads("Er wacht niets.");
  assert.deepEqual([...phone.faults, ...fresh.phone.faults], []);
  for (const one of [phone, fresh.phone]) await one.context.close();
});

test("new rules are proposed with their meeting, looked through before they are signed, and stopped by an auditor", async () => {
  const phone = await councillor();
  await phone.tap("Regels");
  await phone.reads("Zo zijn de regels nu");
  await phone.reads("hoogstens betalen zonder netwerk");
  await phone.tap("Stel andere regels voor");
  await phone.page.locator("#offline_cap").waitFor();
  await looksWell(phone.page, "coordination, rules as a form");
  const look = async (says: string | RegExp) => {
    await phone.tap("Kijk na wat verandert");
    await phone.reads(says);
  };
  await look("Schrijf welke vergadering dit besliste.");
  await phone.page.locator("#reference").fill("Verslag 3 november");
  await look("Er verandert niets.");
  for (const [id, value, says] of [["council_threshold", "99", /^Hier hoort een getal van 1 tot \d/], ["recovery_delay", "31", "Zo ver kan deze regel niet gaan."], ["correction_window", "2,5", "Hier hoort een geheel getal."], ["member_limit", "veel", "Hier horen alleen cijfers en een komma"]] as const) {
    const field = phone.page.locator(`#${id}`);
    const before = await field.inputValue();
    await field.fill(value);
    await look(says);
    await field.fill(before);
  }
  await phone.page.locator("#offline_cap").fill("7,50");
  await phone.page.locator("#joining").selectOption("council");
  await look("De regels van nu veranderen. Dit wordt anders:");
  for (const said of [/^was .*, wordt 7,50\sklavers$/, /^was .*, wordt wie het kernteam toelaat$/, "Verslag 3 november", /^Dit telt pas na .* Een auditor kan het tegenhouden\.$/]) await phone.reads(said);
  await looksWell(phone.page, "coordination, what rules change");
  assert.equal(await phone.page.locator("dl.rules dt").count(), 2, "nothing else changes");
  // One step back nothing is lost.
  await phone.tap("Terug");
  assert.equal(await phone.page.locator("#offline_cap").inputValue(), "7,50");
  await look("Verslag 3 november");
  await phone.tap("Teken deze regels");
  await phone.reads("Bijna klaar");
  await another(phone);
  await phone.open(`${town.url}/coordination#rules`);
  await phone.reads(/^Gaat in op .*, als niemand het tegenhoudt\.$/);
  await phone.reads(/^Voorstel van /);
  await phone.reads("Verslag 3 november");
  await phone.reads(/^was .*, wordt 7,50\sklavers$/);
  assert.ok(!(await phone.page.locator("main").innerText()).includes("klv1"), "pots have names");
  assert.equal(await phone.page.getByText("Stel andere regels voor").count(), 0, "one at a time");
  const [, index = ""] = /klaver veto (\d+)/.exec((await phone.page.locator("main").textContent()) ?? "") ?? [];
  // What rescue keys began, the council stops; here the books say that it is an auditor's.
  await phone.page.route("**/v1/coordination", async (route) => {
    const answer = await route.fetch();
    const body = (await answer.json()) as { rules: { by_rescue: boolean }[] };
    await route.fulfill({ response: answer, json: { ...body, rules: body.rules.map((rule) => ({ ...rule, by_rescue: true })) } });
  });
  await phone.open(`${town.url}/coordination#rules`);
  await phone.tap("Houd dit tegen");
  await phone.tap("Ja, houd dit tegen");
  await phone.reads("Niet gebeurd");
  await phone.page.unroute("**/v1/coordination");
  town.wallet("auditor", "veto", index);
  await phone.open(`${town.url}/coordination#rules`);
  await phone.reads("Stel andere regels voor");
  assert.equal(await phone.page.getByText(/^Gaat in op/).count(), 0);
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("an account is closed for good: at once when nothing is on it, else announced first; what it has goes to its heir", async () => {
  const phone = await councillor();
  await phone.tap("Rekeningen");
  await phone.tap("Open een rekening");
  await phone.page.locator("#kind").selectOption("fund");
  await phone.tapText("Lukt scannen niet?");
  await phone.page.locator("#key").fill("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  await phone.tap("Open de rekening");
  await phone.reads(/Gedaan|Bijna klaar/);
  await another(phone);
  await phone.open(`${town.url}/coordination#open`);
  await phone.page.locator("#kind").selectOption("fund");
  await phone.tapText("Lukt scannen niet?");
  await phone.page.locator("#key").fill("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  await phone.tap("Open de rekening");
  const empty = (await phone.page.locator("#action code", { hasText: /^klv1/ }).textContent()) ?? "";
  const close = async (account: string, loses = false) => {
    await phone.open(`${town.url}/coordination#account/${account}`);
    await phone.tap("Sluit deze rekening");
    await phone.reads("Sluiten is voorgoed.");
    await phone.reads(/^Wat erop staat, gaat naar: \S/);
    await looksWell(phone.page, "coordination, closing");
    await phone.tap("Teken het sluiten");
    if (loses) await phone.reads(/^Bakkerij De Korenaar verliest dan .*\sklavers \(€.*\)\. Dat gaat naar: \S/);
    await phone.tap(loses ? /^Ja, sluit en geef .*\sklavers/ : "Ja, sluit deze rekening");
    await phone.reads("Bijna klaar");
    await another(phone);
  };
  await close(empty);
  await phone.open(`${town.url}/coordination#account/${empty}`);
  await phone.reads("Gesloten");
  assert.equal(await phone.page.getByText("Sluit deze rekening").count(), 0);
  await phone.open(`${town.url}/coordination#close/${empty}`);
  await phone.reads("De rekening is gesloten.");
  // The shop has credits: its owner may say no until then, and the second signature comes after that.
  const shop = accountOf("merchant");
  // What stands on it is shown, and paying it out comes first: the shop asks for that on its own phone.
  await phone.open(`${town.url}/coordination#close/${shop}`);
  await phone.reads(/^Er staan .*\sklavers op\.$/);
  await phone.page.locator(".main", { hasText: "Betaal eerst uit" }).waitFor();
  assert.equal(await phone.page.locator(".button.main").count(), 1);
  await close(shop, true);
  await phone.open(`${town.url}/coordination#close/${shop}`);
  await phone.reads(/^Deze rekening sluit, ten vroegste op .* Tot dan kan de eigenaar dit tegenhouden\.$/);
  assert.equal(await phone.page.getByText("Teken het sluiten").count(), 0);
  await phone.open(`${town.url}/coordination#waiting`);
  await phone.reads(/^Deze rekening sluit, /);
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("new rules and a statement are read from their own bytes, with what they replace, and signed on the phone", async () => {
  const phone = await councillor();
  const charter = JSON.parse(town.wallet("coordinator", "govern", "show")) as { council: string[]; policy: Record<string, unknown> };
  const gone = charter.council.pop() ?? "";
  const file = join(town.directory, "charter.json");
  writeFileSync(file, JSON.stringify({ ...charter, policy: { ...charter.policy, correction_window: 14 * 86_400, offline_cap: "7.50" } }));
  town.wallet("coordinator", "--account", "council-2", "govern", "propose", file, "--reference", "Verslag 12 november");
  await phone.open(`${town.url}/coordination`);
  await phone.tap(/^Bekijk en teken: andere regels, tot /);
  await phone.reads("De regels van nu veranderen. Dit wordt anders:");
  await phone.reads("Iemand van het kernteam");
  for (const said of [/^was .*, wordt 14 dagen$/, /^was .*, wordt 7,50\sklavers$/, `eraf: ${gone}`, "Verslag 12 november"]) await phone.reads(said);
  await looksWell(phone.page, "draft of rules");
  await phone.page.getByText("Wat hetzelfde blijft").click();
  assert.equal(await phone.page.locator("dl.rules dt, details.rules dt").count(), 29, "all that is signed is shown");
  await phone.tap("Teken deze regels");
  await phone.reads(/Gedaan|Klaar|Getekend/);
  await phone.open(`${town.url}/coordination#rules`);
  await phone.reads("Verslag 12 november");
  await phone.reads(/^Gaat in op /);
  // A statement stands for a document: whoever signs can hold it beside.
  const report = join(town.directory, "verslag.txt");
  writeFileSync(report, "Alles klopt.\n");
  const said = JSON.parse(town.wallet("coordinator", "--account", "council-2", "attest", "impact_report", report, "--json").trim().split("\n").at(-1) as string) as { link: string };
  await phone.open(said.link);
  await phone.tap("Open in mijn portemonnee");
  await phone.reads("Je legt een impactverslag vast in het grootboek.");
  // Nobody signs for a document that was not held beside it, nor for another one.
  const signing = phone.page.getByRole("button", { name: "Teken dit verslag" });
  assert.equal(await signing.isVisible(), false);
  await phone.page.locator("#document").setInputFiles(file);
  await phone.reads("Dit is een ander document. Teken niet.");
  assert.equal(await signing.isVisible(), false);
  await looksWell(phone.page, "draft of a statement");
  await phone.page.locator("#document").setInputFiles({ name: "x", mimeType: "text/plain", buffer: readFileSync(report) });
  await phone.reads("Dit is het document dat je tekent.");
  await phone.tap("Teken dit verslag");
  await phone.reads(/Gedaan|Klaar|Getekend/);
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});
