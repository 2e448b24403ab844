/** Paying without network: a phone promises, a till keeps it; paid once, whoever sends it; what stays unpaid a pot bears. */

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { parseAccount } from "../src/lib/account.ts";
import { hex } from "../src/lib/bytes.ts";
import { type Entry, encodeEntry, encodeEnvelope, signingInput } from "../src/lib/entry.ts";
import { parseLink, printLink } from "../src/lib/links.ts";
import { WATCHED, looksWell } from "./barriers.ts";
import { Phone, World, balance, close, connectTill, inTown, leaveNetwork, member, takesPromise, until } from "./world.ts";

let world: World;
let browser: Browser;
let till: Phone;
let account: string;

inTown(async (...town) => {
  [world, browser] = town;
  ({ till, account } = await connectTill(world, browser, "Bakkerij De Korenaar", WATCHED));
}, () => World.found("open", "--offline-cap", "10"));

const states = async (phone: Phone) => (await phone.stored("outbox")).map(({ key, state }) => [String(key).split(":")[0], state]);

test("a phone and a till without network: promised, kept by both, and paid once by itself", async () => {
  const phone = await member(world, browser, "10", WATCHED);
  await leaveNetwork(world, phone, "/wallet");
  await leaveNetwork(world, till, "/till");
  // The till cannot ask by a request: it shows what a phone reads without network.
  await till.page.locator(".key", { hasText: /^4$/ }).click();
  await till.tap("Toon de code");
  await till.tap("Neem een belofte aan, zonder netwerk");
  await till.page.locator(".qr svg").waitFor();
  await looksWell(till.page, "a till that asks for a promise");
  const asking = (await till.page.locator("details code").first().textContent()) ?? "";
  assert.ok(asking.length <= 90, asking);

  // One tap after the camera's banner.
  await phone.open(asking);
  await phone.reads("Bakkerij De Korenaar");
  await looksWell(phone.page, "before a promise");
  phone.taps = 0;
  await phone.tap(/^Beloof 4/);
  await phone.reads("Beloofd, nog niet betaald");
  assert.equal(phone.taps, 1);
  await phone.page.locator(".qr svg").waitFor();
  const modules = await phone.page.locator(".qr svg").evaluate((svg) => svg.getBoundingClientRect().width / Number(svg.getAttribute("viewBox")?.split(" ")[2]));
  assert.ok(modules >= 4, `a module is ${modules} pixels wide`);
  await looksWell(phone.page, "a promise to show");
  const code = (await phone.page.locator("details code").textContent()) ?? "";
  assert.match(code, /^KLVP:[0-9A-Z $%*+\-./:]{200,400}$/);

  await takesPromise(till, code);
  await till.reads("Beloofd, niet betaald");
  await looksWell(till.page, "a promise that is held");
  assert.equal(await till.page.locator(".paid").count() + await till.page.locator("[data-chimed]").count(), 0, "nothing looks or sounds like paid");
  assert.deepEqual(await states(till), [["taken", "waiting"]]);
  await till.open(`${world.url}/promise#take`);
  await takesPromise(till, code);
  await till.reads("Deze belofte had je al.");
  // What is promised is held back, and a shop's code that cannot be opened leads here too.
  await phone.open(`${world.url}/p/aaaaaaaaaaaaaaaaaaaaaaaaaa`);
  await phone.reads("Je kan de zaak nu iets beloven.");
  await phone.tap("Beloof zonder netwerk");
  await phone.page.locator("#amount").fill("6,50");
  await phone.tap("Verder");
  await phone.reads("Zoveel kan je nu niet beloven.");
  await phone.page.goBack();
  await phone.page.locator("#amount").fill("11");
  await phone.tap("Verder");
  await phone.reads(/^Zonder netwerk hoogstens 10\sklavers per keer\.$/);

  // Closed and opened again, still without network: both know.
  await till.open(`${world.url}/till#today`);
  await till.reads(/^Beloofd, nog niet betaald: 4\sklavers$/);
  await looksWell(till.page, "today without network");
  await phone.open(`${world.url}/wallet`);
  await phone.page.getByRole("link", { name: /Nog niet bevestigd: 4\sklavers/ }).click();
  await phone.page.locator(".qr svg").waitFor();

  await phone.context.setOffline(false);
  await phone.page.locator(".paid").waitFor();
  await phone.reads("aan Bakkerij De Korenaar");
  await till.context.setOffline(false);
  await until(async () => (await states(till)).every(([, state]) => state === "done"), "the till did not hear that it was paid");
  await till.open(`${world.url}/till#today`);
  await till.reads(/^\+4\sklavers$/);
  assert.equal(await till.page.getByText("Beloofd").count(), 0);
  assert.match(await till.page.locator("p.amount").innerText(), /^4\sklavers$/);
  assert.equal(await balance(world, phone), "6 klavers");
  await close(phone);
});

/** Signs a promise as somebody would who follows no rule. */
function made({ to = account, amount = 100, lasts = 600, ledger = "", late = true }): string {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = (publicKey.export({ format: "der", type: "spki" }) as Buffer).subarray(-32).toString("hex");
  const body = { from: "11".repeat(16), payees: [{ to: parseAccount(to) as string, amount, request: null }], late };
  const entry = { kind: "pay", nonce: "22".repeat(16), expires_at: Math.floor(Date.now() / 1_000) + lasts, memo: null, body } as Entry;
  const payload = encodeEntry(entry);
  const signature = sign(null, signingInput(ledger, payload, "pay"), privateKey).toString("hex");
  return printLink({ link: "payment", ledger_prefix: ledger.slice(0, 16), envelope: hex(encodeEnvelope(payload, [{ key, signature }])) });
}

test("what a till does not take: each gets a kind sentence and a way on, and nothing is kept", async () => {
  const { ledger } = (await (await fetch(`${world.url}/v1/community`)).json()) as { ledger: string };
  await till.open(`${world.url}/promise#take`);
  const before = (await till.stored("outbox")).length;
  const good = made({ ledger });
  const elsewhere = made({ ledger: "ab".repeat(32) });
  const cases: [string, string][] = [
    [`${world.url}/p/aaaaaaaaaaaaaaaaaaaaaaaaaa`, "Dit is geen belofte."],
    ["hallo", "Dit is geen belofte."],
    [good.slice(0, -9), "Deze code is beschadigd."],
    // Its bytes are whole, its signature is of another ledger.
    [printLink({ link: "payment", ledger_prefix: ledger.slice(0, 16), envelope: envelopeOf(elsewhere) }), "Deze code is beschadigd."],
    [elsewhere, "Deze belofte is van een andere gemeenschap."],
    [made({ ledger, to: world.budget }), "Deze belofte is voor een andere zaak."],
    [made({ ledger, amount: 1_001 }), "Deze belofte is te groot: hoogstens 10"],
    [made({ ledger, lasts: -1 }), "De tijd van deze belofte is om."],
    [made({ ledger, lasts: 8 * 86_400 }), "De klok van die telefoon staat verkeerd."],
    [made({ ledger, late: false }), "Dit is geen belofte."],
  ];
  for (const [code, says] of cases) {
    await takesPromise(till, code);
    await till.reads(says);
  }
  await looksWell(till.page, "a promise that is not taken");
  assert.equal((await till.stored("outbox")).length, before, "nothing is kept");
  // Another amount than was asked is taken only when that is meant.
  await till.open(`${world.url}/promise#till/250/`);
  await till.context.setOffline(true);
  await takesPromise(till, good);
  await till.reads(/^Je vroeg 2,50/);
  assert.equal((await till.stored("outbox")).length, before);
  await till.context.setOffline(false);
  const phone = await Phone.of(browser, WATCHED);
  await phone.open(`${world.url}/promise#take`);
  await phone.reads("Deze code is voor een kassa.");
  await close(phone);
});

/** Takes the envelope out of a code. */
function envelopeOf(code: string): string {
  const link = parseLink(code);
  return link.link === "payment" ? link.envelope : "";
}

test("the same credits promised at two tills: one is paid, the other is borne by the named pot, once", async () => {
  const second = await connectTill(world, browser, "De Linde", WATCHED);
  const pot = await connectTill(world, browser, "Noodpot", WATCHED, "fund");
  const els = world.stranger("els");
  world.give("5", els.account);
  world.give("20", pot.account);
  world.council("promise", "pot", pot.account);
  await leaveNetwork(world, till, "/till");
  await leaveNetwork(world, second.till, "/till");
  const promise = (to: string) => (els.run("pay", to, "5", "--offline", "--valid", "8s") as { code: string }).code;
  for (const [shop, to] of [[till, account], [second.till, second.account]] as const) {
    await shop.open(`${world.url}/promise#take`);
    await takesPromise(shop, promise(to));
    await shop.reads("Beloofd, niet betaald");
  }
  await till.context.setOffline(false);
  await till.page.locator(".paid").waitFor();
  await second.till.context.setOffline(false);
  await second.till.reads("Het lukt nu nog niet.");
  assert.equal(await second.till.page.locator(".paid").count(), 0);
  // Its time is over, and so is that in which the node may still be recording it.
  const [{ expiresAt } = { expiresAt: 0 }] = (await second.till.stored("outbox")) as { expiresAt: number }[];
  await new Promise((resolve) => setTimeout(resolve, expiresAt * 1_000 + 5_600 - Date.now()));
  await second.till.open(`${world.url}/till#today`);
  await second.till.reads("De pot is gevraagd om dit te betalen.");
  await second.till.page.getByRole("link", { name: /Niet betaald/ }).click();
  await second.till.page.locator(".not-paid").waitFor();
  await looksWell(second.till.page, "a promise that stayed unpaid");
  await pot.till.open(`${world.url}/wallet`);
  await pot.till.page.getByRole("link", { name: /De Linde/ }).click();
  await pot.till.reads("Belofte zonder netwerk, niet betaald");
  await pot.till.tap(/^Betaal 5/);
  await pot.till.page.locator(".paid").waitFor();
  await second.till.open(`${world.url}/till`);
  await until(async () => (await second.till.stored("outbox")).some(({ borne }) => borne === "paid"), "the shop did not hear that the pot paid");
  await second.till.open(`${world.url}/till#today`);
  await second.till.reads(/^\+5\sklavers$/);
  assert.equal(await second.till.page.getByText("Beloofd").count(), 0);
  assert.equal(await balance(world, pot.till), "15 klavers");
  assert.equal((els.run("balance") as { balance: string }).balance, "0.00");
  await close(second.till, pot.till, till);
});
