/** `#devices`: the keys of this account; adding another phone, and taking one away. */

import type { Account } from "../api.ts";
import { changeKeys } from "../changeKeys.ts";
import type { Hat } from "../db.ts";
import { button, h, icon, link, say, show, type Icon } from "../dom.ts";
import { deviceItem, meet } from "../meeting.ts";
import { busy, troubled } from "../start.ts";
import { accountOf } from "../wallet.ts";

/** What another phone of the same person may do: all but being paid out. */
const RIGHTS = 11;

export async function open(hat: Hat): Promise<void> {
  show(busy());
  const account = await accountOf(hat);
  const own = account.state.keys.find(({ key }) => key === hat.key);
  const mayManage = account.status === "open" && own?.rights.includes("manage");
  const back = () => void open(hat);
  const add = () => void meet({
    hat, rights: RIGHTS, page: "/wallet", picture: "phone", title: say("device_add"), how: say("device_show"), care: say("device_care"), yes: say("device_same"), words: "device_added", back,
  }).catch(troubled(back));
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("device_title")),
    h("ul", { class: "names devices" }, [...account.state.keys].sort((one) => (one.key === hat.key ? -1 : 1)).map((one) => device(hat, account, one, mayManage ?? false))),
    account.status === "frozen" ? h("p", null, say("at_rest")) : mayManage ? null : h("p", null, say("why_missing_right")),
    h("div", { class: "actions" }, mayManage ? button("phone", say("device_add"), add, "main") : null, link("back", say("back"), "#more")),
  ], "focus");
}

function device(hat: Hat, account: Account, { key, rights, until }: Account["state"]["keys"][number], mayManage: boolean): HTMLElement {
  const isHere = key === hat.key;
  const isSpare = key === hat.recovery || (rights.length === 1 && rights[0] === "manage");
  const [picture, words]: [Icon, string] = isHere ? ["tick", "device_here"] : isSpare ? ["seal", "device_spare"] : ["phone", "device_other"];
  const removal = mayManage && !isHere ? {
    text: say(isSpare ? "device_remove_spare_text" : "device_remove_text"),
    remove: () => changeKeys(hat, (keys) => keys.filter((one) => one.key !== key), { words: "device_removed" }),
    back: () => void open(hat),
  } : undefined;
  return deviceItem(picture, say(words), key, account, removal, until);
}
