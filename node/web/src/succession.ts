/**
 * The node serves another ledger than this phone joined. It is followed only where the old one proves it and every own
 * account has what it had; else nothing is signed, and what the node showed is kept. Mirrors `wallet-cli/src/follow.rs`
 * and `share.rs`.
 */

import { alarming } from "./alarm.ts";
import { type Answered, ask, isRefused } from "./api.ts";
import { CharterLeftOut, type LineageJson, askCharters, follow, newestBase } from "./charters.ts";
import { type Hat, type Outgoing, all, recall, rework, transact } from "./db.ts";
import { amount, button, facts, h, icon, link, loadProofWords, moment, placesLink, say, shortAccount, show, type Child } from "./dom.ts";
import { heads } from "./heads.ts";
import { accountText } from "./lib/account.ts";
import { type Ended, type Lineage, LineageError, SuccessionError, checkSuccession } from "./lib/lineage.ts";
import { fromDecimal } from "./lib/money.ts";
import { type Share, contradiction } from "./lib/shares.ts";
import { isOpen } from "./outbox.ts";
import { saveFile } from "./paid.ts";
import { type Predecessor, WrongShare, bytesOf, provenShare } from "./shares.ts";
import { busy, explain } from "./start.ts";
import { type Had, type Trusted, isCashier, receiptOf, statementOf, trusted } from "./wallet.ts";

/** How far the clock of a node may be ahead of ours where it says that a charter counts, in milliseconds. */
const CLOCK_LEAD = 300_000;
/** Most ledgers that one visit goes back through. */
const GENERATIONS_MAX = 64;
/** How often a balance is held against its lines: what is recorded meanwhile is no contradiction. */
const LOOKS = 3;

/** How a ledger ended, as a node shows it. */
export interface SuccessionJson { lineage: LineageJson; checkpoint: string; ending: Answered | null; snapshot: string; log: string }

/** What a node showed that does not hold. */
export interface Strange {
  code: "other_ledger" | "error.succession_wrong" | "error.share_wrong";
  at: number;
  /** What does not hold, and what was shown. */
  evidence: string;
  /** Whether the right ledger was followed since. */
  isPast?: boolean;
}

class Wrong extends Error {
  readonly code: Strange["code"];
  readonly shown: unknown;
  constructor(code: Strange["code"], why: string, shown: unknown) {
    super(why);
    this.code = code;
    this.shown = shown;
  }
}

/** Opens this page anew, when it was kept and the node serves another ledger than it was made for. @throws NoAnswer, Refused */
export async function opensAnew(): Promise<boolean> {
  const { ledger } = await ask<{ ledger: string }>("GET", "/v1/community");
  if (ledger === facts.ledger || location.search !== "") return false;
  // A kept page is shown without a question only.
  location.replace(`${location.pathname}?anew${location.hash}`);
  return true;
}

/** Returns the ledgers that led to the node's one, newest first, as their founding entries say. @throws LineageError, NoAnswer, Refused */
export async function ledgersBefore(): Promise<string[]> {
  const found: string[] = [];
  let { predecessor } = await follow(facts.ledger, await askCharters());
  while (predecessor && found.length < GENERATIONS_MAX) {
    found.push(predecessor.ledger);
    const { lineage } = await askEnd(predecessor.ledger, found.length === 1);
    ({ predecessor } = await follow(predecessor.ledger, lineage));
  }
  return found;
}

/** Asks how a ledger ended; the one before the node's needs no name: older nodes know no other. @throws NoAnswer, Refused */
export const askEnd = (ledger: string, isNewest: boolean): Promise<SuccessionJson> => ask<SuccessionJson>("GET", `/v1/succession${isNewest ? "" : `?ledger=${ledger}`}`);

/** Follows to the node's ledger, or shows why not; in place of every page of the wallet. */
export async function showOther(): Promise<void> {
  show(busy());
  await loadProofWords();
  try {
    if (await opensAnew()) return;
    const before = (await trusted()) as Trusted;
    const chain = await proven(before);
    const came: { hat: Hat; opened: number }[] = [];
    const [earlier, unproven] = [await unprovenShares(), {} as Unproven];
    for (const hat of (await all<Hat>("hats")).filter((one) => one.ledger === before.ledger && !isCashier(one))) {
      const since = earlier[hat.account];
      const begun: Begun = { ends: [...chain.ends, ...(since?.ends ?? [])].map(({ predecessor }) => ({ predecessor })), had: since ? since.had : await hadBefore(hat) };
      try {
        came.push({ hat, opened: await shareOf(hat, begun) });
      } catch (error) {
        if (error instanceof WrongShare) throw wrongShare(hat, error);
        // A key that counts no more, lent or taken away, holds nobody up; that it does not count is only said, so it is
        // asked for again.
        if (!isRefused(error, "session_key")) throw error;
        unproven[hat.account] = begun;
      }
    }
    const waited = await moveOver(before, chain, unproven);
    const silent = (await all<Hat>("hats")).filter(({ account }) => account in unproven);
    show(followed(came, waited, silent), "focus");
  } catch (error) {
    if (!(error instanceof Wrong)) return show(explain(error, () => void showOther()));
    show(alarmed(await keepStrange(error)), "focus");
  }
}

/** Keeps what does not hold; the first of it stays, until the right ledger was followed. */
async function keepStrange({ code, message, shown }: Wrong): Promise<Strange> {
  const strange = { code, at: Date.now(), evidence: `${message}\n\n${JSON.stringify(shown, null, 2)}\n` };
  await rework<Strange>("strange", (there) => (there && !there.isPast ? there : strange));
  return strange;
}

const wrongShare = (hat: Hat, { message, shown }: WrongShare) => new Wrong("error.share_wrong", `${accountText(hat.account)}: ${message}`, shown);

/** With what an account begins in the node's ledger: how those before it ended, newest first, and what it had when this phone looked last. */
interface Begun { ends: Pick<End, "predecessor">[]; had: Had | null }

/** By account, in hexadecimal: what this phone could not prove yet. It asks on every visit until it can. */
type Unproven = Record<string, Begun>;

const unprovenShares = async (): Promise<Unproven> => (await recall<Unproven>("unproven")) ?? {};
const hadBefore = async ({ account }: Hat): Promise<Had | null> => (await recall<Had>(`had:${account}`)) ?? null;

/** Remembers what is still to be proven of an account; null when nothing is. */
export async function rememberUnproven(account: string, begun: Begun | null): Promise<void> {
  await rework<Unproven>("unproven", (there) => {
    const { [account]: _, ...others } = there ?? {};
    return begun ? { ...others, [account]: begun } : others;
  });
}

/** Proves what could not be proven before; what does not hold is an alarm in place of the page. */
export async function proveRest(): Promise<void> {
  const [own, unproven] = [await all<Hat>("hats"), Object.entries(await unprovenShares())];
  if (unproven.length > 0) await loadProofWords();
  for (const [account, begun] of unproven) {
    const hat = own.find((one) => one.account === account && one.ledger === facts.ledger);
    // What waits to be recorded for it comes first; who refuses is asked again.
    const found = hat ? await openedWith(hat, begun).catch(() => null) : null;
    if (found !== null && typeof found !== "number") return show(found, "focus");
  }
}

/** Returns what an account began with here, in minor units; or the alarm, when that is not what it had. @throws NoAnswer, Refused */
export async function openedWith(hat: Hat, begun: Begun): Promise<number | Child> {
  try {
    const opened = await shareOf(hat, begun);
    await rememberUnproven(hat.account, null);
    return opened;
  } catch (error) {
    if (!(error instanceof WrongShare)) throw error;
    return alarmed(await keepStrange(wrongShare(hat, error)));
  }
}

/** A ledger that ended, with what binds the share of each account in it, and its last checkpoint. */
interface End { lineage: Lineage; predecessor: Predecessor; checkpoint: string }

/** From the ledger that this phone knows to the node's: who governs that one, and how those before it ended, newest first. */
interface Chain { newest: Lineage; ends: End[] }

/**
 * Checks who governs the node's ledger, and how each one before it ended, back to the one that this phone knows: the whole
 * of that is what it has seen.
 *
 * @throws Wrong, NoAnswer, Refused
 */
async function proven(before: Trusted): Promise<Chain> {
  const charters = await askCharters();
  const shown: unknown[] = [charters];
  const other = () => new Wrong("other_ledger", `the node serves ledger ${facts.ledger}, which continues no other`, { shown });
  try {
    const newest = await follow(facts.ledger, charters);
    const ends: End[] = [];
    for (let after = newest; after.ledger !== before.ledger; after = (ends.at(-1) as End).lineage) {
      const ledger = after.predecessor?.ledger;
      if (ledger === undefined || ends.length === GENERATIONS_MAX) throw other();
      const end = await askEnd(ledger, ends.length === 0).catch((error: unknown) => {
        throw isRefused(error, "no_predecessor") ? other() : error;
      });
      shown.push(end);
      const { named, lineage } = await checkEnd(ledger, end, after, before);
      ends.push({ lineage, checkpoint: end.checkpoint, predecessor: { ledger, snapshot: end.snapshot, closing: named.snapshot } });
    }
    return { newest, ends };
  } catch (error) {
    if (!(error instanceof LineageError || error instanceof SuccessionError || error instanceof CharterLeftOut || error instanceof TypeError)) throw error;
    // A phone whose clock is behind cannot tell: its person sets it, nobody is accused.
    if (error instanceof LineageError && error.code === "too_early") throw error;
    throw new Wrong("error.succession_wrong", error.message, { shown, seals: (await heads()).map(({ note }) => note) });
  }
}

/** Checks that the ledger of `after` continues `ledger`; the one that this phone knows is all that it has seen. @throws LineageError, SuccessionError, CharterLeftOut */
export async function checkEnd(ledger: string, end: SuccessionJson, after: Lineage, before: Trusted): Promise<Ended> {
  const isKnown = ledger === before.ledger;
  // The charters that this phone has followed are among those of the ledger that ended.
  if (isKnown) await follow(ledger, end.lineage, before.charterBase);
  const shown = { charters: end.lineage.charters.map(receiptOf), checkpoint: end.checkpoint, ending: end.ending && receiptOf(end.ending), tile: (path: string) => bytesOf(`${end.log}/${path}`) };
  return checkSuccession({ ledger, seals: isKnown ? await heads() : [] }, shown, after, Date.now() + CLOCK_LEAD);
}

/** Checks that an account began with what it had, in each ledger since; returns that, in minor units. @throws WrongShare, NoAnswer, Refused */
async function shareOf(hat: Hat, { ends, had }: Begun): Promise<number> {
  let last: Share | undefined;
  for (const [age, { predecessor }] of [...ends.entries()].reverse()) {
    const share = await provenShare(hat, predecessor, age === 0);
    const known = last ? null : had;
    const isSeen = !known || known.lines < share.lines || (known.lines === share.lines && known.minor === share.credits - share.debits);
    if (!isSeen) throw new WrongShare("this phone has seen another balance in the old ledger", { share, known });
    const why = last ? contradiction(last, share) : null;
    if (why !== null) throw new WrongShare(why, { before: last, share });
    last = share;
  }
  const share = last as Share;
  const opened = share.credits + share.returned - share.debits;
  for (let look = 0; look < LOOKS; look++) {
    const since = await movedSince(hat);
    if (since.isWhole && opened + since.minor === since.balance) return opened;
  }
  throw new WrongShare("what it had, with the lines since, is not what it is said to have", { share });
}

const minor = (text: string) => fromDecimal(text, facts.scale);

/** What the lines of the new ledger come to, and the balance that the account had with these: one look, whatever is recorded meanwhile. */
async function movedSince(hat: Hat): Promise<{ minor: number; balance: number; isWhole: boolean }> {
  const first = await statementOf(hat);
  const sum = { minor: 0, balance: minor(first.balance), isWhole: true };
  for (let page = first; ; page = await statementOf(hat, page.next as string)) {
    for (const { credit, debit } of page.lines) sum.minor += minor(credit) - minor(debit);
    sum.isWhole = page.lines.length === 0 || page.lines.at(-1)?.seq === 0;
    if (page.next === null) return sum;
  }
}

/** What belongs to one ledger is put aside under its id; what a node said of it is asked for anew. */
const OF_LEDGER = /^(checkpoint|pending|policy|believed|alarm|moments:.*|open-moment:.*)$/;
const ASKED = /^(session|inbox|had):/;

/** Turns this phone to the new ledger, all of it or nothing; returns what waited and cannot be recorded any more. */
function moveOver(before: Trusted, { newest: after, ends }: Chain, unproven: Unproven): Promise<Outgoing[]> {
  const ledger = after.ledger;
  const between = ends.slice(0, -1).map(({ lineage, checkpoint }, age): { trusted: Trusted; checkpoint: string } => {
    const { predecessor } = ends[age + 1] as End;
    return { trusted: { ...trustedOf(lineage), predecessor }, checkpoint };
  });
  return transact(["hats", "outbox", "kept"], "readwrite", (transaction, then, done) => {
    const [hats, outbox, kept] = [transaction.objectStore("hats"), transaction.objectStore("outbox"), transaction.objectStore("kept")];
    const waited: Outgoing[] = [];
    then(hats.getAll() as IDBRequest<Hat[]>, (own) => {
      for (const hat of own) if (hat.ledger === before.ledger) hats.put({ ...hat, ledger });
    });
    then(outbox.getAll() as IDBRequest<Outgoing[]>, (sent) => {
      for (const outgoing of sent.filter((one) => one.ledger === undefined)) {
        if (isOpen(outgoing)) waited.push(outgoing);
        outbox.put({ ...outgoing, ledger: before.ledger, state: isOpen(outgoing) ? "ended" : outgoing.state });
      }
    });
    then(kept.getAll() as IDBRequest<{ name: string; value: unknown }[]>, (small) => {
      const aside = small.filter(({ name }) => OF_LEDGER.test(name));
      for (const { name } of small) if (OF_LEDGER.test(name) || ASKED.test(name)) kept.delete(name);
      const office = small.find(({ name }) => name === "office")?.value as Hat | undefined;
      if (office) kept.put({ name: "office", value: { ...office, ledger } });
      kept.put({ name: `past:${before.ledger}`, value: { trusted: before, ...Object.fromEntries(aside.map(({ name, value }) => [name, value])) } });
      // Ledgers that began and ended while this phone slept: the next one is held against these.
      for (const one of between) kept.put({ name: `past:${one.trusted.ledger}`, value: one });
      const { predecessor } = ends[0] as End;
      kept.put({ name: "unproven", value: unproven });
      kept.put({ name: "trusted", value: { ...trustedOf(after), predecessor } satisfies Trusted });
      const strange = small.find(({ name }) => name === "strange")?.value as Strange | undefined;
      if (strange) kept.put({ name: "strange", value: { ...strange, isPast: true } satisfies Strange });
      done(waited);
    });
  });
}

/** What a phone trusts that has followed these charters. */
export const trustedOf = (lineage: Lineage): Trusted =>
  ({ ledger: lineage.ledger, logOrigin: lineage.charter.origin, logKeys: lineage.charter.log_keys, charterBase: newestBase(lineage) });

/** Says that the community goes on in another ledger, what came over, and what did not. */
function followed(came: { hat: Hat; opened: number }[], waited: Outgoing[], silent: Hat[]): Child {
  return [
    h("h2", { tabindex: "-1", "data-focus": true }, icon("seal"), say("seal_followed")),
    h("p", { class: "note good" }, icon("tick"), say(came.length > 0 && silent.length === 0 ? "seal_followed_all" : "seal_followed_end")),
    cameOver(came),
    silent.map((hat) => h("p", { class: "note" }, icon("hand"), say("seal_unproven", { name: hat.name ?? shortAccount(hat.account) }))),
    waited.length > 0 ? h("p", { class: "note" }, icon("hand"), say("seal_ended", { count: waited.length })) : null,
    waited.map(({ name, amount: sum }) => h("p", { class: "small" }, [name, sum > 0 ? amount(sum) : ""].filter((word) => word !== "").join(": "))),
    waited.length > 0 ? h("p", null, say("ended_next")) : null,
    h("div", { class: "actions" }, link("wallet", say("to_wallet"), location.pathname, "main")),
  ];
}

/** What each account began with, behind a tap as every balance. */
export const cameOver = (came: { hat: Hat; opened: number }[]): Child => (came.length === 0 ? null : h("details", null, h("summary", null, icon("wallet"), say("show_balance")),
  came.map(({ hat, opened }) => h("p", null, say("note.came_over", { name: hat.name ?? (came.length === 1 ? facts.name : shortAccount(hat.account)), balance: amount(opened) })))));

function alarmed(strange: Strange): Child {
  return [
    alarming(say(strange.code === "error.share_wrong" ? "alarm_share" : "other_ledger")),
    savingStrange(strange, placesLink("main")),
    h("details", null, h("summary", null, icon("people"), say("alarm_council")),
      h("p", null, say(strange.code === "other_ledger" ? "other_ledger_next" : strange.code)),
      h("p", { class: "small" }, moment(strange.at, "full"))),
  ];
}

/** A button that saves what a node showed that does not hold. */
export function savingStrange(strange: Strange, before: Child = null): Child {
  return h("div", { class: "actions" }, before, button("down", say("alarm_save"), () => saveFile("klaver-alarm.txt", strange.evidence)));
}
