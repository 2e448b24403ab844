/** A phone whose community goes on in another ledger: followed where the old one proves it, an alarm where nothing does. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { WATCHED, looksWell } from "./barriers.ts";
import { Phone, World, balance, connectTill, launch, member, price } from "./world.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

async function kept(phone: Phone, name: string): Promise<unknown> {
  return (await phone.stored("kept")).find((one) => one["name"] === name)?.["value"];
}

test("a stranger's ledger is an alarm with evidence; the ledger that the council continues is followed, with what one has", async () => {
  const world = await World.found();
  const { till } = await connectTill(world, browser, "Bakkerij De Korenaar");
  const phone = await member(world, browser, "30", WATCHED);
  await phone.open(await price(world, till, "2,50"));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
  assert.equal(await balance(world, phone), "27,50 klavers");
  await phone.open(`${world.url}/wallet`);
  await phone.tap("Maak een reservesleutel");
  await phone.reads("Schrijf deze twaalf woorden op");
  const words = await phone.page.locator(".recovery li").allTextContents();
  await phone.tap("Ik heb ze opgeschreven");
  await phone.reads("De sleutels van je rekening zijn veranderd.");
  const before = (await kept(phone, "trusted")) as { ledger: string };
  // A payment that was signed and never answered for: the old ledger ends before it can be.
  await phone.open(await price(world, till, "1"));
  await phone.reads("Genoeg");
  await phone.page.route("**/v1/entries", (route) => route.abort());
  await phone.tap(/^Betaal/);
  await phone.reads(/^Wacht$/);

  await world.usurp();
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Dit is een ander grootboek dan waar je lid van werd.");
  await phone.reads("Je portemonnee tekent hier niets.");
  await looksWell(phone.page, "another ledger");
  assert.equal(await phone.page.getByRole("link", { name: "Scan een code" }).count(), 0);
  const [download] = await Promise.all([phone.page.waitForEvent("download"), phone.tap("Bewaar het bewijs")]);
  const evidence = readFileSync(await download.path(), "utf8");
  assert.match(evidence, /which continues no other/);
  assert.match(evidence, /"charters"/);
  assert.deepEqual(await kept(phone, "trusted"), before, "nothing is followed");

  await world.comeBack("honest");
  await world.succeed();
  await phone.page.unroute("**/v1/entries");
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Klaverdorp gaat verder in een nieuw grootboek. Het einde van het oude is nagekeken.");
  await phone.reads(/je saldo is meegekomen, met bewijs: 27,50/);
  await phone.reads("Wat nog wachtte, telt niet mee in het nieuwe grootboek: 1.");
  await looksWell(phone.page, "followed");
  await phone.tap("Naar mijn portemonnee");
  await phone.reads("Scan een code");
  assert.equal(await balance(world, phone), "27,50 klavers");
  const now = (await kept(phone, "trusted")) as { ledger: string; predecessor: { ledger: string } };
  assert.notEqual(now.ledger, before.ledger);
  assert.equal(now.predecessor.ledger, before.ledger);
  const past = (await kept(phone, `past:${before.ledger}`)) as { trusted: object; checkpoint: string };
  assert.deepEqual(past.trusted, before);
  assert.match(past.checkpoint, /^localhost:\d+\/log\n/, "the old seals are kept");
  const old = await phone.stored("outbox");
  assert.deepEqual(old.map(({ state }) => state).sort(), ["done", "done", "ended"], "the old receipt holds, what waited is not called paid");

  // The till follows too, and both go on as before.
  await till.open(`${world.url}/till`);
  await till.reads("gaat verder in een nieuw grootboek");
  await phone.open(await price(world, till, "3"));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
  assert.equal(await balance(world, phone), "24,50 klavers");
  // Words that were written down in the old ledger give the account back in the new one.
  const found = await Phone.of(browser);
  await found.open(`${world.url}/wallet#restore`);
  await found.page.locator("#words").fill(words.join(" "));
  await found.tap("Zet mijn portemonnee terug");
  await found.reads("De sleutels van je rekening zijn veranderd.");
  assert.equal(await balance(world, found), "24,50 klavers");
  await found.context.close();

  await phone.open(`${world.url}/wallet#seal`);
  await phone.reads(/^Nummers: \d+\. Zegel: /);
  assert.deepEqual([phone.faults, till.faults], [[], []]);
  for (const one of [phone, till]) await one.context.close();
  await world.end();
});

test("a new ledger that has another balance for this phone, or another end, is an alarm", async () => {
  const world = await World.found();
  const phone = await member(world, browser, "30", { serviceWorkers: "block" });
  assert.equal(await balance(world, phone), "30 klavers");
  await world.succeed();
  // Whoever runs the node shows other numbers than the council signed.
  await phone.page.route("**/v1/succession/share", async (route) => {
    const answer = await route.fetch();
    if (!answer.ok()) return route.fulfill({ response: answer });
    const said = (await answer.json()) as { credits_minor: number };
    await route.fulfill({ response: answer, json: { ...said, credits_minor: said.credits_minor - 1 } });
  });
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Je saldo is niet juist meegekomen.");
  await looksWell(phone.page, "another balance");
  await phone.page.unroute("**/v1/succession/share");
  await phone.page.route("**/v1/succession", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), ending: null } });
  });
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Dit grootboek zet het jouwe niet juist verder.");
  const strange = (await kept(phone, "strange")) as { code: string };
  assert.equal(strange.code, "error.share_wrong", "the first evidence is kept");
  await phone.page.unroute("**/v1/succession");
  await phone.open(`${world.url}/wallet`);
  await phone.reads("gaat verder in een nieuw grootboek");
  await phone.open(`${world.url}/wallet#seal`);
  await phone.reads("Bewaar het bewijs");
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
  await world.end();
});
