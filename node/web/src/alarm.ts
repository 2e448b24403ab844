/** The log contradicts itself: what this phone saw, what to do, the evidence as a file, and a way on once people know. */

import type { Alarm } from "./heads.ts";
import { recall } from "./db.ts";
import { button, h, icon, link, loadProofWords, moment, placesLink, say, show, type Child } from "./dom.ts";
import { base64 } from "./lib/bytes.ts";
import { readCheckpoint } from "./lib/log.ts";
import { saveFile } from "./paid.ts";
import { believe } from "./seals.ts";
import { explain } from "./start.ts";

/** Shows the alarm in place of a page of the wallet: nothing is signed until it is dealt with. */
export async function showAlarm(): Promise<void> {
  await loadProofWords();
  const alarm = (await recall<Alarm>("alarm")) as Alarm;
  show([
    alarming(say("alarm_title")),
    h("div", { class: "actions" }, placesLink("main"), button("down", say("alarm_save"), () => saveEvidence(alarm))),
    h("details", null, h("summary", null, icon("people"), say("alarm_council")),
      h("p", null, say("error.history_rewritten"), " ", say("alarm_what")),
      h("p", { class: "small" }, moment(alarm.at, "full")),
      h("dl", null, head("alarm_older", alarm.older), head("alarm_newer", alarm.newest)),
      goOn()),
  ], "focus");
}

/** What somebody is told when something cannot be believed: what not to do, and whom to go to. */
export const alarming = (title: string): Child => [
  h("h2", { tabindex: "-1", "data-focus": true }, icon("hand"), title),
  h("p", { class: "note", role: "alert" }, icon("cross"), say("alarm_pay_not")),
  h("p", null, say("alarm_not_you")),
  h("p", null, say("alarm_do")),
];

/** One of the two seals, as far as it can be read. */
function head(title: string, note: string): Child {
  const seen = readCheckpoint(note);
  const words = seen ? say("alarm_seen", { size: seen.size, root: base64(seen.root) }) : say("alarm_unreadable");
  return note === "" ? null : [h("dt", null, say(title)), h("dd", null, words)];
}

/** The evidence in the form that the program on the command line keeps: both notes, the older first. */
export function saveEvidence({ older, newest }: Alarm): void {
  const size = readCheckpoint(older)?.size ?? 0;
  saveFile(`klaver-alarm-${size}.txt`, older === "" ? newest : `${older}\n${newest}`);
}

/** For whoever was told which ledger counts: how many numbers it has at least. */
function goOn(): Child {
  const size = h("input", { id: "size", type: "text", inputmode: "numeric", autocomplete: "off", "aria-describedby": "size-fault" });
  const fault = h("p", { id: "size-fault", class: "fault", role: "alert" });
  const go = async () => {
    const least = /^[0-9]{1,15}$/.test(size.value.trim()) ? Number(size.value.trim()) : null;
    if (least === null) return void (fault.textContent = say("alarm_believe_fault"));
    const found = await believe(least);
    if ("found" in found) return void (fault.textContent = `${say("error.believe_shorter", { size: least, found: found.found })} ${say("error.believe_shorter.do")}`);
    show([
      h("p", { class: "note", role: "status", tabindex: "-1", "data-focus": true }, icon("tick"), say("alarm_believed", { count: found.strange })),
      h("div", { class: "actions" }, link("wallet", say("to_wallet"), "/wallet", "main")),
    ], "focus");
  };
  const press = () => void go().catch((error: unknown) => show([explain(error), h("div", { class: "actions" }, link("back", say("back"), "/wallet"))]));
  return [
    h("h2", null, say("alarm_believe")),
    h("p", null, say("alarm_believe_text")),
    h("div", { class: "field" }, h("label", { for: "size" }, say("alarm_believe_size")), size, fault),
    h("div", { class: "actions" }, button("tick", say("alarm_believe_do"), press)),
  ];
}
