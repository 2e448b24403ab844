/** Barriers: what somebody who sees, hears or moves otherwise would stumble over. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import en from "../../locales/en.json";
import fr from "../../locales/fr.json";
import nl from "../../locales/nl.json";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What sentences of pages are called by programs, as far as no sentence reads so: nobody may ever see one of them. */
const sentences = new Set([nl, fr, en].flatMap((table) => Object.values(table)));
const KEYS = Object.keys(nl).filter((key) => key.startsWith("web.")).map((key) => key.slice(4)).filter((key) => !sentences.has(key));

/** Looks for barriers as WCAG 2.2 AA names them, light and dark, narrow, with letters of twice the size. */
export async function looksWell(page: Page, name: string): Promise<void> {
  for (const { width, scheme, zoom } of [
    { width: 390, scheme: "light", zoom: 1 }, { width: 320, scheme: "dark", zoom: 1 }, { width: 320, scheme: "light", zoom: 2 },
  ] as const) {
    await page.setViewportSize({ width, height: 740 });
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.evaluate((size) => (document.documentElement.style.fontSize = `${size * 100}%`), zoom);
    // What stays in view covers what lies below it, until one scrolls there.
    await page.evaluate(() => document.querySelector(".stuck") && scrollTo(0, document.documentElement.scrollHeight));
    const found = await page.evaluate(async (source) => {
      if (!("axe" in globalThis)) new Function(source)();
      const axe = (globalThis as unknown as { axe: { run(of: Document, how: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe;
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const { violations } = await axe.run(document, { runOnly: tags });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ").slice(0, 300)}`);
    }, AXE);
    assert.deepEqual(found, [], `${name}, ${width} px, ${scheme}, ${zoom * 100} %`);
    const measured = await measure(page);
    assert.equal(measured.wide, 0, `${name}, ${width} px, ${zoom * 100} %: must be scrolled sideways`);
    assert.deepEqual(measured.small, [], `${name}: targets under 48 px`);
    assert.deepEqual(measured.cut, [], `${name}: cut off`);
    assert.deepEqual(measured.raw, [], `${name}: names of sentences in place of sentences`);
    assert.ok(measured.sizes.length <= 3, `${name}: sizes of letters ${measured.sizes}`);
  }
  await page.evaluate(() => (document.documentElement.style.fontSize = ""));
}

/**
 * What stands on the page: how far it sticks out, targets that are too small, words that are cut, names of sentences that stand in their
 * place, sizes of letters, main actions. */
export function measure(page: Page): Promise<{ wide: number; small: string[]; cut: string[]; raw: string[]; sizes: string[]; mains: number }> {
  return page.evaluate((keys) => {
    const visible = (element: Element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".unseen, .skip");
    const targets = [...document.querySelectorAll<HTMLElement>("a, button, summary, select, input[type=text], input[type=tel]")].filter(visible);
    const words = [...document.querySelectorAll<HTMLElement>("h1, h2, p, a, button, label, dd, dt, code, summary, li")].filter(visible);
    return {
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      small: targets.filter((one) => one.closest("p") === null && (one.getBoundingClientRect().height < 47.5 || one.getBoundingClientRect().width < 47.5)).map((one) => one.outerHTML.slice(0, 120)),
      cut: words.filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflow !== "visible").map((one) => one.outerHTML.slice(0, 120)),
      raw: [...document.querySelectorAll("body *:not(script, code)")].flatMap((one) => [...one.childNodes]).filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map((one) => (one.textContent ?? "").trim()).filter((text) => keys.includes(text)),
      sizes: [...new Set(words.map((one) => getComputedStyle(one).fontSize))],
      mains: [...document.querySelectorAll(".button.main")].filter(visible).length,
    };
  }, KEYS);
}

/** A context in which a test's own code may run beside the page's. */
export const WATCHED = { bypassCSP: true, isMobile: false, deviceScaleFactor: 1 } as const;
