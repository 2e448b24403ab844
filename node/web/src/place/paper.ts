/** `#paper`: a list that was kept on paper, typed later. Each line is somebody known here, or is said to be doubtful. */

import type { Hat } from "../db.ts";
import { button, h, icon, link, say, show } from "../dom.ts";
import { type Face, callName, drawFace, faces } from "../faces.ts";
import { open as openMoment, setOpen } from "../moments.ts";

/** Returns a name as lists are compared: without accents, capitals and spaces around it. */
const plain = (name: string): string => name.normalize("NFD").replace(/\p{M}/gu, "").trim().toLocaleLowerCase();

/** What a line of a list is: one face, none, or several that it could be. */
export function readLine(line: string, known: readonly Face[]): Face[] {
  const typed = plain(line);
  const exact = known.filter((face) => plain(callName(face)) === typed);
  return exact.length > 0 ? exact : known.filter((face) => plain(callName(face)).startsWith(typed));
}

export async function open(hat: Hat): Promise<void> {
  const known = await faces(hat.account);
  const list = h("textarea", { id: "paper", rows: 8, autocomplete: "off", spellcheck: "false", "aria-describedby": "paper-help" });
  const doubts = h("div", { role: "alert" });
  const save = async () => {
    const lines = list.value.split("\n").filter((line) => line.trim() !== "");
    const noted = await openMoment(hat.account);
    const left: string[] = [];
    const questions: HTMLElement[] = [];
    const take = (face: Face) => (noted.there[face.account] ??= "usual");
    for (const line of lines) {
      const [face, ...more] = readLine(line, known);
      if (face && more.length === 0) {
        take(face);
        continue;
      }
      left.push(line);
      questions.push(h("section", null, h("p", null, icon("hand"), say(face ? "doing_paper_which" : "doing_paper_unknown", { name: line.trim() })),
        h("div", { class: "actions" }, face ? [face, ...more].map((one) => choice(one, line)) : [link("scan", say("place_add"), "#add"), skip(line)])));
    }
    await setOpen(hat.account, noted);
    if (left.length === 0) return void (location.hash = "");
    list.value = left.join("\n");
    doubts.replaceChildren(...questions);
  };
  /** Somebody that the line could be: a tap says so. */
  const choice = (face: Face, line: string) => h("button", { type: "button", class: "button", onclick: () => void settle(line, face) }, drawFace(face), callName(face));
  const skip = (line: string) => button("people", say("doing_paper_also"), () => void settle(line, null));
  const settle = async (line: string, face: Face | null) => {
    const noted = await openMoment(hat.account);
    if (face) noted.there[face.account] ??= "usual";
    else noted.also = Math.min(99, noted.also + 1);
    await setOpen(hat.account, noted);
    const lines = list.value.split("\n");
    lines.splice(lines.indexOf(line), 1);
    list.value = lines.join("\n");
    await save();
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("doing_paper")),
    h("div", { class: "field" }, h("label", { for: "paper" }, say("doing_paper_names")), list),
    h("p", { id: "paper-help", class: "small" }, say("doing_paper_text")), doubts,
    h("div", { class: "actions" }, button("tick", say("doing_paper_do"), () => void save(), "main"), link("back", say("back"), "#")),
  ], "focus");
}
