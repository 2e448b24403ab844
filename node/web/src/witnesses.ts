/**
 * Whom this phone believes when it says *witnessed*: the trust policy of the community, remembered. Mirrors
 * `wallet-cli/src/trust.rs`.
 *
 * The first policy that the charter confirms is kept: the charter that the council signed, as the ledger proves it, never
 * what a node says of it. A later one is believed only when a person says so: whoever runs a node must not be able to
 * choose other witnesses in silence.
 */

import { ask, askText, type Answered } from "./api.ts";
import { type Hat, type Outgoing, keep, recall, settle } from "./db.ts";
import { facts, now } from "./dom.ts";
import { base64, equal, fromBase64url, hex, sha256, utf8 } from "./lib/bytes.ts";
import { decodeEnvelope } from "./lib/entry.ts";
import { judge, parsePolicy } from "./lib/policy.ts";
import { askAs, hats, log, prove, trusted } from "./wallet.ts";

/** How long what was learned is believed without asking again, in milliseconds. */
const FRESH = 86_400_000;

/** The policy that is remembered; an empty text says that there was none. */
interface Remembered {
  text: string;
  at: number;
}

/** What a node says about its witnesses, beside what is remembered. */
export type Learned = "nothing" | "known" | "changed";

/** How many of the witnesses that count have seen a checkpoint. */
export interface Witnessed {
  names: string[];
  total: number;
  isQuorum: boolean;
}

/** Learns of the community's witnesses if that is due; `how` asks at once, or takes another policy for the known one. */
export async function learn(how?: "ask" | "adopt"): Promise<Learned> {
  const known = await recall<Remembered>("policy");
  if (known && how === undefined && Date.now() - known.at < FRESH) return known.text === "" ? "nothing" : "known";
  const offered = await offer();
  if (offered === null) {
    await keep("policy", { text: known?.text ?? "", at: Date.now() });
    return "nothing";
  }
  if (known && known.text !== "" && witnessesOf(known.text) !== witnessesOf(offered) && how !== "adopt") return "changed";
  await keep("policy", { text: offered, at: Date.now() });
  return offered === "" ? "nothing" : "known";
}

/** The policy that the node offers, if the charter in force confirms it; null otherwise. */
async function offer(): Promise<string | null> {
  const [{ log: shown }, known] = [await ask<{ log: { policy: string | null } }>("GET", "/v1/community"), await trusted()];
  const text = shown.policy === null ? "" : await askText("/log/policy");
  const { askCharters, follow } = await import("./charters.ts");
  // What does not hold is an alarm when this phone looks at the log; here it confirms nothing.
  const lineage = await follow((known ?? facts).ledger, await askCharters(), known?.charterBase).catch(() => null);
  if (lineage?.charter.witness_policy !== hex(await sha256(utf8(text)))) return null;
  // Which key the log has is for the charter to say: its line in the policy may be of the key before.
  return text === "" || (await parsePolicy(text).catch(() => null)) ? text : null;
}

/** The lines that say which witnesses count: another key of the log is no other witness. */
const witnessesOf = (text: string): string => text.split("\n").filter((line) => !/^[ \t]*log[ \t]/.test(line)).join("\n");

/** Returns what the remembered policy says about a checkpoint; null when there are no witnesses. */
export async function witnessed(note: string): Promise<Witnessed | null> {
  const known = await recall<Remembered>("policy");
  const policy = known?.text ? await parsePolicy(known.text).catch(() => null) : null;
  if (!policy || policy.witnesses.length === 0) return null;
  // A line of a witness that does not verify makes the whole note worthless to a policy: nobody has seen it.
  const verdict = await judge({ ...policy, logs: (await log()).keys }, note, Math.floor(now() / 1_000));
  const names = (verdict?.seen ?? []).map(({ witness }) => witness);
  return { names, total: policy.witnesses.length, isQuorum: names.length > 0 && verdict !== null && verdict.isQuorum };
}

/** Fetches the receipt of something done once more, and keeps it where witnesses have cosigned it since. */
export async function renew(outgoing: Outgoing): Promise<Outgoing> {
  const hat = (await hats()).find((one) => one.account === outgoing.account);
  if (!hat || outgoing.state !== "done" || outgoing.index === undefined) return outgoing;
  const receipt = await receiptFor(hat, outgoing.index, outgoing.envelope);
  if (!receipt || !(await witnessed(receipt.checkpoint))?.isQuorum) return outgoing;
  return settle(outgoing.key, (there) => (there?.id === outgoing.id && there.state === "done" ? { ...there, receipt } : undefined));
}

/** Fetches the receipt of an entry, if it proves just what was signed. */
async function receiptFor(hat: Hat, index: number, envelope: string): Promise<Answered | null> {
  const receipt = await askAs<Answered>(hat, "GET", `/v1/receipts/${index}`);
  const { content } = await prove(receipt);
  const ours = decodeEnvelope(fromBase64url(envelope)).payload;
  return "envelope" in content && equal(content.envelope.payload, ours) ? receipt : null;
}

/** Fetches the receipt of a line of an account, and verifies that it is that line's. @throws ReceiptError, TypeError */
export async function newReceipt(hat: Hat, line: { index: number; line: number }): Promise<Answered> {
  const receipt = await askAs<Answered>(hat, "GET", `/v1/receipts/${line.index}?line=${line.line}`);
  const { content } = await prove(receipt);
  if (!("line" in content) || content.line.account !== hat.account) throw new TypeError("another account's line");
  return receipt;
}

/** The remembered policy, its hash as people compare it, and whom it names; null when there is none. */
export async function policyText(): Promise<{ hash: string; names: string[] } | null> {
  const known = await recall<Remembered>("policy");
  if (!known?.text) return null;
  const { witnesses } = await parsePolicy(known.text);
  return { hash: base64(await sha256(utf8(known.text))), names: witnesses.map(({ name }) => name) };
}
