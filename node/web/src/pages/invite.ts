/** `/invite`: a member invites somebody, a place those who are there (`#place`): a code for a few people and days. */

import { Refused } from "../api.ts";
import type { Hat } from "../db.ts";
import { button, facts, fill, given, h, icon, link, moment as when, say, show } from "../dom.ts";
import { field, heading } from "../officeParts.ts";
import { qr } from "../qr.ts";
import { explain, note, start } from "../start.ts";
import { askAs, hatOf } from "../wallet.ts";

interface Limits { most: { member: number; budget: number }; lasts: number }
/** How many people one may invite in a week, and how long an invitation lasts, in seconds: as the node says it. */
const limits = given<Limits>() as Limits;

const homeOf = (hat: Hat) => link("back", say("back"), hat.kind === "budget" ? "/place" : "/wallet#more");

async function route(): Promise<void> {
  const hat = await hatOf(location.hash === "#place" ? "budget" : "member");
  if (!hat) return show([note("hand", say("invite_no_wallet")), h("div", { class: "actions" }, link("wallet", say("to_wallet"), "/wallet", "main"))]);
  if (facts.joining === "council") return show([heading("people", say("invite")), note("hand", say("invite_council")), h("div", { class: "actions" }, homeOf(hat))]);
  const isPlace = hat.kind === "budget";
  const most = isPlace ? limits.most.budget : limits.most.member;
  const people = field("people", say("invite_how_many"), h("input", { type: "text", inputmode: "numeric", maxlength: 2, value: isPlace ? "10" : "1", autocomplete: "off" }));
  const trouble = h("div", { role: "alert" });
  const make = async () => {
    const count = /^\d+$/.test(people.input.value.trim()) ? Number(people.input.value) : 0;
    people.fault.textContent = count < 1 || count > most ? say("invite_wrong", { most }) : "";
    fill(trouble);
    if (people.fault.textContent !== "") return people.input.focus();
    try {
      made(hat, await askAs<Made>(hat, "POST", "/v1/invitations", { uses: count, valid_for: limits.lasts }));
    } catch (error) {
      const isMany = error instanceof Refused && error.problem.status === 429;
      fill(trouble, isMany ? note("clock", say("invite_many")) : explain(error));
    }
  };
  show([
    heading("people", say("invite")),
    h("p", null, say(isPlace ? "invite_text_place" : "invite_text")),
    people.element, trouble,
    h("div", { class: "actions" }, button("people", say("invite_do"), () => void make(), "main"), homeOf(hat)),
  ], "focus");
}

interface Made { link: string; expires_at: string }

function made(hat: Hat, { link: url, expires_at }: Made): void {
  const told = h("p", { role: "status" });
  const share = async () => {
    if (typeof navigator.share === "function") return navigator.share({ url }).catch(() => undefined);
    const done = await navigator.clipboard?.writeText(url).then(() => true, () => false);
    fill(told, icon(done ? "tick" : "hand"), say(done ? "own_copied" : "council_share_by_hand"));
  };
  show([
    heading("people", say("invite")),
    qr(url, say("invite_picture")),
    h("p", null, say("invite_until", { when: when(Date.parse(expires_at), "both") })),
    h("div", { class: "actions" }, button("share", say("invite_share"), () => void share(), "main")), told,
    h("details", null, h("summary", null, say("code_typed")), h("code", null, url)),
    h("div", { class: "actions" }, button("more", say("invite_do"), () => void route()), homeOf(hat)),
  ], "focus");
}

void start(async () => {
  addEventListener("hashchange", () => void route());
  await route();
});
