/**
 * Explaining a receipt step by step: what holds, which step does not, and what was then not looked at any more.
 *
 * It decides nothing itself: a step fails for the reason that `verifyReceipt` gives.
 */

import { type Checkpoint, readCheckpoint } from "./log.ts";
import { type Policy, type Verdict, judge } from "./policy.ts";
import { type LogIdentity, type Proven, ReceiptError, type ReceiptCode, parseReceiptFile, verifyReceipt } from "./receipt.ts";

/** The steps, in the order in which they are taken. */
export const STEPS = ["file", "opening", "line", "index", "seal", "inclusion", "signatures", "witnesses"] as const;
export type Step = (typeof STEPS)[number];

/** Which step a refusal is about. */
export const STEP_OF: Record<ReceiptCode, Step> = {
  malformed_receipt: "file",
  update_needed: "opening",
  receipt_lines_needed: "opening",
  receipt_line_not_in_record: "line",
  receipt_index_differs: "index",
  receipt_other_log: "seal",
  receipt_not_in_log: "inclusion",
  receipt_bad_signature: "signatures",
};

/** First byte of the opening of a line: an array of seven. */
const LINE_OPENING = 0x87;

/** Whom the person believes. */
export interface Trust extends LogIdentity {
  policy: Policy | null;
}

/** What became of a step; `unknown` when it was not looked at, or when witnesses are still missing. */
export interface Looked {
  step: Step;
  state: "holds" | "fails" | "unknown";
}

export interface Examination {
  steps: Looked[];
  /** What the checkpoint in the file claims, true or not. */
  claimed: Checkpoint | null;
  /** What the receipt proves; null when a step fails. */
  proven: Proven | null;
  /** Why the step that fails does. */
  code: ReceiptCode | "witness_forged" | null;
  /** What the policy says of the checkpoint; null without a policy, or when a step before fails. */
  verdict: Verdict | null;
}

/** Examines a `.tlog-proof` file at the time `now`, in seconds. */
export async function examine(file: string, trust: Trust, now: number): Promise<Examination> {
  let claimed: Checkpoint | null = null;
  let isWhole = true;
  try {
    const receipt = parseReceiptFile(file);
    claimed = readCheckpoint(receipt.checkpoint);
    isWhole = receipt.opening[0] !== LINE_OPENING;
    const proven = await verifyReceipt(receipt, trust);
    // The log's own line was just checked, perhaps by a key that it had before the policy was written.
    const verdict = trust.policy && (await judge({ ...trust.policy, logs: trust.keys }, receipt.checkpoint, now));
    // A line of a known witness that does not verify makes the whole note worthless to a policy.
    const isForged = trust.policy !== null && verdict === null;
    const isSeen = verdict !== null && verdict.seen.length > 0 && verdict.isQuorum;
    const steps = upTo("witnesses", isForged ? "fails" : isSeen ? "holds" : "unknown", isWhole);
    return { steps, claimed, proven: isForged ? null : proven, code: isForged ? "witness_forged" : null, verdict };
  } catch (error) {
    if (!(error instanceof ReceiptError)) throw error;
    return { steps: upTo(STEP_OF[error.code], "fails", isWhole), claimed, proven: null, code: error.code, verdict: null };
  }
}

/** Every step before `last` holds, none after it was looked at. A whole entry has signatures; a line its place in the record. */
function upTo(last: Step, state: Looked["state"], isWhole: boolean): Looked[] {
  const other = isWhole ? "line" : "signatures";
  const at = STEPS.indexOf(last);
  const steps = STEPS.map((step, place): Looked => ({ step, state: place < at ? "holds" : place === at ? state : "unknown" }));
  return steps.filter(({ step }) => step !== other);
}
