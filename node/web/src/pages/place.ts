/** `/place`: the five-o'clock screen. Who is there, what is usual, one signature for everybody, and putting right. */

import { amountField } from "../amountField.ts";
import { showConnecting } from "../connecting.ts";
import { Refused } from "../api.ts";
import { demoKey } from "../demo.ts";
import { type Hat, type Outgoing, forget, keep, put, recall, remove } from "../db.ts";
import { amount, button, facts, fill, h, icon, language, link, moment as when, now, say, show, type Child } from "../dom.ts";
import { CodeFault, type Face, NAME_MAX, PICTURES, type Picture, accountOfCode, callName, drawFace, faces, forgetFace, keepFace, shareFaces } from "../faces.ts";
import { hatChoice } from "../hats.ts";
import { accountText } from "../lib/account.ts";
import { fromDecimal, showNumber } from "../lib/money.ts";
import { CORRECTABLE, type Guest, type Moment, type Part, type Reason, type Usual, amountOf, find, give, moments, open, potOf, putRight, reopen, setOpen, setUsual, totalOf, underway, usual } from "../moments.ts";
import { flush, send, sendUntilKnown } from "../outbox.ts";
import { atSession } from "../place/atSession.ts";
import { pots } from "../place/pots.ts";
import { scanInto } from "../scanInto.ts";
import { busy, explain, note, start, whyNot } from "../start.ts";
import { accountOf, adopt, askAs, connect, hatOf, hats, keyToConnect } from "../wallet.ts";

/** Gives the camera back when another screen is shown. */
let stop: () => void = () => undefined;
/** Which screen is shown: what comes late for an earlier one is not shown. */
let turn = 0;
/** Somebody puts a line right: news of the moment waits until they have. */
let isCorrecting = false;

async function route(): Promise<void> {
  stop();
  turn += 1;
  isCorrecting = false;
  const [name = "", id = ""] = location.hash.slice(1).split("/");
  try {
    if (name === "demo") return await demo(id);
    const hat = await hatOf("budget");
    if (!hat) return await connecting();
    if (!(await usual(hat.account)) || name === "usual") return await settings(hat);
    switch (name) {
      case "tasks": case "task": return await (await import("../place/tasks.ts")).open(hat, id);
      case "session": return await (await import("../place/session.ts")).open(hat, id);
      case "lend": return await (await import("../place/lend.ts")).open(hat);
      case "paper": return await (await import("../place/paper.ts")).open(hat);
      case "stock": return await (await import("../place/stock.ts")).open(hat);
      case "add": return adding(hat);
      case "face": return await changeFace(hat, id);
      case "moments": return id ? await oneMoment(hat, id) : await allMoments(hat);
      default: return await list(hat);
    }
  } catch (error) {
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
  });
}

/** What is usual here: asked once, and changed when the place wants to. */
async function settings(hat: Hat): Promise<void> {
  const before = await usual(hat.account);
  const field = amountField(say("place_each", { many: facts.many }), facts.scale, before ? showNumber(before.each, facts.scale, language) : "");
  const choice = (reason: Reason) => h("label", { class: "choice" },
    h("input", { type: "radio", name: "reason", value: reason, checked: (before?.reason ?? "helped") === reason }), say(`reason_${reason}`));
  const name = h("input", { id: "name", type: "text", maxlength: 60, value: hat.name ?? "", autocomplete: "organization" });
  const trouble = h("div", { role: "alert" });
  const save = async () => {
    const each = field.read();
    if (each === null) return;
    const typed = name.value.trim();
    if (typed !== "" && typed !== hat.name) {
      try {
        await askAs(hat, "PUT", `/v1/accounts/${accountText(hat.account)}/profile`, { name: typed, listed: true });
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
    field.element,
    h("fieldset", null, h("legend", null, say("place_reason")), choice("helped"), choice("took_part"), choice("welcome")),
    h("p", { class: "small" }, say("place_reason_text")), trouble,
    h("div", { class: "actions" }, button("tick", say("place_save"), () => void save(), "main"), before ? link("back", say("back"), "#") : null),
  ]);
  field.input.addEventListener("keydown", (event) => event.key === "Enter" && void save());
}

/** What is left of the budget: asked of the node, else as it was known last. @throws Refused when this phone's right has ended */
async function room(hat: Hat): Promise<{ minor: number; isOld: boolean } | null> {
  const name = `room:${hat.account}`;
  try {
    const account = await accountOf(hat);
    const minor = fromDecimal(account.available ?? "0", facts.scale);
    await keep(name, minor);
    return { minor: Math.max(0, minor - (await underway(hat.account))), isOld: false };
  } catch (error) {
    if (error instanceof Refused && /^session_(key|signature)$/.test(error.problem.code)) throw error;
    const minor = await recall<number>(name);
    return minor === undefined ? null : { minor: Math.max(0, minor - (await underway(hat.account))), isOld: true };
  }
}

/** A right that was lent has ended: the phone forgets the place, and what stands on its list. */
async function ended(hat: Hat): Promise<void> {
  turn += 1;
  await Promise.all([remove("hats", hat.account), ...["faces", "tasks", "open-moment"].map((name) => forget(`${name}:${hat.account}`))]);
  show([note("clock", say("lent_over"), say("lent_over_next")), h("div", { class: "actions" }, button("again", say("again"), () => void route()))], "focus");
}

/** The list of faces: a tap for who is there, a tap for who wants no credits, a tap for another amount. */
async function list(hat: Hat): Promise<void> {
  const shown = turn;
  const isShown = () => shown === turn && ["", "#"].includes(location.hash);
  /** Whether the list itself is on the screen, and whether it has changed while another amount was typed. */
  let [isOpen, isOld] = [true, false];
  const changed = () => {
    if (!isShown()) return;
    isOld = true;
    if (isOpen) void route();
  };
  const [own, listed, usually, noted, earlier] = await Promise.all([hats(), faces(hat.account), usual(hat.account) as Promise<Usual>, open(hat.account), moments(hat.account)]);
  const session = await atSession(hat, noted, listed, changed, isShown);
  const known = [...listed, ...session.strangers];
  void shareFaces(hat).then((isOther) => isOther && changed(), () => undefined);
  let left: { minor: number; isOld: boolean } | null = null;
  const roomLine = h("p", { class: "room", role: "status" }, say("loading"));
  const fault = h("p", { class: "fault", role: "alert" });
  const main = button("clover", "", () => void confirm(), "main");
  const budgets = own.filter(({ kind }) => kind === "budget");
  const rows = known.map((face) => row(face));

  const refresh = () => {
    const { people, total } = totalOf(noted, usually);
    const there = Object.keys(noted.there).length;
    const isEmpty = there + noted.also + noted.first === 0;
    const words = people > 0 ? say(people === 1 ? "place_give_one" : "place_give", { amount: amount(total), people }) : say(isEmpty ? "place_tap" : "place_keep");
    main.replaceChildren(icon("clover"), words);
    main.disabled = isEmpty;
    if (!left) return;
    const over = total - left.minor;
    main.disabled ||= over > 0;
    fault.textContent = over > 0 ? say("place_too_much", { amount: amount(over) }) : "";
    // The next moment like this one would not fit: better known before than after.
    const isTight = total > 0 && over <= 0 && left.minor - total < total;
    roomLine.replaceChildren(icon(isTight ? "hand" : "clover"), say(isTight ? "place_room_tight" : left.isOld ? "place_room_old" : "place_room", { amount: amount(isTight ? left.minor - total : left.minor) }));
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
      state.textContent = part === undefined ? (session.isExpected(face.account) ? say("doing_expected") : "") : part === "without" ? say("place_without") : potOf(part) ? say("doing_to_pot", { pot: potOf(part)?.called ?? "" }) : amount(amountOf(part, usually));
    };
    draw();
    return { draw, element: h("li", { class: "face" }, there, without, other) };
  }

  function otherAmount(face: Face): void {
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
        button("tick", say("place_other_do"), typed, "main"),
        button("clover", say("place_as_usual", { amount: amount(usually.each) }), () => choose("usual")),
        button("cross", say("place_without"), () => choose("without")),
        toPots,
        link("people", say("place_face_change"), `#face/${face.account}`, "quiet"),
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
      roomLine,
      waiting(earlier),
      session.element,
      h("h2", { tabindex: "-1", "data-focus": true }, say("place_who")),
      h("p", { class: "small" }, say("place_usual", { amount: amount(usually.each), reason: say(`reason_${usually.reason}`) }), " ", h("a", { href: "#usual" }, say("place_change"))),
      known.length === 0 ? h("p", null, say("place_nobody")) : h("ul", { class: "faces", "aria-label": say("place_who") }, rows.map(({ element }) => element)),
      h("div", { class: "actions row" },
        likeLast ? button("undo", say("place_same_again"), sameAgain) : null,
        link("scan", say("place_add"), "#add"), link("list", say("doing_paper"), "#paper"), link("clock", say("place_moments"), "#moments"),
        link("clover", say("doing_tasks"), "#tasks"), link("cup", say("stock_title"), "#stock"), link("phone", say("lend_title"), "#lend")),
      counter("also", say("place_also")), counter("first", say("place_first")),
      h("div", { class: "actions stuck" }, fault, main),
    ], quiet);
    refresh();
  }

  const waits = h("div", null);
  function waiting(some: readonly Moment[]): Child {
    void Promise.all(some.slice(0, 10).map(({ id }) => find(hat.account, id))).then((found) => {
      waits.replaceChildren(...found.flatMap((one) => (one?.given && one.given.state !== "done" ? [h("a", { class: "note", href: `#moments/${one.moment.id}` },
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

/** Shows a moment again whenever there is news of it. */
async function follow(hat: Hat, id: string, outgoing: Outgoing): Promise<void> {
  const news = () => {
    if (location.hash === `#moments/${id}` && !isCorrecting) void oneMoment(hat, id);
  };
  await sendUntilKnown(outgoing, news);
  news();
}

function adding(hat: Hat): void {
  const code = h("input", { id: "code", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": "code-fault" });
  const name = h("input", { id: "name", type: "text", maxlength: NAME_MAX, autocomplete: "off" });
  const fault = h("p", { id: "code-fault", class: "fault", role: "alert" });
  const camera = scanInto((text) => {
    code.value = text;
    name.focus();
  });
  stop = camera.stop;
  const save = async () => {
    const picture = chosenPicture();
    const called = name.value.trim();
    fault.textContent = "";
    if (called === "" && !picture) return void (fault.textContent = say("face_name_missing"));
    try {
      const account = await accountOfCode(code.value);
      if (account === hat.account) return void (fault.textContent = say("face_own"));
      await keepFace(hat.account, { account, name: called, picture });
      const noted = await open(hat.account);
      // Whoever is added now is here now.
      await setOpen(hat.account, { ...noted, there: { ...noted.there, [account]: "usual" } });
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
}

function pictureChoice(chosen: Picture | null): HTMLElement {
  const option = (picture: Picture | null) => h("label", { class: "picture" },
    h("input", { type: "radio", name: "picture", value: picture ?? "", checked: picture === chosen }),
    picture ? drawFace({ name: "", picture }) : icon("cross"), h("span", { class: "unseen" }, picture ? say(`face_${picture}`) : say("face_no_picture")));
  return h("fieldset", { class: "pictures" }, h("legend", null, say("face_picture")), option(null), PICTURES.map(option));
}

function chosenPicture(): Picture | null {
  const chosen = document.querySelector<HTMLInputElement>("input[name=picture]:checked");
  return (chosen?.value || null) as Picture | null;
}

async function changeFace(hat: Hat, account: string): Promise<void> {
  const face = (await faces(hat.account)).find((one) => one.account === account);
  if (!face) return void (location.hash = "");
  const name = h("input", { id: "name", type: "text", maxlength: NAME_MAX, value: face.name, autocomplete: "off" });
  const fault = h("p", { class: "fault", role: "alert" });
  const save = async () => {
    const changed = { account, name: name.value.trim(), picture: chosenPicture() };
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
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, drawFace(face), callName(face)),
    h("div", { class: "field" }, h("label", { for: "name" }, say("face_name")), name),
    pictureChoice(face.picture), fault,
    h("div", { class: "actions" }, button("tick", say("place_save"), () => void save(), "main"), button("cross", say("face_forget"), () => void remove()), link("back", say("back"), "#")),
  ], "focus");
}

async function allMoments(hat: Hat): Promise<void> {
  const some = await moments(hat.account);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("place_moments")),
    some.length === 0 ? h("p", null, say("place_moments_none")) : h("ul", { class: "lines" }, some.map(({ id, at, guests, also, first }) => h("li", null,
      h("a", { href: `#moments/${id}` }, icon("people"), h("span", { class: "words" }, when(at, "both"), h("span", { class: "small" }, say("place_were_there", { people: guests.length + also + first }))),
        h("span", { class: "sum" }, amount(guests.reduce((sum, guest) => sum + guest.amount, 0))))))),
    h("p", { class: "small" }, say("place_moments_kept")),
    back(),
  ], "focus");
}

async function oneMoment(hat: Hat, id: string): Promise<void> {
  const own = turn;
  const found = await find(hat.account, id);
  if (own !== turn) return;
  if (!found) return show([note("hand", say("line_unknown")), back("#moments")], "focus");
  const { moment, given, corrections } = found;
  const total = moment.guests.reduce((sum, guest) => sum + guest.amount, 0);
  const correctable = given?.state === "done" && now() - (given.doneAt ?? moment.at) < CORRECTABLE;
  show([
    head(hat, moment, given, total),
    h("ul", { class: "guests", "aria-label": say("place_who") }, moment.guests.map((guest) => guestRow(hat, moment, guest, given, corrections.get(guest.account), correctable))),
    moment.also + moment.first > 0 ? h("p", null, say("place_nameless", { also: moment.also, first: moment.first })) : null,
    correctable ? h("p", { class: "small" }, say("place_correct_until", { when: when((given.doneAt ?? moment.at) + CORRECTABLE, "both") })) : null,
    h("div", { class: "actions" }, link("people", say("place_next"), "#", given?.state === "refused" ? "" : "main"), link("list", say("place_moments"), "#moments")),
  ], "focus");
}

/** What is true of a moment's credits. */
function head(hat: Hat, moment: Moment, given: Outgoing | null, total: number): Child {
  const values = { amount: amount(total), people: moment.guests.filter((guest) => guest.amount > 0).length };
  if (moment.key === null) return h("section", { class: "waiting", role: "status", tabindex: "-1", "data-focus": true }, icon("tick", "icon big"), h("p", { class: "amount" }, say("place_kept")), h("p", null, say("place_kept_text")));
  switch (given?.state) {
    case "done":
      return h("section", { class: "paid", role: "status", tabindex: "-1", "data-focus": true }, icon("tick", "icon big"),
        h("p", { class: "amount" }, say("place_given")), h("p", null, say(values.people === 1 ? "place_given_one" : "place_given_text", values)), h("p", { class: "small" }, when(given.doneAt ?? moment.at, "both")));
    case "draft": {
      const state = h("p", { role: "status" });
      const look = () => void send(given).then((news) => (news.state === "draft" ? (state.textContent = say("place_draft_still")) : void oneMoment(hat, moment.id)), (error: unknown) => fill(state, explain(error)));
      return [
        h("section", { class: "waiting", role: "status", tabindex: "-1", "data-focus": true }, icon("clock", "icon big"), h("p", { class: "amount" }, say("place_almost")), h("p", null, say("place_almost_text", values))),
        given.link ? [h("p", null, say("place_almost_next")), h("p", null, h("code", null, given.link))] : null,
        state, h("div", { class: "actions" }, button("undo", say("place_draft_look"), look)),
      ];
    }
    case "refused": {
      const [why, next] = whyNot(given.code ?? "");
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
  const taken = guest.taken ?? 0;
  const isDone = correction?.state === "done";
  const isGone = isDone && taken >= guest.amount;
  const state = guest.amount === 0 ? say("place_without") : !correction ? (guest.to ? say("doing_to_pot", { pot: guest.to.called }) : "") : say(isDone ? (isGone ? "undone" : "undone_part") : correction.state === "waiting" ? "place_correct_waits" : "place_correct_not", { amount: amount(taken) });
  const may = correctable && guest.amount > 0 && given?.index !== undefined && (!correction || correction.state === "refused");
  return h("li", { class: "face" },
    h("span", { class: "words" }, h(isGone ? "s" : "span", null, guest.name), state ? h("span", { class: "small" }, state) : null),
    guest.amount > 0 ? h("span", { class: "sum" }, h(isGone ? "s" : "span", null, amount(guest.amount))) : null,
    may ? h("button", { type: "button", class: "side", "aria-label": say("place_correct_of", { name: guest.name }), onclick: () => correct(hat, moment, guest, given.index as number) }, icon("undo")) : null);
}

function correct(hat: Hat, moment: Moment, guest: Guest, index: number): void {
  isCorrecting = true;
  const field = amountField(say("place_correct_to", { name: guest.name }), facts.scale);
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
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("undo"), say("place_correct_of", { name: guest.name })),
    h("p", null, say("place_correct_text")),
    h("div", { class: "actions" }, button("cross", say("place_was_not_there", { amount: amount(guest.amount) }), () => void act(guest.amount), "main")),
    field.element,
    h("div", { class: "actions" }, button("tick", say("place_correct_do"), typed), button("back", say("back"), () => void route(), "quiet")),
  ], "focus");
  field.input.addEventListener("keydown", (event) => event.key === "Enter" && typed());
}

void start(async () => {
  addEventListener("hashchange", () => void route());
  await route();
  void flush((outgoing) => {
    const id = outgoing.key.startsWith("earn:") ? outgoing.key.slice(5) : "";
    if (location.hash === `#moments/${id}` && !isCorrecting) void route();
  });
});
