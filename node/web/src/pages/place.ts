/** `/place`: the five-o'clock screen. Who is there, what is usual, one signature for everybody, and putting right. */

import { amountField } from "../amountField.ts";
import { showConnecting } from "../connecting.ts";
import { type CannotGive, Refused, ask } from "../api.ts";
import { demoKey } from "../demo.ts";
import { type Hat, keep, put, recall } from "../db.ts";
import { amount, button, facts, fill, h, icon, language, link, moment as when, say, show, type Child } from "../dom.ts";
import { type Face, callName, drawFace, faces, shareFaces } from "../faces.ts";
import { hatChoice } from "../hats.ts";
import { accountText } from "../lib/account.ts";
import { fromDecimal, showNumber } from "../lib/money.ts";
import { type Moment, type Part, type Reason, type Usual, amountOf, find, give, isPending, moments, mostThatFits, open, potOf, setOpen, setUsual, totalOf, underway, usual } from "../moments.ts";
import { flush } from "../outbox.ts";
import { atSession } from "../place/atSession.ts";
import { type CardScan, cardScan } from "../place/cardScan.ts";
import { forgetPending, learnCards, lookUp, pendingFaces, waitsOf } from "../place/cards.ts";
import { adding, changeFace } from "../place/face.ts";
import { allMoments, follow, leaveMoment, news, oneMoment } from "../place/moment.ts";
import { forgetPlace, overNote, showUngiven, ungivenNote } from "../place/over.ts";
import { pots } from "../place/pots.ts";
import { explain, start } from "../start.ts";
import { accountOf, accountsOf, adopt, askAs, connect, hatOf, hats, keyToConnect } from "../wallet.ts";

/** Gives the camera back when another screen is shown. */
let stop: () => void = () => undefined;
/** Which screen is shown: what comes late for an earlier one is not shown. */
let turn = 0;
/** The camera of the list, which stays open while the list is drawn anew. */
let scanner: CardScan | null = null;

const isList = (): boolean => ["", "#"].includes(location.hash);

function stopScanner(): void {
  scanner?.stop();
  scanner = null;
}

async function route(): Promise<void> {
  stop();
  turn += 1;
  leaveMoment();
  if (!isList()) stopScanner();
  const [name = "", id = ""] = location.hash.slice(1).split("/");
  try {
    if (name === "demo") return await demo(id);
    if (name === "device") return (await import("../place/organisation.ts")).newStaff(id);
    const hat = await hatOf("budget");
    if (!hat) return void ((await showUngiven(null, overNote())) || (await connecting()));
    if (!(await usual(hat.account)) || name === "usual") return await settings(hat);
    switch (name) {
      case "tasks": case "task": return await (await import("../place/tasks.ts")).open(hat, id);
      case "session": return await (await import("../place/session.ts")).open(hat, id);
      case "lend": return await (await import("../place/lend.ts")).open(hat);
      case "organisation": return await (await import("../place/organisation.ts")).open(hat, id);
      case "paper": return await (await import("../place/paper.ts")).open(hat);
      case "stock": return await (await import("../place/stock.ts")).open(hat);
      case "ungiven": return void ((await showUngiven(hat)) || (location.hash = ""));
      case "add": return void (stop = adding(hat));
      case "face": return await changeFace(hat, id);
      case "moments": return id ? await oneMoment(hat, id) : await allMoments(hat);
      default: return await list(hat);
    }
  } catch (error) {
    stopScanner();
    show([explain(error, () => void route()), name ? back() : null]);
  }
}

const back = (href = "#"): HTMLElement => h("div", { class: "actions" }, link("back", say("back"), href));

/** A key that a demonstration printed: it hides nothing, so it may stand in a link. */
async function demo(seed: string): Promise<void> {
  const key = await demoKey(seed);
  const hat = key ? await adopt(key) : null;
  if (hat) await keep("hat", hat.account);
  await route();
}

async function connecting(): Promise<void> {
  const key = await keyToConnect("budget");
  showConnecting({
    key, picture: "people", title: say("place_connect"),
    steps: [say("place_connect_text"), say("place_connect_who")],
    commands: [`klaver account change --add-key ${key}:spend`, `klaver account open budget --key ${key} --limit 500 --organisation new`],
    look: async () => {
      const hat = await connect("budget");
      if (hat) await route();
      return hat !== null;
    },
    more: back("/"),
  });
}

/** What is usual here: asked once, and changed when the place wants to. */
async function settings(hat: Hat): Promise<void> {
  const before = await usual(hat.account);
  const field = amountField(say("place_each", { many: facts.many }), facts.scale, before ? showNumber(before.each, facts.scale, language) : "");
  const choice = (reason: Reason) => h("label", { class: "choice" },
    h("input", { type: "radio", name: "reason", value: reason, checked: (before?.reason ?? "helped") === reason }), say(`reason_${reason}`));
  const name = h("input", { id: "name", type: "text", maxlength: 60, value: hat.name ?? "", autocomplete: "organization" });
  const found = hat.name === null ? [] : await ask<{ entries: { account: string; address?: string }[] }>("GET", "/v1/directory").then(({ entries }) => entries, () => []);
  const known = found.find((entry) => entry.account === accountText(hat.account))?.address ?? "";
  const address = h("input", { id: "address", type: "text", maxlength: 60, value: known, autocomplete: "street-address" });
  const trouble = h("div", { role: "alert" });
  const save = async () => {
    const each = field.read();
    if (each === null) return;
    const typed = name.value.trim();
    const where = address.value.trim();
    if (typed !== "" && (typed !== hat.name || where !== known)) {
      try {
        await askAs(hat, "PUT", `/v1/accounts/${accountText(hat.account)}/profile`, { name: typed, listed: true, address: where || null });
        await put("hats", { ...hat, name: typed });
      } catch (error) {
        return fill(trouble, explain(error));
      }
    }
    const chosen = document.querySelector<HTMLInputElement>("input[name=reason]:checked");
    await setUsual(hat.account, { each, reason: (chosen?.value ?? "helped") as Reason });
    if (location.hash.length > 1) location.hash = "";
    else await route();
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("clover"), say("place_usual_title")),
    h("div", { class: "field" }, h("label", { for: "name" }, say("place_name")), name),
    h("div", { class: "field" }, h("label", { for: "address" }, say("place_address")), address),
    field.element,
    h("fieldset", null, h("legend", null, say("place_reason")), choice("helped"), choice("took_part"), choice("welcome")),
    h("p", { class: "small" }, say("place_reason_text")), trouble,
    h("div", { class: "actions" }, button("tick", say("place_save"), () => void save(), "main"), link("back", say("back"), before ? "#" : "/")),
  ]);
  field.input.addEventListener("keydown", (event) => event.key === "Enter" && void save());
}

/** What is left of a budget, and why nothing can be given from it where that is so. */
interface Room { minor: number; why?: CannotGive }

/** What is left of the budget: asked of the node, else as it was known last. @throws Refused when this phone's right has ended */
async function room(hat: Hat): Promise<(Room & { isOld: boolean }) | null> {
  const name = `room:${hat.account}`;
  const less = async ({ minor, why }: Room, isOld: boolean) => ({ minor: Math.max(0, minor - (await underway(hat.account))), isOld, ...(why ? { why } : {}) });
  try {
    const { available, cannot_give: why } = await accountOf(hat);
    const found: Room = { minor: fromDecimal(available ?? "0", facts.scale), ...(why ? { why } : {}) };
    await keep(name, found);
    return await less(found, false);
  } catch (error) {
    if (error instanceof Refused && /^session_(key|signature)$/.test(error.problem.code)) throw error;
    const known = await recall<Room | number>(name);
    if (known === undefined) return null;
    return less(typeof known === "number" ? { minor: known } : known, true);
  }
}

/** A right that was lent has ended: the phone forgets the place. What was not given is said, and kept until somebody drops it. */
async function ended(hat: Hat): Promise<void> {
  turn += 1;
  stopScanner();
  await forgetPlace(hat);
  if (await showUngiven(null, overNote())) return;
  show([overNote(), h("div", { class: "actions" }, button("again", say("again"), () => void route()))], "focus");
}

/** Looks once for budgets that the place was given since: with another funder, for the same phones. */
async function otherBudgets(hat: Hat, known: readonly Hat[]): Promise<boolean> {
  if (looked.has(hat.key)) return false;
  looked.add(hat.key);
  const found = (await accountsOf(hat.key)).filter(({ account, kind }) => kind === "budget" && !known.some((one) => one.account === account));
  for (const one of found) await put("hats", one);
  return found.length > 0;
}
const looked = new Set<string>();

/** How often whoever has an unknown card is looked up, in milliseconds. */
const LOOKS_AGAIN = 5_000;

/** The list of faces: a tap for who is there, a tap for who wants no credits, a tap for another amount. */
async function list(hat: Hat): Promise<void> {
  const shown = turn;
  const isShown = () => shown === turn && isList();
  /** Whether the list itself is on the screen, and whether it has changed while another amount was typed. */
  let [isOpen, isOld] = [true, false];
  const changed = () => {
    if (!isShown()) return;
    isOld = true;
    if (isOpen && !scanner?.isAsking()) void route();
  };
  const [own, listed, waiters, settled, noted, earlier] = await Promise.all([hats(), faces(hat.account), pendingFaces(hat.account), usual(hat.account) as Promise<Usual>, open(hat.account), moments(hat.account)]);
  const session = await atSession(hat, noted, listed, changed, isShown);
  // Where several organisations carry a session, each gives its share to everybody.
  const usually: Usual = { reason: session.reason ?? settled.reason, each: Math.max(1, Math.round((settled.each * session.share) / 100)) };
  const known = [...listed, ...waiters, ...session.strangers];
  void shareFaces(hat).then((isOther) => isOther && changed(), () => undefined);
  void learnCards(hat).catch(() => undefined);
  void lookUpAgain();
  void otherBudgets(hat, own).then((isOther) => isOther && changed(), () => undefined);
  let left: Awaited<ReturnType<typeof room>> = null;
  const roomLine = h("p", { class: "room", role: "status" }, icon("clock"), say("place_counting"));
  const fault = h("p", { class: "fault", role: "alert" });
  const unsure = h("p", { class: "small", role: "status" });
  const why = h("div", null);
  const main = button("clover", "", () => void confirm(), "main");
  const add = link("scan", say("place_add"), "#add");
  /** The way out when it is too much: nobody receives more than would fit. */
  const fitting = button("clover", "", () => undefined, "main");
  // One hand, sixty seconds: it stays in reach of the thumb, whatever is above it and below.
  const stuck = h("div", { class: "actions stuck" }, fault, unsure, fitting, main);
  const budgets = own.filter(({ kind }) => kind === "budget");
  const rows = known.map((face) => row(face));
  if (scanner?.place !== hat.account) stopScanner();
  const cards = (scanner ??= cardScan(hat, cardList()));
  cards.list = cardList();

  function cardList(): CardScan["list"] {
    return {
      known: (account) => known.find((face) => face.account === account),
      arrives: (account) => {
        if (noted.there[account] !== undefined) return false;
        set(account, "usual");
        return true;
      },
      draw: () => void route(),
    };
  }

  /** Whoever has a card that nobody knew is looked up as soon as somebody answers. */
  async function lookUpAgain(): Promise<void> {
    while (isShown()) {
      if (await lookUp(hat).catch(() => false)) return changed();
      if (waiters.every(({ why: known }) => known)) return;
      await new Promise<void>((resolve) => {
        addEventListener("online", () => resolve(), { once: true });
        setTimeout(resolve, LOOKS_AGAIN);
      });
    }
  }

  const refresh = () => {
    const { people, total } = totalOf(noted, usually);
    const there = Object.keys(noted.there).filter((account) => !isPending(account)).length;
    const isEmpty = there + noted.also + noted.first === 0;
    const words = people > 0 ? say(people === 1 ? "place_give_one" : "place_give", { amount: amount(total), people }) : say(isEmpty ? "place_tap" : "place_keep");
    const names = waitsOf(noted.there, known).map(callName).join(", ");
    unsure.replaceChildren(...(names ? [icon("clock"), say(isEmpty ? "place_scan_pending_alone" : "place_scan_pending", { names })] : []));
    main.replaceChildren(icon("clover"), words);
    main.disabled = isEmpty;
    // Where nobody is known yet, there is nobody to tap.
    main.hidden = isEmpty && known.length === 0;
    add.classList.toggle("main", main.hidden);
    fitting.hidden = true;
    stuck.hidden = main.hidden;
    if (!left) return;
    if (left.why) return cannot(left.why, total);
    const over = total - left.minor;
    const most = over > 0 ? mostThatFits(noted, usually, left.minor) : 0;
    main.disabled ||= over > 0;
    main.hidden ||= most > 0;
    fitting.hidden = most === 0;
    const above = Object.entries(noted.there).filter(([, part]) => !potOf(part) && amountOf(part, usually) > most);
    const [[account = "", part = most] = []] = above;
    const name = known.find((face) => face.account === account);
    fitting.replaceChildren(icon("clover"), above.length === 1 && name
      ? say("place_fit_one", { name: callName(name), amount: amount(most), before: showNumber(amountOf(part, usually), facts.scale, language) })
      : say("place_fit_none", { amount: amount(most) }));
    fitting.onclick = () => {
      for (const [one] of above) set(one, most);
      main.focus();
    };
    fault.textContent = over > 0 ? say("place_too_much", { amount: amount(over) }) : "";
    // The next moment like this one would not fit: better known before than after.
    const isTight = total > 0 && over <= 0 && left.minor - total < total;
    roomLine.replaceChildren(icon(isTight ? "hand" : "clover"), say(isTight ? "place_room_tight" : left.isOld ? "place_room_old" : "place_room", { amount: amount(isTight ? left.minor - total : left.minor) }));
  };
  /** Nothing can be given from this budget: why, what can be done here and now, and whom to ask. */
  const cannot = (reason: CannotGive, total: number) => {
    roomLine.replaceChildren(icon("hand"), h("strong", null, say(`place_cannot_${reason}`)));
    fill(why, h("p", null, say("place_cannot_here")), budgets.length > 1 ? h("p", null, say("place_cannot_other")) : null, h("p", null, say("place_cannot_call")));
    main.disabled ||= total > 0;
    fault.textContent = total > 0 ? say(`place_cannot_${reason}`) : "";
  };
  const set = (account: string, part: Part | null) => {
    if (part === null) delete noted.there[account];
    else noted.there[account] = part;
    void setOpen(hat.account, noted);
    rows.forEach((one) => one.draw());
    refresh();
  };

  function row(face: Face) {
    const name = callName(face);
    const state = h("span", { class: "small" });
    const there = h("button", { type: "button", class: "there", onclick: () => set(face.account, noted.there[face.account] === undefined ? "usual" : null) }, drawFace(face), h("span", { class: "words" }, name, state));
    const without = h("button", { type: "button", class: "side", "aria-label": say("place_without_of", { name }), onclick: () => set(face.account, noted.there[face.account] === "without" ? "usual" : "without") }, icon("cross"));
    const other = h("button", { type: "button", class: "side", "aria-label": say("place_other_of", { name }), onclick: () => otherAmount(face) }, icon("list"));
    const draw = () => {
      const part = noted.there[face.account];
      there.setAttribute("aria-pressed", String(part !== undefined));
      without.setAttribute("aria-pressed", String(part === "without"));
      other.setAttribute("aria-pressed", String(typeof part === "number" || typeof part === "object"));
      const none = isPending(face.account) ? face.why || say("place_scan_pending_one") : "";
      state.textContent = none ? none : part === undefined ? (session.isExpected(face.account) ? say("doing_expected") : "") : part === "without" ? say("place_without") : potOf(part) ? say("doing_to_pot", { pot: potOf(part)?.called ?? "" }) : amount(amountOf(part, usually));
    };
    draw();
    return { draw, element: h("li", { class: "face" }, there, without, other) };
  }

  function otherAmount(face: Face): void {
    cards.stop();
    isOpen = false;
    const part = noted.there[face.account];
    const field = amountField(say("place_other_how_much", { name: callName(face) }), facts.scale, typeof part === "number" ? showNumber(part, facts.scale, language) : "");
    const leave = () => {
      isOpen = true;
      if (isOld) void route();
      else draw("focus");
    };
    const choose = (chosen: Part | null) => {
      set(face.account, chosen);
      leave();
    };
    const typed = () => {
      const minor = field.read();
      if (minor !== null) choose(minor);
    };
    const toPots = h("div", { class: "actions" });
    void pots().then((some) => toPots.replaceChildren(...some.map((pot) => button("cup", say("doing_to_pot", { pot: pot.called }), () => choose(pot)))), () => undefined);
    show([
      h("h2", { tabindex: "-1", "data-focus": true }, drawFace(face), callName(face)),
      field.element,
      h("div", { class: "actions" },
        button("tick", say("place_other_do", { name: callName(face) }), typed, "main"),
        button("clover", say("place_as_usual", { amount: amount(usually.each) }), () => choose("usual")),
        button("cross", say("place_without"), () => choose("without")),
        toPots,
        isPending(face.account)
          ? button("cross", say("face_forget"), () => void forgetPending(hat.account, face.account).then(() => {
            isOld = true;
            choose(null);
          }), "quiet")
          : link("people", say(face.stranger ? "face_call" : "place_face_change"), `#face/${face.account}`, "quiet"),
        button("back", say("back"), leave, "quiet")),
    ], "focus");
    field.input.addEventListener("keydown", (event) => event.key === "Enter" && typed());
  }

  function counter(key: "also" | "first", words: string): HTMLElement {
    const shown = h("output", { class: "count" }, String(noted[key]));
    const step = (by: number) => () => {
      noted[key] = Math.min(99, Math.max(0, noted[key] + by));
      shown.textContent = String(noted[key]);
      void setOpen(hat.account, noted);
      refresh();
    };
    return h("div", { class: "counter", role: "group", "aria-label": words }, h("span", { class: "words" }, words),
      h("button", { type: "button", class: "side", "aria-label": say("place_less"), onclick: step(-1) }, "\u2212"), shown,
      h("button", { type: "button", class: "side", "aria-label": say("place_more"), onclick: step(1) }, "+"));
  }

  const last = earlier[0];
  const likeLast = last && Object.keys(noted.there).length === 0 && known.some(({ account }) => last.guests.some((guest) => guest.account === account));
  const sameAgain = () => {
    for (const { account } of known) if (last?.guests.some((guest) => guest.account === account)) noted.there[account] = "usual";
    void setOpen(hat.account, noted);
    draw("focus");
  };

  async function confirm(): Promise<void> {
    if (main.disabled) return;
    main.disabled = true;
    try {
      const names = new Map(known.map((face) => [face.account, callName(face)]));
      const { people } = totalOf(noted, usually);
      const { moment, outgoing } = await give(hat, noted, usually, names, say(people === 1 ? "place_group_one" : "place_group", { people }));
      turn += 1;
      location.replace(`#moments/${moment.id}`);
      if (outgoing) void follow(hat, moment.id, outgoing);
    } catch (error) {
      show(explain(error, () => void route()));
    }
  }

  function draw(quiet: "quiet" | "focus" = "quiet"): void {
    rows.forEach((one) => one.draw());
    show([
      hatChoice(hat, budgets, () => void route(), say("place_from")) ?? h("p", { class: "small whom" }, icon("people"), hat.name ?? say("kind_budget")),
      roomLine, why,
      waiting(earlier),
      session.element,
      cards.element,
      h("h2", { tabindex: "-1", "data-focus": true }, say("place_who")),
      h("p", { class: "small" }, say("place_usual", { amount: amount(usually.each), reason: say(`reason_${usually.reason}`) }), " ", h("a", { href: "#usual" }, say("place_change"))),
      known.length === 0 ? h("p", null, say("place_nobody")) : [
        h("p", { class: "small legend" }, h("span", null, icon("cross"), " ", say("place_without")), h("span", null, icon("list"), " ", say("place_other"))),
        h("ul", { class: "faces", "aria-label": say("place_who") }, rows.map(({ element }) => element))],
      h("div", { class: "actions row" }, likeLast ? button("undo", say("place_same_again"), sameAgain) : null, add),
      counter("also", say("place_also")), counter("first", say("place_first")),
      stuck,
      h("div", { class: "actions row" },
        link("list", say("doing_paper"), "#paper"), link("clock", say("place_moments"), "#moments"),
        link("clover", say("doing_tasks"), "#tasks"), link("cup", say("stock_title"), "#stock"), link("phone", say("lend_title"), "#lend"), link("people", say("invite"), "/invite#place"), link("people", say("house_way"), "#organisation")),
    ], quiet);
    refresh();
  }

  const waits = h("div", null);
  function waiting(some: readonly Moment[]): Child {
    void Promise.all([ungivenNote(hat), ...some.slice(0, 10).map(({ id }) => find(hat.account, id))]).then(([lost, ...found]) => {
      fill(waits, lost as Child, ...(found as Awaited<ReturnType<typeof find>>[]).flatMap((one) => (one?.given && one.given.state !== "done" ? [h("a", { class: "note", href: `#moments/${one.moment.id}` },
        icon(one.given.state === "waiting" || one.given.state === "draft" ? "clock" : "hand"), say(`place_state_${one.given.state}`, { when: when(one.moment.at, "both") }))] : [])));
    });
    return waits;
  }

  draw();
  try {
    left = await room(hat);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    // A page that was kept asks in the name of a ledger that may have ended.
    if (await (await import("../succession.ts")).opensAnew()) return;
    return ended(hat);
  }
  if (shown !== turn) return;
  if (!left) roomLine.replaceChildren(icon("clock"), say("place_room_unknown"));
  refresh();
}

// A phone that is put away keeps no camera; a name that is being typed is not lost.
document.addEventListener("visibilitychange", () => document.hidden && !scanner?.isAsking() && scanner?.stop());

void start(async () => {
  addEventListener("hashchange", () => void route());
  await route();
  void flush((outgoing) => {
    const id = outgoing.key.startsWith("earn:") ? outgoing.key.slice(5) : "";
    void hatOf("budget").then((hat) => hat && news(hat, id));
  });
});
