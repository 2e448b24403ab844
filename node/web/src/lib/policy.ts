/**
 * Trust policies: which logs to believe, which witnesses, and how many of them it takes (C2SP tlog-policy), and what a
 * policy says about a checkpoint. Mirrors `ledger/src/log/policy.rs`.
 */

import { type Bytes, equal, utf8 } from "./bytes.ts";
import { verify } from "./ed25519.ts";
import { type Checkpoint, type KeyType, type VerifierKey, openCheckpoint, parseNote, parseVkey } from "./log.ts";

const ITEMS_MAX = 64;
/** How far ahead of the clock here a witness's may be, in seconds. */
const LEAD_MAX = 5 * 60;
const TIME_MAX = 2n ** 63n - 1n;

export interface PolicyWitness {
  /** Its name inside the policy. */
  name: string;
  key: VerifierKey;
}

/** Witnesses or other groups of which a number is needed. */
export interface Group {
  name: string;
  threshold: number;
  members: string[];
}

export interface Policy {
  logs: VerifierKey[];
  witnesses: PolicyWitness[];
  groups: Group[];
  /** The name of the witness or group that is needed; null for `quorum none`. */
  quorum: string | null;
}

/** A text that is no policy; `line` is the number of the line, 0 for the whole. */
export class PolicyError extends Error {
  readonly line: number;
  constructor(line: number, why: string) {
    super(line === 0 ? why : `line ${line}: ${why}`);
    this.line = line;
  }
}

/** A witness's statement that verified. */
export interface Seen {
  witness: string;
  /** When it saw the checkpoint, in seconds since 1970 UTC. */
  at: number;
}

/** What a policy says about a checkpoint that a believed log signed. */
export interface Verdict {
  checkpoint: Checkpoint;
  /** The witnesses that saw it. */
  seen: Seen[];
  /** Statements from more than five minutes ahead of the clock: they do not count. */
  seenInFuture: Seen[];
  isQuorum: boolean;
}

/** Reads a policy. @throws PolicyError */
export async function parsePolicy(text: string): Promise<Policy> {
  const reader = new PolicyReader();
  for (const [at, line] of text.split("\n").entries()) {
    const why = await reader.line(line);
    if (why !== null) throw new PolicyError(at + 1, why);
  }
  if (reader.quorum === undefined) throw new PolicyError(0, "the line quorum is missing");
  return { ...reader.policy, quorum: reader.quorum };
}

class PolicyReader {
  readonly policy = { logs: [] as VerifierKey[], witnesses: [] as PolicyWitness[], groups: [] as Group[] };
  quorum: string | null | undefined;

  /** Takes one line; says what is wrong with it. */
  async line(line: string): Promise<string | null> {
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)) return "control characters are not allowed";
    // Only these two are white space here; others belong to a name.
    const [word = "", name = "", ...rest] = line.split(/[ \t]/).filter((one) => one !== "");
    if (word === "" || word.startsWith("#")) return null;
    switch (`${word} ${Math.min(rest.length, 2)}`) {
      case "log 0": case "log 1": return name === "" ? "a key belongs there" : this.log(name);
      case "witness 1": case "witness 2": return rest.length > 2 ? "too many words" : this.witness(name, rest[0] as string);
      case "group 2": return this.group(name, rest[0] as string, rest.slice(1));
      case "quorum 0": return name === "" ? "a name belongs there" : this.needs(name);
      default: return "it is none of log, witness, group, quorum";
    }
  }

  async log(vkey: string): Promise<string | null> {
    const key = await this.key(vkey, "log", this.policy.logs);
    if (typeof key === "string") return key;
    this.policy.logs.push(key);
    return null;
  }

  async witness(name: string, vkey: string): Promise<string | null> {
    if (this.isTaken(name)) return "the name is taken";
    const key = await this.key(vkey, "witness", this.policy.witnesses.map((one) => one.key));
    if (typeof key === "string") return key;
    this.policy.witnesses.push({ name, key });
    return null;
  }

  group(name: string, needed: string, members: string[]): string | null {
    if (this.isTaken(name)) return "the name is taken";
    if (this.policy.groups.length === ITEMS_MAX) return "too many groups";
    const counted = new Set(this.policy.groups.flatMap((group) => group.members));
    for (const member of members) {
      if (!this.isThere(member)) return `${member} is not a witness or group of an earlier line`;
      if (counted.has(member)) return `${member} counts already`;
      counted.add(member);
    }
    const number = /^[1-9][0-9]*$/.test(needed) ? Number(needed) : 0;
    const threshold = needed === "any" ? 1 : needed === "all" ? members.length : number;
    if (threshold < 1 || threshold > members.length) return "so many members are not there";
    this.policy.groups.push({ name, threshold, members });
    return null;
  }

  needs(name: string): string | null {
    if (this.quorum !== undefined) return "there is a quorum already";
    if (name !== "none" && !this.isThere(name)) return `${name} is not a witness or group of an earlier line`;
    this.quorum = name === "none" ? null : name;
    return null;
  }

  isThere(name: string): boolean {
    return [...this.policy.witnesses, ...this.policy.groups].some((one) => one.name === name);
  }

  isTaken(name: string): boolean {
    return name === "none" || this.isThere(name);
  }

  async key(vkey: string, type: KeyType, listed: readonly VerifierKey[]): Promise<VerifierKey | string> {
    const key = await parseVkey(vkey, type);
    if (!key) return `it has no key of a ${type}`;
    if (listed.length === ITEMS_MAX) return "too many lines of this sort";
    // One key is one voice, whatever name it goes by.
    return listed.some((one) => equal(one.key, key.key)) ? "the key is listed already" : key;
  }
}

/**
 * Judges a signed checkpoint at the time `now`, in seconds; null when it is malformed, of no listed log, or when any
 * line of a listed log or witness does not verify. A missing quorum is part of the verdict.
 */
export async function judge(policy: Policy, note: string, now: number): Promise<Verdict | null> {
  const [checkpoint, read] = [await openCheckpoint(note, policy.logs), parseNote(note)];
  if (!checkpoint || !read) return null;
  const [seen, seenInFuture]: [Seen[], Seen[]] = [[], []];
  for (const { name, key } of policy.witnesses) {
    for (const line of read.signatures) {
      if (line.name !== key.name || line.id !== key.id) continue;
      const at = await timeOf(key, line.signature, read.text);
      if (at === null) return null;
      if (at > now + LEAD_MAX) seenInFuture.push({ witness: name, at });
      else if (seen.every((one) => one.witness !== name)) seen.push({ witness: name, at });
    }
  }
  const isQuorum = policy.quorum === null || hasSeen(policy, policy.quorum, new Set(seen.map((one) => one.witness)));
  return { checkpoint, seen, seenInFuture, isQuorum };
}

/** Says when a witness saw a checkpoint, by the bytes after the key id of its line; null when it did not sign that. */
async function timeOf(key: VerifierKey, bytes: Bytes, text: string): Promise<number | null> {
  if (bytes.length !== 72) return null;
  const time = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  const isSigned = time <= TIME_MAX && (await verify(key.key, bytes.slice(8), utf8(`cosignature/v1\ntime ${time}\n${text}`)));
  return isSigned ? Number(time) : null;
}

function hasSeen(policy: Policy, name: string, seen: ReadonlySet<string>): boolean {
  const group = policy.groups.find((one) => one.name === name);
  // A group has only members of earlier lines, so this ends.
  return group ? group.members.filter((member) => hasSeen(policy, member, seen)).length >= group.threshold : seen.has(name);
}
