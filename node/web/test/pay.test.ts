/** From a new phone to *paid* on both screens, and everything that may come in between. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { Phone, World, balance, close, connectTill, inTown, launch, member, price, rounds, until } from "./world.ts";

let world: World;
let browser: Browser;
let till: Phone;

inTown(async (...town) => {
  [world, browser] = town;
  ({ till } = await connectTill(world, browser, "Bakkerij De Korenaar"));
});

test("U1, P10: from the till's code to paid on both screens with one tap", async () => {
  const phone = await member(world, browser, "30");
  const times: number[] = [];
  for (const euro of ["5,80", "1", "0,05", "2,50", "3"]) {
    await phone.open(await price(world, till, euro));
    await phone.reads("Betalen aan Bakkerij De Korenaar");
    await phone.reads("Genoeg");
    phone.taps = 0;
    const paid = till.page.locator(".paid.whole").waitFor();
    const tapped = performance.now();
    await phone.tap(/^Betaal/);
    await paid;
    times.push(performance.now() - tapped);
    await phone.page.locator(".paid").waitFor();
    assert.equal(phone.taps, 1);
  }
  await till.reads("Goed bewaard.");
  assert.equal(await till.page.evaluate(() => document.body.dataset["chimed"]), "1");
  const worst = Math.max(...times);
  console.log(`tap to paid on the till: ${times.map(Math.round).join(", ")} ms`);
  // The goal is 500 ms; a shared machine may take twice as long without anything being wrong.
  assert.ok(worst < 1_000, `${worst} ms`);
  assert.equal(await balance(world, phone), "17,65 klavers");
  await close(phone);
});

test("a new phone: two taps more, then the payment that brought it", async () => {
  const code = await price(world, till, "4");
  const phone = await Phone.of(browser);
  await phone.open(code);
  await phone.tap("Maak mijn portemonnee");
  await phone.reads("Niet genoeg");
  const [hat] = await phone.stored("hats");
  const { accountText } = await import("../src/lib/account.ts");
  world.give("10", accountText(hat?.["account"] as string));
  await phone.page.reload();
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
  await till.page.locator(".paid.whole").waitFor();
  assert.equal(phone.taps, 2);
  // The key was born here and cannot leave.
  const leaves = await phone.page.evaluate(() => new Promise((resolve) => {
    const request = indexedDB.open("klaver", 1);
    request.onsuccess = () => {
      const keys = request.result.transaction("keys").objectStore("keys").getAll();
      keys.onsuccess = () => resolve(keys.result.map(({ secret }) => secret instanceof CryptoKey && !secret.extractable));
    };
  }));
  assert.deepEqual(leaves, [true]);
  await close(phone);
});

test("with the camera: the wallet reads the till's own screen", async () => {
  const code = await price(world, till, "2,40");
  const picture = join(world.directory, "till.png");
  const film = join(world.directory, "till.mjpeg");
  await till.page.locator(".asking").screenshot({ path: picture });
  execFileSync("ffmpeg", ["-loglevel", "error", "-y", "-loop", "1", "-i", picture, "-t", "1", "-r", "10", "-vf", "scale=640:720:force_original_aspect_ratio=decrease,pad=1280:720:(ow-iw)/2:(oh-ih)/2:white", "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "3", film]);
  const filming = await launch(film);
  try {
    const phone = await member(world, filming, "10");
    await phone.open(`${world.url}/wallet`);
    await phone.tap("Scan een code");
    await phone.reads("Betalen aan Bakkerij De Korenaar");
    assert.equal(phone.page.url().toLowerCase(), code.toLowerCase());
    await phone.tap(/^Betaal/);
    await phone.page.locator(".paid").waitFor();
    await till.page.locator(".paid.whole").waitFor();
    await close(phone);
  } finally {
    await filming.close();
  }
});

test("the phone's own reader is used when it knows QR codes, and only then", async () => {
  const code = await price(world, till, "1,10");
  for (const formats of [["qr_code"], []]) {
    const phone = await member(world, browser, "0");
    await phone.page.addInitScript(({ formats: known, text }) => {
      (globalThis as Record<string, unknown>)["BarcodeDetector"] = class {
        static getSupportedFormats = async () => known;
        detect = async () => [{ rawValue: text }];
      };
    }, { formats, text: code });
    await phone.open(`${world.url}/wallet#scan`);
    if (formats.length > 0) await phone.reads("Betalen aan");
    else {
      await phone.page.locator("video").waitFor();
      // Some frames went by, and none was given to what reads no QR codes.
      await phone.page.waitForFunction(() => (document.querySelector("video")?.currentTime ?? 0) > 0.5);
      assert.match(phone.page.url(), /#scan$/);
    }
    await close(phone);
  }
});

test("codes that are not for this wallet, and a camera that stays shut, say what to do", async () => {
  const phone = await member(world, browser, "0");
  await phone.page.addInitScript(() => {
    if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await phone.open(`${world.url}/wallet#scan`);
  await phone.reads("De camera gaat niet open.");
  for (const [typed, said] of [
    ["https://buur.example/p/aebagbafaydqqcikbmga2dqpca", "Deze code is van een andere gemeenschap: buur.example."],
    ["hallo", "Dit is geen code van een gemeenschap."],
    [`${world.url}/p/kort`, "Deze code is niet volledig."],
    ["http://klaver.example/p/aebagbafaydqqcikbmga2dqpca", "Deze code is niet veilig."],
  ] as const) {
    await phone.typesCode(typed);
    await phone.reads(said);
  }
  // The last part alone is enough, and an unknown one says so.
  await phone.typesCode("aaaaaaaaaaaaaaaaaaaaaaaaaa");
  await phone.reads("Deze code kennen we niet");
  await close(phone);
});

test("F17: two taps, two tabs: one payment", () => rounds(async () => {
  const phone = await member(world, browser, "20");
  const code = await price(world, till, "6");
  await phone.open(code);
  await phone.reads("Genoeg");
  const other = await phone.context.newPage();
  await other.goto(code);
  await other.getByText("Genoeg").first().waitFor();
  const pay = (page: typeof other) => page.evaluate(() => {
    const button = document.querySelector<HTMLButtonElement>(".actions .main");
    button?.click();
    button?.click();
  });
  await Promise.all([pay(phone.page), pay(other)]);
  await phone.page.locator(".paid").waitFor();
  await other.locator(".paid").waitFor();
  assert.equal(await balance(world, phone), "14 klavers");
  assert.equal((await phone.stored("outbox")).length, 1);
  await close(phone);
}));

test("F17: without network it waits and says so, and goes out by itself", () => rounds(async () => {
  const phone = await member(world, browser, "20");
  await phone.open(await price(world, till, "3,50"));
  await phone.reads("Genoeg");
  await phone.context.setOffline(true);
  await phone.tap(/^Betaal/);
  await phone.reads("Er is geen netwerk. Het is nog niet verstuurd.");
  assert.equal(await phone.page.getByText("Betaal pas dan.").isVisible(), false, "nothing invites to pay once more");
  assert.deepEqual((await phone.stored("outbox")).map(({ state, sent }) => [state, sent]), [["waiting", false]]);
  await phone.context.setOffline(false);
  await phone.page.locator(".paid").waitFor();
  await till.page.locator(".paid.whole").waitFor();
  assert.equal(await balance(world, phone), "16,50 klavers");
  await close(phone);
}));

test("F17: the answer is lost, the tab is closed: the next page tells the truth", () => rounds(async () => {
  const phone = await member(world, browser, "20");
  const code = await price(world, till, "4,50");
  await phone.open(code);
  await phone.reads("Genoeg");
  // It reaches the node; the answer does not reach the phone.
  await phone.page.route("**/v1/entries", async (route) => {
    await route.fetch();
    await route.abort();
  });
  await phone.tap(/^Betaal/);
  await phone.reads("We weten nog niet of het lukte. We kijken het na.");
  assert.equal(await phone.page.getByText("Niet betaald").count(), 0);
  await till.page.locator(".paid.whole").waitFor();
  await phone.page.close();
  const next = await phone.context.newPage();
  await next.goto(`${world.url}/wallet`);
  await next.getByText("Scan een code").waitFor();
  await next.waitForFunction(() => !document.querySelector("a[href^='#outbox']"));
  await next.goto(code);
  await next.locator(".paid").waitFor();
  await phone.context.close();
}));

test("F17: closed before it was sent: it is sent when the wallet opens, once", () => rounds(async () => {
  const phone = await member(world, browser, "20");
  await phone.open(await price(world, till, "1,50"));
  await phone.reads("Genoeg");
  await phone.page.route("**/v1/entries", (route) => route.abort());
  await phone.tap(/^Betaal/);
  await phone.reads("Nog niet bevestigd");
  await phone.page.close();
  const next = await phone.context.newPage();
  await next.goto(`${world.url}/wallet`);
  await till.page.locator(".paid.whole").waitFor();
  await next.goto(`${world.url}/wallet#lines`);
  await next.reload();
  await next.locator(".lines a").first().waitFor();
  // What was received, and one payment.
  assert.equal(await next.locator(".lines a").count(), 2);
  await phone.context.close();
}));

test("F17: a clock that is wrong by a day, and the node killed in between", () => rounds(async () => {
  for (const wrong of [-86_400_000, 86_400_000]) {
    const phone = await Phone.of(browser);
    await phone.page.addInitScript((by) => {
      const real = Date.now.bind(Date);
      Date.now = () => real() + by;
    }, wrong);
    await phone.open(`${world.url}/wallet`);
    await phone.tap("Maak mijn portemonnee");
    await phone.reads("Scan een code");
    const [hat] = await phone.stored("hats");
    const { accountText } = await import("../src/lib/account.ts");
    world.give("5", accountText(hat?.["account"] as string));
    await phone.open(await price(world, till, "1"));
    await phone.reads("Genoeg");
    if (wrong > 0) await world.stop("SIGKILL");
    await phone.tap(/^Betaal/);
    if (wrong > 0) {
      await phone.reads("We weten nog niet of het lukte. We kijken het na.");
      await world.start();
    }
    await phone.page.locator(".paid").waitFor();
    await phone.context.close();
  }
}));

test("F17: the back button after paying shows that it is paid", () => rounds(async () => {
  const phone = await member(world, browser, "9");
  await phone.open(await price(world, till, "2"));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
  await phone.tap("Naar mijn portemonnee");
  await phone.reads("Scan een code");
  await phone.page.goBack();
  await phone.page.locator(".paid").waitFor();
  assert.equal(await phone.page.getByRole("button", { name: /^Betaal/ }).count(), 0);
  assert.equal(await balance(world, phone), "7 klavers");
  await close(phone);
}));

test("F17: when the phone is full nothing is sent, and it says so", () => rounds(async () => {
  const phone = await member(world, browser, "9");
  await phone.page.addInitScript(() => {
    const real = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...given) {
      if (this.name === "outbox") throw new DOMException("full", "QuotaExceededError");
      return real.apply(this, given);
    };
  });
  let sent = 0;
  phone.page.on("request", (request) => (sent += Number(request.url().endsWith("/v1/entries"))));
  await phone.open(await price(world, till, "2"));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.reads("Deze telefoon kan niets meer bewaren.");
  await phone.reads("Er is niets afgegaan.");
  assert.equal(sent, 0);
  await phone.context.close();
}));

test("a refusal is kind and true, and somebody else may have been faster", async () => {
  const [first, second] = [await member(world, browser, "9"), await member(world, browser, "9")];
  const code = await price(world, till, "2");
  await Promise.all([first.open(code), second.open(code)]);
  await Promise.all([first.reads("Genoeg"), second.reads("Genoeg")]);
  await first.tap(/^Betaal/);
  await first.page.locator(".paid").waitFor();
  await second.tap(/^Betaal/);
  await second.reads("Dit was al betaald.");
  // Nothing failed, and there is nothing to try again.
  assert.equal(await second.page.getByText("Niet betaald").count(), 0);
  assert.equal(await second.page.getByRole("button", { name: "Probeer opnieuw" }).count(), 0);
  assert.equal(await balance(world, second), "9 klavers");
  await close(first, second);
});

test("a receipt that does not hold is an alarm, never a tick", async () => {
  const phone = await member(world, browser, "9");
  await phone.open(await price(world, till, "2"));
  await phone.reads("Genoeg");
  await phone.page.route("**/v1/entries", async (route) => {
    const answer = await route.fetch();
    const body = (await answer.json()) as { receipt: { checkpoint: string } };
    body.receipt.checkpoint = body.receipt.checkpoint.replace(/\n([0-9]+)\n/, (_, size: string) => `\n${Number(size) + 1}\n`);
    await route.fulfill({ response: answer, json: body });
  });
  await phone.tap(/^Betaal/);
  await phone.reads("Het bewijs klopt niet.");
  assert.equal(await phone.page.locator(".paid").count(), 0);
  await phone.context.close();
});

test("the till: today's total, a refund, being paid out", async () => {
  const phone = await member(world, browser, "9");
  await phone.open(await price(world, till, "3"));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
  await till.open(`${world.url}/till#today`);
  await till.page.locator(".lines a").first().click();
  await till.tap("Terugbetalen");
  await till.page.locator("#amount").fill("1,25");
  await till.tap(/^Betaal .* terug/);
  await till.reads("Terugbetaald");
  await till.page.locator(".paid").waitFor();
  assert.equal(await balance(world, phone), "7,25 klavers");
  await phone.tap("Overzicht");
  await phone.reads("Hiervan ging terug: 1,25");
  // What was given back of today's payments is no part of what came in; what the shop itself paid is.
  const total = async () => Number(((await till.page.locator("p.amount").textContent()) ?? "").replace(/\s.*/, "").replace(",", "."));
  await till.open(`${world.url}/till#today`);
  await till.reads("Vandaag ontvangen");
  const before = await total();
  await phone.open(await price(world, till, "0,50"));
  await phone.reads("Genoeg");
  await phone.tap(/^Betaal/);
  await phone.page.locator(".paid").waitFor();
  // Pages of two lines: the day is counted whole, and older lines can be read and given back.
  await till.page.route("**/statement*", (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set("limit", "2");
    return route.continue({ url: url.href });
  });
  await till.open(`${world.url}/till#today`);
  await till.reads("Vandaag ontvangen");
  assert.equal(await total(), before + 0.5);
  const lines = await till.page.locator(".lines a").count();
  assert.ok(lines > 2, `${lines} lines`);
  await till.page.locator(".lines a").last().click();
  await till.reads("Terugbetalen");
  await till.page.unroute("**/statement*");
  await till.open(`${world.url}/till#payout`);
  await till.page.locator("#amount").fill("2");
  // How much euro, and until when: the same before the tap and after it.
  const day = new Intl.DateTimeFormat("nl-BE", { weekday: "long", day: "numeric", month: "long", timeZone: "Europe/Brussels" }).format(Date.now() + 30 * 86_400_000);
  const promise = new RegExp(`2\\sklavers = €\\s2,00, op je bankrekening vóór ${day}`);
  await till.reads(promise);
  await till.tap("Vraag uitbetaling");
  await till.page.locator(".paid", { hasText: promise }).waitFor();
  await close(phone);
});

test("the overview shows a page, and older ones when asked", async () => {
  const phone = await member(world, browser, "9");
  for (const euro of ["1", "2"]) {
    await phone.open(await price(world, till, euro));
    await phone.reads("Genoeg");
    await phone.tap(/^Betaal/);
    await phone.page.locator(".paid").waitFor();
  }
  // What was received is of a month before: a look goes back a month, however many pages that takes.
  await phone.page.route("**/statement*", async (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set("limit", "2");
    const answer = await route.fetch({ url: url.href });
    const said = (await answer.json()) as { lines: { kind: string; recorded_at: string }[] };
    const before = (at: string) => new Date(Date.parse(at) - 40 * 86_400_000).toISOString();
    await route.fulfill({ response: answer, json: { ...said, lines: said.lines.map((line) => (line.kind === "earn" ? { ...line, recorded_at: before(line.recorded_at) } : line)) } });
  });
  await phone.open(`${world.url}/wallet#lines`);
  await phone.page.locator(".lines a").first().waitFor();
  assert.equal(await phone.page.locator(".lines a").count(), 2);
  await phone.tap("Toon vroeger");
  await phone.reads(/Je kreeg \d+\sklavers( van .+)?, bedankt/);
  assert.equal(await phone.page.getByRole("button", { name: "Toon vroeger" }).count(), 0);
  await close(phone);
});

test("a price may be partly in money", async () => {
  await till.open(`${world.url}/till#settings`);
  await till.page.getByLabel("Hele klavers").check();
  await till.tap("Bewaar");
  await till.reads("Bewaard.");
  // The screen is drawn anew: whoever has no mouse is still where they were.
  await until(() => till.page.evaluate(() => document.activeElement?.id === "save"), "the focus is lost");
  await until(async () => JSON.stringify(await till.stored("kept")).includes('"part":"whole"'), "the choice is not kept");
  await till.open(`${world.url}/till`);
  await till.page.locator("#amount").fill("5,80");
  await till.reads(/5\sklavers \+ €\s0,80 in geld/);
  await till.tap("Toon de code");
  await till.reads(/En €\s0,80 in geld/);
  await till.open(`${world.url}/till#settings`);
  await till.page.getByLabel("Het hele bedrag").check();
  await till.tap("Bewaar");
  await till.reads("Bewaard.");
  assert.deepEqual(till.faults, []);
});

test("a receipt saved from the overview is one that the command line verifies", async () => {
  const phone = await member(world, browser, "9");
  await phone.open(`${world.url}/wallet#lines`);
  await phone.page.locator(".lines a").first().click();
  const [download] = await Promise.all([phone.page.waitForEvent("download"), phone.tap("Bewijs bewaren")]);
  const file = join(world.directory, "kept.tlog-proof");
  await download.saveAs(file);
  writeFileSync(join(world.directory, "seen"), "");
  const said = world.council("receipt", "verify", file) as { kind?: string };
  assert.ok(said, "the receipt was not verified");
  await phone.reads("Het bewijs klopt en is bewaard.");
  await close(phone);
});
