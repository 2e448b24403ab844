/**
 * The node serves another ledger than this phone joined. It is followed only where the old one proves it and every own
 * account has what it had; else nothing is signed, and what the node showed is kept. Mirrors `wallet-cli/src/follow.rs`
 * and `share.rs`.
 */

import { type Account, type Answered, NoAnswer, Refused, ask } from "./api.ts";
import { type Hat, type Outgoing, all, recall, rework, transact } from "./db.ts";
import { amount, button, facts, h, icon, link, loadProofWords, moment, say, shortAccount, show, type Child } from "./dom.ts";
import { heads } from "./heads.ts";
import { accountText } from "./lib/account.ts";
import { equal, fromBase64url, fromHex, hex } from "./lib/bytes.ts";
import { type Lineage, LineageError, SuccessionError, checkSuccession, followLineage } from "./lib/lineage.ts";
import { fromDecimal } from "./lib/money.ts";
import { type Share, closingDigest, shareHash } from "./lib/shares.ts";
import { isOpen } from "./outbox.ts";
import { saveFile } from "./paid.ts";
import { within } from "./patience.ts";
import { busy, explain } from "./start.ts";
import { type Had, type Trusted, askAs, isCashier, receiptOf, statementOf, trusted } from "./wallet.ts";

/** How far the clock of a node may be ahead of ours where it says that a charter counts, in milliseconds. */
const CLOCK_LEAD = 300_000;
/** How long a tile or list is waited for, in milliseconds. */
const PATIENCE = 20_000;

interface LineageJson { charters: Answered[] }
interface SuccessionJson { lineage: LineageJson; checkpoint: string; ending: Answered | null; snapshot: string; log: string }
interface ShareJson { debits_minor: number; credits_minor: number; returned_minor: number; lines: number; salt: string }

/** What a node showed that does not hold. */
export interface Strange {
  code: "other_ledger" | "error.succession_wrong" | "error.share_wrong";
  at: number;
  /** What does not hold, and what was shown. */
  evidence: string;
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

/** Returns the ledger that the node's one continues, as its founding entry says; null when it began by itself. @throws LineageError, NoAnswer, Refused */
export async function ledgerBefore(): Promise<string | null> {
  const { charters } = await ask<LineageJson>("GET", "/v1/lineage");
  const { predecessor } = await followLineage(facts.ledger, charters.map(receiptOf), Date.now() + CLOCK_LEAD);
  return predecessor?.ledger ?? null;
}

/** Follows to the node's ledger, or shows why not; in place of every page of the wallet. */
export async function showOther(): Promise<void> {
  show(busy());
  await loadProofWords();
  try {
    if (await opensAnew()) return;
    const before = (await trusted()) as Trusted;
    const { after, predecessor } = await proven(before);
    const came: { hat: Hat; opened: number }[] = [];
    for (const hat of (await all<Hat>("hats")).filter((one) => one.ledger === before.ledger && !isCashier(one))) {
      try {
        came.push({ hat, opened: await shareOf(hat, predecessor) });
      } catch (error) {
        // A key that counts no more, lent or taken away, proves nothing and holds nobody up.
        if (!(error instanceof Refused) || error.problem.code !== "session_key") throw error;
      }
    }
    const waited = await moveOver(before, after, predecessor);
    show(followed(came, waited), "focus");
  } catch (error) {
    if (!(error instanceof Wrong)) return show(explain(error, () => void showOther()));
    const strange = { code: error.code, at: Date.now(), evidence: `${error.message}\n\n${JSON.stringify(error.shown, null, 2)}\n` };
    await rework<Strange>("strange", (there) => there ?? strange);
    show(alarmed(strange), "focus");
  }
}

/** Checks who governs the node's ledger, how the old one ended, and that it is what this phone has seen. @throws Wrong, NoAnswer, Refused */
async function proven(before: Trusted): Promise<{ after: Lineage; predecessor: Predecessor }> {
  const now = Date.now() + CLOCK_LEAD;
  const lineage = await ask<LineageJson>("GET", "/v1/lineage");
  const end = await ask<SuccessionJson>("GET", "/v1/succession").catch((error: unknown) => {
    if (!(error instanceof Refused) || error.problem.code !== "no_predecessor") throw error;
    throw new Wrong("other_ledger", `the node serves ledger ${facts.ledger}, which continues no other`, { lineage });
  });
  const seals = await heads();
  try {
    const after = await followLineage(facts.ledger, lineage.charters.map(receiptOf), now);
    const shown = { charters: end.lineage.charters.map(receiptOf), checkpoint: end.checkpoint, ending: end.ending && receiptOf(end.ending), tile: (path: string) => bytesOf(`${end.log}/${path}`) };
    const { snapshot: closing } = await checkSuccession({ ledger: before.ledger, seals }, shown, after, now);
    return { after, predecessor: { ledger: before.ledger, snapshot: end.snapshot, closing } };
  } catch (error) {
    if (!(error instanceof LineageError || error instanceof SuccessionError || error instanceof TypeError)) throw error;
    throw new Wrong("error.succession_wrong", error.message, { lineage, end, seals: seals.map(({ note }) => note) });
  }
}

type Predecessor = NonNullable<Trusted["predecessor"]>;

/** Checks that an account began with what it had; returns that, in minor units. @throws Wrong, NoAnswer, Refused */
async function shareOf(hat: Hat, { snapshot, closing }: Predecessor): Promise<number> {
  const must = (holds: boolean, why: string, shown: unknown) => {
    if (!holds) throw new Wrong("error.share_wrong", `${accountText(hat.account)}: ${why}`, shown);
  };
  const said = await askAs<ShareJson>(hat, "GET", "/v1/succession/share").catch((error: unknown) => {
    if (!(error instanceof Refused) || error.problem.code !== "no_predecessor") throw error;
    throw new Wrong("error.share_wrong", `${accountText(hat.account)}: it is not among the accounts that came over`, error.problem);
  });
  const share: Share = { account: hat.account, debits: said.debits_minor, credits: said.credits_minor, returned: said.returned_minor, lines: said.lines };
  const list = await bytesOf("/v1/succession/shares");
  must(hex(await closingDigest(fromHex(snapshot, 32), list)) === closing, "the list of what came over is not the one that the council signed", said);
  const hash = await shareHash(share, fromBase64url(said.salt));
  const isListed = Array.from({ length: list.length / 32 }, (_, i) => list.subarray(32 * i, 32 * i + 32)).some((one) => equal(one, hash));
  must(isListed, "what the node says it had is not in the list that the council signed", said);
  const had = share.credits - share.debits;
  const known = await recall<Had>(`had:${hat.account}`);
  must(!known || known.lines < share.lines || (known.lines === share.lines && known.minor === had), "this phone has seen another balance in the old ledger", { said, known });
  const account = await askAs<Account>(hat, "GET", `/v1/accounts/${accountText(hat.account)}`);
  const moved = await movedSince(hat);
  const opened = had + share.returned;
  must(account.lines === moved.lines && opened + moved.minor === minor(account.balance ?? ""), "what it had, with the lines since, is not what it is said to have", { said, account });
  return opened;
}

const minor = (text: string) => fromDecimal(text, facts.scale);

/** What the lines of the new ledger come to, and how many they are. */
async function movedSince(hat: Hat): Promise<{ minor: number; lines: number }> {
  const sum = { minor: 0, lines: 0 };
  for (let cursor: string | undefined; ; ) {
    const { lines, next } = await statementOf(hat, cursor);
    for (const { credit, debit } of lines) sum.minor += minor(credit) - minor(debit);
    sum.lines += lines.length;
    if (next === null) return sum;
    cursor = next;
  }
}

/** What belongs to one ledger is put aside under its id; what a node said of it is asked for anew. */
const OF_LEDGER = /^(checkpoint|pending|policy|believed|alarm|moments:.*|open-moment:.*)$/;
const ASKED = /^(session|inbox|had):/;

/** Turns this phone to the new ledger, all of it or nothing; returns what waited and cannot be recorded any more. */
function moveOver(before: Trusted, after: Lineage, predecessor: Predecessor): Promise<Outgoing[]> {
  const ledger = after.ledger;
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
      const { origin: logOrigin, log_keys: logKeys } = after.charter;
      kept.put({ name: "trusted", value: { ledger, logOrigin, logKeys, predecessor } satisfies Trusted });
      done(waited);
    });
  });
}

/** Says that the community goes on in another ledger, what came over, and what did not. */
function followed(came: { hat: Hat; opened: number }[], waited: Outgoing[]): Child {
  return [
    h("h2", { tabindex: "-1", "data-focus": true }, icon("seal"), say("note.followed.ledger", { name: facts.name })),
    came.map(({ hat, opened }) => h("p", { class: "note good" }, icon("tick"),
      say("note.came_over", { name: hat.name ?? (came.length === 1 ? facts.name : shortAccount(hat.account)), balance: amount(opened) }))),
    waited.length > 0 ? h("p", { class: "note" }, icon("hand"), say("seal_ended", { count: waited.length })) : null,
    waited.map(({ name, amount: sum }) => h("p", { class: "small" }, [name, sum > 0 ? amount(sum) : ""].filter((word) => word !== "").join(": "))),
    waited.length > 0 ? h("p", null, say("seal_ended_next")) : null,
    h("div", { class: "actions" }, link("wallet", say("to_wallet"), location.pathname, "main")),
  ];
}

function alarmed(strange: Strange): Child {
  return [
    h("h2", { tabindex: "-1", "data-focus": true }, icon("hand"), say("other_ledger")),
    h("p", { class: "note", role: "alert" }, icon("cross"), say(strange.code === "other_ledger" ? "other_ledger_next" : strange.code)),
    h("p", null, say("alarm_do")),
    savingStrange(strange),
    h("p", { class: "small" }, moment(strange.at, "full")),
  ];
}

/** A button that saves what a node showed that does not hold. */
export function savingStrange(strange: Strange): Child {
  return h("div", { class: "actions" }, button("down", say("alarm_keep"), () => saveFile("klaver-alarm.txt", strange.evidence), "main"));
}

/** Fetches something that is no text. @throws NoAnswer, TypeError for what is refused */
async function bytesOf(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(path, { signal: within(PATIENCE), cache: "no-store" }).catch((error: unknown) => { throw new NoAnswer(String(error)); });
  if (response.status >= 500) throw new NoAnswer(`status ${response.status}`);
  if (!response.ok) throw new TypeError(`${path}: status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer().catch((error: unknown) => { throw new NoAnswer(String(error)); }));
}
