/** `#arrive/…`: a wallet of the address before has signed keys of this one into its accounts. */

import { askCharters, follow } from "../charters.ts";
import { type Hat, type Outgoing, keep, recall, settle } from "../db.ts";
import { amount, facts, h, icon, link, loadProofWords, now, say, shortAccount, show, type Child } from "../dom.ts";
import { fromBase64url } from "../lib/bytes.ts";
import { decodeEnvelope, entryId, signingInput } from "../lib/entry.ts";
import { type Arriving, type Carried, readMove } from "../moving.ts";
import { send } from "../outbox.ts";
import { outcome } from "../paid.ts";
import { busy, note } from "../start.ts";
import { openedWith, rememberUnproven, trustedOf } from "../succession.ts";
import { persist, trusted } from "../wallet.ts";
import type { Coming } from "./come.ts";

export async function open(_: unknown, brought: string): Promise<void> {
  history.replaceState(null, "", "#");
  show(busy());
  await loadProofWords();
  const arriving = readMove<Arriving>(brought);
  const coming = await recall<Coming>("coming");
  const isAsked = arriving !== null && coming?.nonce === arriving.nonce && arriving.ledger === facts.ledger && arriving.accounts.every((one) => isOf(one, coming));
  if (!isAsked) return show([note("hand", say("other_ledger_next")), back()], "focus");
  await trustLike(arriving);
  await persist();
  const came: Child[] = [];
  for (const one of arriving.accounts) came.push(await takeIn(one, arriving));
  show([came, back()], "focus");
}

const back = (): HTMLElement => h("div", { class: "actions" }, link("wallet", say("to_wallet"), "#", "main"));

/** Tells whether an account was signed over to a key of this phone. */
function isOf({ account, key, envelope }: Carried, { keys }: Coming): boolean {
  const { entry } = decodeEnvelope(fromBase64url(envelope));
  return entry.kind === "change" && entry.body.state.account === account && keys.includes(key) && entry.body.state.keys.some((one) => one.key === key);
}

/** Trusts this ledger as one that joined it does, and what it continues as the wallet before has checked. */
async function trustLike({ ledger, predecessor }: Arriving): Promise<void> {
  if (await trusted()) return;
  const lineage = await follow(ledger, await askCharters());
  const isNamed = lineage.predecessor?.ledger === predecessor.ledger && lineage.predecessor.snapshot === predecessor.closing;
  await keep("trusted", { ...trustedOf(lineage), ...(isNamed ? { predecessor } : {}) });
}

/** Sends what was signed over, and checks what came along; returns what is said of it. */
async function takeIn({ account, kind, name, rights, recovery, key, envelope, had }: Carried, { predecessor }: Arriving): Promise<Child> {
  const hat: Hat = { account, kind, name, rights, key, ledger: facts.ledger, ...(recovery === null ? {} : { recovery }) };
  await rememberUnproven(account, { ends: [{ predecessor }], had });
  const { payload, entry } = decodeEnvelope(fromBase64url(envelope));
  const outgoing: Outgoing = {
    key: `come:${account}:${key}`, what: "change", words: "come", id: await entryId(signingInput(facts.ledger, payload, entry.kind)), envelope, account,
    name: name ?? "", amount: 0, signedAt: now(), expiresAt: entry.expires_at, sent: false, state: "waiting", hat,
  };
  const sent = await send(await settle(outgoing.key, (there) => (there ? undefined : outgoing)));
  // Another phone was faster: this account has changed since.
  const isOther = sent.state === "refused" && sent.code === "wrong_base";
  if (sent.state !== "done") return [outcome(sent), isOther ? h("p", null, say("moved_other_phone")) : null];
  const found = await openedWith(hat, { ends: [{ predecessor }], had });
  if (typeof found !== "number") return found;
  return [outcome(sent), h("p", { class: "note good" }, icon("tick"), say("note.came_over", { name: name ?? shortAccount(account), balance: amount(found) }))];
}
