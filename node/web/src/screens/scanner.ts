/** `#scan`: reads a code with the camera, or as it is typed, and follows it. */

import { button, facts, fill, h, icon, link, say, show } from "../dom.ts";
import { fromBase32 } from "../lib/bytes.ts";
import { LinkError, checkCommunity, parseLink, printLink } from "../lib/links.ts";
import { type Scan, scan } from "../scan.ts";
import { busy } from "../start.ts";

let camera: Scan | null = null;

function leave(): void {
  camera?.stop();
  camera = null;
}

export async function open(): Promise<void> {
  addEventListener("hashchange", leave, { once: true });
  const fault = h("div", { role: "alert" });
  const typed = h("input", { id: "code", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": "code-help" });
  const view = h("div", { class: "camera" }, busy(say("camera_opens")));
  const follow = (text: string) => {
    const problem = goTo(text);
    if (problem) fill(fault, h("p", { class: "note" }, icon("hand"), problem));
    else leave();
  };
  const go = () => follow(typed.value);
  const byHand = h("details", null, h("summary", null, say("code_type")),
    h("div", { class: "field" }, h("label", { for: "code" }, say("code_typing")), typed, h("p", { id: "code-help", class: "small" }, say("code_help"))),
    h("div", { class: "actions" }, button("pay", say("code_open"), go)));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("scan"), say("scan")),
    view, fault,
    byHand,
    h("div", { class: "actions" }, link("back", say("back"), "#")),
  ], "focus");
  typed.addEventListener("keydown", (event) => event.key === "Enter" && go());
  const refused = () => {
    fill(view, h("p", { role: "status" }, icon("hand"), say("camera_none"), " ", say("camera_none_next")));
    byHand.open = true;
  };
  if (!navigator.mediaDevices) return refused();
  scan(follow).then((opened) => {
    if (!view.isConnected) return opened.stop();
    camera = opened;
    opened.video.setAttribute("aria-label", say("camera_label"));
    view.replaceChildren(opened.video);
  }, refused);
}

/** Somebody's own code, as it stands beneath its picture. */
const OWN_CODE = /^[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}$/i;

/** Follows a code; returns what is wrong with it, in words. */
function goTo(text: string): string | null {
  try {
    // Somebody may type the part behind the last stroke alone.
    const bare = text.trim().replace(/\s+/g, "");
    // What an old phone shows to a new one, what a spare key's sheet says, and what a till without network shows, are
    // pages of this wallet.
    if (["wallet#device", "wallet#restore", "promise#pay"].some((name) => bare.startsWith(`${facts.origin}/${name}/`))) {
      location.assign(bare);
      return null;
    }
    const code = parseLink(fromBase32(bare) ? `${facts.origin}/p/${bare}` : OWN_CODE.test(bare) ? `${facts.origin}/to/${bare}` : text);
    checkCommunity(code, facts.origin, facts.ledger);
    if (code.link === "checkpoint") {
      location.hash = `#seal/${encodeURIComponent(text.trim())}`;
      return null;
    }
    if (code.link === "receipt") return say("code_not_here");
    location.assign(code.link === "payment" ? `/promise#code/${encodeURIComponent(text.trim())}` : printLink(code));
    return null;
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    if (error.code === "other_community") return say("code_other_community", { theirs: (error.theirs ?? "").replace(/^https?:\/\//, "") });
    return say(`code_${error.code}`);
  }
}
