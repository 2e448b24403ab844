/** `/wallet#scan`: a code is read by the camera or typed, and followed where it leads. */

import { button, facts, fill, h, icon, link, say, show } from "../dom.ts";
import { fromBase32 } from "../lib/bytes.ts";
import { LinkError, checkCommunity, parseLink, printLink } from "../lib/links.ts";
import { type Scan, scan } from "../scan.ts";
import { busy, note } from "../start.ts";

/** Shows the camera and a field. `leave` gives the camera back before another page is opened; `opened` is told of it. */
export function scanner(leave: () => void, opened: (camera: Scan) => void): void {
  const fault = h("p", { class: "fault", role: "alert" });
  const typed = h("input", { id: "code", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": "code-help" });
  const view = h("div", { class: "camera" }, busy(say("camera_opens")));
  const follow = (text: string) => {
    const problem = open(text);
    if (problem) fault.textContent = problem;
    else leave();
  };
  const go = () => follow(typed.value);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("scan"), say("scan")),
    view, fault,
    h("div", { class: "field" }, h("label", { for: "code" }, say("code_type")), typed, h("p", { id: "code-help", class: "small" }, say("code_help"))),
    h("div", { class: "actions" }, button("pay", say("code_open"), go), link("back", say("back"), "#")),
  ], "focus");
  typed.addEventListener("keydown", (event) => event.key === "Enter" && go());
  const refused = () => fill(view, note("hand", say("camera_none"), say("camera_none_next")));
  if (!navigator.mediaDevices) return refused();
  scan(follow).then((camera) => {
    if (!view.isConnected) return camera.stop();
    opened(camera);
    camera.video.setAttribute("aria-label", say("camera_label"));
    view.replaceChildren(camera.video);
  }, refused);
}

/** Somebody's own code, as it stands beneath its picture. */
const OWN_CODE = /^[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}$/i;

/** Follows a code; returns what is wrong with it, in words. */
function open(text: string): string | null {
  try {
    // Somebody may type the part behind the last stroke alone.
    const bare = text.trim().replace(/\s+/g, "");
    // What an old phone shows to a new one of the same person is a page of this wallet.
    if (bare.startsWith(`${facts.origin}/wallet#device/`)) {
      location.assign(bare);
      return null;
    }
    const code = parseLink(fromBase32(bare) ? `${facts.origin}/p/${bare}` : OWN_CODE.test(bare) ? `${facts.origin}/to/${bare}` : text);
    checkCommunity(code, facts.origin, facts.ledger);
    if (code.link === "checkpoint") {
      location.hash = `#seal/${encodeURIComponent(text.trim())}`;
      return null;
    }
    if (code.link === "payment" || code.link === "receipt") return say("code_not_here");
    location.assign(printLink(code));
    return null;
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    if (error.code === "other_community") return say("code_other_community", { theirs: (error.theirs ?? "").replace(/^https?:\/\//, "") });
    return say(`code_${error.code}`);
  }
}
