/** An old device and a new one meet: a code, one number that both show, one tap that signs. */

import { type Account, NoAnswer, Refused, ask } from "./api.ts";
import { changeKeys } from "./changeKeys.ts";
import type { Hat } from "./db.ts";
import { button, facts, h, icon, link, moment, say, show, type Child, type Icon } from "./dom.ts";
import { checkNumber } from "./pairing.ts";
import { qr } from "./qr.ts";
import { busy, note, troubled } from "./start.ts";
import { askAs } from "./wallet.ts";

/** How often the node is asked whether the other device has done its part, in milliseconds. */
const PAUSE = 1_500;

interface Pairing { code: string; expires_at: string; key: string | null }

/** What a new device becomes, and how that is said. */
export interface Meeting {
  hat: Hat;
  /** What it may do, as bits. */
  rights: number;
  /** The page on which it opens the code. */
  page: "/wallet" | "/till" | "/place";
  picture: Icon;
  title: string;
  /** With which device the code is read. */
  how: string;
  /** What to mind before one gives so much away. */
  care?: string;
  /** What the tap that signs says. */
  yes: string;
  /** What the sentences about the change begin with. */
  words: string;
  /** Back to the list of devices. */
  back: () => void;
  /** The way on once it is signed. */
  leave?: Child;
  /** Is told the new device's key before it is signed for. */
  added?: (key: string) => Promise<unknown>;
}

/** Shows a code; the new device answers with its key; both show one number; one tap signs. @throws Refused, NoAnswer */
export async function meet(meeting: Meeting): Promise<void> {
  const { hat, picture, title, how, back } = meeting;
  show(busy());
  const { code } = await askAs<Pairing>(hat, "POST", "/v1/pairings");
  // Of a till the new phone is told whose: the name stays behind the mark that no node sees.
  const shop = meeting.page === "/till" && hat.name ? `/${encodeURIComponent(hat.name)}` : "";
  const address = `${facts.origin}${meeting.page}#device/${code}${shop}`;
  const screen = h("section", { class: "asking" },
    h("h2", { tabindex: "-1", "data-focus": true }, icon(picture), title),
    h("p", null, how), meeting.care ? h("p", null, meeting.care) : null, qr(address, say("device_picture")),
    h("details", null, h("summary", null, say("code_typed")), h("code", { id: "device-link" }, address)),
    h("p", { role: "status" }, icon("clock"), say("device_waits")));
  show([screen, h("div", { class: "actions" }, button("back", say("stop_asking"), back))], "focus");
  await untilGone(screen, async () => {
    const { key } = await askAs<Pairing>(hat, "GET", "/v1/pairings").catch((error: unknown) => {
      if (error instanceof Refused) show([note("clock", say("code_over"), say("device_over_next")), again(meeting)], "focus");
      throw error;
    });
    if (key) await compare(meeting, key);
  });
}

/** Asks again and again while the screen is shown; whoever does not answer is asked once more. */
export async function untilGone(screen: Element, look: () => Promise<void>): Promise<void> {
  while (screen.isConnected) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    try {
      if (screen.isConnected) await look();
    } catch (error) {
      if (!(error instanceof NoAnswer) && screen.isConnected) throw error;
    }
  }
}

const again = (meeting: Meeting): Child => h("div", { class: "actions" }, button("again", say("again"), () => void meet(meeting).catch(troubled(meeting.back)), "main"), button("back", say("back"), meeting.back));

async function compare(meeting: Meeting, key: string): Promise<void> {
  const { hat, rights, words, back, leave, added } = meeting;
  const isNew = { key, rights, until: null, cap: null };
  const sign = async () => {
    await added?.(key);
    await changeKeys(hat, (keys) => [...keys.filter((one) => one.key !== key), isNew], { words, leave });
  };
  const yes = () => void sign().catch(troubled(back));
  show([
    h("section", { class: "asking" },
      h("h2", { tabindex: "-1", "data-focus": true }, icon(meeting.picture), say("device_compare")),
      h("p", { class: "amount" }, await checkNumber(key)),
      h("p", null, say("device_compare_text")), meeting.care ? h("p", null, meeting.care) : null),
    h("div", { class: "actions" }, button("tick", meeting.yes, yes, "main"), button("cross", say("device_not_same"), () => show([note("hand", say("device_stopped"), say("device_stopped_next")), again(meeting)], "focus"))),
  ], "focus");
}

/** What the new device does. */
export interface Newcomer {
  picture: Icon;
  title: string;
  text: string;
  /** What the tap says that offers its key, where that is not a wallet's. */
  yes?: string;
  /** The key that this device offers. */
  key: () => Promise<string>;
  /** Looks whether the old device has signed; returns the account if so. */
  look: () => Promise<Hat | null>;
  /** What is shown then. */
  done: (hat: Hat) => Promise<void> | void;
}

/** Says what this device becomes; a tap offers its key, and waits for the old device to sign. */
export function offerDevice(newcomer: Newcomer, code: string): void {
  const retry = () => offerDevice(newcomer, code);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon(newcomer.picture), newcomer.title),
    h("p", null, newcomer.text),
    h("div", { class: "actions" },
      button("tick", newcomer.yes ?? say("device_new_do"), () => void answer(newcomer, code).catch(troubled(retry)), "main"),
      link("back", say("back"), "#")),
  ], "focus");
}

async function answer({ picture, key: offered, look, done }: Newcomer, code: string): Promise<void> {
  show(busy(say("making_wallet")));
  const key = await offered();
  await ask("POST", "/v1/pairings/answers", { code, key });
  const screen = h("section", { class: "asking" },
    h("h2", { tabindex: "-1", "data-focus": true }, icon(picture), say("device_compare")),
    h("p", { class: "amount" }, await checkNumber(key)),
    h("p", null, say("device_new_compare")),
    h("p", { role: "status" }, icon("clock"), say("device_new_waits")));
  show([screen, h("div", { class: "actions" }, link("back", say("stop_asking"), "#"))], "focus");
  await untilGone(screen, async () => {
    const hat = await look();
    if (hat) await done(hat);
  });
}

/** What takes a device away, and what is said of that first. */
export interface Removal { text: string; remove: () => Promise<void>; back: () => void }

/** A device in a list: since when it belongs to the account, and what takes it away. */
export function deviceItem(picture: Icon, words: string, key: string, { keys_since }: Account, removal?: Removal, until: string | null = null): HTMLElement {
  const at = (text: string) => moment(Date.parse(text), "both");
  const since = keys_since?.find((one) => one.key === key)?.since;
  const told = h("div", { class: "told" }, icon(picture), h("span", { class: "words" }, words,
    [since && say("device_since", { when: at(since) }), until && at(until)].map((text) => text && h("span", { class: "small" }, text))));
  return h("li", null, told, removal ? h("div", { class: "actions" }, button("cross", say("device_remove"), () => mayRemove(told, removal), "quiet")) : null);
}

/** Asks once more, about one device and nothing else. */
function mayRemove(told: HTMLElement, { text, remove, back }: Removal): void {
  const yes = () => void remove().catch(troubled(back));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("cross"), say("device_remove_title")),
    told, h("p", null, text),
    h("div", { class: "actions" }, button("cross", say("device_remove_sure"), yes, "main"), button("back", say("back"), back)),
  ], "focus");
}
