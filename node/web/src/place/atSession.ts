/** What a session adds to the list of faces: which one it is, who would come, who checked in with their own phone. */

import { NoAnswer } from "../api.ts";
import type { Hat } from "../db.ts";
import { amount, dayOf, facts, fill, h, icon, link, now, say } from "../dom.ts";
import type { Face } from "../faces.ts";
import { parseAccount } from "../lib/account.ts";
import { fromDecimal } from "../lib/money.ts";
import { type Open, type Reason, setOpen } from "../moments.ts";
import { outbox } from "../outbox.ts";
import { type PlaceSession, callSession, drawTask, keptTasks, placeTasks, today } from "../tasks.ts";
import { askAs, hats, statementOf } from "../wallet.ts";

/** How often the node is asked who checked in, in milliseconds. */
const PAUSE = 4_000;
/** After how many of those it is asked what other phones gave. */
const GIVEN_EVERY = 3;

/** What other phones of this place gave for a task today, in minor units: the same list may have been theirs. */
async function givenElsewhere(task: string): Promise<number> {
  const own = new Set((await outbox()).map(({ index }) => index));
  let sum = 0;
  for (const hat of (await hats()).filter(({ kind }) => kind === "budget")) {
    const { lines } = await statementOf(hat);
    for (const { index, kind, debit, reference, recorded_at } of lines) {
      if (kind !== "earn" || reference?.to !== "task" || reference.id !== task || own.has(index) || dayOf(Date.parse(recorded_at)) !== dayOf(now())) continue;
      sum += fromDecimal(debit, facts.scale);
    }
  }
  return sum;
}

export interface AtSession {
  element: HTMLElement;
  /** Those who checked in and have no face here yet. */
  strangers: Face[];
  /** Whether somebody said that they would come. */
  isExpected(account: string): boolean;
  /** What this place gives of what is usual, in hundredths. */
  share: number;
  /** Why people receive credits here, where that is not what is usual. */
  reason: Reason | null;
}

/**
 * Finds the session of today that this list is for, and puts whoever checked in on the list.
 *
 * `changed` draws anew; `isShown` tells whether anybody still looks.
 */
export async function atSession(hat: Hat, noted: Open, known: readonly Face[], changed: () => void, isShown: () => boolean): Promise<AtSession> {
  const element = h("div", { class: "at-session" });
  const result: AtSession = { element, strangers: [], isExpected: () => false, share: 100, reason: null };
  let current = null as PlaceSession | null;

  const take = (found: PlaceSession | null): boolean => {
    current = found && { ...found, share: found.share ?? current?.share ?? 100, reason: found.reason === undefined ? (current?.reason ?? null) : found.reason };
    result.reason = current?.reason ?? null;
    result.share = current?.share ?? 100;
    const people = (found?.people ?? []).flatMap((one) => {
      const account = parseAccount(one.account);
      return account ? [{ ...one, account }] : [];
    });
    const expected = new Set(people.filter(({ joined }) => joined).map(({ account }) => account));
    result.isExpected = (account) => expected.has(account);
    const faces = new Set(known.map(({ account }) => account));
    result.strangers = people.filter(({ here, account }) => here && !faces.has(account)).map(({ account }, i) => ({ account, name: "", picture: null, stranger: i + 1 }));
    const seen = noted.seen ?? [];
    const fresh = people.filter(({ here, account }) => here && !seen.includes(account)).map(({ account }) => account);
    for (const account of fresh) noted.there[account] ??= "usual";
    if (fresh.length > 0) noted.seen = [...seen, ...fresh];
    return fresh.length > 0;
  };

  const choose = async (sessions: readonly PlaceSession[]): Promise<boolean> => {
    const chosen = noted.session === null ? null : (sessions.find(({ session }) => session.id === noted.session) ?? sessions[0] ?? null);
    const before = `${result.share} ${result.reason}`;
    const isOther = (chosen?.session.id ?? null) !== (noted.session ?? null);
    // Whoever was put on the list of one session is not put on it again, also after a moment without network.
    if (chosen && isOther) noted.seen = [];
    if (isOther) Object.assign(noted, { session: chosen?.session.id ?? noted.session ?? undefined, task: chosen?.session.task ?? null });
    const isNew = take(chosen);
    draw(sessions);
    if (isOther || isNew) await setOpen(hat.account, noted);
    return isNew || before !== `${result.share} ${result.reason}`;
  };

  const draw = (sessions: readonly PlaceSession[]) => {
    const select = sessions.length < 2 && noted.session !== null ? null : h("select", {
      id: "session", onchange: () => {
        noted.session = select?.value === "" ? null : select?.value ?? null;
        noted.task = sessions.find(({ session }) => session.id === noted.session)?.session.task ?? null;
        void choose(sessions).then(() => setOpen(hat.account, noted)).then(changed);
      },
    }, sessions.map(({ session }) => h("option", { value: session.id, selected: session.id === noted.session }, callSession(session))),
    h("option", { value: "", selected: noted.session === null }, say("doing_no_session")));
    fill(element, sessions.length === 0 ? null : [
      select ? h("div", { class: "field" }, h("label", { for: "session" }, say("doing_which")), select) : null,
      elsewhere,
      current ? [h("p", { class: "whom" }, drawTask(current.session.picture), h("strong", null, callSession(current.session))), counted,
        result.share === 100 ? null : h("p", { class: "small" }, icon("people"), say("carry_at_session", { place: current.session.place ?? "", share: result.share })),
        h("div", { class: "actions row" }, link("scan", say("doing_code"), `#session/${current.session.id}`))] : null,
    ]);
    if (current) count(current);
  };

  // Only what is news is written: whoever chooses a session, or hears the page, is not disturbed.
  const counted = h("p", { class: "small", role: "status" });
  const count = ({ people }: PlaceSession) => {
    const words = say("doing_counts", { joined: people.filter(({ joined }) => joined).length, here: people.filter(({ here }) => here).length });
    if (counted.textContent !== words) counted.textContent = words;
  };

  // Whoever gives for what another phone gave for already knows it before, not after.
  const elsewhere = h("div", { role: "status" });
  const lookElsewhere = async () => {
    const sum = current ? await givenElsewhere(current.session.task) : 0;
    const words = sum > 0 ? say("doing_given_elsewhere", { amount: amount(sum) }) : "";
    if (elsewhere.textContent !== words) fill(elsewhere, words ? h("p", { class: "note" }, icon("hand"), words) : null);
  };

  await choose(today(await keptTasks(hat)));
  void (async () => {
    const sessions = today(await placeTasks(hat));
    if (!isShown()) return;
    const before = noted.session;
    if ((await choose(sessions)) || before !== noted.session) changed();
    for (let round = 0; isShown(); round++) {
      if (round % GIVEN_EVERY === 0) await lookElsewhere().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      if (!isShown() || !current || document.hidden) continue;
      const news = await askAs<PlaceSession>(hat, "GET", `/v1/place/sessions/${current.session.id}`).catch(() => null);
      if (!news || !isShown()) continue;
      const isNew = take(news);
      count(news);
      if (isNew) await setOpen(hat.account, noted).then(changed);
    }
  })().catch((error: unknown) => {
    if (!(error instanceof NoAnswer)) fill(element, h("p", { class: "small" }, icon("clock"), say("doing_unknown")));
  });
  return result;
}
