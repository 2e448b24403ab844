/** `#session/ID`: the code that checks in, large on the screen and as a poster, and who did. */

import type { Hat } from "../db.ts";
import { h, icon, link, say, show } from "../dom.ts";
import { callName, drawFace, faces } from "../faces.ts";
import { parseAccount } from "../lib/account.ts";
import { qr } from "../qr.ts";
import { busy } from "../start.ts";
import { type PlaceSession, callSession, drawTask } from "../tasks.ts";
import { askAs } from "../wallet.ts";

/** How often the node is asked who came, in milliseconds. */
const PAUSE = 4_000;

export async function open(hat: Hat, id: string): Promise<void> {
  show(busy());
  const path = `/v1/place/sessions/${id}`;
  const found = await askAs<PlaceSession>(hat, "GET", path);
  const known = new Map((await faces(hat.account)).map((face) => [face.account, face]));
  const list = h("ul", { class: "guests", "aria-label": say("doing_here") });
  const none = h("p", { role: "status" });
  const tell = ({ people }: PlaceSession) => {
    const here = people.filter((one) => one.here);
    none.textContent = say(here.length === 0 ? "doing_nobody" : "doing_here_count", { people: here.length });
    list.replaceChildren(...here.map(({ account }) => {
      const face = known.get(parseAccount(account) ?? "");
      if (face) return h("li", { class: "face" }, drawFace(face), h("span", { class: "words" }, callName(face)));
      return h("li", { class: "face" }, icon("phone"), h("span", { class: "words" }, say("doing_stranger")), link("people", say("face_call"), `#face/${parseAccount(account) ?? ""}`, "quiet"));
    }));
  };
  tell(found);
  const { pathname, hash } = new URL(found.check_in);
  const screen = h("section", null,
    h("h2", { tabindex: "-1", "data-focus": true }, drawTask(found.session.picture), callSession(found.session)),
    h("p", null, say("doing_code_text")),
    qr(found.check_in, say("doing_code_picture")),
    h("details", null, h("summary", null, say("code_typed")), h("code", { id: "check-in" }, found.check_in)),
    none, list);
  show([screen, h("div", { class: "actions" },
    link("down", say("doing_poster"), `/poster/${id}#${pathname.split("/").at(-1)}.${hash.slice(1)}`),
    link("back", say("back"), "#"))], "focus");
  while (screen.isConnected) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (screen.isConnected && !document.hidden) await askAs<PlaceSession>(hat, "GET", path).then(tell, () => undefined);
  }
}
