/** A phone whose community goes on in another ledger: followed where the old one proves it, an alarm where nothing does. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { WATCHED, looksWell } from "./barriers.ts";
import { accountText } from "../src/lib/account.ts";
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
  await phone.reads(/^Nog niet bevestigd$/);

  await world.usurp();
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Dit is niet de gemeenschap die je kent.");
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
  // A tile that is not there accuses nobody, and nothing is signed meanwhile.
  await phone.page.route("**/log/before/tile/**", (route) => route.fulfill({ status: 404, contentType: "application/problem+json", body: "{}" }));
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Er komt geen antwoord.");
  assert.deepEqual(await kept(phone, "strange"), strange);
  await phone.page.unroute("**/log/before/tile/**");
  // Somebody pays while the phone asks: that is no contradiction.
  let isPaid = false;
  await phone.page.route("**/statement*", async (route) => {
    const answer = await route.fetch();
    if (!isPaid) world.give("5", accountText((await phone.stored("hats"))[0]?.["account"] as string));
    isPaid = true;
    await route.fulfill({ response: answer });
  });
  await phone.open(`${world.url}/wallet`);
  await phone.reads("gaat verder in een nieuw grootboek");
  await phone.page.unroute("**/statement*");
  assert.ok(isPaid);
  assert.equal(await balance(world, phone), "35 klavers");
  // The evidence stays at hand until the person lets it go.
  await phone.open(`${world.url}/wallet#seal`);
  await phone.reads("Hier klopte even iets niet.");
  await phone.reads("Bewaar het bewijs");
  await phone.tap("Wis dit bewijs");
  await phone.page.getByText("Hier klopte even iets niet.").waitFor({ state: "detached" });
  assert.equal(await kept(phone, "strange"), undefined);
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
  await world.end();
});

test("a phone that slept through two successions follows to the newest, and signs what it really has", async () => {
  const world = await World.found();
  const phone = await member(world, browser, "30", { serviceWorkers: "block" });
  assert.equal(await balance(world, phone), "30 klavers");
  const account = accountText((await phone.stored("hats"))[0]?.["account"] as string);
  const first = (await kept(phone, "trusted")) as { ledger: string };
  await world.succeed();
  world.give("5", account);
  const middle = ((await (await fetch(`${world.url}/v1/community`)).json()) as { ledger: string }).ledger;
  await world.succeed("ended again");

  // A node that shows the last step alone shows somebody else's ledger in the middle.
  const older = "**/v1/succession?ledger=*";
  await phone.page.route(older, (route) => route.fulfill({ status: 404, contentType: "application/problem+json", body: JSON.stringify({ status: 404, code: "no_predecessor", detail: "", transient: false }) }));
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Dit is niet de gemeenschap die je kent.");
  assert.deepEqual(await kept(phone, "trusted"), first);
  await phone.page.unroute(older);
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Klaverdorp gaat verder in een nieuw grootboek.");
  await phone.reads(/je saldo is meegekomen, met bewijs: 35/);
  const between = (await kept(phone, `past:${middle}`)) as { trusted: { predecessor: { ledger: string } } };
  assert.equal(between.trusted.predecessor.ledger, first.ledger);
  assert.equal(((await kept(phone, "trusted")) as { predecessor: { ledger: string } }).predecessor.ledger, middle);
  assert.equal(await balance(world, phone), "35 klavers");

  // What an account came over with is signed by the council: another key that a node slips in is not signed by the phone.
  const theirs = "ab".repeat(32);
  await phone.page.route(`**/v1/accounts/${account}`, async (route) => {
    const answer = await route.fetch();
    const said = (await answer.json()) as { state: { keys: object[] } };
    const slipped = { key: theirs, rights: ["spend", "refund", "manage"], until: null, cap: null };
    await route.fulfill({ response: answer, json: { ...said, state: { ...said.state, keys: [...said.state.keys, slipped] } } });
  });
  await phone.open(`${world.url}/wallet#recovery`);
  await phone.reads("Schrijf deze twaalf woorden op");
  await phone.tap("Ik heb ze opgeschreven");
  await phone.reads("Het bewijs klopt niet.");
  assert.equal((await phone.stored("outbox")).length, 0, "nothing was signed");
  await phone.page.unroute(`**/v1/accounts/${account}`);
  await phone.open(`${world.url}/wallet#recovery`);
  await phone.reads("Schrijf deze twaalf woorden op");
  await phone.tap("Ik heb ze opgeschreven");
  await phone.reads("De sleutels van je rekening zijn veranderd.");
  // From then on a node may not show the charters without the one that this phone has followed.
  assert.equal(((await kept(phone, "trusted")) as { charterBase: number }).charterBase, 0);
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
  await world.end();
});

test("what could not be proven of an account is asked again on every visit, until it is, or is an alarm", async () => {
  const world = await World.found();
  const phone = await member(world, browser, "30", WATCHED);
  assert.equal(await balance(world, phone), "30 klavers");
  await world.succeed();
  const shares = /\/v1\/succession\/share(\?|$)/;
  // The node says that this phone's key counts no more: nobody can tell whether that is so.
  await phone.page.route(shares, (route) => route.fulfill({ status: 401, contentType: "application/problem+json", json: { status: 401, code: "session_key", detail: "no", transient: false } }));
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Klaverdorp gaat verder in een nieuw grootboek.");
  assert.equal(await phone.page.getByText("je saldo is meegekomen").count(), 0);
  assert.equal(Object.keys((await kept(phone, "unproven")) as object).length, 1);
  await phone.page.unroute(shares);

  // Another balance than it had is an alarm on whichever page is open, also later.
  await phone.page.route(shares, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), credits_minor: 1 } });
  });
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Je saldo is niet juist meegekomen.");
  await phone.page.unroute(shares);
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Scan een code");
  for (let left = 1; left > 0; ) left = Object.keys((await kept(phone, "unproven")) as object).length;
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
  await world.end();
});

test("a community that moved to another address takes its wallets along: the old page checks and signs, the new one has the keys", async () => {
  const old = await World.found();
  const phone = await member(old, browser, "30", WATCHED);
  assert.equal(await balance(old, phone), "30 klavers");
  const before = (await kept(phone, "trusted")) as { ledger: string };
  // What the account was before it got a recovery key: proven by the log for ever, and no longer true.
  let stale: object = {};
  const mine = /\/v1\/accounts\/klv1[a-z0-9]+$/;
  await phone.page.route(mine, async (route) => {
    const answer = await route.fetch();
    stale = (await answer.json()) as object;
    await route.fulfill({ response: answer });
  });
  assert.equal(await balance(old, phone), "30 klavers");
  await phone.page.unroute(mine);
  await phone.open(`${old.url}/wallet#recovery`);
  await phone.tap("Ik heb ze opgeschreven");
  await phone.reads("De sleutels van je rekening zijn veranderd.");
  const world = await old.move();
  const host = world.url.replace("http://", "");

  // An address that the council has not signed is not gone to.
  await phone.page.route("**/v1/successor", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), url: "http://localhost:1" } });
  });
  await phone.open(`${old.url}/wallet?anew`);
  await phone.reads("Dit nieuwe adres klopt niet.");
  await phone.page.unroute("**/v1/successor");
  // Nor is anything signed for somebody who was not asked.
  await phone.open(`${old.url}/wallet?anew#moved/${"0".repeat(32)}/${"ab".repeat(32)}`);
  await phone.reads(`Klaverdorp is verhuisd naar ${host}.`);
  assert.equal(new URL(phone.page.url()).origin, old.url);
  await looksWell(phone.page, "moved to another address");

  // An old page that shows an older state of the account gets no signature over it.
  await phone.page.route(mine, (route) => route.fulfill({ json: stale }));
  await phone.open(`${old.url}/wallet`);
  await phone.tap("Ga mee met mijn portemonnee");
  await phone.reads("Wat deze pagina van je rekening toont, klopt niet.");
  assert.equal(new URL(phone.page.url()).origin, old.url);
  await phone.page.unroute(mine);

  // The page that was kept finds out by itself; one tap, and the wallet lives there.
  await phone.open(`${old.url}/wallet`);
  await phone.reads(`Klaverdorp is verhuisd naar ${host}.`);
  await phone.tap("Ga mee met mijn portemonnee");
  await phone.reads("Je portemonnee woont nu hier.");
  await phone.reads(/je saldo is meegekomen, met bewijs: 30/);
  assert.equal(new URL(phone.page.url()).origin, world.url);
  await looksWell(phone.page, "came along");
  await phone.tap("Naar mijn portemonnee");
  assert.equal(await balance(world, phone), "30 klavers");
  assert.equal(((await kept(phone, "trusted")) as { predecessor: { ledger: string } }).predecessor.ledger, before.ledger);
  const { till } = await connectTill(world, browser, "Bakkerij De Korenaar");
  await phone.open(await price(world, till, "2"));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
  // The old page says so, and its key signs no more.
  await phone.open(`${old.url}/wallet`);
  await phone.reads("Je portemonnee verhuisde al van hier.");
  assert.deepEqual([phone.faults, till.faults], [[], []]);
  for (const one of [phone, till]) await one.context.close();
  await Promise.all([old.end(), world.end()]);
});
