/** What every page is made of: elements, words, amounts, pictures. What a person typed is only ever text. */

import { accountText } from "./lib/account.ts";
import { showNumber } from "./lib/money.ts";
import type { Reason } from "./api.ts";
import icons from "./icons.json";

export type Child = Node | string | null | false | undefined | readonly Child[];
type Handlers = { [name: `on${string}`]: (event: never) => void };
type Attributes = Record<string, string | number | boolean | null | undefined | ((event: never) => void)> & Handlers;

/** Makes an element: attributes by their names, handlers as `onclick`. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes | null, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  append(element, children);
  return element;
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child) element.append(child as Node | string);
  }
}

/** Puts these in the place of what `element` holds. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, children);
}

/** A picture beside words: it adds nothing for who hears the page. */
export function icon(name: keyof typeof icons, size: "icon" | "icon big" = "icon"): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [key, value] of [["class", size], ["viewBox", "0 0 24 24"], ["aria-hidden", "true"], ["focusable", "false"]] as const) {
    svg.setAttribute(key, value);
  }
  path.setAttribute("d", icons[name]);
  svg.append(path);
  return svg;
}
export type Icon = keyof typeof icons;

/** A button with its picture. */
export function button(picture: Icon, words: string, onclick: (event: MouseEvent) => void, kind = ""): HTMLButtonElement {
  return h("button", { type: "button", class: `button ${kind}`, onclick }, icon(picture), words);
}

export function link(picture: Icon, words: string, href: string, kind = ""): HTMLAnchorElement {
  return h("a", { class: `button ${kind}`, href }, icon(picture), words);
}

/** The way to where the places stand, with where they are and when people meet there: `PLACES` of the node's pages. */
export const placesLink = (kind = ""): HTMLAnchorElement => link("people", say("where_place"), "/#places", kind);

/** What the node told the page about its community. */
export interface Facts {
  name: string;
  one: string;
  many: string;
  scale: number;
  ledger: string;
  origin: string;
  logOrigin: string;
  logKeys: string[];
  joining: "council" | "invitation" | "open";
  refundSeconds: number;
  /** After how long euro that were asked for are overdue, in seconds. */
  payoutSeconds: number;
  /** Longest validity of what is no payment, in seconds. */
  otherSeconds: number;
  rate: [number, number] | null;
  /** Where the community's own logo is. */
  logo: string | null;
  timeZone: string;
  demo: boolean;
  /** The address where another ledger continues this one, when it is another one than this. */
  successor: string | null;
  readOnly: Reason | null;
  now: number;
  /** What is said when the sentences themselves do not come. */
  words: Record<string, string>;
}

function json<T>(id: string): T | null {
  const text = document.getElementById(id)?.textContent;
  return text ? (JSON.parse(text) as T) : null;
}

export const facts = json<Facts>("facts") as Facts;
export const language = document.documentElement.lang;
/**
 * How far the node's clock is ahead of this phone's, in milliseconds. A page that was kept may be old: it only tells
 * that it cannot be earlier than when the page was made.
 */
let ahead = ["/wallet", "/till", "/place", "/coordination", "/verify", "/promise"].includes(location.pathname) ? Math.max(0, facts.now - Date.now()) : facts.now - Date.now();

/** The time by the node's clock: what deadlines are held against. */
export function now(): number {
  return Date.now() + ahead;
}

/** Learns the node's time from an answer. */
export function setClock(date: string | null): void {
  const time = Date.parse(date ?? "");
  // The header knows whole seconds only: what is closer than that is no news.
  if (!Number.isNaN(time) && Math.abs(time - now()) > 2_000) ahead = time - Date.now();
}

/** What the page was given to begin with. */
export function given<T>(): T | null {
  return json<T>("data");
}

const { words } = facts;

/** Loads the sentences of the page's language. */
export async function loadWords(): Promise<void> {
  // A page that was saved has its sentences in it.
  Object.assign(words, json<Record<string, string>>("words"));
  await Promise.all([load("words", words), load("more", words)]);
}

/** Adds a table of sentences that the page names: the browser fetches each once. */
async function load(table: "words" | "more" | "proof" | "own" | "errors", into: Record<string, string>): Promise<void> {
  const source = document.documentElement.dataset[table];
  if (source) Object.assign(into, ((await import(source)) as { default: Record<string, string> }).default);
}

/** Loads the sentences about seals and alarms, the first time that there is something to say about them. */
export const loadProofWords = (): Promise<void> => load("proof", words);

/** Loads the sentences of the screens that are seldom opened, the first time that one is. */
export const loadOwnWords = (): Promise<void> => load("own", words);

const errors: Record<string, string> = {};

/** Loads what refusals are called, the first time that there is one. */
export const loadErrors = (): Promise<void> => load("errors", errors);

/** Returns the sentence for a refusal that needs no values, if there is one. */
export function refusal(code: string): string | undefined {
  return errors[code] ?? words[`error.${code}`];
}

/** Returns why the node records nothing, for whoever works with it; null for everybody else, and for a reason that is not known yet. */
export function halted({ code, values }: Reason): string | null {
  const moments = Object.entries(values).map(([name, value]) => [name, /^\d{4}-.*Z$/.test(value) ? moment(Date.parse(value), "both") : value]);
  const known = words[`halt.${code}`];
  return known === undefined ? null : withValues(known, Object.fromEntries(moments) as Record<string, string>);
}

/** Returns the sentence `key` with its values. */
export function say(key: string, values: Record<string, string | number> = {}): string {
  return withValues(words[key] ?? key, { community: facts.name, one: facts.one, many: facts.many, ...values });
}

function withValues(sentence: string, values: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Tells whether there is such a sentence. */
export function knows(key: string): boolean {
  return key in words;
}

/** Returns an amount with its unit: "5 klavers". */
export function amount(minor: number): string {
  return `${showNumber(minor, facts.scale, language)}\u00a0${Math.abs(minor) === 10 ** facts.scale ? facts.one : facts.many}`;
}

/** Returns an amount to stand large: where it is narrow its unit goes to the next line, and no word is cut. */
export function largeAmount(minor: number): string {
  return amount(minor).replace(/\u00a0(?=\D+$)/, " ");
}

/** Returns the day and time of a moment, in the community's time zone. */
export function moment(at: number, style: "day" | "time" | "both" | "full"): string {
  const day = { day: "numeric", month: "long" } as const;
  const time = { hour: "2-digit", minute: "2-digit" } as const;
  // A day of another year is told with it.
  const year = style === "full" || dayOf(at).slice(0, 4) !== dayOf(now()).slice(0, 4) ? { year: "numeric" } as const : {};
  const form = style === "day" ? { weekday: "long", ...day, ...year } as const : style === "time" ? time : { ...day, ...time, ...year };
  return new Intl.DateTimeFormat(`${language}-BE`, { ...form, timeZone: facts.timeZone, hourCycle: "h23" }).format(at);
}

/** Returns the day that a moment lies in, in the community's time zone: "2026-11-22". */
export function dayOf(at: number): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: facts.timeZone }).format(at);
}

/** Returns a short form of an account for people: its last letters. */
export function shortAccount(account: string): string {
  return `…${accountText(account).slice(-6)}`;
}

const root = document.getElementById("action") as HTMLElement;

/** Where news is read aloud from: it stands there before anything is said in it, as screen readers want. */
const news = h("p", { role: "status", class: "unseen" });
document.body.append(news);

/** What had the focus last, if it was on the screen: a button that is disabled or taken away gives it to nobody. */
let last: Element | null = null;
document.addEventListener("focusin", ({ target }) => (last = target instanceof Element && target.closest("#action") ? target : null));

/** Shows a screen. `quiet` leaves the focus where it is, as far as that is still there. */
export function show(children: Child, quiet: "quiet" | "focus" = "quiet"): void {
  fill(root, children);
  const said = root.querySelector("[role=status]")?.textContent ?? "";
  if (news.textContent !== said) news.textContent = said;
  if (quiet === "focus") {
    scrollTo(0, 0);
    (root.querySelector<HTMLElement>("[data-focus]") ?? document.getElementById("main"))?.focus();
  } else if (last && document.activeElement === document.body) {
    // What was pressed is drawn anew, or is gone: whoever has no mouse goes on from there, not from the top.
    const same = last.id === "" ? null : document.getElementById(last.id);
    (same ?? document.getElementById("main"))?.focus({ preventScroll: true });
  }
}

/** Returns a sentence that is read aloud when it appears. */
export function status(...children: Child[]): HTMLElement {
  return h("p", { role: "status" }, ...children);
}

/** Shows or hides what the node wrote above the script's own part. */
export function hideServerPart(hidden: boolean): void {
  for (const element of Array.from(root.parentElement?.children ?? [])) {
    // The heading stays for who hears the page.
    if (element.tagName === "H1") element.classList.toggle("unseen", hidden);
    else if (element !== root && element instanceof HTMLElement && element.tagName !== "NOSCRIPT") element.hidden = hidden;
  }
}

/** A policy for the one place where a script gives an address to the browser: the service worker's. */
export function workerAddress(address: "/sw.js"): string {
  const types = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: object): { createScriptURL(a: string): string } } }).trustedTypes;
  return types ? types.createPolicy("klaver", { createScriptURL: (it: string) => it }).createScriptURL(address) : address;
}
