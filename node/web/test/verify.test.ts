/** A receipt is dropped on `/verify`, or on its saved copy without any network: every step says what it found. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { WATCHED, looksWell } from "./barriers.ts";
import { foundWitnessed, type WitnessedWorld } from "./witnesses.ts";
import { Phone, type World, connectTill, launch, member, price } from "./world.ts";

const VECTORS = JSON.parse(readFileSync(`${process.env["KLAVER_ROOT"] ?? "../.."}/docs/spec/vectors/records.json`, "utf8"));

let town: WitnessedWorld;
let world: World;
let browser: Browser;
/** The receipt of a payment, as the wallet saved it, cosigned by two of three. */
let receipt = "";

before(async () => {
  town = await foundWitnessed(["Buren", "Kerk", "School"], 2);
  world = town.world;
  browser = await launch();
  for (const witness of town.witnesses.slice(0, 2)) await witness.start();
  const { till } = await connectTill(world, browser, "Bakkerij De Korenaar");
  const phone = await member(world, browser, "30");
  await phone.open(await price(world, till, "2,50"));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
  const [paid] = await phone.stored("outbox");
  receipt = await witnessedReceipt(phone, paid?.["index"] as number);
  await phone.context.close();
  await till.context.close();
});
after(async () => {
  await browser?.close();
  await town?.end();
});

/** Asks the node for a receipt, as a wallet that comes back later, until both witnesses' lines are in it. */
async function witnessedReceipt(phone: Phone, index: number): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const [session] = (await phone.stored("kept")).filter(({ name }) => String(name).startsWith("session:"));
    const { token } = session?.["value"] as { token: string };
    const answer = await fetch(`${world.url}/v1/receipts/${index}`, { headers: { authorization: `Bearer ${token}` } });
    const { opening, proof, checkpoint } = (await answer.json()) as { opening: string; proof: string[]; checkpoint: string };
    if (checkpoint.match(/^— /gmu)?.length === 3) {
      const extra = Buffer.from(opening, "base64url").toString("base64");
      return ["c2sp.org/tlog-proof@v1", `extra ${extra}`, `index ${index}`, ...proof].join("\n") + `\n\n${checkpoint}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("no quorum in time");
}

/** Chooses a file, and returns each step with its state. */
async function check(page: Page, file: string): Promise<Record<string, string>> {
  await page.evaluate(() => document.querySelector(".steps")?.remove());
  await page.locator("input[type=file]").setInputFiles({ name: "klaver-42.tlog-proof", mimeType: "text/plain", buffer: Buffer.from(file) });
  await page.locator(".steps").waitFor({ state: "attached" });
  const found = await page.locator(".steps li").evaluateAll((items) => items.map((item) => [item.querySelector("strong")?.textContent ?? "", item.className]));
  return Object.fromEntries(found) as Record<string, string>;
}

async function opened(options = {}): Promise<Phone> {
  const phone = await Phone.of(browser, options);
  await phone.open(`${world.url}/verify`);
  await phone.reads("Kies een bewijs");
  return phone;
}

test("a receipt that holds: what it proves, whose log, who cosigned; without barriers", async () => {
  const phone = await opened(WATCHED);
  await looksWell(phone.page, "verify");
  const steps = await check(phone.page, receipt);
  assert.deepEqual(Object.values(steps), ["holds", "holds", "holds", "holds", "holds", "holds", "holds"]);
  for (const says of ["Dit bewijs klopt.", "2,50\u00a0klavers", /^Nummer \d+, genoteerd op/, "Bezegeld door 2 van 3 meekijkers: Buren", "Meekijkers: Buren, Kerk, School"]) await phone.reads(says);
  await phone.tapText("Toon de rekening");
  await phone.reads(/betaalde aan klv/);
  await looksWell(phone.page, "verify, holds");
  await check(phone.page, "geen bewijs");
  await phone.reads("Dit is hier niet na te kijken.");
  await looksWell(phone.page, "verify, holds not");
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("a dropped file counts like a chosen one", async () => {
  const phone = await opened();
  await phone.page.evaluate((text) => {
    const dropped = new DataTransfer();
    dropped.items.add(new File([text], "klaver-42.tlog-proof"));
    document.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
  }, receipt);
  await phone.reads("Dit bewijs klopt.");
  await phone.context.close();
});

test("whatever is changed, the step that fails is named, with what it can mean", async () => {
  const phone = await opened();
  const line = (start: string) => receipt.split("\n").find((one) => one.startsWith(start)) ?? "";
  const witness = line("— buren.example");
  const other = (text: string) => text.replace(/.{12}$/, (end) => (end.startsWith("A") ? "B" : "A") + end.slice(1));
  for (const [file, step, why, means] of [
    [receipt.replace("index ", "index 1"), "Het nummer", "De inhoud is van een ander nummer", "twee bewijzen zijn gemengd"],
    [receipt.replace(line("— localhost"), "— other.example/log AAAAAAA="), "Het zegel", "tekende dit zegel niet", "Kijk de sleutel van het logboek na."],
    [receipt.replace(/\n[^\n]+\n\n/, "\n\n"), "De plaats", "staat niet op die plaats", "Toon het aan het kernteam."],
    [receipt.replace(witness, other(witness)), "De meekijkers", "Een lijn van een meekijker is vals.", "Iemand veranderde het bestand."],
    [receipt.slice(0, 200), "Het bestand", "geen bewijs, of het is beschadigd", "Bewaar het bewijs opnieuw"],
  ] as const) {
    const steps = await check(phone.page, file);
    assert.equal(Object.entries(steps).find(([, state]) => state === "fails")?.[0], step);
    // What cannot be read is no swindle.
    await phone.reads(step === "Het bestand" ? "Dit is hier niet na te kijken." : "Dit bewijs klopt niet.");
    await phone.reads(why);
    await phone.reads(means);
  }
  const steps = await check(phone.page, receipt.replace(`${witness}\n`, ""));
  assert.equal(steps["De meekijkers"], "unknown", "one of three is no quorum, and no fault either");
  await phone.reads("Nog niet bezegeld: 1 van 3 meekijkers.");
  await phone.context.close();
});

test("trust is shown, compared and replaced: another log's receipts, good and changed, by its own key", async () => {
  const phone = await opened();
  await check(phone.page, VECTORS.receipts[0].file);
  await phone.reads("tekende dit zegel niet");
  await phone.page.locator("summary").filter({ hasText: "Vergelijk of vul zelf in" }).click();
  await phone.reads("Dit is gelijk aan wat");
  await phone.page.locator("#trust-keys").fill("nonsense");
  await phone.reads("Dit is anders dan wat");
  await phone.tap("Gebruik dit");
  await phone.reads("Regel 1 is geen sleutel van een logboek.");
  await phone.page.locator("#trust-keys").fill(VECTORS.log);
  await phone.page.locator("#trust-ledger").fill("abc");
  await phone.tap("Gebruik dit");
  await phone.reads("Hier horen 64 tekens");
  await phone.page.locator("#trust-ledger").fill(VECTORS.ledger);
  await phone.page.locator("#trust-policy").fill("quorum A");
  await phone.tap("Gebruik dit");
  await phone.reads("Regel 1 van de lijst is niet juist.");
  await phone.page.locator("#trust-policy").fill("");
  await phone.tap("Gebruik dit");
  await phone.reads("Dit vulde je zelf in.");
  for (const { name, file } of VECTORS.receipts) {
    await check(phone.page, file);
    await phone.reads(name === "an auditor's" ? "Dit is hier niet na te kijken." : "Dit bewijs klopt.");
  }
  for (const { name, file } of VECTORS.refused_receipts) {
    // These two are good files that other tests hold against another log or ledger.
    const isGood = ["by the key of another log", "of another ledger"].includes(name);
    const steps = await check(phone.page, file);
    assert.equal(Object.values(steps).includes("fails"), !isGood, name);
  }
  await phone.tap(/^Terug naar wat/);
  await phone.reads("Dit is gelijk aan wat");
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("kept by the browser it opens without network; saved as one file it asks nobody at all", async () => {
  const phone = await opened();
  await phone.page.evaluate(() => navigator.serviceWorker.ready);
  const [download] = await Promise.all([phone.page.waitForEvent("download"), phone.tap("Bewaar deze pagina")]);
  const saved = join(world.directory, "klaver-verify.html");
  await download.saveAs(saved);
  await phone.open(`${world.url}/verify`);
  await phone.page.waitForFunction(() => navigator.serviceWorker.controller);
  await phone.context.setOffline(true);
  await phone.open(`${world.url}/verify`);
  assert.equal((await check(phone.page, receipt))["De plaats"], "holds");
  await phone.context.close();

  const alone = await Phone.of(browser);
  const asked: string[] = [];
  alone.page.on("request", (request) => void asked.push(request.url()));
  await alone.context.setOffline(true);
  await alone.page.goto(`file://${saved}`);
  await alone.reads("Dit is een bewaarde pagina van");
  const steps = await check(alone.page, receipt);
  assert.deepEqual([...new Set(Object.values(steps))], ["holds"]);
  await alone.reads("Bezegeld door 2 van 3 meekijkers: Buren");
  assert.equal((await check(alone.page, receipt.replace("index ", "index 1")))["Het nummer"], "fails");
  assert.deepEqual(asked, [`file://${saved}`]);
  assert.deepEqual(alone.faults, []);
  // A changed script is not run: the file's own policy names the one it came with.
  writeFileSync(saved, readFileSync(saved, "utf8").replace("klaver/record/v1", "klaver/record/v2"));
  await alone.page.goto(`file://${saved}`);
  assert.equal(await alone.page.locator("input[type=file]").count(), 0);
  await alone.context.close();
});

test("in French and English too, and without script the way to do it", async () => {
  for (const [language, title, holds] of [["fr", "Vérifier une preuve", "Cette preuve est juste."], ["en", "Check a receipt", "This receipt holds."]] as const) {
    const phone = await Phone.of(browser);
    await phone.open(`${world.url}/verify?lang=${language}`);
    await phone.reads(title);
    await check(phone.page, receipt);
    await phone.reads(holds);
    await phone.context.close();
  }
  const plain = await Phone.of(browser, { javaScriptEnabled: false });
  await plain.open(`${world.url}/verify`);
  const said = await plain.page.locator("body").innerText();
  assert.ok(said.includes("klaver receipt verify klaver-42.tlog-proof --log-key localhost"), said);
  await plain.context.close();
});
