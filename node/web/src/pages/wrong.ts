/** `/wrong`: something is wrong, told from the wallet or from a till (`#till`); `#heard`: what a person of trust is told. */

import { h, link, say, show } from "../dom.ts";
import { heard } from "../heard.ts";
import { explain, note, start } from "../start.ts";
import { cashierHat, hatOf } from "../wallet.ts";
import { wrong } from "../wrong.ts";

async function route(): Promise<void> {
  const [first = "", ...more] = location.hash.slice(1).split("/");
  const isTill = first === "till";
  try {
    const hat = isTill ? ((await hatOf("merchant", "fund")) ?? (await cashierHat())) : first === "heard" ? await hatOf("member") : await hatOf();
    const home = h("div", { class: "actions" }, link("wallet", say("to_wallet"), "/wallet", "main"));
    if (!hat) return show([note("hand", say("wrong_no_wallet")), home]);
    if (first === "heard") await heard(hat, more[0] ?? "");
    else await wrong(hat, isTill ? (more[0] ?? "") : first);
  } catch (error) {
    show([explain(error, () => void route()), h("div", { class: "actions" }, link("back", say("back"), isTill ? "/till" : "/wallet"))]);
  }
}

void start(async () => {
  addEventListener("hashchange", () => void route());
  await route();
});
