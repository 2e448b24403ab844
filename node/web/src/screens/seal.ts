/** The seal of the log: shown to a neighbour as a code, held against theirs; and who cosigned it. */

import { saveEvidence } from "../alarm.ts";
import { forget, recall } from "../db.ts";
import { button, h, icon, link, loadProofWords, moment, say, show, type Child } from "../dom.ts";
import { LinkError } from "../lib/links.ts";
import { qr } from "../qr.ts";
import { type Scan, scan } from "../scan.ts";
import { type Believed, type Compared, compare, ownCode, visit } from "../seals.ts";
import { busy, note } from "../start.ts";
import { type Strange, savingStrange } from "../succession.ts";
import { learn, policyText, witnessed } from "../witnesses.ts";

/** `#seal/CODE`: gives the camera back when another screen is opened. */
export async function open(_: unknown, theirs = ""): Promise<void> {
  let camera: Scan | null = null;
  addEventListener("hashchange", () => camera?.stop(), { once: true });
  await showSeal(decodeURIComponent(theirs), (opened) => (camera = opened));
}

/** Shows our own seal, or holds `theirs` against it; `opened` is told of the camera, so that it can be given back. */
async function showSeal(theirs: string, opened: (camera: Scan) => void): Promise<void> {
  show(busy());
  await loadProofWords();
  // Without network there is still what was seen last.
  const [watched, learned] = [await visit(), await learn("ask").catch(() => "known" as const)];
  const own = await ownCode();
  const [believed, strange] = [await recall<Believed>("believed"), await recall<Strange>("strange")];
  const result = h("div", { role: "status" });
  const meet = (text: string) => void compare(text).then(
    (found) => result.replaceChildren(...told(found)),
    (error: unknown) => result.replaceChildren(fault(error)),
  );
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("seal"), say("seal_title")),
    watched === "alarm" ? note("hand", say("log_alarm")) : null,
    h("p", null, say("seal_what")),
    learned === "changed" ? changed(theirs, opened) : null,
    own ? await ours(own) : h("p", { class: "note" }, icon("clock"), say("seal_none")),
    believed ? after(believed) : null,
    strange ? whatWasStrange(strange, () => void showSeal(theirs, opened)) : null,
    h("p", null, say("seal_text")),
    other(meet, opened), result,
    await list(),
    h("div", { class: "actions" }, link("back", say("back"), "#more")),
  ], "focus");
  if (theirs !== "") meet(theirs);
}

/** Says that something did not hold here; once the right ledger was followed, the evidence may go. */
function whatWasStrange(strange: Strange, again: () => void): Child {
  const clear = () => void forget("strange").then(again);
  return [
    h("p", { class: "small" }, say(strange.isPast ? "seal_past" : "other_ledger"), " ", moment(strange.at, "full")), savingStrange(strange),
    strange.isPast ? h("div", { class: "actions" }, button("cross", say("seal_forget"), clear, "quiet")) : null,
  ];
}

/** Says which history was chosen after an alarm; the evidence stays at hand. */
function after({ size, at, alarm }: Believed): Child {
  return [
    h("p", { class: "small" }, say("seal_believed", { size, at: moment(at, "full") })),
    alarm ? h("div", { class: "actions" }, button("down", say("alarm_save"), () => saveEvidence(alarm))) : null,
  ];
}

type Own = NonNullable<Awaited<ReturnType<typeof ownCode>>>;

async function ours({ size, root, code, note: text }: Own): Promise<Child> {
  const seen = await witnessed(text);
  const values = { count: seen?.names.length ?? 0, total: seen?.total ?? 0, names: seen?.names.join(", ") ?? "" };
  return [
    qr(code, say("seal_code", { size })),
    h("p", null, icon(seen?.isQuorum ? "seal" : "people"), say(!seen ? "seal_nobody" : seen.isQuorum ? "witnessed.yes" : "seal_wait", values)),
    h("details", null, h("summary", null, say("code_typed")), h("p", null, say("checkpoint.newest", { size, root })), h("code", null, code)),
  ];
}

/** Another list of witnesses than the one remembered counts only once a person says so. */
function changed(theirs: string, opened: (camera: Scan) => void): Child {
  const adopt = () => void learn("adopt").then(() => showSeal(theirs, opened));
  return [note("hand", say("seal_changed"), say("seal_changed_next")), h("div", { class: "actions" }, button("tick", say("seal_adopt"), adopt))];
}

/** A camera and a field for somebody else's seal. */
function other(meet: (text: string) => void, opened: (camera: Scan) => void): Child {
  const view = h("div", null);
  const typed = h("input", { id: "theirs", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  const look = async () => {
    view.replaceChildren(busy(say("camera_opens")));
    try {
      const camera = await scan((text) => {
        camera.stop();
        view.replaceChildren(open);
        meet(text);
      });
      if (!view.isConnected) return camera.stop();
      opened(camera);
      camera.video.setAttribute("aria-label", say("camera_label"));
      view.replaceChildren(h("div", { class: "camera" }, camera.video));
    } catch {
      view.replaceChildren(h("p", { class: "note" }, icon("hand"), say("seal_camera")));
    }
  };
  const open = button("scan", say("seal_scan"), () => void look(), "main");
  view.append(open);
  return [
    h("div", { class: "actions" }, view),
    h("div", { class: "field" }, h("label", { for: "theirs" }, say("seal_paste")), typed),
    h("div", { class: "actions" }, button("tick", say("seal_compare"), () => meet(typed.value))),
  ];
}

const SENTENCES: Record<Compared["found"], [string, string?]> = {
  same: ["checkpoint.same"],
  continues: ["checkpoint.continues"],
  ahead: ["checkpoint.ahead"],
  not_signed: ["error.checkpoint_not_signed", "error.checkpoint_not_signed.do"],
  offline: ["error.checkpoint_offline", "error.checkpoint_offline.do"],
  alarm: ["error.history_rewritten"],
};

function told({ found, theirs, ours: own }: Compared): HTMLElement[] {
  const isGood = found === "same" || found === "continues";
  const [said, next] = SENTENCES[found];
  return [
    h("p", { class: isGood ? "note good" : "note" }, icon(isGood ? "tick" : found === "ahead" ? "clock" : "hand"), say(said, { theirs, ours: own })),
    ...(next === undefined ? [] : [h("p", null, say(next))]),
  ];
}

function fault(error: unknown): HTMLElement {
  if (!(error instanceof LinkError)) throw error;
  const words = error.code === "other_community" ? say("code_other_community", { theirs: (error.theirs ?? "").replace(/^https?:\/\//, "") }) : say(`code_${error.code}`);
  return h("p", { class: "note" }, icon("hand"), words);
}

async function list(): Promise<Child> {
  const policy = await policyText();
  return policy && h("details", null, h("summary", null, icon("people"), say("seal_list")),
    h("p", null, policy.names.join(", ")),
    h("p", null, say("seal_list_hash")), h("p", null, h("code", null, policy.hash)),
    h("div", { class: "actions" }, link("down", say("seal_list_save"), "/log/policy")));
}
