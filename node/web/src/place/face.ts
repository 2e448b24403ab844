/** `#add` and `#face/ACCOUNT`: an account, and what whoever it belongs to is called here. */

import type { Hat } from "../db.ts";
import { button, fill, h, icon, link, say, show } from "../dom.ts";
import { CodeFault, NAME_MAX, PICTURES, type Picture, callName, drawFace, faces, forgetFace, keepFace } from "../faces.ts";
import { open, setOpen } from "../moments.ts";
import { scanInto } from "../scanInto.ts";
import { explain } from "../start.ts";
import { addFace, whose } from "./cards.ts";

/** Adds somebody by a card or a phone; returns what gives the camera back. */
export function adding(hat: Hat): () => void {
  const code = h("input", { id: "code", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": "code-fault" });
  const name = nameField("");
  const fault = h("p", { id: "code-fault", class: "fault", role: "alert" });
  const camera = scanInto((text) => {
    code.value = text;
    name.focus();
  });
  const save = async () => {
    const picture = chosenPicture();
    const called = name.value.trim();
    fault.textContent = "";
    if (called === "" && !picture) return void (fault.textContent = say("face_name_missing"));
    try {
      const found = await whose(hat, code.value);
      if (found.account === hat.account) return void (fault.textContent = say("face_own"));
      await addFace(hat.account, found, called, picture);
      location.hash = "";
    } catch (error) {
      if (error instanceof CodeFault) fault.textContent = error.message;
      else fill(fault, explain(error));
    }
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("people"), say("place_add")),
    h("p", null, say("face_text")),
    camera.element,
    h("div", { class: "field" }, h("label", { for: "code" }, say("face_code")), code),
    h("div", { class: "field" }, h("label", { for: "name" }, say("face_name")), name),
    pictureChoice(null),
    fault,
    h("div", { class: "actions" }, button("tick", say("face_save"), () => void save(), "main"), link("back", say("back"), "#")),
    h("p", { class: "small" }, say("face_where")),
  ], "focus");
  return camera.stop;
}

export const nameField = (value: string): HTMLInputElement => h("input", { id: "name", type: "text", maxlength: NAME_MAX, value, autocomplete: "off" });

export function pictureChoice(chosen: Picture | null): HTMLElement {
  const option = (picture: Picture | null) => h("label", { class: "picture" },
    h("input", { type: "radio", name: "picture", value: picture ?? "", checked: picture === chosen }),
    picture ? drawFace({ name: "", picture }) : icon("cross"), h("span", { class: "unseen" }, picture ? say(`face_${picture}`) : say("face_no_picture")));
  return h("fieldset", { class: "pictures" }, h("legend", null, say("face_picture")), option(null), PICTURES.map(option));
}

export function chosenPicture(): Picture | null {
  const chosen = document.querySelector<HTMLInputElement>("input[name=picture]:checked");
  return (chosen?.value || null) as Picture | null;
}

/** Changes what somebody is called; whoever came with a phone and has no face here yet gets one. */
export async function changeFace(hat: Hat, account: string): Promise<void> {
  const face = (await faces(hat.account)).find((one) => one.account === account);
  if (!face && !/^[0-9a-f]{32}$/.test(account)) return void (location.hash = "");
  const name = nameField(face?.name ?? "");
  const fault = h("p", { class: "fault", role: "alert" });
  const save = async () => {
    const changed = { ...face, account, name: name.value.trim(), picture: chosenPicture() };
    if (changed.name === "" && !changed.picture) return void (fault.textContent = say("face_name_missing"));
    await keepFace(hat.account, changed);
    location.hash = "";
  };
  const remove = async () => {
    await forgetFace(hat.account, account);
    const noted = await open(hat.account);
    delete noted.there[account];
    await setOpen(hat.account, noted);
    location.hash = "";
  };
  // What cannot be taken back stands apart, and is asked once more.
  const forgetting = h("div", { class: "actions" }, button("cross", say("face_forget"), () => {
    const yes = button("cross", say("face_forget_sure"), () => void remove());
    fill(forgetting, h("p", null, say("face_forget_text", { name: face ? callName(face) : "" })), yes);
    yes.focus();
  }, "quiet"));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, face ? [drawFace(face), callName(face)] : [icon("phone"), say("face_new")]),
    h("div", { class: "field" }, h("label", { for: "name" }, say("face_name")), name),
    pictureChoice(face?.picture ?? null), fault,
    h("div", { class: "actions" }, button("tick", say("place_save"), () => void save(), "main"), link("back", say("back"), "#")),
    face ? forgetting : h("p", { class: "small" }, say("face_where")),
  ], "focus");
}
