/** `#outbox/KEY`: what became of something that this phone signed. */

import type { Hat } from "../db.ts";
import { say, show } from "../dom.ts";
import { outbox } from "../outbox.ts";
import { outcome, toWallet } from "../paid.ts";
import { note } from "../start.ts";

export async function open(_: Hat, key: string): Promise<void> {
  const found = (await outbox()).find((outgoing) => outgoing.key === decodeURIComponent(key));
  show(found ? outcome(found, toWallet()) : [note("hand", say("line_unknown")), toWallet()], "focus");
}
