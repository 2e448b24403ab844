/** `#moments` and `#moments/ID`: what was given, what became of it, and putting one person's amount right. */

import { amountField } from "../amountField.ts";
import type { Hat, Outgoing } from "../db.ts";
import { amount, button, fill, h, icon, link, moment as when, now, say, show, type Child } from "../dom.ts";
import { type Found, type Guest, type Moment, CORRECTABLE, find, moments, putRight, reopen, takenBack } from "../moments.ts";
import { send, sendUntilKnown } from "../outbox.ts";
import { qr } from "../qr.ts";
import { shareLink } from "../shareLink.ts";
import { busy, explain, note, whyNot } from "../start.ts";

/** Which screen is shown: what comes late for an earlier one is not shown. */
let turn = 0;
/** Somebody puts a line right: news of the moment waits until they have. */
let isCorrecting = false;

/** Another screen is shown from now on. */
export function leaveMoment(): void {
  turn += 1;
  isCorrecting = false;
}

const back = (href: string): HTMLElement => h("div", { class: "actions" }, link("back", say("back"), href));

/** Shows a moment again whenever there is news of it. */
export async function follow(hat: Hat, id: string, outgoing: Outgoing): Promise<void> {
  await sendUntilKnown(outgoing, () => news(hat, id));
  news(hat, id);
}

/** Shows a moment as it is now, if that is what is looked at. */
export function news(hat: Hat, id: string): void {
  if (location.hash === `#moments/${id}` && !isCorrecting) void oneMoment(hat, id);
}

export async function allMoments(hat: Hat): Promise<void> {
  const some = (await Promise.all((await moments(hat.account)).map(({ id }) => find(hat.account, id)))).filter((one) => one !== null);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("place_moments")),
    some.length === 0 ? h("p", null, say("place_moments_none")) : h("ul", { class: "lines" }, some.map((found) => {
      const { id, at, guests, also, first } = found.moment;
      return h("li", null, h("a", { href: `#moments/${id}` }, icon("people"),
        h("span", { class: "words" }, when(at, "both"), h("span", { class: "small" }, say("place_were_there", { people: guests.filter((guest) => !isGone(guest, found.corrections.get(guest.account))).length + also + first }))),
        h("span", { class: "sum" }, amount(standing(found).total))));
    })),
    h("p", { class: "small" }, say("place_moments_kept")),
    back("#"),
  ], "focus");
}

/** Whether all of it was taken back: then they were not there. */
const isGone = (guest: Guest, correction: Outgoing | undefined): boolean => guest.amount > 0 && takenBack(guest, correction) >= guest.amount;

/** What the guests have of it now: all together, and how many of them. */
function standing({ moment, corrections }: Found): { total: number; people: number } {
  const amounts = moment.guests.map((guest) => guest.amount - takenBack(guest, corrections.get(guest.account))).filter((one) => one > 0);
  return { total: amounts.reduce((sum, one) => sum + one, 0), people: amounts.length };
}

export async function oneMoment(hat: Hat, id: string): Promise<void> {
  const own = turn;
  const found = await find(hat.account, id);
  if (own !== turn) return;
  if (!found) return show([note("hand", say("line_unknown")), back("#moments")], "focus");
  const { moment, given, corrections } = found;
  const correctable = given?.state === "done" && now() - (given.doneAt ?? moment.at) < CORRECTABLE;
  show([
    head(hat, found),
    h("ul", { class: "guests", "aria-label": say("place_who") }, moment.guests.map((guest) => guestRow(hat, moment, guest, given, corrections.get(guest.account), correctable))),
    moment.also + moment.first > 0 ? h("p", null, say("place_nameless", { also: moment.also, first: moment.first })) : null,
    correctable ? h("p", { class: "small" }, say("place_correct_until", { when: when((given.doneAt ?? moment.at) + CORRECTABLE, "both") })) : null,
    h("div", { class: "actions" }, link("people", say("place_next"), "#", given?.state === "refused" || given?.state === "draft" ? "" : "main"), link("list", say("place_moments"), "#moments")),
  ], "focus");
}

/** What is true of a moment's credits. */
function head(hat: Hat, found: Found): Child {
  const { moment, given, corrections } = found;
  const { total, people } = standing(found);
  const values = { amount: amount(total), people };
  if (moment.key === null) return h("section", { class: "waiting", role: "status", tabindex: "-1", "data-focus": true }, icon("tick", "icon big"), h("p", { class: "amount" }, say("place_kept")), h("p", null, say("place_kept_text")));
  switch (given?.state) {
    case "done": {
      const isRight = moment.guests.some((guest) => takenBack(guest, corrections.get(guest.account)) > 0);
      const number = people === 0 ? "none" : people === 1 ? "one" : "text";
      return h("section", { class: "paid", role: "status", tabindex: "-1", "data-focus": true }, icon("tick", "icon big"),
        h("p", { class: "amount" }, say(isRight ? "place_corrected" : "place_given")), h("p", null, say(isRight ? `place_corrected_${number}` : `place_given_${number}`, values)), h("p", { class: "small" }, when(given.doneAt ?? moment.at, "both")));
    }
    case "draft": {
      const state = h("p", { role: "status" });
      const look = () => void send(given).then((answer) => (answer.state === "draft" ? (state.textContent = say("place_draft_still")) : void oneMoment(hat, moment.id)), (error: unknown) => fill(state, explain(error)));
      return [
        h("section", { class: "waiting", role: "status", tabindex: "-1", "data-focus": true }, icon("clock", "icon big"), h("p", { class: "amount" }, say("place_almost")), h("p", null, say("place_almost_text", values))),
        given.link ? [
          h("p", null, say("place_almost_next"), " ", say("place_almost_until", { when: when(given.expiresAt * 1_000, "both") })),
          qr(given.link, say("council_almost_picture")), h("div", { class: "actions" }, shareLink(given)), h("details", null, h("summary", null, say("code_typed")), h("code", null, given.link))] : null,
        state, h("div", { class: "actions" }, button("undo", say("place_draft_look"), look)),
      ];
    }
    case "refused": {
      // The list is at hand: whoever waited too long signs it once more.
      const [why, next] = given.code === "expired" ? [say(given.link ? "place_expired_unsigned" : "place_expired_network"), say("place_expired_next")] : whyNot(given.code ?? "");
      const other = h("p", { role: "status" });
      return [
        h("section", { class: "not-paid", role: "status", tabindex: "-1", "data-focus": true }, icon("cross", "icon big"), h("p", { class: "amount" }, say("place_not_given")), h("p", null, why), h("p", null, next)),
        h("div", { class: "actions" }, button("undo", say("place_reopen"), () => void reopen(hat.account, moment).then((did) => (did ? location.replace("#") : (other.textContent = say("place_reopen_other")))), "main")),
        other,
      ];
    }
    case "alarm": return note("hand", say("receipt_alarm"), say("receipt_alarm_next"));
    default: {
      const isOver = given && now() > given.expiresAt * 1_000;
      return h("section", { class: "waiting", role: "status", tabindex: "-1", "data-focus": true }, icon("clock", "icon big"), h("p", { class: "amount" }, say("waiting")),
        h("p", null, say(!given?.sent ? "place_waiting_unsent" : isOver ? "waiting_over" : "waiting_sent", values)), h("p", null, say("place_waiting_next")));
    }
  }
}

function guestRow(hat: Hat, moment: Moment, guest: Guest, given: Outgoing | null, correction: Outgoing | undefined, correctable: boolean): HTMLElement {
  const isDone = correction?.state === "done";
  const gone = isGone(guest, correction);
  const state = given?.state === "refused" ? say("place_not_received") : guest.amount === 0 ? say("place_without") : !correction ? (guest.to ? say("doing_to_pot", { pot: guest.to.called }) : "") : say(isDone ? (gone ? "undone" : "undone_part") : correction.state === "waiting" ? "place_correct_waits" : "place_correct_not", { amount: amount(guest.taken ?? 0) });
  const may = correctable && guest.amount > 0 && given?.index !== undefined && (!correction || correction.state === "refused");
  return h("li", { class: "face" },
    h("span", { class: "words" }, h(gone ? "s" : "span", null, guest.name), state ? h("span", { class: "small" }, state) : null),
    guest.amount > 0 && given?.state !== "refused" ? h("span", { class: "sum" }, h(gone ? "s" : "span", null, amount(guest.amount))) : null,
    may ? h("button", { type: "button", class: "side", "aria-label": say("place_correct_of", { name: guest.name }), onclick: () => correct(hat, moment, guest, given.index as number) }, icon("undo")) : null);
}

/** What somebody should have had: a smaller amount in two taps; taking all of it back is asked once more. */
function correct(hat: Hat, moment: Moment, guest: Guest, index: number): void {
  isCorrecting = true;
  const field = amountField(say("place_correct_to", { name: guest.name }));
  const leave = () => {
    isCorrecting = false;
    void oneMoment(hat, moment.id);
  };
  const act = async (taken: number) => {
    isCorrecting = false;
    show(busy(say("sending")));
    try {
      const outgoing = await putRight(hat, moment, guest, taken, index);
      void follow(hat, moment.id, outgoing);
      await oneMoment(hat, moment.id);
    } catch (error) {
      show([explain(error), back(`#moments/${moment.id}`)]);
    }
  };
  const typed = () => {
    const right = field.read();
    if (right === null) return;
    if (right >= guest.amount) return void (field.element.querySelector(".fault") as HTMLElement).replaceChildren(say("place_correct_less", { amount: amount(guest.amount) }));
    void act(guest.amount - right);
  };
  const all = h("div", { class: "actions" }, button("cross", say("place_was_not_there"), () => {
    show([
      h("h2", { tabindex: "-1", "data-focus": true }, icon("undo"), say("place_correct_of", { name: guest.name })),
      h("p", null, say("place_was_not_there_sure", { name: guest.name, amount: amount(guest.amount) })),
      h("div", { class: "actions" }, button("cross", say("place_take_back", { amount: amount(guest.amount) }), () => void act(guest.amount), "main"), button("back", say("back"), () => correct(hat, moment, guest, index))),
    ], "focus");
  }, "quiet"));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("undo"), say("place_correct_of", { name: guest.name })),
    h("p", null, say("place_correct_text")),
    field.element,
    h("div", { class: "actions" }, button("tick", say("place_correct_do"), typed, "main"), button("back", say("back"), leave)),
    all,
  ], "focus");
  field.input.addEventListener("keydown", (event) => event.key === "Enter" && typed());
}
