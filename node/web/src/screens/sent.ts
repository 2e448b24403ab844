/** `#outbox/KEY`: what became of something that this phone signed. */

import type { Hat } from "../db.ts";
import { say, show } from "../dom.ts";
import { outbox } from "../outbox.ts";
import { outcome, toWallet } from "../paid.ts";
import { note } from "../start.ts";

export async function open(_: Hat, key: string): Promise<void> {
  // What was promised without network is shown with its code, on a page of its own.
  if (/^promise%3A/i.test(key)) return location.replace(`/promise#kept/${key}`);
  const found = (await outbox()).find((outgoing) => outgoing.key === decodeURIComponent(key));
  show(found ? outcome(found, toWallet()) : [note("hand", say("line_unknown")), toWallet()], "focus");
}
