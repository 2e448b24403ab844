/** The small seal: whether a quorum of witnesses has cosigned the checkpoint of a receipt, told again as they do. */

import type { Answered } from "./api.ts";
import type { Hat, Outgoing } from "./db.ts";
import { icon, loadProofWords, say } from "./dom.ts";
import { type Witnessed, learn, newReceipt, renew, witnessed } from "./witnesses.ts";

/** How long to wait before asking again, in milliseconds: witnesses need a beat or two. */
const [FIRST, LONGEST] = [2_000, 30_000];

/** Tells about the receipt of a payment, and keeps the newer receipt once there is one. */
export async function sealOfPayment(outgoing: Outgoing, line: HTMLElement): Promise<void> {
  let shown = outgoing;
  await follow(line, shown.receipt?.checkpoint, async () => (shown = await renew(shown)).receipt?.checkpoint);
}

/** Tells about the receipt of a line of an account; `found` is given each newer receipt. */
export async function sealOfLine(hat: Hat, line: { index: number; line: number }, first: Answered, place: HTMLElement, found: (receipt: Answered) => void): Promise<void> {
  await follow(place, first.checkpoint, async () => {
    const receipt = await newReceipt(hat, line);
    found(receipt);
    return receipt.checkpoint;
  });
}

async function follow(line: HTMLElement, first: string | undefined, again: () => Promise<string | undefined>): Promise<void> {
  // Without an answer what is known goes on to count.
  await Promise.all([loadProofWords(), learn().catch(() => undefined)]);
  let note = first;
  for (let wait = FIRST; note !== undefined; wait = Math.min(wait * 2, LONGEST)) {
    const seen = await witnessed(note);
    if (!seen) return;
    tell(line, seen);
    if (seen.isQuorum) return;
    await new Promise((resolve) => setTimeout(resolve, wait));
    if (!line.isConnected) return;
    note = await again().catch(() => note);
  }
}

function tell(line: HTMLElement, { names, total, isQuorum }: Witnessed): void {
  line.hidden = false;
  line.replaceChildren(icon(isQuorum ? "seal" : "clock"), say(isQuorum ? "seal_yes" : names.length === 0 ? "seal_later" : "seal_wait", { count: names.length, total }));
}
