/** The till's owner and whoever works there: a cashier's phone, limits, a pause, the week. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { WATCHED, looksWell } from "./barriers.ts";
import { Phone, World, close, connectTill, inTown, member, price, until } from "./world.ts";

let world: World;
let browser: Browser;
let till: Phone;
let account: string;

inTown(async (...town) => {
  [world, browser] = town;
  ({ till, account } = await connectTill(world, browser, "Bakkerij De Korenaar", WATCHED));
});

/** Pays what a till asks for. */
async function pay(phone: Phone, code: string): Promise<void> {
  await phone.open(code);
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
}

/** Sets a limit of the shop. */
async function limit(which: "bill" | "month", amount: string): Promise<void> {
  await till.open(`${world.url}/till#settings`);
  await till.page.locator(`#most-${which}`).fill(amount);
  await till.tap("Bewaar");
  await till.reads("Bewaard.");
}

/** What the node answers to this phone's own session. */
function asked(phone: Phone, path: string): Promise<number> {
  return phone.page.evaluate((address) => new Promise<number>((resolve, reject) => {
    const request = indexedDB.open("klaver", 1);
    request.onsuccess = () => {
      const all = request.result.transaction("kept").objectStore("kept").getAll();
      all.onsuccess = () => {
        const session = (all.result as { name: string; value: { token: string } }[]).find(({ name }) => name.startsWith("session:"));
        fetch(address, { headers: { authorization: `Bearer ${session?.value.token}` } }).then(({ status }) => resolve(status), reject);
      };
    };
  }), path);
}

test("a cashier's phone joins by a code of the owner, takes payments and gives back, and is refused the payout page", async () => {
  const [cashier, phone] = [await Phone.of(browser, WATCHED), await member(world, browser, "20")];
  await till.open(`${world.url}/till#settings`);
  await till.tap("Kassatoestellen");
  await till.reads("Zo'n telefoon neemt betalingen aan");
  await till.tap("Voeg een kassatoestel toe");
  await till.page.locator("#name").fill("Telefoon van Lies");
  await till.tap("Toon de code");
  await till.page.locator(".qr svg").waitFor();
  await looksWell(till.page, "code for a cashier");
  const link = (await till.page.locator("#device-link").textContent()) ?? "";
  assert.ok(link.length <= 90, link);
  await cashier.open(link);
  await cashier.reads(/^Kassatoestel van \S/);
  await cashier.reads("Je neemt betalingen aan, betaalt ze terug, en geeft wat klaarstaat. Meer zie je niet.");
  assert.equal(await cashier.page.evaluate(() => location.hash), "#device", "the secret stays in the address");
  await cashier.tap("Voeg deze telefoon toe");
  await till.reads("Is dit nummer hetzelfde?");
  assert.equal(await till.page.locator(".amount").textContent(), await cashier.page.locator(".amount").textContent());
  await till.tap("Ja, voeg deze telefoon toe");
  await till.reads("De nieuwe telefoon hoort nu bij je rekening.");
  await cashier.page.locator("#amount").waitFor();
  assert.equal(cashier.taps, 1);

  // It asks, sees that it is paid and proven, and gives back.
  await pay(phone, await price(world, cashier, "4"));
  await cashier.page.locator(".paid.whole").waitFor();
  await cashier.reads("Goed bewaard.");
  await cashier.open(`${world.url}/till`);
  await cashier.tap("Terugbetalen");
  await cashier.reads("Welke betaling geef je terug?");
  assert.equal(await cashier.page.locator("p.amount").count(), 0, "no total of the day");
  await cashier.page.locator(".lines a").first().click();
  assert.equal(await cashier.page.getByText("Daarna had je").count(), 0, "no balance");
  await cashier.tap("Terugbetalen");
  await cashier.page.locator("#amount").fill("1");
  await cashier.tap(/^Betaal .* terug/);
  await cashier.reads("Terugbetaald");
  await cashier.page.locator(".paid").waitFor();
  await cashier.open(`${world.url}/till#today`);
  await cashier.reads(/^Hiervan ging terug: 1\sklaver$/);

  // What a month may bring is the owner's business: too much is told, not how much it could be.
  await limit("month", "4");
  await cashier.open(`${world.url}/till`);
  await cashier.page.locator(".key", { hasText: /^2$/ }).click();
  assert.equal(await cashier.page.getByText("Deze maand nog").count(), 0);
  await cashier.tap("Toon de code");
  await cashier.reads("Zoveel neemt deze zaak nu niet aan.");
  await looksWell(cashier.page, "too much for now");
  await cashier.tap("Terug");
  await cashier.page.locator("#amount").waitFor();
  await limit("month", "");

  // Everything else is the owner's: no way leads there, the page says so, and so does the node.
  await cashier.open(`${world.url}/till`);
  await cashier.page.locator("#amount").waitFor();
  for (const words of ["Uitbetaling", "Even pauze", "Instellingen", "Vandaag"]) assert.equal(await cashier.page.getByText(words).count(), 0, words);
  for (const screen of ["payout", "name", "cashiers", "week", "settings"]) {
    await cashier.open(`${world.url}/till#${screen}`);
    await cashier.reads("Dit kan niet op deze telefoon.");
  }
  await looksWell(cashier.page, "not for a cashier");
  assert.deepEqual([await asked(cashier, `/v1/accounts/${account}`), await asked(cashier, `/v1/accounts/${account}/day`)], [403, 200]);
  await cashier.open(`${world.url}/wallet`);
  await cashier.reads("Maak mijn portemonnee");

  // One tap and a second one take it away.
  await till.open(`${world.url}/till#cashiers`);
  await till.page.locator(".devices li", { hasText: "Telefoon van Lies" }).waitFor();
  assert.equal(await till.page.getByText("Sleutel").count(), 0, "a key is no name");
  await looksWell(till.page, "cashiers");
  await till.tap("Neem weg");
  await till.tap("Ja, neem weg");
  await till.reads("Weggenomen");
  await cashier.open(`${world.url}/till#today`);
  await cashier.reads("Deze telefoon is hier geen kassatoestel meer.");
  await cashier.page.getByRole("button", { name: "Scan de code van de eigenaar" }).waitFor();
  await looksWell(cashier.page, "a cashier no more");
  await cashier.open(`${world.url}/till`);
  await cashier.reads("Toon deze code aan het kernteam");
  await close(cashier, phone);
});

test("so much of a bill, so much a month; then it pauses by itself, and says so kindly", async () => {
  const phone = await member(world, browser, "20");
  await limit("bill", "2,50");
  const code = await price(world, till, "4");
  await till.reads("€ 1,50 in geld");
  await pay(phone, code);
  // The rest in money is said where the cashier looks, as large as what was paid.
  const told = till.page.locator(".paid.whole p.amount");
  await told.first().waitFor();
  assert.deepEqual((await told.allTextContents()).map((text) => text.replace(/\s/g, " ")), ["2,50 klavers betaald", "Vraag nog € 1,50 in geld."]);
  await limit("bill", "");
  // What came and went today counts for the month: 4 received, 1 given back, 2.50 received.
  await limit("month", "7");
  await looksWell(till.page, "settings");
  const rest = await price(world, till, "4");
  await till.reads("€ 2,50 in geld");
  await pay(phone, rest);
  await till.open(`${world.url}/till`);
  await till.reads("Deze maand is vol.");
  await till.reads(/Je neemt weer klavers aan vanaf \S+dag 1 /);
  assert.equal(await till.page.locator(".keypad, #amount").count() + await till.page.getByRole("button", { name: "Toon de code" }).count(), 0, "nothing can be asked for");
  await looksWell(till.page, "a month that is full");
  await phone.open(world.url);
  await phone.reads("Bakkerij De Korenaar (even pauze)");
  await limit("month", "");
  await close(phone);
});

test("what is on its way does not hold the till: there is a way back, and it goes out all the same", async () => {
  await till.open(`${world.url}/till#today`);
  await till.page.locator(".lines a").first().click();
  await till.tap("Terugbetalen");
  await till.page.locator("#amount").fill("0,25");
  await till.context.setOffline(true);
  await till.tap(/^Betaal .* terug/);
  await till.reads("Er is geen netwerk. Het is nog niet verstuurd.");
  await looksWell(till.page, "a refund that waits");
  await till.tap("Terug");
  await till.page.locator(".keypad").waitFor();
  await till.reads(/^Nog onderweg: 0,25\sklavers$/);
  await till.page.locator("#amount").fill("7");
  await till.context.setOffline(false);
  await until(async () => (await till.stored("outbox")).every(({ state }) => state === "done"), "the refund did not go out");
  assert.equal(await till.page.locator("#amount").inputValue(), "7", "the price is not taken away");
  await till.open(`${world.url}/till#today`);
  await till.reads("Hiervan ging terug: 0,25");
  // What came to nothing afterwards is told to whoever did not wait.
  await till.page.locator(".lines a", { hasText: "Hiervan ging terug" }).first().click();
  await till.tap("Terugbetalen");
  await till.page.locator("#amount").fill("0,10");
  let refuse: () => void = () => undefined;
  const refused = new Promise<void>((resolve) => (refuse = resolve));
  await till.page.route("**/v1/entries", async (route) => {
    await refused;
    await route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify({ status: 422, code: "line_used_up", detail: "", transient: false }) });
  });
  await till.tap(/^Betaal .* terug/);
  await till.tap("Terug");
  await till.page.locator(".keypad").waitFor();
  refuse();
  await until(async () => (await till.stored("outbox")).some(({ state }) => state === "refused"), "it was not refused");
  await till.page.unroute("**/v1/entries");
  await till.open(`${world.url}/till#today`);
  await till.reads(/^Niet terugbetaald: 0,10\sklavers$/);
  await till.reads("Hiervan is al te veel teruggegeven.");
});

test("one tap pauses the till, one tap goes on; a code that is still open says so", async () => {
  const phone = await member(world, browser, "5");
  const code = await price(world, till, "2");
  await till.open(`${world.url}/till`);
  till.taps = 0;
  await till.tap("Even pauze");
  await till.reads("De kassa neemt even pauze");
  await looksWell(till.page, "a pause");
  await phone.open(code);
  await phone.reads("Bakkerij De Korenaar neemt even pauze.");
  assert.equal(await phone.page.getByRole("button", { name: /^Betaal/ }).count(), 0);
  await till.tap("Ga weer verder");
  await till.page.locator("#amount").waitFor();
  assert.equal(till.taps, 2);
  await pay(phone, code);
  await close(phone);
});

test("the week, day by day, on the screen and on paper", async () => {
  await till.open(`${world.url}/till#today`);
  await till.tap("Deze week");
  await till.page.locator("table").waitFor();
  await looksWell(till.page, "week");
  const rows = await till.page.locator("tbody tr").allTextContents();
  // What the stories above paid: 4, 2.50, 1.50 and 2; 1 and 0.25 were given back.
  const total = await till.page.locator("tbody tr").last().locator("td").allTextContents();
  assert.deepEqual(total.map((cell) => cell.replace(/\s/g, " ")), ["4", "10", "1,25"], rows.join("|"));
  await till.page.emulateMedia({ media: "print" });
  assert.equal(await till.page.getByRole("button", { name: "Druk het blad af" }).isVisible(), false);
  await till.page.locator("table").waitFor();
  await till.page.emulateMedia({ media: "screen" });
  await till.tap("De week ervoor");
  const before = async () => (await till.page.locator("tbody tr").last().locator("td").allTextContents())[0];
  await until(async () => (await before()) === "0", "the week before is not shown");
  await close(till);
});
