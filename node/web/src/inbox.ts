/** The inbox of an account as this phone keeps it: readable without network, and what was read is known. */

import type { PaymentRequest, StatementLine } from "./api.ts";
import { type Hat, keep, recall } from "./db.ts";
import { accountText } from "./lib/account.ts";
import { askAs } from "./wallet.ts";

/** What a message is about; as `node/api/src/inbox.rs` has it. */
export type Matter =
  | { what: "asked" | "asking" | "answered"; request: PaymentRequest }
  | { what: "draft"; link: string; entry: string; signed: boolean; expires_at: string }
  | { what: "pending"; index: number; effective_at: string; vetoable: boolean; change?: Changed }
  | { what: "at_rest"; own?: boolean }
  | { what: "wrong"; state: "told" | "talking" | "done"; listens: boolean }
  | { what: "heard"; count: number }
  | { what: "line"; index: number; line: number; kind: string; debit: string; credit: string; reference: StatementLine["reference"]; change?: Changed; reason?: string };

/** What a change makes of an account. */
type Changed = "device_added" | "spare_added" | "devices_replaced" | "device_removed" | "at_rest" | "woken" | "limits" | "closes" | "other";

export interface Message {
  id: string;
  at: string | null;
  about: Matter;
}

export interface Kept {
  messages: Message[];
  /** When the node told them, by this phone's clock. */
  at: number;
  /** The messages that were read. */
  seen: string[];
}

const name = (hat: Hat) => `inbox:${hat.account}`;

/** What this phone knows without asking. */
export async function keptInbox(hat: Hat): Promise<Kept> {
  return (await recall<Kept>(name(hat))) ?? { messages: [], at: 0, seen: [] };
}

/** Asks the node, and keeps the answer. @throws NoAnswer, Refused */
export async function freshInbox(hat: Hat): Promise<Kept> {
  const { messages } = await askAs<{ messages: Message[] }>(hat, "GET", `/v1/accounts/${accountText(hat.account)}/inbox`);
  const { seen } = await keptInbox(hat);
  const kept = { messages, at: Date.now(), seen: seen.filter((id) => messages.some((message) => message.id === id)) };
  await keep(name(hat), kept);
  return kept;
}

/** How many messages were not read yet; what one asked oneself is no news. */
export function unread({ messages, seen }: Kept): number {
  return messages.filter(({ id, about }) => about.what !== "asking" && !seen.includes(id)).length;
}

/** Notes that everything was read. */
export async function markRead(hat: Hat, kept: Kept): Promise<void> {
  await keep(name(hat), { ...kept, seen: kept.messages.map(({ id }) => id) });
}

/** Tells whether this request was sent to the account, as far as this phone knows. */
export async function wasAsked(hat: Hat, request: string): Promise<boolean> {
  return (await keptInbox(hat)).messages.some(({ about }) => about.what === "asked" && about.request.id === request);
}
