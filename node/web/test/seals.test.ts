/** Paid and witnessed: witnesses' lines on receipts, one history for everybody, and an alarm where there are two. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { WATCHED, looksWell } from "./barriers.ts";
import { Witness, foundWitnessed, type WitnessedWorld } from "./witnesses.ts";
import { Phone, World, connectTill, launch, member, members, price } from "./world.ts";

let town: WitnessedWorld;
let browser: Browser;
let till: Phone;

before(async () => {
  town = await foundWitnessed(["Buren", "Kerk", "School"], 2);
  browser = await launch();
  ({ till } = await connectTill(town.world, browser, "Bakkerij De Korenaar"));
});
after(async () => {
  await browser?.close();
  await town?.end();
});

async function pay(world: World, shop: Phone, phone: Phone, euro: string): Promise<void> {
  await phone.open(await price(world, shop, euro));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
}

/** The code of a phone's newest seal, once the log has at least so many numbers. */
async function code(world: World, phone: Phone, least = 0): Promise<string> {
  for (let tries = 0; tries < 50; tries++) {
    await phone.open(`${world.url}/wallet#seal`);
    const said = await phone.page.getByText(/^Nummers: \d+/).textContent();
    if (Number(/\d+/.exec(said ?? "")?.[0]) >= least) return (await phone.page.locator("details code").first().textContent()) ?? "";
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("the log did not grow in time");
}

/** The charters once another witness policy counts, which the council decides on now. */
async function governed(world: World, policy: string): Promise<object> {
  const lineage = (await (await fetch(`${world.url}/v1/lineage`)).json()) as { charters: object[] };
  const { charter } = (await (await fetch(`${world.url}/v1/community`)).json()) as { charter: object };
  const file = join(world.directory, "charter.json");
  writeFileSync(file, JSON.stringify({ ...charter, witness_policy: policy }));
  const { receipt } = world.council("govern", "propose", file) as { receipt: string };
  const [head = "", ...checkpoint] = readFileSync(receipt, "utf8").split("\n\n");
  const [, extra = "", index = "", ...proof] = head.split("\n");
  const opening = Buffer.from(extra.slice("extra ".length), "base64").toString("base64url");
  return { ...lineage, charters: [...lineage.charters, { index: Number(index.slice("index ".length)), opening, proof, checkpoint: checkpoint.join("\n\n") }] };
}

async function compare(phone: Phone, text: string): Promise<void> {
  await phone.page.locator("#theirs").fill(text);
  await phone.tap("Vergelijk");
}

test("paid at once; witnessed when the quorum has cosigned, without another tap; the saved receipt has their lines", async () => {
  const phone = await member(town.world, browser, "30", WATCHED);
  await pay(town.world, till, phone, "2,50");
  await phone.reads("De meekijkers kijken later mee.");
  await looksWell(phone.page, "paid, not witnessed");
  await town.witnesses[0]?.start();
  await phone.reads("De meekijkers kijken later mee.");
  await town.witnesses[1]?.start();
  await phone.reads("2 van de 3 meekijkers keken mee.");
  await looksWell(phone.page, "paid, witnessed");
  const [download] = await Promise.all([phone.page.waitForEvent("download"), phone.tap("Bewijs bewaren")]);
  const file = join(town.world.directory, "seen.tlog-proof");
  await download.saveAs(file);
  assert.equal(readFileSync(file, "utf8").match(/^— (buren|kerk)\.example\/w /gmu)?.length, 2);
  // The wallet of the command line says the same of it.
  const said = town.world.council("receipt", "verify", file) as { paid: boolean; witnessed: { quorum: boolean; by: string[] } };
  assert.deepEqual([said.paid, said.witnessed.quorum, said.witnessed.by], [true, true, ["Buren", "Kerk"]]);
  await phone.open(`${town.world.url}/wallet#lines`);
  await phone.page.locator(".lines a").first().click();
  await phone.reads("2 van de 3 meekijkers keken mee.");
  await phone.open(`${town.world.url}/wallet#seal`);
  await phone.page.locator(".qr svg").waitFor();
  await phone.reads("Zo kan iedereen nakijken dat er niets veranderd is.");
  await looksWell(phone.page, "seal");
  await phone.open(`${town.world.url}/`);
  await phone.tapText("Hoe doe ik dat?");
  await phone.reads(/2 van 3 meekijkers zagen het logboek bij \d+ nummers, minder dan een uur geleden\./);
  await looksWell(phone.page, "home, witnessed");
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("seals of two phones: the same, continued, ahead; changed or of elsewhere it says so", async () => {
  const [one, other] = [await member(town.world, browser, "0", WATCHED), await member(town.world, browser, "0")];
  const early = await code(town.world, one);
  // What comes now, this phone does not see by itself; what it looked for before has come.
  await one.page.waitForLoadState("networkidle");
  await one.page.route("**/log/checkpoint", (route) => route.abort());
  const seen = (await one.stored("kept")).find(({ name }) => name === "checkpoint")?.["value"] as string;
  await members(town.world, 1);
  const later = await code(town.world, other, 1 + Number(seen.split("\n")[1]));
  await compare(other, later);
  await other.reads("Hetzelfde zegel aan beide kanten");
  await compare(other, early);
  await other.reads("Eén geschiedenis: zij hebben");
  await compare(one, later);
  await one.reads("De hunne is nieuwer");
  await looksWell(one.page, "seal, compared");
  await compare(one, later.replace(/.$/, (end) => (end === "0" ? "1" : "0")));
  await one.reads("Dit logboek heeft dat zegel niet ondertekend.");
  await compare(one, "hallo");
  await one.reads("Dit is geen code van een gemeenschap.");
  // Whoever scans a seal where one scans to pay comes to the same place.
  await one.page.unroute("**/log/checkpoint");
  await one.open(`${town.world.url}/wallet#scan`);
  await one.typesCode(early);
  await one.reads(/Hetzelfde zegel|Eén geschiedenis/);
  await one.context.close();
  await other.context.close();
});

test("another list of witnesses counts only when the charter names it and a person says so", async () => {
  const phone = await member(town.world, browser, "0", { serviceWorkers: "block" });
  await phone.open(`${town.world.url}/wallet#seal`);
  await phone.reads("De lijst van meekijkers");
  const real = await (await fetch(`${town.world.url}/log/policy`)).text();
  const stranger = await Witness.init("Vreemd", join(town.world.directory));
  const other = `${real.split("\n")[0]}\n${stranger.line}\nquorum Vreemd\n`;
  const hash = createHash("sha256").update(other).digest("hex");
  const isChanged = async () => (await phone.page.getByText("De lijst van meekijkers is veranderd.").count()) > 0;
  await phone.page.route("**/log/policy", (route) => route.fulfill({ body: other, contentType: "text/plain" }));
  await phone.open(`${town.world.url}/wallet#seal`);
  await phone.reads(/van (de )?3 meekijkers/);
  assert.equal(await isChanged(), false, "the charter does not name it");
  // Whoever runs the node can say that it does; the charter itself is the council's.
  await phone.page.route("**/v1/community", async (route) => {
    const answer = await route.fetch();
    const said = (await answer.json()) as { charter: { witness_policy: string } };
    said.charter.witness_policy = hash;
    await route.fulfill({ response: answer, json: said });
  });
  await phone.open(`${town.world.url}/wallet#seal`);
  await phone.reads(/van (de )?3 meekijkers/);
  await phone.page.waitForLoadState("networkidle");
  assert.equal(await isChanged(), false, "a node's word is not the charter");
  await phone.open(`${town.world.url}/wallet#seal`);
  await phone.reads(/van (de )?3 meekijkers/);
  assert.equal(await isChanged(), false);
  // The council decides, and some days later its charter counts.
  const shown = await governed(town.world, hash);
  await phone.page.route("**/v1/lineage", (route) => route.fulfill({ json: shown }));
  await phone.page.clock.setFixedTime(Date.now() + 30 * 86_400_000);
  await phone.open(`${town.world.url}/wallet#seal`);
  await phone.reads("De lijst van meekijkers is veranderd.");
  await phone.reads(/van (de )?3 meekijkers/);
  await phone.tap("Het klopt: neem de nieuwe lijst");
  await phone.reads("0 van de 1 meekijkers keken al mee.");
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("an answer that is no seal is no alarm; a seal that another key signed is one", async () => {
  const phone = await member(town.world, browser, "0", { serviceWorkers: "block" });
  await phone.page.route("**/log/checkpoint", (route) => route.fulfill({ body: "<h1>Even geduld</h1>", contentType: "text/html" }));
  await phone.open(`${town.world.url}/wallet#more`);
  await phone.page.locator("summary", { hasText: "Voor wie het wil nakijken" }).click();
  await phone.reads("Het logboek kijken we later na.");
  const note = await (await fetch(`${town.world.url}/log/checkpoint`)).text();
  const forged = note.replace(/^(\d+)$/mu, (size) => String(Number(size) + 1));
  await phone.page.route("**/log/checkpoint", (route) => route.fulfill({ body: forged, contentType: "text/plain" }));
  await phone.open(`${town.world.url}/wallet`);
  await phone.reads("Bewaar het bewijs");
  await phone.context.close();
});

/** A community that was put back to an older copy of itself, and phones that saw what came after it. */
async function forked(): Promise<{ world: World; phone: Phone; neighbour: Phone; lost: string }> {
  const world = await World.found();
  const shop = await connectTill(world, browser, "Café Het Anker");
  const [phone, neighbour] = [await member(world, browser, "30", WATCHED), await member(world, browser, "0", WATCHED)];
  const [data, copy] = [join(world.directory, "data"), join(world.directory, "copy")];
  await world.stop();
  cpSync(data, copy, { recursive: true });
  await world.start();
  await pay(world, shop.till, phone, "3");
  await members(world, 1);
  const [paid] = await phone.stored("outbox");
  const lost = await code(world, phone, (paid?.["index"] as number) + 2);
  await shop.till.context.close();
  await world.stop();
  rmSync(data, { recursive: true });
  cpSync(copy, data, { recursive: true });
  await world.start();
  return { world, phone, neighbour, lost };
}

test("a log that goes back, or says two things, is an alarm: evidence, nothing signed, and a way on", async () => {
  const { world, phone, neighbour, lost } = await forked();
  // Two other records: as many as the other history has, and another root.
  await members(world, 2);
  const theirs = await code(world, neighbour, 1);
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Betaal nu niet met deze telefoon.");
  await looksWell(phone.page, "alarm");
  // What a person needs stands there; seals and numbers are for the council.
  assert.doesNotMatch(await phone.page.locator("#action").innerText(), /zegel|logboek|=/);
  for (const path of ["/wallet#scan", "/till", "/place"]) {
    await phone.open(world.url + path);
    await phone.reads("Er klopt iets niet");
    assert.equal(await phone.page.getByRole("link", { name: "Ontvang" }).count(), 0);
  }
  const [download] = await Promise.all([phone.page.waitForEvent("download"), phone.tap("Bewaar het bewijs")]);
  const file = join(world.directory, "evidence.txt");
  await download.saveAs(file);
  const notes = readFileSync(file, "utf8").match(/^localhost:\d+\/log\n\d+\n\S+\n\n— localhost\S+ \S+$/gmu);
  assert.equal(notes?.length, 2, readFileSync(file, "utf8"));
  assert.notEqual(notes?.[0], notes?.[1]);

  // The neighbour saw only the second history; the code of the first is enough, also without network.
  assert.notEqual(theirs, lost);
  await neighbour.open(`${world.url}/wallet#seal`);
  await neighbour.reads("Jouw zegel van het logboek");
  await neighbour.context.setOffline(true);
  await compare(neighbour, lost);
  await neighbour.reads("Het logboek spreekt zichzelf tegen.");
  await neighbour.context.setOffline(false);
  await neighbour.reads("Er klopt iets niet");

  // The council says which one counts: what is not in it is no longer called paid.
  await phone.page.locator("summary").filter({ hasText: "Voor het kernteam" }).click();
  await phone.page.locator("#size").fill("veel");
  await phone.tap("Ga verder");
  await phone.reads("Hier hoort een getal.");
  await phone.page.locator("#size").fill("4000");
  await phone.tap("Ga verder");
  await phone.reads(/^Het grootboek heeft nu \d+ nummers, geen 4000\./);
  await phone.page.locator("#size").fill("1");
  await phone.tap("Ga verder");
  await phone.reads("Je gaat verder. Betalingen die er niet bij horen: 1.");
  await phone.tap("Naar mijn portemonnee");
  await phone.reads("Scan een code");
  await phone.reads("Het bewijs klopt niet.");
  assert.equal((await phone.stored("outbox"))[0]?.["state"], "alarm");
  await phone.open(`${world.url}/wallet#seal`);
  await phone.reads(/^Je gaat verder met het grootboek van \d+ nummers/);
  const [again] = await Promise.all([phone.page.waitForEvent("download"), phone.tap("Bewaar het bewijs")]);
  assert.equal(readFileSync(await again.path(), "utf8"), readFileSync(file, "utf8"), "the evidence stays");
  for (const one of [phone, neighbour]) {
    assert.deepEqual(one.faults, []);
    await one.context.close();
  }
  await world.end();
});
