/** `#session/ID`: the code that checks in, large on the screen and as a poster, and who did. */

import type { Hat } from "../db.ts";
import { button, fill, h, icon, link, moment, say, show } from "../dom.ts";
import { callName, drawFace, faces } from "../faces.ts";
import { parseAccount } from "../lib/account.ts";
import { qr } from "../qr.ts";
import { busy, explain } from "../start.ts";
import { type PlaceSession, callSession, drawTask } from "../tasks.ts";
import { askAs } from "../wallet.ts";

/** How often the node is asked who came, in milliseconds. */
const PAUSE = 4_000;

/** The question of the session: what was answered, and counting those who have no phone. */
function answers(hat: Hat, found: PlaceSession): HTMLElement {
  const place = h("section", null);
  const draw = (now: PlaceSession, told = ""): void => {
    const count = (id: "yes" | "no") => {
      const input = h("input", { id, type: "text", inputmode: "numeric", maxlength: 3, autocomplete: "off", value: String(now.by_hand[id]) });
      return { input, element: h("div", { class: "field" }, h("label", { for: id }, say(`asked_hand_${id}`)), input) };
    };
    const [yes, no] = [count("yes"), count("no")];
    const trouble = h("div", { role: "status" }, told);
    const save = () => {
      const body = { yes: Number(yes.input.value), no: Number(no.input.value) };
      if (!Object.values(body).every((number) => Number.isInteger(number) && number >= 0 && number <= 500)) return void fill(trouble, h("p", { class: "fault" }, say("asked_hand_wrong")));
      askAs<PlaceSession>(hat, "PUT", `/v1/place/sessions/${now.session.id}/answers`, body).then((saved) => draw(saved, say("asked_hand_kept")), (error: unknown) => fill(trouble, explain(error)));
    };
    fill(place, h("h2", null, now.question),
      h("p", null, now.answers ? say("asked_told", { yes: now.answers.yes, all: now.answers.yes + now.answers.no }) : say("asked_later", { when: moment(Date.parse(now.answers_from), "both") })),
      h("details", null, h("summary", null, say("asked_hand")), yes.element, no.element, h("div", { class: "actions" }, button("tick", say("asked_hand_do"), save))), trouble);
  };
  draw(found);
  return place;
}

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
    none, list, found.question ? answers(hat, found) : null);
  show([screen, h("div", { class: "actions" },
    link("down", say("doing_poster"), `/poster/${id}#${pathname.split("/").at(-1)}.${hash.slice(1)}`),
    link("back", say("back"), "#"))], "focus");
  while (screen.isConnected) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (screen.isConnected && !document.hidden) await askAs<PlaceSession>(hat, "GET", path).then(tell, () => undefined);
  }
}
