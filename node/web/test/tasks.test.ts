/** Life at a doe-plek: a task from client to thank-you, joining and checking in by phone, faces of two phones, lending for a day. */

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { accountText, parseAccount } from "../src/lib/account.ts";
import { fromBase64url } from "../src/lib/bytes.ts";
import { challengeBytes } from "../src/lib/entry.ts";
import { WATCHED, looksWell } from "./barriers.ts";
import { Phone, World, addFace, balance, connectPlace, inTown, member, members, until } from "./world.ts";

let world: World;
let browser: Browser;

// An afternoon is thanked with more than a volunteer in Belgium may receive in a day.
inTown((...town) => void ([world, browser] = town), () => World.found("open", "--thanks", "30"));

/** Makes a session of today of an open task, as the trekker does. */
async function session(place: Phone, places: string): Promise<void> {
  await place.tap("Nieuw moment");
  const soon = new Date(Date.now() + 5 * 60_000);
  const local = new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Brussels", dateStyle: "short", timeStyle: "short" }).format(soon);
  const [day = "", time = ""] = local.split(" ");
  await place.page.locator("#day").fill(day);
  await place.page.locator("#time").fill(time);
  await place.page.locator("#places").fill(places);
  await place.page.locator("#question").fill("Leerde je iemand kennen?");
  await place.tap("Bewaar");
}

test("a task: brought by a text-only client, taken, joined by phone, checked in, given for, thanked", async () => {
  const { place } = await connectPlace(world, browser, "De Ploeg", "120", "2", WATCHED);
  // The client: no script, no account; five fields.
  const client = await Phone.of(browser, { javaScriptEnabled: false });
  await client.open(`${world.url}/`);
  await client.tap("Breng een taak");
  await client.page.getByRole("radio", { name: "Brieven vouwen" }).check();
  for (const [id, text] of [["for_whom", "De bibliotheek"], ["how_many", "5000 brieven"], ["brought_by", "Jo van de bib"]] as const) await client.page.locator(`#${id}`).fill(text);
  await client.reads("Schrijf geen naam van een persoon");
  await client.tap("Breng deze taak");
  await client.reads("Je taak is aangekomen.");
  await client.reads("We kijken wie dit kan doen.");
  const followed = client.page.url().replace("?new", "");

  // The trekker says not yet, with a reason; the client sees it; then it is taken, and the empty insurance warned of.
  // Where it is, the place says itself.
  await place.open(`${world.url}/place#usual`);
  await place.page.locator("#address").fill("Kerkstraat 3, Klaverdorp");
  await place.tap("Bewaar");
  await place.reads("Wie is er?");
  await place.tap("Taken");
  await place.tap(/Brieven vouwen \(5000 brieven\)/);
  await looksWell(place.page, "a task that waits");
  await place.tap("Nog niet haalbaar");
  await place.tap("We zijn met te weinig.");
  await place.reads("Dit is nog niet haalbaar. We zijn met te weinig.");
  await client.open(followed);
  await client.reads("Dit is nog niet haalbaar. We zijn met te weinig.");
  await place.tap("Neem deze taak aan");
  await looksWell(place.page, "editing a task");
  await place.tap("Bewaar");
  await place.reads("Vink aan dat dit niemands betaald werk vervangt.");
  await place.page.getByLabel("Dit vervangt niemands betaald werk").check();
  await place.page.getByLabel("Er staan namen of adressen in").check();
  await place.tap("Bewaar");
  await place.reads("Niet alles over de verzekering staat erbij.");
  await place.reads("Er staan namen in.");
  // The sheet that whoever reads them signs.
  await place.tap("Blad over zwijgen");
  await place.reads("Wat je hier leest, blijft hier");
  await looksWell(place.page, "the sheet on keeping it here");
  await place.tap("Terug");
  await session(place, "1");
  await place.reads("Nog vrij: 1 van 1");
  await place.tap("50 %");
  await place.page.locator("[aria-pressed=true]", { hasText: "50 %" }).waitFor();
  await client.open(followed);
  await client.reads("De helft is klaar");
  for (const said of ["Kerkstraat 3, Klaverdorp", "Iedereen kan het lezen zodra de taak klaar is."]) await client.reads(said);

  // One takes the only place with one tap; the next one hears kindly that it is full, and where to go on.
  const an = await member(world, browser, "0");
  await an.open(`${world.url}/tasks`);
  await an.reads("Nog 1 plaats");
  await an.tap(/Brieven vouwen/);
  await an.reads("Hiermee kom je die dag misschien boven € 44,02, wat een vrijwilliger mag krijgen.");
  await an.reads("Je mag gewoon meedoen. Alleen jij ziet dit.");
  await an.tap("Ik kom");
  await an.reads("Je hebt een plaats. Tot dan!");
  await an.reads("Alle plaatsen bezet");
  const joined = an.page.url();
  const ben = await Phone.of(browser, WATCHED);
  await ben.page.route("**/v1/task-sessions/*", (route) => (route.request().method() === "GET" ? route.fulfill({ status: 404, contentType: "application/problem+json", body: JSON.stringify({ status: 404, code: "unknown_task_session", detail: "", transient: false }) }) : route.continue()));
  await ben.open(`${world.url}/tasks`);
  await looksWell(ben.page, "tasks");
  await ben.open(joined);
  await ben.reads("alle plaatsen bezet");
  await ben.reads("Kom gerust langs: soms kan iemand toch niet komen.");
  await looksWell(ben.page, "a task that is full");

  // The code on the screen; checking in takes a tap, and whoever has no wallet makes one on the way.
  await place.open(`${world.url}/place`);
  await place.reads('Zouden komen: 1. Tikten "ik ben er": 0.');
  await place.tap("Toon de code");
  await place.page.locator(".qr svg").waitFor();
  await looksWell(place.page, "the code to check in");
  const code = (await place.page.locator("#check-in").textContent()) ?? "";
  await an.open(code);
  await an.page.getByRole("button", { name: "Ik ben er" }).waitFor();
  await place.reads("Nog niemand tikte: ik ben er.");
  await an.tap("Ik ben er");
  await an.reads("Je bent er");
  // One question, one tap; nobody hears what An said, and the count waits until nobody can answer any more.
  await an.reads("Leerde je iemand kennen?");
  await looksWell(an.page, "a question after checking in");
  await an.page.getByRole("button", { name: "Ja", exact: true }).click();
  await an.reads("Bedankt, geteld.");
  await place.reads("De telling staat hier vanaf");
  await place.reads('Tikten "ik ben er": 1');
  await ben.page.unroute("**/v1/task-sessions/*");
  await ben.open(code);
  await ben.tap("Ik ben er");
  await ben.tap("Maak mijn portemonnee");
  await ben.reads("Je bent er");
  // A code of another day or place is said kindly.
  await ben.open(`${code.slice(0, -26)}${"a".repeat(26)}`);
  await ben.tap("Ik ben er");
  await ben.reads("Scan de code die vandaag op de plek hangt.");

  // Whoever came with a phone is no piece of an account: the trekker gives a nickname, on the spot.
  await place.reads("Nieuw hier, met telefoon");
  assert.doesNotMatch((await place.page.locator("#action").textContent()) ?? "", /…[a-z0-9]{6}/);
  const coming = place.page.url();
  await place.tap("Geef een roepnaam");
  await place.reads("Nieuw hier: wie is dit?");
  await place.page.locator("#name").fill("An");
  await place.tap("Bewaar");
  await place.page.getByRole("button", { name: /^An\b/ }).first().waitFor();
  await place.page.getByRole("button", { name: /^Nieuw hier, met telefoon/ }).first().waitFor();
  await place.open(coming);

  // The poster prints the same code, in two languages side by side.
  await place.tap("Maak een affiche");
  await place.page.locator(".qr svg").waitFor();
  await place.reads("Plier des lettres");
  await place.reads("Iedereen is welkom.");
  assert.deepEqual(await place.page.locator(".poster section").evaluateAll((all) => all.map((one) => one.getAttribute("lang"))), ["nl", "fr"]);

  // Both are on the list without a tap of the trekker, and receive for this task.
  await place.open(`${world.url}/place`);
  await place.tap("Geef 4 klavers aan 2 mensen");
  await place.reads("4 klavers aan 2 mensen. Goed bewaard.");
  assert.equal(await balance(world, an), "2 klavers");
  // The next list of the day does not begin with them: one tap would give twice.
  await place.open(`${world.url}/place`);
  await place.reads('Zouden komen: 1. Tikten "ik ben er": 2.');
  assert.equal(await place.page.getByRole("button", { name: /^Geef .* aan/ }).count(), 0);
  const [hat] = await an.stored("hats");
  const task = await an.page.evaluate(async () => (await (await fetch("/v1/tasks")).json()).tasks[0].id as string);
  const lines = await an.page.evaluate(async (account) => {
    const { value } = await new Promise<{ value: { token: string } }>((resolve) => {
      const request = indexedDB.open("klaver", 1);
      request.onsuccess = () => {
        const found = request.result.transaction("kept").objectStore("kept").get(`session:${account.hex}`);
        found.onsuccess = () => resolve(found.result as { value: { token: string } });
      };
    });
    return (await (await fetch(`/v1/accounts/${account.text}/statement`, { headers: { authorization: `Bearer ${value.token}` } })).json()) as { lines: { reference: unknown }[] };
  }, { hex: hat?.["account"] as string, text: accountText(hat?.["account"] as string) });
  assert.deepEqual(lines.lines[0]?.reference, { to: "task", id: task });

  // Done, and thanked: the words stand with the task.
  await place.open(`${world.url}/place#task/${task}`);
  await place.tap("Deze taak is klaar");
  await place.reads("klaar");
  await client.open(followed);
  await client.reads("Het is klaar.");
  await client.page.locator("#words").fill("Dank je wel aan iedereen!");
  await client.tap("Zeg dank je wel");
  await an.open(joined);
  await an.reads("Dank je wel aan iedereen!");
  await place.page.reload();
  await place.reads("Dank je wel aan iedereen!");
  await looksWell(place.page, "a task that is done and thanked for");
  // What somebody said is taken away with one tap, the task with two.
  await place.tap("Haal dit bedankje weg");
  await place.page.getByText("Dank je wel aan iedereen!").waitFor({ state: "detached" });
  await an.open(joined);
  await an.reads("5000 brieven");
  assert.equal(await an.page.getByText("Dank je wel aan iedereen!").count(), 0);
  await place.tap("Vergeet deze taak");
  await place.tap("Ja, vergeet ze voorgoed");
  await place.reads("Nog geen taken.");
  await client.open(followed);
  assert.equal(await client.page.getByText("5000 brieven").count(), 0);
  assert.deepEqual([...place.faults, ...an.faults, ...ben.faults], []);
  for (const phone of [place, an, ben, client]) await phone.context.close();
});

test("what is usual goes to a pot for whoever wants that: one line of the pot, put right for one alone", async () => {
  const { place } = await connectPlace(world, browser, "De Werf", "50", "2");
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = (publicKey.export({ format: "der", type: "spki" }) as Buffer).subarray(-32).toString("hex");
  const { account } = world.council("account", "open", "fund", "--key", key) as { account: string };
  const send = async <T>(method: string, path: string, body: object, token = ""): Promise<T> => {
    const answer = await fetch(world.url + path, { method, headers: { "content-type": "application/json", authorization: `Bearer ${token}` }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(await answer.text());
    return (answer.status === 204 ? null : await answer.json()) as T;
  };
  const { nonce, expires_at } = await send<{ nonce: string; expires_at: string }>("POST", "/v1/sessions/challenges", {});
  const { ledger } = (await (await fetch(`${world.url}/v1/community`)).json()) as { ledger: string };
  const bytes = challengeBytes(ledger, world.url, { session: parseAccount(account) }, fromBase64url(nonce), Date.parse(expires_at) / 1_000);
  const { token } = await send<{ token: string }>("POST", "/v1/sessions", { account, nonce, expires_at, key, signature: sign(null, bytes, privateKey).toString("base64url") });
  await send("PUT", `/v1/accounts/${account}/profile`, { name: "Koffiepot", listed: true }, token);
  const [one, two, three] = (await members(world, 3)) as [string, string, string];
  for (const [id, name] of [[one, "Zita"], [two, "Wim"], [three, "Vera"]] as const) await addFace(place, id, name);
  for (const name of ["Zita", "Wim"]) {
    await place.tap(`Ander bedrag: ${name}`);
    await place.tap("Naar de pot: Koffiepot");
    await place.reads("Wie is er?");
  }
  await place.tap("Geef 6 klavers aan 3 mensen");
  await place.reads("6 klavers aan 3 mensen. Goed bewaard.");
  await place.tap("Zet recht: Wim");
  await place.tap("Was er niet");
  await place.tap("Ja, neem 2 klavers terug");
  await place.reads("Dit is rechtgezet.");
  assert.deepEqual(await place.page.locator(".guests s").allTextContents(), ["Wim", "2\u00a0klavers"]);
  const shown = world.council("account", "show", account, "--council") as { balance: string };
  assert.equal(shown.balance, "2.00");
  await place.context.close();
});

test("a list kept on paper is typed later; a doubtful line says what it is and what can be done", async () => {
  const { place } = await connectPlace(world, browser, "De Schuur", "50", "2", WATCHED);
  const [one, two, three] = (await members(world, 3)) as [string, string, string];
  for (const [id, name] of [[one, "Zoë"], [two, "Jan Peeters"], [three, "Jan Claes"]] as const) await addFace(place, id, name);
  while ((await place.page.locator(".there[aria-pressed=true]").count()) > 0) await place.page.locator(".there[aria-pressed=true]").first().click();
  await place.tap("Typ een lijst over");
  await place.page.locator("#paper").fill("zoe\n\n  jan \nMoniek");
  await place.tap("Zet ze op de lijst");
  await place.reads("Wie is jan?");
  await place.reads("Moniek kennen we hier niet.");
  await looksWell(place.page, "a list with doubtful lines");
  await place.tap("Jan Claes");
  await place.page.getByText("Wie is jan?").waitFor({ state: "detached" });
  await place.tap("Tel mee zonder naam");
  await place.tap("Geef 4 klavers aan 2 mensen");
  await place.reads("4 klavers aan 2 mensen. Goed bewaard.");
  await place.reads("Zonder naam: 1 ook hier, 0 voor het eerst.");
  assert.deepEqual((await place.page.locator(".guests .words").allTextContents()).map((text) => text.trim()).sort(), ["Jan Claes", "Zoë"]);
  assert.deepEqual(place.faults, []);
  await place.context.close();
});

test("a right lent for today: the stand-in sees the faces and gives; it has an end, and lends nothing on", async () => {
  const { place, account } = await connectPlace(world, browser, "De Kade", "50", "3");
  const [one] = (await members(world, 1)) as [string];
  await addFace(place, one, "Wannes");
  await place.tap("Laat iemand vandaag invallen");
  await place.page.locator(".qr svg").waitFor();
  const link = (await place.page.locator("#lent-link").textContent()) ?? "";
  const other = await Phone.of(browser, WATCHED);
  await other.open(link);
  await other.reads("De Kade leent jou het recht om klavers te geven. Vandaag, tot middernacht.");
  await other.page.getByRole("link", { name: "Nee, liever niet" }).waitFor();
  await looksWell(other.page, "a right that is lent");
  await other.tap("Ja, ik doe het vandaag");
  const number = /^\d{3}\s\d{3}$/;
  await other.page.locator(".amount", { hasText: number }).waitFor();
  await place.page.locator(".amount", { hasText: number }).waitFor();
  assert.equal(await other.page.locator(".amount").textContent(), await place.page.locator(".amount").textContent());
  await place.tap("Ja, leen het recht uit");
  await place.reads("Daarna stopt het vanzelf.");
  await other.tap("Open de doe-plek");
  await other.page.locator("#amount").fill("3");
  await other.tap("Bewaar");
  // The face came along through the node.
  await other.page.getByRole("button", { name: /^Wannes/ }).first().click();
  await other.tap("Geef 3 klavers aan een mens");
  await other.reads("3 klavers aan één mens. Goed bewaard.");
  await other.open(`${world.url}/place#lend`);
  await other.reads("Deze telefoon mag het recht niet uitlenen.");
  // As it is tomorrow: the right has ended, and the phone knows nobody of the place any more.
  await other.page.route("**/v1/accounts/*", (route) => route.fulfill({ status: 401, contentType: "application/problem+json", body: JSON.stringify({ status: 401, code: "session_needed", detail: "", transient: false }) }));
  await other.page.route("**/v1/sessions", (route) => route.fulfill({ status: 401, contentType: "application/problem+json", body: JSON.stringify({ status: 401, code: "session_key", detail: "", transient: false }) }));
  const [hat] = await other.stored("hats");
  await other.open(`${world.url}/place`);
  await other.reads("Het recht op deze telefoon is voorbij.");
  assert.equal((await other.stored("hats")).length, 0);
  assert.ok(!JSON.stringify(await other.stored("kept")).includes("Wannes\",\"picture"));
  // The key's end is the end of this day in the community's time zone, and giving is all it may.
  const state = world.council("account", "show", account, "--council") as { state?: { keys: { key: string; rights: string[]; until: string | null }[] } };
  const lent = state.state?.keys.find(({ key }) => key === hat?.["key"]);
  const clock = new Intl.DateTimeFormat("nl-BE", { timeZone: "Europe/Brussels", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  assert.equal(clock.format(Date.parse(lent?.until ?? "")), "00:00");
  assert.ok(Date.parse(lent?.until ?? "") - Date.now() <= 25 * 3_600_000);
  assert.deepEqual(lent?.rights, ["spend"]);
  // Whoever lent it takes it back before its time.
  await place.open(`${world.url}/place#lend`);
  await place.reads(/^Een andere telefoon mag nu geven, tot .*23:59\.$/);
  await place.tap("Neem het recht nu terug");
  await place.reads("Teruggenomen");
  const after = world.council("account", "show", account, "--council") as typeof state;
  assert.equal(after.state?.keys.some(({ key }) => key === hat?.["key"]), false);
  assert.deepEqual([...place.faults, ...other.faults], []);
  await place.context.close();
  await other.context.close();
});

test("a right that is not lent says why, and a receipt that does not hold is an alarm", async () => {
  const { place } = await connectPlace(world, browser, "De Steiger", "50", "3");
  const lending = async (answer: Parameters<Page["route"]>[1]): Promise<void> => {
    await place.open(`${world.url}/place#lend`);
    await place.page.locator(".qr svg").waitFor();
    const other = await Phone.of(browser);
    await other.open((await place.page.locator("#lent-link").textContent()) ?? "");
    await other.tap("Ja, ik doe het vandaag");
    await place.page.route("**/v1/entries", answer);
    await place.tap("Ja, leen het recht uit");
    await other.context.close();
  };
  await lending((route) => route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify({ status: 422, code: "missing_right", detail: "", transient: false }) }));
  await place.reads("Het recht is niet uitgeleend");
  await place.reads("Vraag het aan wie de rekening beheert.");
  await place.page.unroute("**/v1/entries");
  await lending(async (route) => {
    const answer = await route.fetch();
    const body = (await answer.json()) as { receipt: { checkpoint: string } };
    body.receipt.checkpoint = body.receipt.checkpoint.replace(/\n([0-9]+)\n/, (_, size: string) => `\n${Number(size) + 1}\n`);
    await route.fulfill({ response: answer, json: body });
  });
  await place.reads("Het bewijs klopt niet.");
  assert.equal(await place.page.locator(".waiting, .paid").count(), 0);
  await place.context.close();
});

test("whoever types another amount is not disturbed by somebody who checks in", async () => {
  const { place } = await connectPlace(world, browser, "De Stal", "50", "2");
  const [one] = (await members(world, 1)) as [string];
  await addFace(place, one, "Roos");
  await place.tap("Taken");
  await place.tap("Een namiddag brieven vouwen");
  await place.page.getByLabel("Dit vervangt niemands betaald werk").check();
  await place.tap("Bewaar");
  await place.page.locator("#day").waitFor();
  await place.page.locator("#time").fill(new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Brussels", timeStyle: "short" }).format(Date.now()));
  await place.tap("Bewaar");
  await place.reads("Nog vrij: 12 van 12");
  await place.open(`${world.url}/place`);
  await place.reads('Tikten "ik ben er": 0.');
  const id = await place.page.getByRole("link", { name: "Toon de code" }).getAttribute("href");
  await place.tap("Ander bedrag: Roos");
  await place.page.locator("#amount").fill("7");
  const here = place.page.waitForResponse(async (answer) => answer.url().endsWith(`/v1/place/sessions/${id?.split("/").at(-1)}`) && (await answer.text()).includes('"here":true'));
  const guest = await member(world, browser, "0");
  const code = await place.page.evaluate(async (session) => {
    const { value } = await new Promise<{ value: { sessions: { session: { id: string }; check_in: string }[] }[] }>((resolve) => {
      const request = indexedDB.open("klaver", 1);
      request.onsuccess = () => {
        const all = request.result.transaction("kept").objectStore("kept").getAll();
        all.onsuccess = () => resolve((all.result as { name: string; value: never }[]).find(({ name }) => name.startsWith("tasks:")) as never);
      };
    });
    return value.flatMap(({ sessions }) => sessions).find((each) => each.session.id === session)?.check_in ?? "";
  }, id?.split("/").at(-1) ?? "");
  await guest.open(code);
  await guest.tap("Ik ben er");
  await guest.reads("Je bent er");
  await here;
  // A redraw would come at once.
  await place.page.waitForTimeout(200);
  assert.equal(await place.page.locator("#amount").inputValue(), "7");
  await place.tap(/^Zet dit bij/);
  // Now both are on the list: what was typed, and whoever came.
  await place.reads("Geef 9 klavers aan 2 mensen");
  assert.deepEqual([...place.faults, ...guest.faults], []);
  await place.context.close();
  await guest.context.close();
});

test("two phones of one place know the same faces; what is forgotten on one is forgotten on both", async () => {
  const { place } = await connectPlace(world, browser, "De Brug", "50", "1");
  const [one, two] = (await members(world, 2)) as [string, string];
  await addFace(place, one, "Xander");
  // Without network a face is kept, and shared later.
  await place.page.evaluate(() => navigator.serviceWorker.ready);
  await place.open(`${world.url}/place`);
  await place.page.waitForFunction(() => navigator.serviceWorker.controller);
  await place.context.setOffline(true);
  await addFace(place, two, "Yara");
  await place.context.setOffline(false);
  await place.tap("Laat iemand vandaag invallen");
  await place.page.locator(".qr svg").waitFor();
  const other = await Phone.of(browser);
  await other.open((await place.page.locator("#lent-link").textContent()) ?? "");
  await other.tap("Ja, ik doe het vandaag");
  await place.tap("Ja, leen het recht uit");
  await place.reads("Uitgeleend");
  await place.tap(/^Terug$/);
  await place.reads("Wie is er?");
  await other.tap("Open de doe-plek");
  await other.page.locator("#amount").fill("1");
  await other.tap("Bewaar");
  for (const name of ["Xander", "Yara"]) await other.page.getByRole("button", { name: new RegExp(`^${name}`) }).first().waitFor();
  await place.tap("Ander bedrag: Xander");
  await place.tap("Verander naam of beeld");
  await place.tap("Vergeet dit gezicht");
  await place.reads("De klavers van Xander blijven.");
  await place.tap("Ja, vergeet dit gezicht");
  await until(async () => {
    await other.open(`${world.url}/place`);
    await other.page.getByRole("button", { name: /^Yara/ }).first().waitFor();
    return (await other.page.getByRole("button", { name: /^Xander/ }).count()) === 0;
  }, "the other phone still shows a face that was forgotten");
  assert.deepEqual([...place.faults, ...other.faults], []);
  await place.context.close();
  await other.context.close();
});
