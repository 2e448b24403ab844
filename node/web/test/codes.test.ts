/** U4, U3: codes as cameras and printers make them, read by our readers in their order. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { type Picture, type Shot, last, ours, photograph } from "./frames.ts";
import { Phone, World, connectTill, inTown, member, price } from "./world.ts";

let world: World;
let browser: Browser;

inTown((...town) => void ([world, browser] = town));

/** What codes of this kind say, by their length: what a till shows is 42 to 90 bytes, a payment without network 300. */
const LENGTHS = [42, 90, 130, 200, 300, 500];
/** How much of the picture's height a code fills. */
const FILLS = [0.85, 0.65, 0.5];

/** The 144 frames: 6 lengths, 3 distances, 2 blurs, straight or tilted, bright or dark. */
function shots(): Shot[] {
  const all: Shot[] = [];
  for (const length of LENGTHS) for (const fill of FILLS) for (const blur of [1, 2]) for (const isTilted of [false, true]) for (const isDark of [false, true]) {
    const text = `https://klaver.example/p/${"aebagbafaydqqcikbmga2dqpcabcdefghijklmnopqrstuvwxyz234567".repeat(10)}`.slice(0, length);
    all.push({ text, fill, blur, isTilted, isDark, seed: all.length + 1 });
  }
  assert.equal(all.length, 144);
  return all;
}

test("U4: of 144 frames as cameras make them our reader reads 60 %, the large one 85 %; nothing wrong is ever read", async () => {
  const read = { ours: 0, last: 0, both: 0 };
  for (const shot of shots()) {
    const picture = photograph(shot);
    const found = [ours(picture), await last(picture)];
    for (const text of found) assert.ok(text === null || text === shot.text, JSON.stringify(shot));
    read.ours += Number(found[0] !== null);
    read.last += Number(found[1] !== null);
    read.both += Number(found[0] !== null || found[1] !== null);
  }
  console.log(`of 144 frames: ours ${read.ours}, the large one ${read.last}, one of both ${read.both}`);
  assert.ok(read.ours >= 0.6 * 144, `ours: ${read.ours}`);
  assert.ok(read.last >= 0.85 * 144, `large: ${read.last}`);
});

/** Shows a picture to the phone's camera. */
async function film(phone: Phone, picture: Picture): Promise<void> {
  const grey = Buffer.from(picture.data.filter((_, at) => at % 4 === 0)).toString("base64");
  await phone.page.addInitScript(({ width, height, grey: source }) => {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    const pixels = Uint8ClampedArray.from(atob(source), (letter) => letter.charCodeAt(0));
    const image = context.createImageData(width, height);
    pixels.forEach((value, at) => image.data.set([value, value, value, 255], at * 4));
    const draw = () => context.putImageData(image, 0, 0);
    if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async () => {
      draw();
      setInterval(draw, 200);
      return canvas.captureStream(5);
    };
  }, { width: picture.width, height: picture.height, grey });
}

test("the large reader is fetched when nothing else has read a code for two seconds, from our own node, and not before", async () => {
  const { till } = await connectTill(world, browser, "Bakkerij De Korenaar");
  const text = await price(world, till, "2");
  const near = photograph({ text, fill: 0.65, blur: 1, isTilted: false, isDark: false, seed: 1 });
  assert.equal(ours(near), text);
  let far: Picture | undefined;
  for (let fill = 0.5; !far && fill > 0.1; fill -= 0.05) for (const isDark of [false, true]) {
    const picture = photograph({ text, fill, blur: 1, isTilted: true, isDark, seed: 7 });
    if (!far && ours(picture) === null && (await last(picture)) === text) far = picture;
  }
  assert.ok(far, "no picture that only the large reader reads");
  for (const [picture, isLarge] of [[near, false], [far, true]] as const) {
    const phone = await Phone.of(browser, { serviceWorkers: "block" });
    const asked: string[] = [];
    phone.page.on("request", (request) => asked.push(request.url()));
    await film(phone, picture);
    const begun = performance.now();
    const fetched = isLarge ? phone.page.waitForRequest(/\/assets\/zxing-\w+\.wasm$/).then(() => performance.now()) : null;
    await phone.open(`${world.url}/wallet#scan`);
    assert.ok(fetched === null || (await fetched) - begun > 2_000, "fetched at once");
    await phone.reads("Betalen aan Bakkerij De Korenaar");
    assert.equal(asked.some((address) => address.endsWith(".wasm")), isLarge);
    assert.ok(asked.every((address) => address.startsWith(world.url) || !address.startsWith("http")), asked.join("\n"));
    assert.deepEqual(phone.faults, []);
    await phone.context.close();
  }
  await till.context.close();
});

/** Prints what a page shows on A4 as a printer of 200 dots an inch does, in grey. */
async function printed(phone: Phone): Promise<Picture> {
  await phone.page.emulateMedia({ media: "print" });
  const png = (await phone.page.screenshot({ fullPage: true })).toString("base64");
  await phone.page.emulateMedia({ media: "screen" });
  const reader = await Phone.of(browser, { bypassCSP: true });
  await reader.open(`${world.url}/`);
  const { width, height, grey } = await reader.page.evaluate(async (source) => {
    const picture = await createImageBitmap(await (await fetch(source)).blob());
    const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d") as OffscreenCanvasRenderingContext2D;
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, picture.width, picture.height);
    let text = "";
    for (let at = 0; at < data.length; at += 4) text += String.fromCharCode(data[at] as number);
    return { width: picture.width, height: picture.height, grey: btoa(text) };
  }, `data:image/png;base64,${png}`);
  await reader.context.close();
  const bytes = Buffer.from(grey, "base64");
  const data = new Uint8ClampedArray(bytes.length * 4);
  bytes.forEach((value, at) => data.fill(value, at * 4, at * 4 + 3).fill(255, at * 4 + 3, at * 4 + 4));
  return { width, height, data };
}

test("U3: every code on a printed sheet is read again, at 200 dots an inch", async () => {
  const paper = { viewport: { width: 794, height: 1_123 }, deviceScaleFactor: 200 / 96, isMobile: false };
  const phone = await member(world, browser, "0", paper);
  await phone.open(`${world.url}/wallet#code`);
  await phone.page.locator(".qr svg").first().waitFor();
  const own = (await phone.page.locator("#own-code").textContent()) ?? "";
  const read = await last(await printed(phone));
  assert.ok(read !== null && read.toLowerCase().endsWith(`/to/${own.split("/").at(-1)}`.toLowerCase()), `${read} is not ${own}`);
  await phone.open(`${world.url}/wallet#recovery`);
  await phone.page.locator(".printed svg").waitFor({ state: "attached" });
  assert.match((await last(await printed(phone))) ?? "", /\/wallet#restore\/[a-z2-7]{26}$/);
  await phone.context.close();
});
