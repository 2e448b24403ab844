/** `/promise`: paying without network. A phone promises and shows a code; a till keeps it, and says what became of it. */

import { h, link, say, show } from "../dom.ts";
import { flush } from "../outbox.ts";
import { confirm, give, notOpened, shown } from "../promise/give.ts";
import { held, take, takeCode } from "../promise/take.ts";
import { explain, note, start } from "../start.ts";
import { cashierHat, hatOf, payers } from "../wallet.ts";

const again = () => void route();

async function route(): Promise<void> {
  const [name = "", first = "", second = ""] = location.hash.slice(1).split("/");
  try {
    if (name === "offline") return await notOpened(decodeURIComponent(first));
    if (name === "kept") return await shown(decodeURIComponent(first));
    if (["till", "take", "taken", "code"].includes(name)) {
      const hat = (await hatOf("merchant", "fund")) ?? (await cashierHat());
      if (!hat) return nobody("promise_no_till");
      if (name === "taken") return await held(hat, decodeURIComponent(first));
      if (name === "code") return await takeCode(hat, decodeURIComponent(first));
      return take(hat, name === "till" ? Number(first) : 0, decodeURIComponent(second));
    }
    const own = await payers();
    const hat = own.find(({ account }) => account === chosen) ?? own[0];
    if (!hat) return nobody("promise_no_wallet");
    const choose = async () => {
      chosen = (await hatOf())?.account;
      await route();
    };
    if (name === "pay") return await confirm(hat, own, first, Number(second), () => void choose());
    await give(hat, own, () => void choose());
  } catch (error) {
    show([explain(error, again), h("div", { class: "actions" }, link("wallet", say("to_wallet"), "/wallet"))]);
  }
}

/** The account that was chosen here to promise from. */
let chosen: string | undefined;

function nobody(why: string): void {
  show([note("hand", say(why), say(`${why}_next`)), h("div", { class: "actions" }, link("wallet", say("to_wallet"), "/wallet", "main"))], "focus");
}

void start(async () => {
  addEventListener("hashchange", again);
  await route();
  void flush(() => undefined);
});
