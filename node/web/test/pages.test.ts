/** What every page must be: without barriers, without script, without network, small, and true in every language. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { accountText } from "../src/lib/account.ts";
import { WATCHED, looksWell, measure } from "./barriers.ts";
import { Phone, World, connectTill, launch, member, price } from "./world.ts";

const ROOT = process.env["KLAVER_ROOT"] ?? "../..";

let world: World;
let invited: World;
let browser: Browser;
let till: Phone;

before(async () => {
  [world, invited] = [await World.found(), await World.found("invitation")];
  browser = await launch();
  ({ till } = await connectTill(world, browser, "Bakkerij De Korenaar"));
});
after(async () => {
  await browser?.close();
  await world?.end();
  await invited?.end();
});

test("U2: no barriers on any page of the node", async () => {
  const phone = await Phone.of(browser, WATCHED);
  const { link } = invited.council("invite", "--uses", "5") as { link: string };
  for (const [name, path] of [
    ["home", "/"], ["unknown code", "/p/aaaaaaaaaaaaaaaaaaaaaaaaaa"], ["draft", "/d/aaaaaaaaaaaaaaaaaaaaaaaaaa"], ["card", "/c/aaaaaaaaaaaaaaaaaaaaaaaaaa"],
    ["alias", "/to/bakker"], ["nowhere", "/nowhere"], ["wallet, new", "/wallet"], ["till, new", "/till"], ["restore", "/wallet#restore"],
  ] as const) {
    await phone.open(world.url + path);
    await phone.page.waitForFunction(() => !document.querySelector("#action")?.textContent?.includes("Even geduld"));
    await looksWell(phone.page, name);
  }
  await phone.open(link);
  await phone.reads("Maak mijn portemonnee");
  await looksWell(phone.page, "invitation");
  await phone.open(`${invited.url}/wallet`);
  await phone.reads("Vraag een uitnodiging");
  await looksWell(phone.page, "wallet without invitation");
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("U2: no barriers on any state of wallet and till", async () => {
  const phone = await member(world, browser, "30", WATCHED);
  const shop = await connectTill(world, browser, "Café Het Anker", WATCHED);
  const counter = shop.till;
  await looksWell(counter.page, "till, price");
  await counter.page.locator("#amount").fill("1,2,3");
  await counter.tap("Toon de code");
  await counter.reads("twee komma");
  await looksWell(counter.page, "till, fault");
  const code = await price(world, counter, "2,50");
  await looksWell(counter.page, "till, code");
  await phone.open(code);
  await phone.reads("Genoeg");
  await looksWell(phone.page, "pay");
  await phone.context.setOffline(true);
  await phone.tap(/^Betaal/);
  await phone.reads("Er is geen netwerk");
  await looksWell(phone.page, "pay, waiting");
  await phone.context.setOffline(false);
  await phone.page.locator(".paid").waitFor();
  await looksWell(phone.page, "pay, done");
  await counter.reads("Goed bewaard.");
  await looksWell(counter.page, "till, paid");
  await phone.open(await price(world, counter, "99"));
  await phone.reads("Niet genoeg");
  await looksWell(phone.page, "pay, not enough");
  for (const [name, hash, says] of [
    ["wallet", "", "Scan een code"], ["scan", "scan", "Typ de code"], ["receive", "receive", "Hoeveel klavers"], ["lines", "lines", "Betaald aan"], ["more", "more", "Voor wie het wil nakijken"], ["spare key", "recovery", "Schrijf de woorden op"],
  ] as const) {
    await phone.open(`${world.url}/wallet#${hash}`);
    await phone.reads(says);
    await looksWell(phone.page, name);
  }
  await phone.open(`${world.url}/wallet#lines`);
  await phone.page.locator(".lines a").first().click();
  await phone.reads("Klopt er iets niet?");
  await looksWell(phone.page, "line");
  for (const [name, hash, says] of [["today", "today", "Vandaag ontvangen"], ["pay out", "payout", "Vraag uitbetaling"], ["settings", "settings", "Welk deel"], ["name", "name", "Naam van je zaak"]] as const) {
    await counter.open(`${world.url}/till#${hash}`);
    await counter.reads(says);
    await looksWell(counter.page, `till, ${name}`);
  }
  await counter.open(`${world.url}/till#today`);
  await counter.page.locator(".lines a").first().click();
  await counter.tap("Terugbetalen");
  await looksWell(counter.page, "till, refund");
  assert.deepEqual([...phone.faults, ...counter.faults], []);
  await phone.context.close();
  await counter.context.close();
});

test("the balance is behind one tap, unless the phone's owner wants it always", async () => {
  const phone = await member(world, browser, "7");
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Toon wat ik heb");
  assert.equal(await phone.page.locator(".balance .amount").count(), 0);
  await phone.open(`${world.url}/wallet#more`);
  await phone.tap("Toon altijd wat ik heb");
  await phone.reads("Toon pas na een tik wat ik heb");
  await phone.open(`${world.url}/wallet`);
  await phone.page.locator(".balance .amount", { hasText: "7" }).waitFor();
  await phone.context.close();
});

test("what happens is read aloud, and the focus is never nowhere", async () => {
  const phone = await member(world, browser, "5");
  await phone.open(await price(world, till, "1,05"));
  await phone.reads("Genoeg");
  await phone.context.setOffline(true);
  await phone.page.getByRole("button", { name: /^Betaal/ }).focus();
  await phone.page.keyboard.press("Enter");
  await phone.reads("Er is geen netwerk.");
  const where = () => phone.page.evaluate(() => [document.activeElement?.id, document.querySelector("body > [role=status]")?.textContent?.includes("Er is geen netwerk.")]);
  assert.deepEqual(await where(), ["main", true]);
  await phone.context.setOffline(false);
  await phone.page.locator(".paid").waitFor();
  assert.deepEqual(phone.faults, []);
  await phone.context.close();
});

test("where its sentences do not come, a page says so in words; what the node wrote stays as it is", async () => {
  const phone = await Phone.of(browser, { ...WATCHED, serviceWorkers: "block" });
  await phone.page.route("**/assets/words-*", (route) => route.abort());
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Hier ging iets mis.");
  await phone.page.getByRole("button", { name: "Probeer opnieuw" }).waitFor();
  assert.deepEqual((await measure(phone.page)).raw, []);
  const { link } = (await (await fetch(`${world.url}/v1/tasks`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ picture: "letters", for_whom: "De school", how_many: "100 brieven", brought_by: "Jo" }),
  })).json()) as { link: string };
  await phone.open(link);
  await phone.page.waitForLoadState("networkidle");
  assert.equal(await phone.page.locator("#action").innerText(), "");
  await phone.page.unroute("**/assets/words-*");
  await phone.page.reload();
  await phone.reads("Deel of bewaar deze pagina");
  await phone.context.close();
});

test("a code that cannot be drawn stands there to be typed", async () => {
  const draws = readdirSync("dist").find((file) => /^part-.*\.js$/.test(file) && readFileSync(`dist/${file}`, "utf8").includes("quartile"));
  assert.ok(draws);
  const phone = await Phone.of(browser, { serviceWorkers: "block" });
  await phone.page.route(`**/assets/${draws}`, (route) => route.abort());
  await phone.open(`${world.url}/till`);
  await phone.page.locator(".qr code").waitFor();
  assert.equal(await phone.page.locator(".qr code").textContent(), await phone.page.locator("#connect-key").textContent());
  await phone.context.close();
});

test("U2: with the keyboard alone, from joining to paid", async () => {
  const phone = await Phone.of(browser, { isMobile: false, hasTouch: false });
  const { page } = phone;
  const press = async (name: RegExp | string) => {
    for (let tries = 0; tries < 40; tries++) {
      await page.keyboard.press("Tab");
      const focused = (await page.evaluate(() => (document.activeElement as HTMLElement | null)?.innerText ?? "")).trim();
      if (typeof name === "string" ? focused === name : name.test(focused)) {
        // Whoever sees must see where they are.
        const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
        assert.equal(outline, "solid", focused);
        return page.keyboard.press("Enter");
      }
    }
    assert.fail(`${name} cannot be reached`);
  };
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Maak mijn portemonnee");
  await press("Maak mijn portemonnee");
  await phone.reads("Scan een code");
  const [hat] = await phone.stored("hats");
  world.give("5", accountText(hat?.["account"] as string));
  await till.open(`${world.url}/till`);
  await till.page.locator("#amount").waitFor();
  await till.page.keyboard.type("2,50");
  await till.page.keyboard.press("Enter");
  await till.page.locator(".qr svg").waitFor();
  await phone.open((await till.page.locator("details code").textContent()) ?? "");
  await phone.reads("Genoeg");
  await press(/^Betaal/);
  await page.locator(".paid").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.classList.contains("paid")), true);
  await phone.context.close();
});

test("U6: without a script every page says what to do", async () => {
  const phone = await Phone.of(browser, { javaScriptEnabled: false });
  const code = await price(world, till, "5,80");
  for (const [path, says] of [
    ["/", "Help samen met anderen"], ["/wallet", "te oud of staat te streng"], ["/till", "te oud of staat te streng"],
    [new URL(code).pathname, "klaver pay"], ["/d/aaaaaaaaaaaaaaaaaaaaaaaaaa", "Vraag het aan wie jou de link gaf."], ["/v/aaaaaaaaaaaaaaaaaaaaaaaaaa", "Bewaar je kaart of bon."],
  ] as const) {
    await phone.open(world.url + path);
    const said = await phone.page.locator("body").innerText();
    assert.ok(said.includes(says), `${path}: ${said}`);
  }
  await phone.context.close();
});

test("U6: where no key can be kept, it is said before one is made", async () => {
  for (const [, says, prepare] of [
    ["no storage", "Deze browser bewaart niets", () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException("The operation is insecure.", "SecurityError");
      };
    }],
    ["keys cannot be stored", "Deze browser kan geen sleutel bewaren.", () => {
      const real = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (value: { secret?: { length?: number } }, ...rest) {
        // Only the first look, with one byte, goes well.
        if (value.secret && value.secret.length !== 1) throw new DOMException("The object can not be cloned.", "DataCloneError");
        return real.call(this, value, ...rest);
      };
    }],
    ["no WebCrypto", "Op dit adres kan een portemonnee niet veilig zijn.", () => {
      Object.defineProperty(globalThis, "isSecureContext", { value: false });
      Object.defineProperty(Crypto.prototype, "subtle", { value: undefined });
    }],
  ] as const) {
    const phone = await Phone.of(browser);
    await phone.page.addInitScript(prepare as () => void);
    await phone.open(await price(world, till, "1"));
    await phone.tap("Maak mijn portemonnee");
    await phone.reads(says);
    await phone.reads(/Er is nog geen portemonnee gemaakt|Probeer een andere of nieuwere|Had je al een portemonnee\?/);
    await phone.reads("Waar is een doe-plek?");
    await phone.context.close();
  }
});

test("U6: browsers without Ed25519, or that cannot keep its keys, join and pay all the same", async () => {
  const none = () => {
    // What has no Ed25519 is older than this, too.
    Reflect.deleteProperty(AbortSignal, "timeout");
    for (const name of ["generateKey", "importKey"] as const) {
      const real = SubtleCrypto.prototype[name] as (...args: unknown[]) => Promise<unknown>;
      (SubtleCrypto.prototype as unknown as Record<string, unknown>)[name] = function (this: SubtleCrypto, ...args: unknown[]) {
        if (args.includes("Ed25519")) return Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"));
        return real.apply(this, args);
      };
    }
  };
  const forgets = () => {
    const real = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (value: { secret?: unknown }, ...rest) {
      if (value.secret instanceof CryptoKey) throw new DOMException("The object can not be cloned.", "DataCloneError");
      return real.call(this, value, ...rest);
    };
  };
  for (const prepare of [none, forgets]) {
    const phone = await Phone.of(browser);
    await phone.page.addInitScript(prepare);
    await phone.open(`${world.url}/wallet`);
    await phone.tap("Maak mijn portemonnee");
    await phone.reads("Scan een code");
    const [hat] = await phone.stored("hats");
    world.give("5", accountText(hat?.["account"] as string));
    await phone.open(await price(world, till, "1,20"));
    await phone.reads("Genoeg");
    await phone.tap(/^Betaal/);
    await phone.page.locator(".paid").waitFor();
    await phone.context.close();
  }
});

test("U6: installed: wallet and till open without network", async () => {
  const phone = await member(world, browser, "5");
  await phone.page.evaluate(() => navigator.serviceWorker.ready);
  await phone.open(`${world.url}/wallet`);
  await phone.page.waitForFunction(() => navigator.serviceWorker.controller);
  await phone.context.setOffline(true);
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Scan een code");
  await phone.open(`${world.url}/till`);
  await phone.reads("Deze telefoon als kassa");
  // A code that cannot be opened says so, and is opened once there is a network.
  await phone.open(`${world.url}/p/aaaaaaaaaaaaaaaaaaaaaaaaaa`);
  await phone.reads("De code is niet geopend.");
  await phone.context.setOffline(false);
  await phone.tap("Probeer opnieuw");
  await phone.reads("Deze code kennen we niet");
  await phone.context.close();
});

test("by invitation: straight on to the payment that brought the person, and used once", async () => {
  const { till: shop } = await connectTill(invited, browser, "Bloemen Madelief");
  const code = await price(invited, shop, "2");
  const { link } = invited.council("invite", "--uses", "1") as { link: string };
  const phone = await Phone.of(browser);
  await phone.open(code);
  await phone.reads("Vraag een uitnodiging");
  await phone.open(link);
  await phone.tap("Maak mijn portemonnee");
  await phone.reads("Betalen aan Bloemen Madelief");
  await phone.reads("Niet genoeg");
  assert.equal(phone.taps, 1);
  const other = await Phone.of(browser);
  await other.open(link);
  await other.reads("Deze uitnodiging is al gebruikt of voorbij.");
  // Whoever joined with it is told so, not that it is over.
  await phone.open(link);
  await phone.reads("Je bent al lid van Klaverdorp");
  assert.equal(await phone.page.getByText("Deze uitnodiging is al gebruikt of voorbij.").isVisible(), false);
  for (const one of [phone, other, shop]) await one.context.close();
});

test("U5: the language can be chosen and is kept, also by what is installed", async () => {
  const phone = await member(world, browser, "0");
  await phone.page.evaluate(() => navigator.serviceWorker.ready);
  await phone.page.getByRole("link", { name: "Français" }).click();
  await phone.reads("Scanner un code");
  await phone.open(await price(world, till, "1"));
  await phone.reads("Payer Bakkerij De Korenaar");
  await phone.open(`${world.url}/wallet`);
  // Without network it stays as it is, and what is installed opens still.
  await phone.page.waitForFunction(() => navigator.serviceWorker.controller);
  await phone.context.setOffline(true);
  await phone.page.getByRole("link", { name: "English" }).click();
  await phone.reads("Scanner un code");
  await phone.open(`${world.url}/till`);
  await phone.reads("Ce téléphone comme caisse");
  await phone.context.setOffline(false);
  await phone.open(`${world.url}/wallet`);
  await phone.page.getByRole("link", { name: "English" }).click();
  await phone.reads("Scan a code");
  assert.equal(await phone.page.evaluate(() => document.documentElement.lang), "en");
  await phone.context.close();
});

test("another ledger at the same address, or another address of the same node: nothing is signed", async () => {
  const phone = await member(world, browser, "5", { serviceWorkers: "block" });
  const code = await price(world, till, "1");
  await phone.page.route("**/p/*", async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text()).replace(/"ledger":"[0-9a-f]{64}"/, `"ledger":"${"00".repeat(32)}"`);
    await route.fulfill({ response: answer, body });
  });
  await phone.open(code);
  await phone.reads("Dit is niet de gemeenschap die je kent.");
  await phone.open(`${world.url.replace("localhost", "127.0.0.1")}/wallet`);
  await phone.reads("Je portemonnee staat op een ander adres");
  await phone.reads("Ga naar het juiste adres");
  await phone.context.close();
});

test("what a page may do is what its policy says", async () => {
  const phone = await Phone.of(browser);
  await phone.open(`${world.url}/wallet`);
  await phone.reads("Maak mijn portemonnee");
  const said = await phone.page.evaluate(() => {
    const tried: string[] = [];
    try {
      document.body.innerHTML = "<img src=x>";
    } catch (error) {
      tried.push((error as Error).name);
    }
    const script = document.createElement("script");
    try {
      script.text = "document.title = 'taken'";
      document.head.append(script);
    } catch (error) {
      tried.push((error as Error).name);
    }
    return [...tried, document.title === "taken" ? "ran" : "did not run"];
  });
  assert.deepEqual(said, ["TypeError", "TypeError", "did not run"]);
  await phone.context.close();
});

test("Rust and TypeScript agree in the browser too, on every vector", async () => {
  const phone = await Phone.of(browser, { bypassCSP: true });
  await phone.open(`${world.url}/`);
  const folder = `${ROOT}/docs/spec/vectors`;
  const vectors = Object.fromEntries(readdirSync(folder).map((file) => [file.replace(".json", ""), JSON.parse(readFileSync(`${folder}/${file}`, "utf8"))]));
  await phone.page.addScriptTag({ path: "node_modules/.klaver-test/browser-vectors.js" });
  const { found, compared } = await phone.page.evaluate(async (given) => {
    const { run } = (globalThis as unknown as { vectors: { run(v: unknown): Promise<{ found: string[]; compared: number }> } }).vectors;
    const { found: differ, compared: count } = await run(given);
    return { found: differ, compared: count };
  }, vectors);
  assert.deepEqual(found, []);
  assert.ok(compared > 600, `${compared} comparisons`);
  await phone.context.close();
});

test("P9: a first load of at most 30 kB, of /wrong 47 kB; all scripts of at most 100 kB, and 4 kB for /wrong", async () => {
  const code = await price(world, till, "1");
  // What is told when something is wrong is a page of its own, beside the wallet, with the words of all such pages.
  const first = [
    ["pay", code, "Maak mijn portemonnee", 30_000], ["wallet", `${world.url}/wallet`, "Maak mijn portemonnee", 30_000],
    ["wrong", `${world.url}/wrong`, "Naar mijn portemonnee", 47_000],
  ] as const;
  for (const [name, address, says, most] of first) {
    const phone = await Phone.of(browser, { serviceWorkers: "block" });
    let bytes = 0;
    let requests = 0;
    phone.page.on("requestfinished", (request) => void request.sizes().then((sizes) => {
      bytes += sizes.responseBodySize;
      requests += 1;
    }));
    await phone.open(address);
    await phone.reads(says);
    await phone.page.waitForLoadState("networkidle");
    console.log(`first load of ${name}: ${bytes} bytes in ${requests} requests`);
    assert.ok(requests > 4 && bytes <= most, `${name}: ${bytes} bytes`);
    await phone.context.close();
  }
  // What only those who take payments, run a place or the community load is no part of the wallet; nor are the pages that check receipts,
  // take a place in a session, or borrow a right; nor the map, which the town square shows; nor the French list of recovery words, which is of another language than the one that is
  // counted. What the wallet's pages load, now or later, is found by following what each file names.
  const files = readdirSync("dist").filter((file) => file.endsWith(".js"));
  // So does the large reader stand aside, with its program: few phones ever fetch it, after two seconds at the camera.
  const isAside = (file: string) => /\/assets\/zxing-|leaflet-container|createHTML/.test(readFileSync(`dist/${file}`, "utf8"));
  const follow = (scripts: Set<string>) => {
    for (const file of scripts) {
      if (file === "sw.js") continue;
      const code = readFileSync(`dist/${file}`, "utf8");
      for (const other of files) if (code.includes(`./${other}`) && !isAside(other)) scripts.add(other);
    }
    return scripts;
  };
  const size = (some: Iterable<string>) => [...some].reduce((sum, file) => sum + gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length, 0);
  const scripts = follow(new Set(files.filter((file) => /^(wallet|pay|join|page|old|sw|(words|own|proof|errors)-nl)\b/.test(file))));
  const all = size(scripts);
  console.log(`all scripts with the words of one language: ${all} bytes`);
  assert.ok(all <= 100_000, `${all} bytes`);
  // Telling what is wrong adds little to what a wallet has.
  const wrong = [...follow(new Set(files.filter((file) => file.startsWith("wrong-"))))].filter((file) => !scripts.has(file));
  console.log(`what telling that something is wrong adds: ${size(wrong)} bytes`);
  assert.ok(wrong.length > 0 && size(wrong) <= 4_000, `${wrong}: ${size(wrong)} bytes`);
});
