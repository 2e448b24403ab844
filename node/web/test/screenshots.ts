/** Pictures of the pages and their states, into docs/screenshots: 320, 390 and 1280 px, light and dark, in Dutch. */

import { mkdirSync } from "node:fs";
import { accountText } from "../src/lib/account.ts";
import { Phone, World, addFace, connectPlace, connectTill, launch, member, members } from "./world.ts";

const OUT = process.env["KLAVER_SHOTS_TO"] ?? `${process.env["KLAVER_ROOT"]}/docs/screenshots`;
const WIDTHS = [[320, 640], [390, 844], [1280, 900]] as const;

mkdirSync(OUT, { recursive: true });
const world = await World.found();
const browser = await launch();

/** Takes the page as it is, in every width, light and dark. */
async function shoot(phone: Phone, name: string): Promise<void> {
  for (const [width, height] of WIDTHS) {
    await phone.page.setViewportSize({ width, height });
    for (const scheme of ["light", "dark"] as const) {
      await phone.page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      // Whatever sticks out on the right would have to be scrolled to.
      const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) console.error(`${name} at ${width}: ${wide} px too wide`);
      await phone.page.screenshot({ path: `${OUT}/${name}-${width}-${scheme}.png`, fullPage: true, scale: "css" });
    }
  }
}

const phone = await Phone.of(browser, { isMobile: false, deviceScaleFactor: 1 });
await phone.open(`${world.url}/`);
await shoot(phone, "home-empty");
await phone.open(`${world.url}/till`);
await phone.page.locator("#connect-key").waitFor();
await shoot(phone, "till-connect");
await phone.context.close();

const { till } = await connectTill(world, browser, "Bakkerij De Korenaar", { isMobile: false, deviceScaleFactor: 1 });
await till.page.locator("#amount").fill("5,8x");
await till.tap("Toon de code");
await shoot(till, "till-fault");
await till.page.locator("#amount").fill("5,80");
await shoot(till, "till-price");
await till.tap("Toon de code");
await till.page.locator(".qr svg").waitFor();
await shoot(till, "till-code");
const code = (await till.page.locator("details code").textContent()) ?? "";

const guest = await Phone.of(browser, { isMobile: false, deviceScaleFactor: 1 });
await guest.open(`${world.url}/`);
await shoot(guest, "home");
await guest.open(code);
await guest.reads("Maak mijn portemonnee");
await shoot(guest, "pay-newcomer");
await guest.tap("Maak mijn portemonnee");
await guest.reads("Niet genoeg");
await shoot(guest, "pay-not-enough");
const [hat] = await guest.stored("hats");
world.give("20", accountText(hat?.["account"] as string));
await guest.page.reload();
await guest.reads("Genoeg");
await shoot(guest, "pay");
await guest.context.setOffline(true);
await guest.tap(/^Betaal/);
await guest.reads("Er is geen netwerk");
await shoot(guest, "pay-waiting");
await guest.context.setOffline(false);
await till.page.locator(".paid.whole").waitFor();
await till.reads("Het bewijs klopt.");
await shoot(till, "till-paid");
await guest.page.locator(".paid").waitFor();
await shoot(guest, "pay-done");
await guest.open(`${world.url}/wallet`);
await guest.reads("Scan een code");
await shoot(guest, "wallet");
await guest.tap("Toon wat ik heb");
await guest.reads("klavers");
await guest.tap("Overzicht");
await guest.page.locator(".lines").first().waitFor();
await shoot(guest, "wallet-lines");
await guest.page.locator(".lines a").first().click();
await guest.reads("Klopt er iets niet?");
await shoot(guest, "wallet-line");
const [download] = await Promise.all([guest.page.waitForEvent("download"), guest.tap("Bewijs bewaren")]);
const receipt = await download.path();
await guest.open(`${world.url}/wallet#scan`);
await guest.page.locator("video").waitFor();
await shoot(guest, "wallet-scan");
await guest.open(`${world.url}/wallet#receive`);
await guest.page.locator("#amount").waitFor();
await shoot(guest, "wallet-receive");
await guest.open(`${world.url}/wallet#more`);
await guest.reads("Het logboek klopt");
await shoot(guest, "wallet-more");
await guest.open(`${world.url}/wallet#seal`);
await guest.page.locator(".qr svg").waitFor();
await shoot(guest, "wallet-seal");
await guest.open(`${world.url}/verify`);
await guest.reads("Kies een bewijs");
await shoot(guest, "verify");
await guest.page.locator("input[type=file]").setInputFiles(receipt);
await guest.reads("Dit bewijs klopt.");
await shoot(guest, "verify-holds");
await guest.page.locator("input[type=file]").setInputFiles({ name: "leeg.tlog-proof", mimeType: "text/plain", buffer: Buffer.from("leeg") });
await guest.reads("Dit bewijs klopt niet.");
await shoot(guest, "verify-holds-not");
await guest.open(`${world.url}/wallet#recovery`);
await guest.page.locator(".recovery").waitFor();
await shoot(guest, "recovery");
await till.open(`${world.url}/till#today`);
await till.page.locator(".lines").first().waitFor();
await shoot(till, "till-today");
await till.page.locator(".lines a").first().click();
await till.reads("Klopt er iets niet?");
await till.tap("Terugbetalen");
await shoot(till, "till-refund");
await till.open(`${world.url}/till#payout`);
await till.page.locator("#amount").waitFor();
await shoot(till, "till-payout");
await till.open(`${world.url}/till#settings`);
await till.reads("Instellingen");
await shoot(till, "till-settings");
// People among each other: own codes, questions, the inbox, another phone, rest.
const friend = await member(world, browser, "0", { isMobile: false, deviceScaleFactor: 1 });
await friend.open(`${world.url}/wallet#inbox`);
await friend.reads("Hier is nu niets voor jou.");
await shoot(friend, "inbox-empty");
await friend.open(`${world.url}/wallet#code`);
await friend.page.locator(".qr svg").waitFor();
await shoot(friend, "own-code");
await friend.tap("Vervang deze code");
await shoot(friend, "own-code-replace");
const own = (await friend.page.locator("#own-code").textContent()) ?? "";
await guest.open(own);
await guest.page.locator("#amount").fill("1,2,3");
await guest.page.getByRole("button", { name: "Ga verder" }).click();
await guest.reads("twee komma");
await shoot(guest, "alias");
await guest.open(`${world.url}/wallet#ask`);
await guest.page.locator("#code").fill(own);
await guest.page.locator("#amount").fill("3");
await guest.page.locator("#words").fill("Lut, voor de taart");
await shoot(guest, "ask");
await guest.tap("Stuur mijn vraag");
await guest.reads("Gevraagd");
await shoot(guest, "asked");
await friend.open(`${world.url}/wallet`);
await friend.reads("Berichten (1 nieuw)");
await shoot(friend, "wallet-asked");
await friend.tap(/^Berichten/);
await friend.reads("Lut, voor de taart");
await shoot(friend, "inbox");
await friend.tap(/vraagt 3/);
await friend.reads("Liever niet");
await shoot(friend, "pay-asked");
await friend.tap("Liever niet");
await friend.reads("Je antwoord is verstuurd");
await shoot(friend, "declined");
await friend.open(`${world.url}/wallet#devices`);
await friend.reads("Deze telefoon");
await friend.tap("Voeg een telefoon toe");
await friend.page.locator(".qr svg").waitFor();
await shoot(friend, "device-add");
const second = await Phone.of(browser, { isMobile: false, deviceScaleFactor: 1 });
await second.open((await friend.page.locator("#device-link").textContent()) ?? "");
await second.reads("Je betaalt daarna");
await shoot(second, "device-new");
await second.tap("Ga verder");
await friend.reads("Is dit nummer hetzelfde?");
await shoot(friend, "device-compare");
await friend.tap("Ja, voeg deze telefoon toe");
await friend.reads("De nieuwe telefoon hoort nu bij je rekening.");
await shoot(friend, "device-added");
await friend.open(`${world.url}/wallet#devices`);
await friend.reads("Een ander toestel");
await shoot(friend, "devices");
await friend.open(`${world.url}/wallet#rest`);
await friend.reads("Zet mijn rekening in rust");
await shoot(friend, "rest");
await friend.tap("Zet mijn rekening in rust");
await friend.tap("Ja, nu in rust zetten");
await friend.reads("Er gaat nu niets meer van je rekening.");
await friend.open(`${world.url}/wallet#rest`);
await friend.reads("Toon deze code");
await shoot(friend, "at-rest");
await friend.open(`${world.url}/wallet#inbox`);
await friend.reads("in rust gezet");
await shoot(friend, "inbox-at-rest");

// A seal that the log did not sign.
await guest.page.route("**/log/checkpoint", async (route) => {
  const answer = await route.fetch();
  await route.fulfill({ response: answer, body: (await answer.text()).replace(/^(\d+)$/mu, "9$1") });
});
await guest.open(`${world.url}/wallet`);
await guest.reads("Bewaar de twee zegels");
await shoot(guest, "alarm");
const stranger = await Phone.of(browser, { isMobile: false, deviceScaleFactor: 1 });
await stranger.open(`${world.url}/p/aaaaaaaaaaaaaaaaaaaaaaaaaa`);
await shoot(stranger, "unknown");

// A doe-plek at five o'clock, and the council of the demonstration town.
const plain = { isMobile: false, deviceScaleFactor: 1 };
const newPlace = await Phone.of(browser, plain);
await newPlace.open(`${world.url}/place`);
await newPlace.page.locator("#connect-key").waitFor();
await shoot(newPlace, "place-connect");
const { place } = await connectPlace(world, browser, "De Ploeg", "60", "2", plain);
await shoot(place, "place-empty");
await place.open(`${world.url}/place#add`);
await place.reads("Scan de code");
await shoot(place, "place-add");
await place.open(`${world.url}/place#usual`);
await place.reads("Wat is hier gewoon?");
await shoot(place, "place-usual");
await place.open(`${world.url}/place`);
const called = ["Aïcha", "Bram", "Chantal", "Dirk", "Emine", "Fons"];
for (const [i, account] of (await members(world, called.length)).entries()) await addFace(place, account, called[i] as string);
await place.tap("Zonder klavers: Chantal");
await shoot(place, "place");
await place.tap("Ander bedrag: Dirk");
await shoot(place, "place-other");
await place.page.locator("#amount").fill("55");
await place.tap("Dit bedrag");
await place.reads("te veel voor de ruimte");
await shoot(place, "place-too-much");
await place.tap("Ander bedrag: Dirk");
await place.tap(/^Zoals gewoon/);
await place.context.setOffline(true);
await place.tap(/^Geef 10 klavers/);
await place.reads("Er is geen netwerk");
await shoot(place, "place-waiting");
await place.context.setOffline(false);
await place.reads("Het bewijs is nagekeken");
await shoot(place, "place-given");
await place.tap("Zet recht: Aïcha");
await shoot(place, "place-correct");
await place.tap(/^Was er niet/);
await place.reads("Dit is rechtgezet.");
await shoot(place, "place-corrected");
await place.tap("Vorige momenten");
await place.page.locator(".lines").waitFor();
await shoot(place, "place-moments");

const town = await World.demo();
const council = await Phone.of(browser, plain);
await council.open(`${world.url}/coordination`);
await council.page.locator("#connect-key").waitFor();
await shoot(council, "coordination-connect");
await council.open(town.page("/coordination"));
await council.reads("Alles samen klopt");
await shoot(council, "coordination");
for (const [hash, says] of [["payouts", "Wat is betaald?"], ["budgets", "Ruimte in cijfers"], ["held", "Bakkerij De Korenaar"], ["members", "Leden"], ["accounts", "Welke rekening?"], ["open", "Open een rekening"], ["rules", "De eerste regels"], ["audit", "Proefbalans"]] as const) {
  await council.open(`${town.url}/coordination#${hash}`);
  await council.reads(says);
  await shoot(council, `coordination-${hash}`);
}
await council.open(`${town.url}/`);
await shoot(council, "home-town");

const faults = [...till.faults, ...guest.faults, ...friend.faults, ...second.faults, ...stranger.faults, ...place.faults, ...council.faults];
if (faults.length > 0) console.error(faults.join("\n"));
await browser.close();
await world.end();
await town.end();
