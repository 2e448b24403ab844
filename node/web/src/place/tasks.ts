/** `#tasks`: what the place does and what it was asked; `#task/ID`: one task, its sessions, and answering a client. */

import type { Hat } from "../db.ts";
import { momentOf } from "../days.ts";
import { button, dayOf, facts, fill, h, icon, language, link, moment, now, say, show, type Child } from "../dom.ts";
import type { Reason } from "../moments.ts";
import { busy, explain, note } from "../start.ts";
import { type EditTask, type PlaceSession, type PlaceTask, type TaskPicture, type WhyNot, TASK_PICTURES, callSession, drawTask, placeTasks } from "../tasks.ts";
import { askAs } from "../wallet.ts";
import { carried, carriers } from "./carrying.ts";

const WHY_NOT: readonly WhyNot[] = ["people", "time", "room", "paid_work", "safety"];
const back = (href: string): HTMLElement => h("div", { class: "actions" }, link("back", say("back"), href));

/** What a place makes again and again: a copy of these is a task in two taps. */
const FORMATS: readonly (Pick<EditTask, "picture" | "sitting" | "standing"> & { name: string; minutes: number; places: number })[] = [
  { name: "singing", picture: "singing", sitting: true, standing: true, minutes: 120, places: 30 },
  { name: "letters", picture: "letters", sitting: true, standing: false, minutes: 150, places: 12 },
];

export async function open(hat: Hat, id: string): Promise<void> {
  show(busy());
  const tasks = await placeTasks(hat);
  const state = ({ task }: PlaceTask) => ["proposed", "open", "not_feasible", "done"].indexOf(task.state);
  if (id === "new") return edit(hat, null, blank());
  const found = tasks.find((one) => one.id === id);
  if (id && found) return one(hat, found, () => void open(hat, ""));
  if (id) return show([note("hand", say("doing_unknown_task")), back("#tasks")], "focus");
  const sorted = [...tasks].sort((a, b) => state(a) - state(b));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("list"), say("doing_tasks")),
    sorted.length === 0 ? h("p", null, say("doing_tasks_none")) : h("ul", { class: "lines" }, sorted.map((one) => h("li", null, h("a", { href: `#task/${one.id}` },
      drawTask(one.task.picture), h("span", { class: "words" }, h("strong", null, callTask(one.task)), h("span", { class: "small" }, `${one.task.for_whom} · ${say(one.own ? stateKey(one.task) : one.carriers.some(({ own, agreed }) => own && agreed) ? "carry_state" : "carry_state_asked")}`)))))),
    h("div", { class: "actions" }, link("clover", say("doing_new"), "#task/new", "main")),
    h("h2", null, say("doing_formats")),
    h("div", { class: "actions" }, FORMATS.map((format) => button("more", say(`doing_format_${format.name}`), () => edit(hat, null, { ...blank(), ...format, for_whom: facts.name, brought_by: hat.name ?? facts.name, how_many: say(`doing_size_${format.name}`) }, format)))),
    link("back", say("back"), "#"),
  ], "focus");
}

const stateKey = ({ state }: EditTask): string => `doing_state_${state === "done" ? "finished" : state}`;
const callTask = ({ picture, how_many }: EditTask): string => `${say(`task_${picture}`)} (${how_many})`;

function blank(): EditTask {
  return { picture: "letters", for_whom: "", how_many: "", brought_by: "", state: "open", has_names: false, replaces_nobody: false, sitting: false, standing: false, lifting: false, progress: 0 };
}

function one(hat: Hat, found: PlaceTask, gone = (): void => void (location.hash = "tasks")): void {
  const { task, sessions } = found;
  if (!found.own) return carried(hat, found, callTask(task), (saved) => (saved ? one(hat, saved) : gone()));
  const trouble = h("div", { role: "alert" });
  const save = (change: Partial<EditTask>) => void put(hat, found.id, { ...task, why_not: null, ...change }).then((saved) => one(hat, saved), (error: unknown) => fill(trouble, explain(error)));
  const reasons = h("div", { class: "actions" });
  const notYet = button("clock", say("doing_not_feasible"), () => {
    // Whoever says why not yet is not taking it.
    take.hidden = notYet.hidden = true;
    fill(reasons, h("h2", null, say("doing_why_not")), h("p", null, say("doing_why_not_who")), WHY_NOT.map((why) => button("hand", say(`task_why_${why}`), () => save({ state: "not_feasible", why_not: why }))));
    reasons.querySelector("button")?.focus();
  }, "quiet");
  const isOpen = task.state === "open";
  const take = button("clover", say(task.state === "proposed" || task.state === "not_feasible" ? "doing_take" : "doing_edit"), () => edit(hat, found.id, { ...task, state: "open", why_not: null }), isOpen ? "" : "main");
  const forget = (path: string, then: () => void) => () => void askAs(hat, "DELETE", `/v1/place/tasks/${found.id}${path}`).then(then, (error: unknown) => fill(trouble, explain(error)));
  const sure = h("div", null, button("cross", say("doing_forget"), () => {
    sure.replaceChildren(button("cross", say("doing_forget_sure"), forget("", () => {
      history.replaceState(null, "", "#tasks");
      void open(hat, "");
    })));
    sure.querySelector("button")?.focus();
  }, "quiet"));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, drawTask(task.picture), callTask(task)),
    h("p", { class: "lead", role: "status" }, say(stateKey(task)), task.why_not ? ` ${say(`task_why_${task.why_not}`)}` : ""),
    h("dl", null, [["task_ask_for_whom", task.for_whom], ["doing_brought_by", task.brought_by], ["task_ready_by", task.ready_by]].map(([key, value]) => (value ? [h("dt", null, say(key as string)), h("dd", null, value)] : null))),
    found.thanks ? [
      h("p", { class: "small" }, say("task_thanks")), h("blockquote", null, found.thanks),
      task.state === "done" ? null : h("p", { class: "small" }, say("doing_thanks_later")),
      h("div", { class: "actions" }, button("cross", say("doing_forget_thanks"), forget("/thanks", () => one(hat, { ...found, thanks: null })), "quiet")),
    ] : null,
    isOpen && found.missing.length > 0 ? h("p", { class: "note" }, icon("hand"), say("doing_uninsured")) : null,
    task.has_names ? [h("p", { class: "note" }, icon("hand"), say("doing_confidential")), h("div", { class: "actions" }, button("down", say("doing_confidential_way"), () => confidential(hat, found)))] : null,
    trouble,
    isOpen ? [
      h("h2", null, icon("clock"), say("task_sessions")),
      sessions.length === 0 ? h("p", null, say("doing_sessions_none")) : h("ul", { class: "lines" }, sessions.map((session) => sessionLine(hat, found, session))),
      h("div", { class: "actions" }, button("clock", say("doing_session_new"), () => plan(hat, found, null), "main")),
      carriers(hat, found, (saved) => one(hat, saved)),
      h("fieldset", null, h("legend", null, say("task_progress")), h("div", { class: "actions row" }, [0, 25, 50, 75].map((progress) => h("button", { type: "button", class: "button", "aria-pressed": String(task.progress === progress), onclick: () => save({ progress }) }, `${progress} %`)))),
    ] : null,
    h("div", { class: "actions" },
      take,
      isOpen ? button("tick", say("doing_finish"), () => save({ state: "done", progress: 100 })) : null,
      task.state === "proposed" ? notYet : null, reasons,
      isOpen ? link("list", say("doing_public"), `/tasks/${found.id}`, "quiet") : sure),
    h("details", null, h("summary", null, say("doing_client")), h("p", null, say("doing_client_text")), h("code", { id: "client-link" }, found.client_link)),
    back("#tasks"),
  ], "focus");
}

/** The sheet that whoever reads names signs: how many they are is as many lines as a page has. */
function confidential(hat: Hat, found: PlaceTask): void {
  show([
    h("section", { class: "sheet" },
      h("h2", { tabindex: "-1", "data-focus": true }, icon("seal"), say("doing_sheet_title")),
      h("p", null, `${callTask(found.task)} · ${found.task.for_whom} · ${hat.name ?? facts.name}`),
      h("p", null, say("doing_sheet_text")), h("p", null, say("doing_sheet_promise")),
      h("p", { class: "small" }, say("doing_sheet_signed")),
      h("ul", { class: "names" }, Array.from({ length: 12 }, () => h("li", null)))),
    h("div", { class: "actions" }, button("down", say("paper_print"), () => print(), "main"), button("back", say("back"), () => one(hat, found))),
  ], "focus");
}

const put = (hat: Hat, id: string | null, task: EditTask): Promise<PlaceTask> =>
  askAs(hat, id ? "PUT" : "POST", id ? `/v1/place/tasks/${id}` : "/v1/place/tasks", Object.fromEntries(Object.entries(task).filter(([, value]) => value !== null && value !== "")));

function sessionLine(hat: Hat, found: PlaceTask, session: PlaceSession): HTMLElement {
  const { session: { starts_at, places, left, cancelled } } = session;
  return h("li", null, h("button", { type: "button", class: "button quiet", onclick: () => plan(hat, found, session) }, icon("clock"),
    h("span", { class: "words" }, h(cancelled ? "s" : "span", null, moment(Date.parse(starts_at), "day"), ", ", callSession(session.session)), h("span", { class: "small" }, " ", cancelled ? say("doing_cancelled") : say("doing_taken", { left, places })))));
}

interface Field { element: HTMLElement; input: HTMLInputElement }

function field(name: string, label: string, value: string | number | null | undefined, more: Record<string, string | number | boolean> = {}): Field {
  const input = h("input", { id: name, name, type: "text", maxlength: 80, autocomplete: "off", value: value ?? "", ...more });
  return { input, element: h("div", { class: "field" }, h("label", { for: name }, label), input) };
}

function box(label: string, checked: boolean): Field {
  const input = h("input", { type: "checkbox", checked });
  return { input, element: h("label", { class: "choice" }, input, label) };
}

/** The task as the place makes it: five fields, boxes that protect people, and who answers for it. */
function edit(hat: Hat, id: string | null, task: EditTask, format?: { minutes: number; places: number }): void {
  const texts = (["for_whom", "how_many", "brought_by"] as const).map((name) => [name, field(name, say(`task_ask_${name}`), task[name])] as const);
  const ready = field("ready_by", say("task_ask_ready_by"), task.ready_by, { type: "date" });
  const boxes = (["replaces_nobody", "has_names", "sitting", "standing", "lifting"] as const).map((name) => [name, box(say(`doing_box_${name}`), task[name])] as const);
  const insured = (["responsible", "insurer", "policy"] as const).map((name) => [name, field(name, say(`doing_${name}`), task[name])] as const);
  const warning = h("p", { class: "note", role: "status" });
  const warn = () => {
    warning.hidden = insured.every(([, { input }]) => input.value.trim() !== "");
  };
  warning.append(icon("hand"), say("doing_uninsured"));
  const fault = h("p", { class: "fault", role: "alert" });
  const why = (reason: Reason | "") => h("label", { class: "choice" }, h("input", { type: "radio", name: "reason", value: reason, checked: (task.reason ?? "") === reason }), say(reason === "" ? "doing_reason_usual" : `reason_${reason}`));
  const choose = (picture: TaskPicture) => h("label", { class: "task-picture" }, h("input", { type: "radio", name: "picture", value: picture, checked: picture === task.picture }), drawTask(picture), h("span", null, say(`task_${picture}`)));
  const save = async () => {
    const typed = Object.fromEntries([...texts, ["ready_by", ready] as const, ...insured].map(([name, { input }]) => [name, input.value.trim()]));
    const ticked = Object.fromEntries(boxes.map(([name, { input }]) => [name, input.checked]));
    const picture = document.querySelector<HTMLInputElement>("input[name=picture]:checked")?.value as TaskPicture;
    const empty = texts.find(([, { input }]) => input.value.trim() === "");
    if (empty) {
      fault.textContent = say("task_fill_in");
      return empty[1].input.focus();
    }
    if (!ticked["replaces_nobody"]) return void (fault.textContent = say("doing_must_replace_nobody"));
    try {
      const { minutes: _, places: __, name: ___, ...rest } = task as EditTask & { minutes?: number; places?: number; name?: string };
      const saved = await put(hat, id, { ...rest, ...typed, ...ticked, picture, reason: (document.querySelector<HTMLInputElement>("input[name=reason]:checked")?.value || null) as Reason | null });
      history.replaceState(null, "", `#task/${saved.id}`);
      if (format) plan(hat, saved, null, format);
      else one(hat, saved);
    } catch (error) {
      fill(fault, explain(error));
    }
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("clover"), say(id ? "doing_edit" : "doing_new")),
    h("fieldset", { class: "pictures" }, h("legend", null, say("task_ask_picture")), TASK_PICTURES.map(choose)),
    texts.map(([, { element }]) => element), ready.element,
    h("fieldset", null, h("legend", null, say("doing_boxes")), boxes.map(([, { element }]) => element)),
    h("fieldset", null, h("legend", null, say("place_reason")), (["", "helped", "took_part", "welcome"] as const).map(why)), h("p", { class: "small" }, say("place_reason_text")),
    h("h2", null, icon("seal"), say("doing_insurance")), h("p", { class: "small" }, say("doing_insurance_text")),
    insured.map(([, { element }]) => element), warning, fault,
    h("div", { class: "actions" }, button("tick", say("place_save"), () => void save(), "main")), back(id ? `#task/${id}` : "#tasks"),
  ], "focus");
  insured.forEach(([, { input }]) => input.addEventListener("input", warn));
  warn();
}

/** A session: resized to what this group can do. */
function plan(hat: Hat, found: PlaceTask, session: PlaceSession | null, format = { minutes: 120, places: 12 }): void {
  const at = session ? Date.parse(session.session.starts_at) : now();
  const time = session ? new Intl.DateTimeFormat("sv-SE", { timeZone: facts.timeZone, timeStyle: "short" }).format(at) : "14:00";
  const day = field("day", say("doing_day"), dayOf(at), { type: "date" });
  const hour = field("time", say("doing_time"), time, { type: "time" });
  const minutes = field("minutes", say("doing_minutes"), session?.session.minutes ?? format.minutes, { type: "text", inputmode: "numeric", maxlength: 4 });
  const places = field("places", say("doing_places"), session?.session.places ?? format.places, { type: "text", inputmode: "numeric", maxlength: 3 });
  const approval = field("approval", say("doing_approval"), session?.approval);
  const question = field("question", say("asked_ask"), session?.question);
  const difficulty = (level: number) => h("label", { class: "choice" }, h("input", { type: "radio", name: "difficulty", value: level, checked: level === (session?.session.difficulty ?? 1) }), say(`task_difficulty_${level}`));
  const fault = h("p", { class: "fault", role: "alert" });
  const save = async (cancelled: boolean) => {
    const starts = momentOf(day.input.value, hour.input.value);
    const [length, room] = [Number(minutes.input.value), Number(places.input.value)];
    if (Number.isNaN(starts)) return void (fault.textContent = say("doing_when_missing"));
    if (!Number.isInteger(length) || length < 5 || length > 1_440) return void (fault.textContent = say("doing_minutes_wrong"));
    if (!Number.isInteger(room) || room < 1 || room > 500) return void (fault.textContent = say("doing_places_wrong"));
    const level = Number(document.querySelector<HTMLInputElement>("input[name=difficulty]:checked")?.value ?? 1);
    const body = { starts_at: new Date(starts).toISOString(), minutes: length, places: room, difficulty: level, cancelled, ...(question.input.value.trim() ? { question: question.input.value.trim() } : {}), ...(approval.input.value.trim() ? { approval: approval.input.value.trim() } : {}) };
    try {
      if (session) await askAs(hat, "PUT", `/v1/place/sessions/${session.session.id}`, body);
      else await askAs(hat, "POST", `/v1/place/tasks/${found.id}/sessions`, body);
      await open(hat, found.id);
    } catch (error) {
      fill(fault, explain(error));
    }
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true, lang: language }, drawTask(found.task.picture), say(session ? "doing_session_change" : "doing_session_new")),
    day.element, hour.element, minutes.element, places.element,
    h("fieldset", null, h("legend", null, say("doing_difficulty")), [1, 2, 3].map(difficulty)),
    approval.element, h("p", { class: "small" }, say("doing_approval_text")),
    question.element, h("p", { class: "small" }, say("asked_ask_text")), fault,
    h("div", { class: "actions" },
      button("tick", say("place_save"), () => void save(session?.session.cancelled ?? false), "main"),
      session ? link("scan", say("doing_code"), `#session/${session.session.id}`) : null,
      session && !session.session.cancelled ? button("cross", say("doing_cancel"), () => void save(true)) : null,
      button("back", say("back"), () => one(hat, found), "quiet")),
  ] satisfies Child, "focus");
}
