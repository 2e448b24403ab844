/** `#devices`: the keys of this account; adding another phone, and taking one away. */

import { type Account, Refused } from "../api.ts";
import { changeKeys } from "../changeKeys.ts";
import type { Hat } from "../db.ts";
import { button, facts, h, icon, link, say, show, type Child, type Icon } from "../dom.ts";
import { checkNumber, whileShown } from "../pairing.ts";
import { qr } from "../qr.ts";
import { busy, explain, note } from "../start.ts";
import { accountOf, askAs } from "../wallet.ts";

/** What another phone of the same person may do: all but being paid out. */
const RIGHTS = 11;

interface Pairing { code: string; expires_at: string; key: string | null }

export async function open(hat: Hat): Promise<void> {
  show(busy());
  const account = await accountOf(hat);
  const own = account.state.keys.find(({ key }) => key === hat.key);
  const mayManage = account.status === "open" && own?.rights.includes("manage");
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("device_title")),
    h("ul", { class: "names devices" }, [...account.state.keys].sort((one) => (one.key === hat.key ? -1 : 1)).map((one) => device(hat, one, mayManage ?? false))),
    account.status === "frozen" ? h("p", null, say("at_rest")) : mayManage ? null : h("p", null, say("why_missing_right")),
    h("div", { class: "actions" }, mayManage ? button("phone", say("device_add"), () => void add(hat).catch((error: unknown) => show(explain(error, () => void open(hat)))), "main") : null, link("back", say("back"), "#more")),
  ], "focus");
}

function device(hat: Hat, { key, rights, until }: Account["state"]["keys"][number], mayManage: boolean): HTMLElement {
  const isHere = key === hat.key;
  const isSpare = key === hat.recovery || (rights.length === 1 && rights[0] === "manage");
  const [picture, words]: [Icon, string] = isHere ? ["tick", "device_here"] : isSpare ? ["seal", "device_spare"] : ["phone", "device_other"];
  const place = h("div", { class: "actions" });
  const remove = () => void changeKeys(hat, (keys) => keys.filter((one) => one.key !== key), { words: "device_removed" }).catch((error: unknown) => show(explain(error, () => void open(hat))));
  const sure = () => {
    const yes = button("cross", say("device_remove_sure"), remove, "main");
    place.replaceChildren(h("p", null, say(isSpare ? "device_remove_spare_text" : "device_remove_text")), yes, button("back", say("back"), () => place.replaceChildren(first)));
    yes.focus();
  };
  const first = button("cross", say("device_remove"), sure, "quiet");
  if (mayManage && !isHere) place.append(first);
  return h("li", null,
    h("div", { class: "told" }, icon(picture), h("span", { class: "words" }, say(words), h("span", { class: "small" }, say("device_key", { key: key.slice(0, 8) })), until ? h("span", { class: "small" }, until) : null)),
    place.childElementCount > 0 ? place : null);
}

/** Shows a code; the new phone answers with its key; both show one number; one tap signs. */
async function add(hat: Hat): Promise<void> {
  show(busy());
  const { code } = await askAs<Pairing>(hat, "POST", "/v1/pairings");
  const address = `${facts.origin}/wallet#device/${code}`;
  const screen = h("section", { class: "asking" },
    h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("device_add")),
    h("p", null, say("device_show")), qr(address, say("device_picture")),
    h("details", null, h("summary", null, say("code_typed")), h("code", { id: "device-link" }, address)),
    h("p", { role: "status" }, icon("clock"), say("device_waits")));
  show([screen, h("div", { class: "actions" }, button("back", say("stop_asking"), () => void open(hat)))], "focus");
  try {
    const key = await whileShown(screen, async () => (await askAs<Pairing>(hat, "GET", "/v1/pairings")).key);
    if (key) await compare(hat, key);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    show([note("clock", say("device_over"), say("device_over_next")), again(hat)], "focus");
  }
}

const again = (hat: Hat): Child => h("div", { class: "actions" }, button("undo", say("again"), () => void add(hat), "main"), link("back", say("back"), "#more"));

async function compare(hat: Hat, key: string): Promise<void> {
  const isNew = { key, rights: RIGHTS, until: null, cap: null };
  const yes = () => void changeKeys(hat, (keys) => [...keys.filter((one) => one.key !== key), isNew], { words: "device_added" }).catch((error: unknown) => show(explain(error, () => void open(hat))));
  show([
    h("section", { class: "asking" },
      h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("device_compare")),
      h("p", { class: "amount" }, await checkNumber(key)),
      h("p", null, say("device_compare_text"))),
    h("div", { class: "actions" }, button("tick", say("device_same"), yes, "main"), button("cross", say("device_not_same"), () => show([note("hand", say("device_stopped"), say("device_stopped_next")), again(hat)], "focus"))),
  ], "focus");
}
