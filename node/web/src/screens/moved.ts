/** The community goes on at another address: said at the old one in place of every screen, with the way there. */

import { type Answered, ask, isRefused } from "../api.ts";
import { type LineageJson, follow } from "../charters.ts";
import { type Hat, keep, recall } from "../db.ts";
import { button, facts, h, icon, link, loadOwnWords, loadProofWords, now, say, show, type Child } from "../dom.ts";
import { isStateOf, provenState } from "../accountState.ts";
import { callHat } from "../hats.ts";
import { sign } from "../keys.ts";
import { base64url, hex, random } from "../lib/bytes.ts";
import { type AccountState, type Entry, encodeEntry, encodeEnvelope, signingInput } from "../lib/entry.ts";
import { LineageError, SuccessionError } from "../lib/lineage.ts";
import { type Carried, type Leaving, printMove, standsAt } from "../moving.ts";
import { type Predecessor, WrongShare, provenShare } from "../shares.ts";
import { busy, explain, note, troubled } from "../start.ts";
import { type SuccessionJson, checkEnd } from "../succession.ts";
import { type Had, type Trusted, hats, isOtherLedger, trusted } from "../wallet.ts";

/** How long the new page may take to answer, in milliseconds. */
const ANSWERS_WITHIN = 15 * 60_000;
/** How long what is signed may wait to be recorded, in seconds. */
const LASTS = 3_600;
const MANAGE = 8;

interface SuccessorJson { url: string; lineage: { ledger: string; charters: Answered[] } & LineageJson; end: SuccessionJson }

/** A move that was begun here, and whether it went as far as this page can tell. */
interface Move {
  nonce: string;
  at: number;
  isSigned: boolean;
  /** What the new page answered first: nothing is signed for other keys. */
  keys?: string;
}

/** Where the ledger goes on, as the council signed it. */
interface Place { url: string; ledger: string; predecessor: Predecessor }

/** Shows where the community went; what the new page answers is signed at once: the person has said yes here. */
export async function showMoved(): Promise<void> {
  show(busy());
  await Promise.all([loadOwnWords(), loadProofWords()]);
  try {
    const [, step, nonce = "", keys = ""] = /^#(moved)\/([0-9a-f]{32})\/([0-9a-f.]+)$/.exec(location.hash) ?? [];
    const place = await placeOf();
    if (step) return await carry(place, nonce, keys.split("."));
    await offer(place);
  } catch (error) {
    // Ended by a program that left no proof: then there is nothing but the address, and nothing is signed for it.
    if (isRefused(error, "no_successor")) return show([heading(facts.successor ?? ""), h("div", { class: "actions" }, there(facts.successor ?? "", "main"))], "focus");
    const isBehind = error instanceof LineageError && error.code === "too_early";
    const isWrong = (error instanceof LineageError && !isBehind) || error instanceof SuccessionError || error instanceof TypeError;
    const isStale = error instanceof WrongShare;
    show(isWrong || isStale ? [note("hand", say(isStale ? "moved_stale" : "moved_wrong"), say("other_ledger_next"))] : explain(error, () => void showMoved()), "focus");
  }
}

/** Where the node says that its ledger goes on; held against all that this phone has seen. @throws SuccessionError, LineageError, NoAnswer, Refused */
async function placeOf(): Promise<Place> {
  const { url, lineage, end } = await ask<SuccessorJson>("GET", "/v1/successor");
  const before: Trusted = (await trusted()) ?? { ledger: facts.ledger, logOrigin: facts.logOrigin, logKeys: facts.logKeys };
  if (await isOtherLedger()) throw new SuccessionError("this node serves another ledger than this phone joined");
  const after = await follow(lineage.ledger, lineage);
  const { named } = await checkEnd(before.ledger, end, after, before);
  if (!standsAt(after.charter.origin, url)) throw new SuccessionError(`its charter does not name ${url}`);
  return { url: new URL(url).origin, ledger: after.ledger, predecessor: { ledger: before.ledger, snapshot: end.snapshot, closing: named.snapshot } };
}

const heading = (url: string): HTMLElement =>
  h("h2", { tabindex: "-1", "data-focus": true }, icon("wallet"), say("moved", { host: url.replace(/^https?:\/\//, "") }));

const there = (url: string, rank: "main" | "quiet"): HTMLElement => link("wallet", say("moved_open"), `${url}/wallet`, rank);

async function offer({ url }: Place): Promise<void> {
  const own = await hats();
  const move = await recall<Move>("moving");
  const go = () => void leave(url, own).catch(troubled(() => void showMoved()));
  const isDone = move?.isSigned === true;
  const way = there(url, isDone || own.length === 0 ? "main" : "quiet");
  show([
    heading(url),
    h("p", { class: "note good" }, icon("tick"), say("moved_checked")),
    own.length > 0 ? h("p", null, say(isDone ? "moved_already" : "moved_text")) : null,
    h("div", { class: "actions" },
      isDone ? way : null,
      own.length > 0 ? button(isDone ? "undo" : "wallet", say(isDone ? "moved_again" : "moved_go"), go, isDone ? "quiet" : "main") : null,
      isDone ? null : way),
  ], "focus");
}

/** Asks the new page for its keys. */
async function leave(url: string, own: readonly Hat[]): Promise<void> {
  show(busy());
  const nonce = hex(random(16));
  await keep("moving", { nonce, at: Date.now(), isSigned: false } satisfies Move);
  const keys = new Set(own.map(({ key }) => key)).size;
  location.assign(`${url}/wallet#come/${printMove({ from: location.origin, nonce, keys } satisfies Leaving)}`);
}

/** Signs the keys of the new page into every account that this phone manages alone, and brings that there. */
async function carry({ url, ledger, predecessor }: Place, nonce: string, keys: string[]): Promise<void> {
  const move = await recall<Move>("moving");
  const own = await hats();
  const old = [...new Set(own.map(({ key }) => key))];
  // Whoever was not asked here and now gets no signature.
  const isOther = move?.keys !== undefined && move.keys !== keys.join(".");
  if (move?.nonce !== nonce || isOther || Date.now() - move.at > ANSWERS_WITHIN || keys.length !== old.length) {
    location.hash = "";
    return showMoved();
  }
  await keep("moving", { ...move, keys: keys.join(".") } satisfies Move);
  const [accounts, others]: [Carried[], Hat[]] = [[], []];
  for (const hat of own) {
    const proven = await provenState(hat).catch((error: unknown) => {
      // A key that counts no more signs nothing, and holds nobody up.
      if (!isRefused(error, "session_key")) throw error;
      return null;
    });
    if (!proven) {
      others.push(hat);
      continue;
    }
    const { state } = proven;
    // What the node shows may be proven and old: signed again, it would bring back keys that were taken away since.
    const ended = await provenShare(hat, predecessor, false);
    if (!(await isStateOf(state, ended.state))) throw new WrongShare("the account ended with another state than the one shown", { state, ended });
    const grant = state.keys.find(({ key }) => key === hat.key);
    const key = keys[old.indexOf(hat.key)] as string;
    if (!grant || (grant.rights & MANAGE) === 0 || state.threshold !== 1) others.push(hat);
    else accounts.push({ ...pick(hat), key, envelope: await signed(hat, state, key, ledger), had: (await recall<Had>(`had:${hat.account}`)) ?? null });
  }
  await keep("moving", { ...move, keys: keys.join("."), isSigned: true } satisfies Move);
  const go = () => location.replace(`${url}/wallet#arrive/${printMove({ nonce, ledger, predecessor, accounts })}`);
  if (others.length === 0) return go();
  show([
    note("hand", say("moved_others", { names: others.map(callHat).join(", ") })),
    h("div", { class: "actions" }, accounts.length > 0 ? button("wallet", say("moved_go"), go, "main") : link("wallet", say("moved_open"), `${url}/wallet`, "main")),
  ] satisfies Child, "focus");
}

const pick = ({ account, kind, name, rights, recovery }: Hat) => ({ account, kind, name, rights, recovery: recovery ?? null });

/** Returns the change that puts `key` in the place of this phone's own, in the ledger where the account begins with this state. */
async function signed(hat: Hat, state: AccountState, key: string, ledger: string): Promise<string> {
  const keys = state.keys.map((one) => (one.key === hat.key ? { ...one, key } : one));
  const entry: Entry = {
    kind: "change", nonce: hex(random(16)), expires_at: Math.floor(now() / 1_000) + LASTS, memo: null,
    body: { base: 0, state: { ...state, keys }, status: "open" },
  };
  const payload = encodeEntry(entry);
  const signature = hex(await sign(hat.key, signingInput(ledger, payload, entry.kind)));
  return base64url(encodeEnvelope(payload, [{ key: hat.key, signature }]));
}
