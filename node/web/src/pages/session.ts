/** The page of a task, of checking in, the poster and the sheet for a window: a tap takes a place, a tap says that one is there. */

import { Refused } from "../api.ts";
import type { Hat } from "../db.ts";
import { button, facts, fill, given, h, icon, link, say, show, type Child } from "../dom.ts";
import { fromBase32 } from "../lib/bytes.ts";
import { qr } from "../qr.ts";
import { explain, note, start } from "../start.ts";
import { askAs, hatOf } from "../wallet.ts";
import { offer } from "./join.ts";

interface Session { id: string; left: number; starts_at: string; minutes: number }
interface Own { session: Session; joined: boolean; here: boolean; question: string | null }
interface Given { sessions?: Session[]; checkIn?: Session; poster?: Session; sheet?: string; codes?: string[] }

/** The kind word for what cannot be done with a session, if it is one of those. */
function kindly(error: unknown, again: () => void): Child {
  const code = error instanceof Refused ? error.problem.code : "";
  const known: Record<string, string> = { session_full: "doing_full", session_over: "doing_over", check_in_code: "doing_other_code", check_in_time: "doing_other_day" };
  const key = known[code];
  if (key === "doing_other_code") return otherCode();
  return key ? [note("hand", say(key), say(`${key}_next`)), h("div", { class: "actions" }, link("list", say("doing_others"), "/tasks"))] : explain(error, again);
}

/** A code of another day, or a part of one: the one to scan hangs where people meet. */
const otherCode = (): Child => [note("hand", say("doing_other_code"), say("doing_other_code_next")),
  h("div", { class: "actions" }, link("scan", say("doing_scan"), "/wallet#scan", "main"), link("list", say("doing_others"), "/tasks"))];

/** Says how many places are left, as the node counts them now. */
const placesLeft = ({ left }: Session): string => (left === 0 ? say("task_full") : left === 1 ? say("task_place_left") : say("task_places_left", { left }));

/** Beside every session: a place in it, or that one has it. */
function joining(session: Session, place: Element): void {
  const path = `/v1/task-sessions/${session.id}`;
  const act = async (method: "GET" | "POST" | "DELETE"): Promise<void> => {
    const hat = await hatOf("member");
    if (!hat) return method === "GET" ? draw(null) : newcomer(() => void act("POST"));
    try {
      const own = await askAs<Own>(hat, method, path);
      draw(own);
      if (!own.joined) void warn(hat);
    } catch (error) {
      if (method === "GET") draw(null);
      else fill(place, kindly(error, () => void act(method)));
    }
  };
  // Before somebody takes a place: whether it may bring them beyond what a volunteer may receive. Told to nobody else.
  const warn = async (hat: Hat) => {
    const said = await import("../ceilings.ts").then(({ warning }) => warning(hat, session)).catch(() => null);
    if (said) place.prepend(...[said].flat() as Node[]);
  };
  const left = document.querySelector(`[data-left="${CSS.escape(session.id)}"]`);
  const draw = (own: Own | null) => {
    if (own && left) left.textContent = placesLeft(own.session);
    fill(place, own?.joined ? [h("p", { class: "note good", role: "status" }, icon("tick"), say("doing_joined")), button("cross", say("doing_leave"), () => void act("DELETE"), "quiet")]
      : session.left === 0 && !own ? null : button("tick", say("doing_join"), () => void act("POST"), "main"));
  };
  void act("GET");
}

/** Whoever has no wallet yet makes one, and goes on with what they came for. */
function newcomer(done: () => void): void {
  offer(null, () => {
    show(null);
    done();
  });
  document.getElementById("action")?.scrollIntoView();
}

/** What whoever was there is asked: one tap, or none at all. */
function asking(hat: Hat, { id }: Session, question: string): HTMLElement {
  const place = h("section", null);
  const answer = (yes: boolean) => () => void askAs<Own>(hat, "POST", `/v1/task-sessions/${id}/answer`, { yes }).then(
    () => fill(place, h("p", { class: "note good", role: "status" }, icon("tick"), say("asked_thanks"))),
    (error: unknown) => fill(place, explain(error)));
  fill(place, h("h2", null, question), h("p", { class: "small" }, say("asked_how")),
    h("div", { class: "actions row" }, button("tick", say("asked_yes"), answer(true)), button("cross", say("asked_no"), answer(false))));
  return place;
}

function checkIn(session: Session): void {
  const code = location.hash.slice(1);
  const act = async (): Promise<void> => {
    const hat = await hatOf("member");
    if (!hat) return newcomer(() => void act());
    await tell(hat).catch((error: unknown) => show(kindly(error, () => void act())));
  };
  const tell = async (hat: Hat) => {
    const { question } = await askAs<Own>(hat, "POST", `/v1/task-sessions/${session.id}/check-in`, { code });
    show([h("section", { class: "paid", role: "status", tabindex: "-1", "data-focus": true }, icon("tick", "icon big"), h("p", { class: "amount" }, say("doing_checked_in")), h("p", null, say("doing_checked_in_text"))),
      question ? asking(hat, session, question) : null,
      h("div", { class: "actions" }, link("wallet", say("to_wallet"), "/wallet"))], "focus");
  };
  if (!fromBase32(code)) return show(otherCode());
  show([h("div", { class: "actions" }, button("tick", say("doing_check_in"), () => void act(), "main")), h("p", { class: "small" }, say("doing_check_in_text"))]);
}

/** Draws the code onto the poster: it stands in the address behind the mark that only this browser sees. */
function poster(): void {
  const [id = "", code = ""] = location.hash.slice(1).split(".");
  if (!fromBase32(id) || !fromBase32(code)) return show(note("hand", say("doing_poster_broken")));
  show([qr(`${facts.origin}/t/${id}#${code}`, say("doing_code_picture")), h("div", { class: "actions" }, button("down", say("doing_print"), () => print(), "main"))]);
}

/** Draws the code for givers onto the sheet for a window. */
function sheet(link: string): void {
  show([qr(link, say("pots_code_picture")), h("div", { class: "actions" }, button("down", say("doing_print"), () => print(), "main"))]);
}

/** Draws each code where it belongs on a sheet, and offers to print it. */
function drawCodes(codes: readonly string[]): void {
  codes.forEach((link, place) => document.querySelector(`[data-code="${place}"]`)?.append(qr(link, say("doing_code_picture"))));
  show(h("div", { class: "actions" }, button("down", say("doing_print"), () => print(), "main")));
}

void start(async () => {
  const { sessions = [], checkIn: at, poster: paper, sheet: window, codes } = given<Given>() ?? {};
  if (codes) return drawCodes(codes);
  if (window !== undefined) return sheet(window);
  if (paper) return poster();
  if (at) return checkIn(at);
  for (const session of sessions) {
    const place = document.querySelector(`[data-session="${CSS.escape(session.id)}"]`);
    if (place) joining(session, place);
  }
});
