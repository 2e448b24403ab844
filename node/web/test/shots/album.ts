/** Where pictures go, and what is wrong with what they show. */

import { mkdirSync } from "node:fs";
import { measure } from "../barriers.ts";
import { Phone } from "../world.ts";
import type { Browser } from "playwright-core";

const WIDTHS = [[320, 640], [390, 844], [1280, 900]] as const;

/** How phones are held here: one dot is one pixel, so that three widths fit one phone; what a story spoils stays spoilt. */
export const PLAIN = { isMobile: false, deviceScaleFactor: 1, serviceWorkers: "block" } as const;

/** Takes pictures of every state that it is shown, or only of the main ones, as a phone shows them by day. */
export class Album {
  readonly complaints: string[] = [];
  readonly taken = new Set<string>();
  readonly #directory: string;
  readonly #main: ReadonlySet<string> | null;

  /** Keeps pictures in `directory`: of all states in all forms, or only of `main`. */
  constructor(directory: string, main: readonly string[] | null) {
    this.#directory = directory;
    this.#main = main && new Set(main);
    mkdirSync(directory, { recursive: true });
  }

  /** Takes the page as it is, in every width, light and dark. */
  async shoot(phone: Phone, name: string): Promise<void> {
    if (this.taken.has(name)) this.complaints.push(`${name} was taken twice`);
    this.taken.add(name);
    if (this.#main && !this.#main.has(name)) return;
    const { page } = phone;
    for (const [width, height] of this.#main ? [WIDTHS[1]] : WIDTHS) {
      await page.setViewportSize({ width, height });
      // As tall as the page: what sticks to the bottom of a screen would stand in the middle of a long picture.
      const tall = await page.evaluate(() => document.documentElement.scrollHeight);
      if (tall > height) await page.setViewportSize({ width, height: tall });
      for (const scheme of this.#main ? (["light"] as const) : (["light", "dark"] as const)) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        await page.screenshot({ path: `${this.#directory}/${name}-${width}-${scheme}.png`, fullPage: true, scale: "css", animations: "disabled" });
      }
      await this.#look(phone, `${name} at ${width}`);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  }

  async #look({ page }: Phone, what: string): Promise<void> {
    const { wide, small, cut, raw, sizes, mains } = await measure(page);
    if (wide > 0) this.complaints.push(`${what}: ${wide} px too wide`);
    if (mains > 1) this.complaints.push(`${what}: ${mains} main actions`);
    if (sizes.length > 3) this.complaints.push(`${what}: letters of ${sizes.join(", ")}`);
    for (const one of raw) this.complaints.push(`${what}: the name of a sentence: ${one}`);
    for (const one of cut) this.complaints.push(`${what}: cut off: ${one}`);
    for (const one of small) this.complaints.push(`${what}: smaller than 48 px: ${one}`);
  }
}

/** A new phone, held like all of them here. */
export const phoneOf = (browser: Browser, more: object = {}): Promise<Phone> => Phone.of(browser, { ...PLAIN, ...more });
