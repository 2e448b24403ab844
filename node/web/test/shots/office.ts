/** The coordination of the demonstration town: figures, accounts, members from a list, what waits for signatures. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { type Phone, World } from "../world.ts";
import { type Album, phoneOf } from "./album.ts";

export async function office(album: Album, browser: Browser): Promise<void> {
  const town = await World.demo();
  const stranger = await phoneOf(browser);
  await stranger.open(`${town.url}/coordination`);
  await stranger.page.locator("#connect-key").waitFor({ state: "attached" });
  await album.shoot(stranger, "coordination-connect");
  const key = (await stranger.page.locator("#connect-key").textContent()) ?? "";
  const phone = await phoneOf(browser);
  await phone.open(town.page("/coordination"));
  await phone.reads("Alles klopt: er is niets weg");
  await album.shoot(phone, "coordination");
  for (const [hash, says] of [["payouts", "Wat is betaald?"], ["budgets", "Ruimte in klavers"], ["held", "Bakkerij De Korenaar"], ["members", "Leden"], ["accounts", "de laatste zes letters"], ["open", "Open een rekening"], ["rules", "De eerste regels"], ["audit", "Proefbalans"], ["waiting", "Er wacht niets."]] as const) {
    await phone.open(`${town.url}/coordination#${hash}`);
    await phone.reads(says);
    await album.shoot(phone, `coordination-${hash}`);
  }
  await phone.open(`${town.url}/coordination#payouts`);
  await phone.tap("Dit is betaald");
  await phone.reads("Duid aan wat betaald is.");
  await album.shoot(phone, "coordination-payouts-fault");
  await phone.open(`${town.url}/coordination#accounts`);
  await phone.page.locator("#code").fill("niemand");
  await phone.tap("Toon de rekening");
  await phone.reads("Zo vinden we geen rekening.");
  await album.shoot(phone, "coordination-accounts-fault");
  await accounts(album, town, phone, key);
  await lists(album, town, phone, key);
  await signing(album, town, phone);
  await phone.page.route("**/v1/coordination", () => undefined);
  await phone.open(`${town.url}/coordination#members`);
  await phone.reads("Even geduld");
  await album.shoot(phone, "coordination-loading");
  await phone.page.unroute("**/v1/coordination");
  await phone.page.route("**/v1/coordination", (route) => route.abort());
  await phone.open(`${town.url}/coordination`);
  await phone.reads("Er komt geen antwoord");
  await album.shoot(phone, "coordination-no-answer");
  await phone.open(`${town.url}/`);
  await album.shoot(phone, "home-town");
  const trekker = await phoneOf(browser);
  await trekker.open(town.page("/place"));
  await trekker.reads("Wat krijgt iedereen hier gewoonlijk?");
  await trekker.page.locator("#amount").fill("2");
  await trekker.tap("Bewaar");
  await trekker.reads("Wie is er?");
  await trekker.reads(/Nog .* ruimte/);
  await album.shoot(trekker, "place-town");
  const citizen = await phoneOf(browser);
  await citizen.open(town.page("/wallet"));
  await citizen.reads("Scan een code");
  await citizen.open(`${town.url}/wallet#lines`);
  await citizen.page.locator(".lines").first().waitFor();
  await album.shoot(citizen, "wallet-lines-town");
  for (const one of [phone, stranger, trekker, citizen]) await one.context.close();
  await town.end();
}

const cosign = (town: World, code: string) => town.wallet("coordinator", "--account", "council-2", "cosign", code);
const waiting = async (phone: Phone) => (await phone.page.locator("#action code").first().textContent()) ?? "";
const accountOf = (town: World, role: string) => (JSON.parse(town.wallet(role, "balance", "--json").trim().split("\n").at(-1) as string) as { account: string }).account;

async function accounts(album: Album, town: World, phone: Phone, key: string): Promise<void> {
  const member = accountOf(town, "citizen");
  await phone.open(`${town.url}/coordination#account/${member}`);
  await phone.reads("Dat weet alleen het lid zelf.");
  await album.shoot(phone, "coordination-account");
  await phone.tap("Zet deze rekening in rust");
  await phone.reads("in rust zetten?");
  await album.shoot(phone, "coordination-account-rest");
  const merchant = accountOf(town, "merchant");
  await phone.open(`${town.url}/coordination#account/${merchant}`);
  await phone.reads("Op het dorpsplein");
  await album.shoot(phone, "coordination-account-merchant");
  await phone.open(`${town.url}/coordination#square/${merchant}`);
  await phone.page.locator("#address").waitFor();
  await album.shoot(phone, "coordination-square");
  await phone.open(`${town.url}/coordination#limits/${merchant}`);
  await phone.page.locator("#limit").fill("veel");
  await phone.tap("Teken deze grenzen");
  await phone.page.locator("#limit-fault", { hasText: /\S/ }).waitFor();
  await album.shoot(phone, "coordination-limits");
  await phone.open(`${town.url}/coordination#limits/${accountOf(town, "trekker")}`);
  await phone.page.locator("#until").waitFor();
  await album.shoot(phone, "coordination-limits-budget");
  await phone.open(`${town.url}/coordination#close/${merchant}`);
  await phone.reads(/^Er staan .* op\.$/);
  await album.shoot(phone, "coordination-close");
  await phone.tap("Teken het sluiten");
  await album.shoot(phone, "coordination-close-sure");
  await phone.open(`${town.url}/coordination#payfirst/${merchant}`);
  await phone.page.locator(".qr svg").waitFor();
  await album.shoot(phone, "coordination-payfirst");
  await phone.open(`${town.url}/coordination#propose`);
  await phone.page.locator("#offline_cap").waitFor();
  await album.shoot(phone, "coordination-propose");
  await phone.page.locator("#offline_cap").fill("7,50");
  await phone.tap("Kijk na wat verandert");
  await phone.reads("Schrijf welke vergadering dit besliste.");
  await album.shoot(phone, "coordination-propose-fault");
  await phone.page.locator("#reference").fill("Verslag 3 november");
  await phone.tap("Kijk na wat verandert");
  await phone.reads("Dit komt uit deze vergadering");
  await album.shoot(phone, "coordination-propose-review");
  await phone.open(`${town.url}/coordination#rotate/${member}`);
  await phone.reads(/^Dit telt pas na/);
  await album.shoot(phone, "coordination-rotate");
  await phone.tapText("Lukt scannen niet?");
  await phone.page.locator("#key").fill(key);
  await phone.tapText("Lukt scannen niet?");
  await phone.reads("Staat dit nummer ook op de andere telefoon?");
  await phone.page.getByLabel("De oude telefoon mag straks niet meer betalen").check();
  await album.shoot(phone, "coordination-rotate-read");
  await phone.tap("Teken voor de nieuwe telefoon");
  await phone.reads("Bijna klaar");
  await phone.page.locator(".qr svg").waitFor();
  await album.shoot(phone, "coordination-almost");
  cosign(town, await waiting(phone));
  await phone.open(`${town.url}/coordination#waiting`);
  await phone.reads("kan de eigenaar dit tegenhouden");
  await album.shoot(phone, "coordination-waiting-one");
}

async function lists(album: Album, town: World, phone: Phone, key: string): Promise<void> {
  await phone.open(`${town.url}/coordination#import`);
  await phone.page.locator("#list").waitFor();
  await phone.page.locator("summary").first().click();
  await album.shoot(phone, "coordination-import");
  await phone.page.locator("#list").fill(`naam;sleutel;e-mail\nAnn;;a@b.be\n;;\n;${key};\nBert;zz;\nEls;${key}`);
  await phone.tap("Kijk de lijst na");
  await phone.reads("Er is niets gebeurd.");
  await album.shoot(phone, "coordination-import-mistakes");
  await phone.open(`${town.url}/coordination#import`);
  const fresh = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  await phone.page.locator("#list").fill(`naam;sleutel;limiet\nAnn;;\nZoë van der Elst;${fresh};2,5\nBert;;`);
  await phone.tap("Kijk de lijst na");
  await phone.reads("Er is nog niets gebeurd.");
  await album.shoot(phone, "coordination-import-plan");
  await phone.tap("Doe dit voor 3 mensen");
  await phone.reads("Doe mee met");
  await album.shoot(phone, "coordination-import-slips");
  await phone.tap("Ik heb ze afgedrukt");
  await phone.reads("Bijna klaar");
  await phone.page.locator(".qr svg").waitFor();
  await album.shoot(phone, "coordination-import-done");
  await phone.tap("Toon van wie ze zijn");
  await phone.reads("Schrijf dit over.");
  await album.shoot(phone, "coordination-import-whose");
}

/** New rules and a statement, read from their own bytes. */
async function signing(album: Album, town: World, phone: Phone): Promise<void> {
  const charter = JSON.parse(town.wallet("coordinator", "govern", "show")) as { policy: Record<string, unknown> };
  const file = join(town.directory, "charter.json");
  writeFileSync(file, JSON.stringify({ ...charter, policy: { ...charter.policy, correction_window: 14 * 86_400, offline_cap: "7.50" } }));
  town.wallet("coordinator", "--account", "council-2", "govern", "propose", file, "--reference", "Verslag 12 november");
  await phone.open(`${town.url}/coordination`);
  await phone.reads(/^Bekijk en teken: andere regels, tot /);
  await album.shoot(phone, "coordination-drafts");
  await phone.tap(/^Bekijk en teken: andere regels, tot /);
  await phone.reads("Verslag 12 november");
  await album.shoot(phone, "coordination-draft-rules");
  await phone.tap("Teken deze regels");
  await phone.reads(/Gedaan|Klaar|Getekend/);
  await album.shoot(phone, "coordination-draft-signed");
  await phone.open(`${town.url}/coordination#rules`);
  await phone.reads(/^Gaat in op /);
  await album.shoot(phone, "coordination-rules-waiting");
  const report = join(town.directory, "verslag.txt");
  writeFileSync(report, "Alles klopt.\n");
  const said = JSON.parse(town.wallet("coordinator", "--account", "council-2", "attest", "impact_report", report, "--json").trim().split("\n").at(-1) as string) as { link: string };
  await phone.open(`${town.url}/coordination#draft/${said.link.split("/").at(-1)}`);
  await phone.reads(/^Je legt een impactverslag vast/);
  await album.shoot(phone, "coordination-draft-unread");
  await phone.page.locator("#document").setInputFiles(file);
  await phone.reads("Dit is een ander document. Teken niet.");
  await album.shoot(phone, "coordination-draft-statement");
  await phone.page.locator("#document").setInputFiles(report);
  await phone.reads("Dit is het document dat je tekent.");
  await album.shoot(phone, "coordination-draft-right");
}
