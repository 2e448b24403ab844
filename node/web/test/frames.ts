/** Pictures of codes as cameras take them, and the readers that are in the pages. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import encodeQR from "qr";
import decodeQR from "qr/decode.js";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import type { Phone } from "./world.ts";

const [WIDTH, HEIGHT] = [1280, 720];

/** Everything that is done to a picture. */
export interface Shot {
  text: string;
  fill: number;
  /** Width of the blur, in camera pixels. */
  blur: number;
  /** Whether the phone is held askew: the code is turned, and one side is farther away. */
  isTilted: boolean;
  /** Bright with a glare, or dark with noise and the stripes of a screen. */
  isDark: boolean;
  seed: number;
}

/** The same numbers every time. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A lamp that shines back, right of the middle. */
const GLARE = Float32Array.from({ length: WIDTH * HEIGHT }, (_, at) => 90 * Math.max(0, 1 - Math.hypot((at % WIDTH) - WIDTH * 0.6, Math.floor(at / WIDTH) - HEIGHT * 0.4) / 350));

/** Draws what a camera of 720 lines sees of a code. */
export function photograph({ text, fill, blur, isTilted, isDark, seed }: Shot): { width: number; height: number; data: Uint8ClampedArray } {
  const noise = random(seed);
  const code = encodeQR(text, "raw", { ecc: "medium", border: 4 });
  const size = code.length;
  const side = HEIGHT * fill;
  const angle = isTilted ? 0.2 + noise() * 0.3 : 0;
  const depth = isTilted ? 0.25 : 0;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const grey = new Float32Array(WIDTH * HEIGHT).fill(150);
  // Beyond its corners there is no code, however it is turned.
  const [left, right] = [WIDTH / 2 - side * 0.9, WIDTH / 2 + side * 0.9].map(Math.round) as [number, number];
  const dark = Uint8Array.from(code.flat(), Number);
  const lightAt = (x: number, y: number): number => {
    const u = (x - WIDTH / 2) / side;
    const v = (y - HEIGHT / 2) / side;
    const across = u * cos + v * sin;
    const w = 1 - depth * across;
    const column = Math.floor((across / w + 0.5) * size);
    const row = Math.floor(((v * cos - u * sin) / w + 0.5) * size);
    if (column < 0 || row < 0 || column >= size || row >= size) return 150;
    return dark[row * size + column] === 1 ? 25 : 235;
  };
  // Two looks for each pixel, as the sensor gathers light.
  for (let y = 0; y < HEIGHT; y++) for (let x = left; x < right; x++) grey[y * WIDTH + x] = (lightAt(x + 0.25, y + 0.75) + lightAt(x + 0.75, y + 0.25)) / 2;
  soften(grey, blur);
  const pixels = new Uint32Array(WIDTH * HEIGHT);
  const grain = Float32Array.from({ length: 65_537 }, () => noise() + noise() - 1);
  const stripes = 0.5 + noise() * 0.5;
  const [across, down] = [stripes, stripes * 1.1].map((step) => Float32Array.from({ length: WIDTH }, (_, at) => Math.sin(at * step))) as [Float32Array, Float32Array];
  for (let y = 0; y < HEIGHT; y++) for (let x = 0; x < WIDTH; x++) {
    const at = y * WIDTH + x;
    const seen = grey[at] as number;
    const lit = isDark ? 20 + seen * 0.4 + 10 * (across[x] as number) * (down[y] as number) : seen + (GLARE[at] as number);
    const value = lit + (grain[at % grain.length] as number) * (isDark ? 18 : 12);
    pixels[at] = 0xff000000 | (Math.max(0, Math.min(255, Math.round(value))) * 0x010101);
  }
  return { width: WIDTH, height: HEIGHT, data: new Uint8ClampedArray(pixels.buffer) };
}

/** Blurs by the mean of neighbours, each way. */
function soften(grey: Float32Array, width: number): void {
  for (const step of [1, WIDTH]) {
    const before = grey.slice();
    const reach = width * step;
    for (let at = reach; at < grey.length - reach; at++) {
      let sum = 0;
      for (let near = at - reach; near <= at + reach; near += step) sum += before[near] as number;
      grey[at] = sum / (2 * width + 1);
    }
  }
}

export type Picture = ReturnType<typeof photograph>;

/** Our own reader. */
export const ours = (picture: Picture): string | null => {
  try {
    return decodeQR(picture);
  } catch {
    return null;
  }
};
prepareZXingModule({ overrides: { wasmBinary: readFileSync(createRequire(import.meta.url).resolve("zxing-wasm/reader/zxing_reader.wasm")).buffer as ArrayBuffer } });
/** The large reader. */
export const last = async (picture: Picture): Promise<string | null> => {
  const [found] = await readBarcodes(picture as ImageData, { formats: ["QRCode"], maxNumberOfSymbols: 1 });
  return found?.isValid ? found.text : null;
};

/** Gives a phone a camera that sees nothing, until something is held before it; nothing again is null. */
export async function withCamera(phone: Phone): Promise<(text: string | null) => Promise<void>> {
  await phone.page.addInitScript(({ width, height }) => {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    const blank = context.createImageData(width, height);
    const camera = { shown: blank, tracks: [] as MediaStreamTrack[] };
    Object.assign(globalThis, {
      camera: camera.tracks,
      showsCamera: (source: string | null) => {
        camera.shown = blank;
        if (source === null) return;
        const image = context.createImageData(width, height);
        Uint8ClampedArray.from(atob(source), (letter) => letter.charCodeAt(0)).forEach((value, at) => image.data.set([value, value, value, 255], at * 4));
        camera.shown = image;
      },
    });
    setInterval(() => context.putImageData(camera.shown, 0, 0), 100);
    if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async () => {
      const stream = canvas.captureStream(10);
      camera.tracks.push(...stream.getTracks());
      return stream;
    };
  }, { width: WIDTH, height: HEIGHT });
  return async (text) => {
    const picture = text === null ? null : photograph({ text, fill: 0.65, blur: 1, isTilted: false, isDark: false, seed: 1 });
    const grey = picture ? Buffer.from(picture.data.filter((_, at) => at % 4 === 0)).toString("base64") : null;
    await phone.page.evaluate((source) => (globalThis as unknown as { showsCamera(source: string | null): void }).showsCamera(source), grey);
  };
}

/** How many cameras of a phone are still on. */
export const camerasOn = (phone: Phone): Promise<number> => phone.page.evaluate(() => (globalThis as unknown as { camera: MediaStreamTrack[] }).camera.filter(({ readyState }) => readyState === "live").length);
