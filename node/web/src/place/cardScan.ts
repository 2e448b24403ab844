/** Cards at the list: a camera that stays open. A known card says who is there; another one asks a name, and it goes on. */

import { Refused } from "../api.ts";
import { allowSound, chime } from "../asking.ts";
import type { Hat } from "../db.ts";
import { button, fill, h, icon, refusal, say } from "../dom.ts";
import { CodeFault, type Face, callName } from "../faces.ts";
import type { AccountId } from "../lib/account.ts";
import { type Scan, scan } from "../scan.ts";
import { busy } from "../start.ts";
import { type Whose, addFace, whose } from "./cards.ts";
import { chosenPicture, nameField, pictureChoice } from "./face.ts";

/** A card that was before the camera this short ago, in milliseconds, is still there: it is not read once more. */
const STILL = 1_500;

/** The list that cards are read for. */
export interface ListOfCards {
  known(account: AccountId): Face | undefined;
  /** Puts somebody on the list; tells whether they were not. */
  arrives(account: AccountId): boolean;
  /** Somebody new stands on it, or nobody is asked for a name any more: it is drawn anew. */
  draw(): void;
}

export interface CardScan {
  place: AccountId;
  element: HTMLElement;
  /** The list as it is drawn now. */
  list: ListOfCards;
  /** Whether a name is being typed: nothing is drawn anew meanwhile. */
  isAsking(): boolean;
  /** Gives the camera back. */
  stop(): void;
}

export function cardScan(hat: Hat, list: ListOfCards): CardScan {
  let opened: Scan | null = null;
  // Which opening it is: a camera that comes late for an earlier one is given back.
  let turn = 0;
  let isAsking = false;
  let isBusy = false;
  let last = { text: "", at: 0 };
  const told = h("p", { role: "status", class: "told" });
  const form = h("div", null);
  const element = h("div", { class: "scanning" });
  const tell = (picture: Parameters<typeof icon>[0], words: string) => fill(told, icon(picture), words);

  const stop = () => {
    turn += 1;
    opened?.stop();
    opened = null;
    isAsking = isBusy = false;
    fill(element, h("div", { class: "actions row" }, button("scan", say("place_scan"), () => void open())));
  };

  const open = async () => {
    allowSound();
    const own = ++turn;
    fill(element, h("div", { class: "camera" }, busy(say("camera_opens"))));
    try {
      const started = await scan((text) => void seen(text));
      if (own !== turn) return started.stop();
      opened = started;
      started.video.setAttribute("aria-label", say("camera_label"));
      tell("scan", say("place_scan_hold"));
      fill(form);
      fill(element, h("div", { class: "camera" }, started.video), told, form, h("div", { class: "actions row" }, button("tick", say("place_scan_stop"), stop)));
    } catch {
      if (own === turn) fill(element, h("p", { role: "status" }, icon("hand"), say("camera_none"), " ", say("place_scan_none")));
    }
  };

  const seen = async (text: string) => {
    const at = performance.now();
    const isStill = text === last.text && at - last.at < STILL;
    last = { text, at };
    if (isStill || isBusy || isAsking) return;
    isBusy = true;
    const own = turn;
    try {
      tell("clock", say("place_scan_looking"));
      const found = await whose(hat, text);
      if (own === turn) take(found);
    } catch (error) {
      const words = error instanceof CodeFault ? error.message : error instanceof Refused ? (refusal(error.problem.code) ?? say("face_account_wrong")) : null;
      tell("hand", words ?? say("face_account_wrong"));
      if (words === null) console.error(error);
    } finally {
      isBusy = false;
    }
  };

  const take = (found: Whose) => {
    if (found.account === hat.account) return void tell("hand", say("face_own"));
    const face = made.list.known(found.account);
    if (!face) return ask(found);
    const name = callName(face);
    tell("tick", say(made.list.arrives(found.account) ? "place_scan_there" : "place_scan_already", { name }));
    chime();
  };

  const ask = (found: Whose) => {
    isAsking = true;
    tell("hand", say("place_scan_new"));
    const name = nameField("");
    const fault = h("p", { class: "fault", role: "alert" });
    const leave = () => {
      isAsking = false;
      fill(form);
      // Whoever takes the card away has time for it.
      last.at = performance.now();
      made.list.draw();
    };
    const save = async () => {
      const [called, picture] = [name.value.trim(), chosenPicture()];
      if (called === "" && !picture) return void (fault.textContent = say("face_name_missing"));
      await addFace(hat.account, found, called, picture);
      tell("tick", say(found.pending ? "place_scan_waits" : "place_scan_there", { name: callName({ account: found.account, name: called, picture }) }));
      chime();
      leave();
    };
    const skip = () => {
      tell("scan", say("place_scan_hold"));
      leave();
    };
    fill(form,
      h("div", { class: "field" }, h("label", { for: "name" }, say("face_name")), name), fault,
      h("div", { class: "actions row" }, button("tick", say("face_save"), () => void save(), "main"), button("cross", say("place_scan_skip"), skip, "quiet")),
      h("details", null, h("summary", null, say("face_picture")), pictureChoice(null)));
    name.addEventListener("keydown", (event) => event.key === "Enter" && void save());
    name.focus();
  };

  const made: CardScan = { place: hat.account, element, list, isAsking: () => isAsking, stop };
  stop();
  return made;
}
