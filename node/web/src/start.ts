/** What every page does first: words, the service worker, what waits to be sent, and an honest word when it cannot go on. */

import { readAloud } from "./aloud.ts";
import { NoAnswer, NotSent, Refused } from "./api.ts";
import { recall } from "./db.ts";
import { TwoHistories } from "./heads.ts";
import { type Child, button, facts, h, halted, hideServerPart, icon, knows, link, loadWords, placesLink, refusal, say, show, status, workerAddress } from "./dom.ts";
import { ReceiptError } from "./lib/receipt.ts";
import { CannotKeep, hasJoined, isOtherLedger } from "./wallet.ts";

/** Starts a page of a wallet: it must be at its own address, of its own ledger. `isMore` as `begin` has it. */
export function start(page: () => Promise<void>, isMore = false): Promise<void> {
  // What this phone keeps is asked for while the words are on their way.
  const keeps = globalThis.isSecureContext && "indexedDB" in globalThis;
  const other = keeps ? isOtherLedger().catch(() => false) : Promise.resolve(false);
  const alarm = recall("alarm").catch(() => undefined);
  return begin(async () => {
    if (location.origin !== facts.origin) return show(wrongAddress());
    if (await other) return (await import("./succession.ts")).showOther();
    // A phone that has an alarm signs nothing, also not that it moves.
    if (keeps && facts.successor && document.getElementById("action") && !(await alarm)) return (await import("./screens/moved.ts")).showMoved();
    // What the node wrote by itself stays: only screens of the wallet give way.
    if (document.getElementById("action") && (await alarm)) return (await import("./alarm.ts")).showAlarm();
    await page();
    if (await hasJoined().catch(() => false)) void import("./seals.ts").then(({ watch }) => watch());
  }, isMore);
}

/**
 * Starts a page: nothing is shown before its words are there, and whatever fails says what to do. Where the script only
 * adds to what the node wrote (`isMore`), what fails is left out.
 */
export async function begin(page: () => Promise<void>, isMore = false): Promise<void> {
  try {
    await loadWords();
    readAloud();
    await page();
  } catch (error) {
    show(isMore ? null : explain(error, () => void begin(page)));
  }
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register(workerAddress("/sw.js")).catch(() => undefined);
  }
}

function wrongAddress() {
  const here = facts.origin + location.pathname + location.search + location.hash;
  return [h("h2", null, icon("hand"), say("wrong_address")), h("div", { class: "actions" }, link("wallet", say("wrong_address_do"), here, "main")), h("p", { class: "small" }, facts.origin)];
}

/** A framed sentence with what to do. */
export function note(picture: Parameters<typeof icon>[0], what: string, next?: string) {
  return [h("p", { class: "note", role: "status" }, icon(picture), what), next ? h("p", null, next) : null];
}

/** A screen that says one thing, under its own heading; `actions` lead on. What the node wrote above it gives way. */
export function headed(picture: Parameters<typeof icon>[0], title: string, next: string, ...actions: Child[]): void {
  hideServerPart(true);
  show([h("h2", { tabindex: "-1", "data-focus": true }, icon(picture), title), h("p", null, next), h("div", { class: "actions" }, actions)], "focus");
}

/** Returns what shows trouble, with a way to try again. */
export function troubled(again: () => void): (error: unknown) => void {
  return (error) => show(explain(error, again));
}

/** Says in words what went wrong, and what to do. That nothing happened is said of what was certainly not sent alone. */
export function explain(error: unknown, again?: () => void): Child {
  const retry = again ? h("div", { class: "actions" }, button("again", say("again"), again)) : null;
  if (error instanceof NotSent) return [h("p", null, say("not_sent")), explain(error.cause, again)];
  const cannot = (fault: string): Child => [h("h2", null, icon("hand"), say(`cannot_${fault}`)), h("p", { role: "status" }, say(`cannot_${fault}_next`)), retry, h("div", { class: "actions" }, placesLink())];
  if (error instanceof CannotKeep) return cannot(error.fault);
  if (error instanceof TwoHistories) return note("hand", say("log_alarm"));
  if (error instanceof NoAnswer) return [note("clock", say("no_answer"), say("no_answer_next")), retry];
  if (error instanceof ReceiptError) return note("hand", say("receipt_alarm"), say("receipt_alarm_next"));
  if (error instanceof Refused) {
    const { code, reason } = error.problem;
    const halt = reason ? halted(reason) : null;
    return [note("hand", ...whyNot(code)), halt ? h("p", null, halt) : null, retry];
  }
  const code = error instanceof Error && "code" in error ? error.code : null;
  // Of those who govern: what they decided counts from a moment that this phone's clock has not reached.
  if (code === "too_early") return [note("clock", say("seal_clock"), say("seal_clock_next")), retry];
  if (code === "unproven") return [note("hand", say("unproven"), say("unproven_next")), retry];
  // A browser that keeps nothing for this page says so when it is asked to.
  if (error instanceof DOMException && error.name === "SecurityError") return cannot("storage");
  if (error instanceof DOMException && error.name === "QuotaExceededError") return [note("hand", say("full"), say("full_next")), retry];
  console.error(error);
  return [note("hand", say("trouble")), retry];
}

/** Returns the sentence for a refusal, and what to do. */
export function whyNot(code: string): [string, string] {
  if (knows(`why_${code}`)) return [say(`why_${code}`), say(`why_${code}_next`)];
  const known = refusal(code);
  if (known !== undefined) return [known, say("why_other_next")];
  return [say("why_other", { code }), say("why_other_next")];
}

/** How long something may go on before it is said what may be in the way, in milliseconds. */
const LONG = 4_000;

/** Shows that something is going on, for whoever waits longer than a moment; after a while, what may be in the way. */
export function busy(words = say("loading")): HTMLElement {
  const shown = status(words);
  setTimeout(() => shown.append(" ", say("loading_long")), LONG);
  return shown;
}
