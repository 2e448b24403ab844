/**
 * A list of members as a spreadsheet saves it (CSV): name, key, how far below zero. Mirrors
 * `wallet-cli/src/member_list.rs`; both are held to `docs/spec/lists/members.json`. What is wrong is said line by line.
 */

import { fromHex, utf8 } from "./bytes.ts";
import { faultOfKey } from "./ed25519.ts";
import { faultOfMemo } from "./entry.ts";
import { AmountError, parseTotal } from "./money.ts";

/** Most bytes of a list, and most people in it. */
export const LIST_BYTES_MAX = 1 << 20;
export const LISTED_MAX = 500;
/** Longest name, in bytes of UTF-8. */
const NAME_BYTES_MAX = 80;

/** The columns, by the words that stand above them; without such a line they come in this order. */
const COLUMNS = {
  name: ["name", "naam", "nom"],
  key: ["key", "sleutel", "clé", "cle"],
  limit: ["limit", "limiet", "limite"],
} as const;
type Column = keyof typeof COLUMNS;

/** Somebody on the list: with a key an account is opened, without one an invitation is made. */
export interface Listed {
  line: number;
  name: string;
  key: string | null;
  /** How far below zero, in minor units; null for what is usual. */
  limit: number | null;
}

export type ListFault =
  | "broken" | "name_missing" | "name_long" | "name_invisible" | "key_wrong" | "key_twice" | "key_needed" | "limit_wrong" | "limit_needs_key"
  // What only the community knows.
  | "key_taken";

/** A line that is wrong: the value that it holds, or the earlier line that says the same. */
export interface WrongLine {
  line: number;
  fault: ListFault;
  value: string;
}

export interface MemberList {
  members: Listed[];
  wrong: WrongLine[];
  /** Columns that are not used, as they are called. */
  unused: string[];
}

/** Tells what a list is: too much of one, or nothing. */
export class NoList extends Error {
  readonly fault: "empty" | "too_long" | "too_many";
  constructor(fault: NoList["fault"]) {
    super(fault);
    this.fault = fault;
  }
}

/** Reads the bytes of a file: UTF-8, else as older spreadsheets write. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** Reads a list. `needsKeys` says that nobody can be invited here. @throws NoList */
export function readMemberList(text: string, { scale, needsKeys }: { scale: number; needsKeys: boolean }): MemberList {
  if (utf8(text).length > LIST_BYTES_MAX) throw new NoList("too_long");
  const rows = rowsOf(text.replace(/^\ufeff/, ""));
  const heads = rows[0]?.cells.map((cell) => cell.toLowerCase()) ?? [];
  const isHead = heads.some((head) => COLUMNS.name.includes(head as never)) || heads.some((head) => COLUMNS.key.includes(head as never));
  const place = (column: Column, usual: number) => (isHead ? heads.findIndex((head) => COLUMNS[column].includes(head as never)) : usual);
  const at = { name: place("name", 0), key: place("key", 1), limit: place("limit", 2) };
  const used = Object.values(at);
  const list: MemberList = { members: [], wrong: [], unused: isHead ? (rows[0]?.cells ?? []).filter((cell, column) => cell !== "" && !used.includes(column)) : [] };
  const seen = new Map<string, number>();
  for (const { line, cells, broken } of isHead ? rows.slice(1) : rows) {
    const cell = (column: Column) => cells[at[column]] ?? "";
    const [name, key, limit] = [cell("name"), cell("key").toLowerCase(), cell("limit")];
    const wrong = (fault: ListFault, value = "") => void list.wrong.push({ line, fault, value: value.slice(0, 120) });
    const before = list.wrong.length;
    if (broken) {
      wrong("broken");
      continue;
    }
    const bad = faultOfName(name);
    if (bad) wrong(bad);
    if (key !== "" && (!/^[0-9a-f]{64}$/.test(key) || faultOfKey(fromHex(key)) !== null)) wrong("key_wrong", key);
    else if (key !== "" && seen.has(key)) wrong("key_twice", String(seen.get(key)));
    else if (key === "" && needsKeys) wrong("key_needed");
    if (key !== "" && !seen.has(key)) seen.set(key, line);
    const minor = limit === "" ? null : limitOf(limit, scale);
    if (minor === undefined) wrong("limit_wrong", limit);
    else if (minor !== null && key === "" && !needsKeys) wrong("limit_needs_key", limit);
    if (list.wrong.length === before) list.members.push({ line, name, key: key === "" ? null : key, limit: minor ?? null });
  }
  if (list.members.length + list.wrong.length === 0) throw new NoList("empty");
  if (list.members.length > LISTED_MAX) throw new NoList("too_many");
  return list;
}

function faultOfName(name: string): ListFault | null {
  if (name === "") return "name_missing";
  if (utf8(name).length > NAME_BYTES_MAX) return "name_long";
  return faultOfMemo(name) === "invisible" ? "name_invisible" : null;
}

function limitOf(typed: string, scale: number): number | undefined {
  try {
    return parseTotal(typed, scale);
  } catch (error) {
    if (error instanceof AmountError) return undefined;
    throw error;
  }
}

interface Row { line: number; cells: string[]; broken: boolean }

/** Splits a text into rows of cells, each with the line that it begins on. Empty lines and remarks (#) are passed over. */
function rowsOf(text: string): Row[] {
  // A comma loses against another mark, because it also stands in amounts.
  const mark = [";", "\t"].find((one) => text.includes(one)) ?? ",";
  const rows: Row[] = [];
  let [at, line] = [0, 1];
  while (at < text.length) {
    const row: Row = { line, cells: [], broken: false };
    const start = at;
    for (let isEnd = false; !isEnd; ) {
      const { cell, next, broken } = cellAt(text, at, mark);
      row.cells.push(cell);
      row.broken ||= broken;
      isEnd = text[next] !== mark;
      at = next + 1;
    }
    const whole = text.slice(start, at);
    line += [...whole].filter((sign) => sign === "\n").length;
    if (row.broken || (row.cells.some((cell) => cell !== "") && !whole.startsWith("#"))) rows.push(row);
  }
  return rows;
}

/** Reads a cell; `next` is where its mark, the end of its line or the end of the text stands. */
function cellAt(text: string, from: number, mark: string): { cell: string; next: number; broken: boolean } {
  const end = (at: number) => {
    for (let next = at; ; next++) if (next >= text.length || text[next] === mark || text[next] === "\n") return next;
  };
  const quote = /^[ \r]*"/.exec(text.slice(from, from + 100));
  if (!quote) {
    const next = end(from);
    return { cell: text.slice(from, next).trim(), next, broken: false };
  }
  let cell = "";
  let at = from + quote[0].length;
  for (; at < text.length; at++) {
    if (text[at] !== '"') cell += text[at];
    else if (text[at + 1] === '"') cell += text[at++];
    else break;
  }
  const next = end(at + 1);
  const rest = text.slice(at + 1, next).trim();
  return { cell: cell.trim(), next: Math.min(next, text.length), broken: at >= text.length || rest !== "" };
}
