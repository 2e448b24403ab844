/** Cards and vouchers at the till and on a phone, on a real node. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Browser } from "playwright-core";
import { WATCHED, looksWell } from "./barriers.ts";
import { sheetCodes } from "./sheets.ts";
import { type Phone, World, addFace, connectPlace, connectTill, inTown, member, price, until } from "./world.ts";

let world: World;
let browser: Browser;
let till: Phone;

inTown(async (...town) => {
  [world, browser] = town;
  ({ till } = await connectTill(world, browser, "Bakkerij De Korenaar", WATCHED));
});
after(() => assert.deepEqual(till.faults, []));

interface Made { papers: { account: string; number: number }[] }

async function take(euro: string, code: string): Promise<void> {
  await price(world, till, euro);
  await till.tap("Kaart of bon");
  await till.page.locator("#paper-code").fill(code);
  await till.tap("Verder");
}

test("the till takes cards: small amounts at once, more with a PIN, and says kindly what does not work", async () => {
  const sheet = join(world.directory, "cards.pdf");
  const made = world.place("card", "new", "--count", "1", "--sheet", sheet) as Made;
  world.place("earn", `${made.papers[0]?.account}=30`);
  const [code = ""] = await sheetCodes(world.directory, sheet);
  assert.match(code, /\/c\/[a-z2-7]{26}#[a-z2-7]{26}$/);
  await take("4", code);
  await till.page.locator(".paid.whole").waitFor();
  await till.reads("Goed bewaard.");
  await take("7", code);
  await till.reads("Voor dit bedrag heeft de kaart een pincode nodig.");
  const [inside, pin] = [join(world.directory, "inside.txt"), join(world.directory, "pin")];
  writeFileSync(inside, code);
  writeFileSync(pin, "2583");
  world.place("card", "pin", inside, "--new-file", pin);
  await take("7", code);
  await till.reads(/^Betaal 7\sklavers aan Bakkerij De Korenaar$/);
  for (const digit of "2584") await till.page.getByRole("button", { name: digit, exact: true }).click();
  await till.tap("Betaal");
  await till.reads("Het kan nog 4 keer.");
  await looksWell(till.page, "PIN at the till");
  await till.page.locator("#pin").fill("2583");
  await till.tap("Betaal");
  await till.page.locator(".paid.whole").waitFor();
  // The card holds 19: how much, the till never says.
  await take("25", code);
  await till.page.locator("#pin").fill("2583");
  await till.tap("Betaal");
  await till.reads("Dit lukt niet met deze kaart.");
  assert.doesNotMatch(await till.page.locator("main").innerText(), /19/);
  world.place("card", "rest", String(made.papers[0]?.number));
  await take("1", code);
  await till.reads("Deze kaart rust even.");
  assert.equal(await till.page.getByText("Kleiner bedrag").count(), 0, "no amount would do");
  // At a doe-plek its outside makes a face: nobody types an account.
  const { place } = await connectPlace(world, browser, "De Ploeg", "20", "2");
  await addFace(place, code.split("#")[0] ?? "", "Moniek");
  await place.reads("Geef 2 klavers aan een mens");
  await place.context.close();
  // On the holder's own phone: the outside receives, the inside shows what it holds after the PIN.
  world.place("card", "wake", String(made.papers[0]?.number));
  const phone = await member(world, browser, "0", WATCHED);
  await phone.open(code);
  await phone.reads("Dit is de binnenkant van je kaart.");
  await phone.page.locator("#pin").fill("2583");
  await phone.tap("Toon wat erop staat");
  await phone.reads("19 klavers");
  assert.equal(await phone.page.locator("#pin").inputValue(), "");
  await phone.tap("Verberg");
  assert.equal(await phone.page.getByText("19\u00a0klavers").count(), 0, "nothing of it stays");
  await phone.open(code.split("#")[0] ?? "");
  await phone.reads("Hoeveel klavers betaal je?");
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("the till takes vouchers in parts, the holder hears what is left; a phone takes the rest", async () => {
  const sheet = join(world.directory, "vouchers.pdf");
  world.place("voucher", "new", "--count", "1", "--each", "5", "--sheet", sheet, "--title", "Een koffie voor jou");
  const [code = ""] = await sheetCodes(world.directory, sheet);
  await take("1,50", code);
  await till.page.locator(".paid.whole").waitFor();
  await till.reads("Op de bon staat nu nog 3,50 klavers.");
  await take("5", code);
  await till.reads("Op deze bon staat 3,50 klavers.");
  await looksWell(till.page, "voucher that holds less");
  const phone = await member(world, browser, "0", WATCHED);
  await phone.open(code);
  await phone.reads("3,50 klavers");
  await looksWell(phone.page, "voucher on a phone");
  await phone.page.getByRole("link", { name: "Waar kan ik betalen?" }).waitFor();
  await phone.reads("Dan is de bon op papier leeg.");
  await phone.tap("Zet in mijn portemonnee");
  await phone.reads("Erbij in je portemonnee: 3,50 klavers. De bon op papier is leeg.");
  await phone.open(code);
  await phone.reads("Deze bon is op.");
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
  await take("1", code);
  await till.reads("Deze bon is op.");
  await until(async () => (await till.page.getByRole("button", { name: "Andere kaart of bon" }).count()) === 1, "there is a way on");
});
