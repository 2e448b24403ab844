/** Cards and vouchers: at the till, and on somebody's own phone. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { World, connectTill, member, price } from "../world.ts";
import { sheetCodes } from "../sheets.ts";
import { type Album, PLAIN, phoneOf } from "./album.ts";

interface Made { papers: { account: string; number: number }[] }

export async function paper(album: Album, browser: Browser): Promise<void> {
  const world = await World.found();
  const { till } = await connectTill(world, browser, "Bakkerij De Korenaar", PLAIN);
  const take = async (euro: string, code: string) => {
    await price(world, till, euro);
    await till.tap("Kaart of bon");
    await till.page.locator("#paper-code").fill(code);
    await till.tap("Verder");
  };
  const file = (name: string) => join(world.directory, name);
  const made = world.place("card", "new", "--count", "1", "--sheet", file("cards.pdf")) as Made;
  world.place("earn", `${made.papers[0]?.account}=30`);
  const [card = ""] = await sheetCodes(world.directory, file("cards.pdf"));
  await price(world, till, "4");
  await till.tap("Kaart of bon");
  await till.page.locator("#paper-code").waitFor();
  await album.shoot(till, "paper-take");
  await till.page.locator("#paper-code").fill("hallo");
  await till.tap("Verder");
  await till.page.locator(".fault", { hasText: /\S/ }).first().waitFor();
  await album.shoot(till, "paper-no-code");
  await take("4", card);
  await till.page.locator(".paid.whole").waitFor();
  await take("7", card);
  await till.reads("Voor dit bedrag heeft de kaart een pincode nodig.");
  await album.shoot(till, "paper-no-pin");
  writeFileSync(file("inside.txt"), card);
  writeFileSync(file("pin"), "2583");
  world.place("card", "pin", file("inside.txt"), "--new-file", file("pin"));
  await take("7", card);
  await till.reads(/^Betaal 7\sklavers aan Bakkerij De Korenaar$/);
  await album.shoot(till, "paper-pin");
  await till.page.locator("#pin").fill("2584");
  await till.tap("Betaal");
  await till.reads("Het kan nog 4 keer.");
  await album.shoot(till, "paper-pin-wrong");
  await take("35", card);
  await till.page.locator("#pin").fill("2583");
  await till.tap("Betaal");
  await till.reads("Dit lukt niet met deze kaart.");
  await album.shoot(till, "paper-short");
  world.place("card", "rest", String(made.papers[0]?.number));
  await take("1", card);
  await till.reads("Deze kaart rust even.");
  await album.shoot(till, "paper-rests");
  world.place("card", "wake", String(made.papers[0]?.number));

  const phone = await member(world, browser, "0", PLAIN);
  await phone.open(card);
  await phone.reads("Dit is de binnenkant van je kaart.");
  await album.shoot(phone, "card-inside");
  await phone.page.locator("#pin").fill("2583");
  await phone.tap("Toon wat erop staat");
  await phone.reads("26 klavers");
  await phone.page.locator("summary", { hasText: "Andere pincode kiezen" }).click();
  await album.shoot(phone, "card-overview");
  await phone.open(card.split("#")[0] ?? "");
  await phone.reads("Hoeveel klavers betaal je?");
  await album.shoot(phone, "card-outside");

  world.place("voucher", "new", "--count", "1", "--each", "5", "--sheet", file("vouchers.pdf"), "--title", "Een koffie voor jou");
  const [voucher = ""] = await sheetCodes(world.directory, file("vouchers.pdf"));
  await take("1,50", voucher);
  await till.page.locator(".paid.whole").waitFor();
  await till.reads("Op de bon staat nu nog 3,50 klavers.");
  await album.shoot(till, "paper-voucher-paid");
  await take("5", voucher);
  await till.reads("Op deze bon staat 3,50 klavers.");
  await album.shoot(till, "paper-voucher-part");
  const stranger = await phoneOf(browser);
  await stranger.open(voucher);
  await stranger.reads("3,50 klavers");
  await album.shoot(stranger, "voucher");
  await phone.open(voucher);
  await phone.reads("Zet in mijn portemonnee");
  await album.shoot(phone, "voucher-with-wallet");
  await phone.tap("Zet in mijn portemonnee");
  await phone.reads("Erbij in je portemonnee: 3,50 klavers. De bon op papier is leeg.");
  await album.shoot(phone, "voucher-taken");
  await phone.open(voucher);
  await phone.reads("Deze bon is op.");
  await album.shoot(phone, "voucher-empty");
  for (const one of [till, phone, stranger]) await one.context.close();
  await world.end();
}
