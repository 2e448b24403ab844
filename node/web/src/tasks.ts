/** Tasks and sessions of a place, as its own phones know them. */

import { type Hat, keep, recall } from "./db.ts";
import { dayOf, moment, now, say } from "./dom.ts";
import type { Reason } from "./moments.ts";
import { drawn } from "./pictures.ts";
import { askAs } from "./wallet.ts";
import pictures from "./tasks.json";

export type TaskPicture = keyof typeof pictures;
export const TASK_PICTURES = Object.keys(pictures) as TaskPicture[];

export type WhyNot = "people" | "time" | "room" | "paid_work" | "safety";

/** What a place may change of a task. */
export interface EditTask {
  picture: TaskPicture;
  for_whom: string;
  how_many: string;
  ready_by?: string | null;
  brought_by: string;
  state: "proposed" | "open" | "not_feasible" | "done";
  why_not?: WhyNot | null;
  has_names: boolean;
  replaces_nobody: boolean;
  sitting: boolean;
  standing: boolean;
  lifting: boolean;
  responsible?: string | null;
  insurer?: string | null;
  policy?: string | null;
  progress: number;
  /** Why people receive credits for it; without it, what is usual at the place. */
  reason?: Reason | null;
}

export interface TaskSession {
  id: string;
  task: string;
  picture: TaskPicture;
  place: string | null;
  starts_at: string;
  minutes: number;
  places: number;
  left: number;
  difficulty: number;
  cancelled: boolean;
}

export interface PlaceSession {
  session: TaskSession;
  approval: string | null;
  /** What whoever was there is asked, and what they said once that may be told. */
  question: string | null;
  answers: { yes: number; no: number } | null;
  by_hand: { yes: number; no: number };
  answers_from: string;
  check_in: string;
  people: { account: string; joined: boolean; here: boolean }[];
  /** What this place gives of what is usual, in hundredths: less where several organisations carry it. */
  share?: number;
  /** Why people receive credits for its task, where that is not what is usual here. */
  reason?: Reason | null;
}

/** An organisation that carries a task along, or was asked to. */
export interface Carrier {
  organisation: string;
  name: string | null;
  share: number;
  agreed: boolean;
  own: boolean;
  responsible: string | null;
  insurer: string | null;
  policy: string | null;
}

export interface PlaceTask {
  id: string;
  task: EditTask;
  thanks: string | null;
  client_link: string | null;
  missing: string[];
  organisation: string | null;
  own: boolean;
  share: number;
  carriers: Carrier[];
  sessions: PlaceSession[];
}

/** The tasks of a place: asked of the node and kept, else as they were known last. */
export async function placeTasks(hat: Hat): Promise<PlaceTask[]> {
  const { tasks } = await askAs<{ tasks: PlaceTask[] }>(hat, "GET", "/v1/place/tasks");
  await keep(`tasks:${hat.account}`, tasks);
  return tasks;
}

export async function keptTasks(hat: Hat): Promise<PlaceTask[]> {
  return (await recall<PlaceTask[]>(`tasks:${hat.account}`)) ?? [];
}

/** The sessions of today, the one that is nearest to now first. */
export function today(tasks: readonly PlaceTask[]): PlaceSession[] {
  const some = tasks.flatMap(({ sessions, share, task: { reason = null } }) => sessions.map((session) => ({ ...session, share, reason }))).filter(({ session }) => !session.cancelled && dayOf(Date.parse(session.starts_at)) === dayOf(now()));
  const far = ({ session }: PlaceSession) => Math.abs(Date.parse(session.starts_at) - now());
  return some.sort((one, other) => far(one) - far(other));
}

/** What a session is called: its picture in words, from when to when. */
export function callSession({ picture, starts_at, minutes }: TaskSession): string {
  const from = Date.parse(starts_at);
  return say("doing_session", { task: say(`task_${picture}`), from: moment(from, "time"), until: moment(from + minutes * 60_000, "time") });
}

/** Draws what a task is. */
export const drawTask = (picture: TaskPicture, size?: string): SVGElement => drawn(pictures[picture], size);
