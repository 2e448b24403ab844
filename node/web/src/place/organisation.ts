/** `#organisation`: the organisation of this place as its own staff sees it: figures, who signs, what it says of itself. */

import { changeAccount } from "../changeKeys.ts";
import { Refused } from "../api.ts";
import type { Hat } from "../db.ts";
import { amount, button, facts, fill, h, icon, link, say, show, type Child } from "../dom.ts";
import { accountText } from "../lib/account.ts";
import { fromDecimal } from "../lib/money.ts";
import { deviceItem, meet, offerDevice } from "../meeting.ts";
import { type Figures, type Words, figuresIn, organisationWords } from "../organisationParts.ts";
import { busy, explain } from "../start.ts";
import { accountOf, askAs, connect, keyToConnect } from "../wallet.ts";

/** What a phone of the staff may do: give, and tend who signs. */
const RIGHTS = 9;

interface Key { key: string; rights: string[]; until: string | null }
interface Account { account: string; kind: string; name: string | null; available: string; threshold: number; keys: Key[] }
interface Own { id: string; name: string | null; words: Words; day_amount: string | null; accounts: Account[]; months: { figures: Figures; given: string }[] }

const money = (text: string): string => amount(fromDecimal(text, facts.scale));
/** Who signs for good: a right that was lent for today is nobody's to count on. */
const staff = ({ keys }: Account): Key[] => keys.filter(({ rights, until }) => until === null && rights.includes("spend"));

export async function open(hat: Hat, id: string): Promise<void> {
  show(busy());
  const own = await askAs<Own>(hat, "GET", "/v1/place/organisation").catch((error: unknown) => {
    if (error instanceof Refused && error.problem.code === "forbidden") return null;
    throw error;
  });
  if (!own) return show([h("h2", { tabindex: "-1", "data-focus": true }, icon("people"), say("house_title")), h("p", null, say("house_lent")), h("div", { class: "actions" }, link("back", say("back"), "#", "main"))], "focus");
  if (id === "staff") return await signers(hat, own);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("people"), own.name ?? say("house_title")),
    h("p", null, say("house_text")),
    h("ul", { class: "names" }, own.months.map(({ figures, given }) => h("li", null, figuresIn(figures), " ", h("strong", null, say("house_given", { amount: money(given) }))))),
    h("h2", null, icon("clover"), say("house_accounts")),
    h("ul", { class: "names" }, own.accounts.map((one) => h("li", null, h("strong", null, one.name ?? say(`kind_${one.kind}`)), h("br", null),
      say("house_left", { amount: money(one.available) }), " ", say(staff(one).length === 1 ? "house_signer" : "house_signers", { threshold: one.threshold, count: staff(one).length })))),
    own.day_amount === null ? null : h("p", null, say("house_day", { amount: money(own.day_amount) })),
    h("div", { class: "actions" }, link("phone", say("house_staff"), "#organisation/staff", "main"), own.name === null ? null : h("a", { class: "button", href: `/organisations/${own.id}` }, icon("people"), say("house_public"))),
    own.name === null ? h("p", null, say("house_unnamed")) : saying(hat, own),
    h("div", { class: "actions" }, link("back", say("back"), "#")),
  ], "focus");
}

/** What everybody reads of it. */
function saying(hat: Hat, own: Own): HTMLElement {
  const words = organisationWords(own.words);
  const told = h("div", { role: "status" });
  const save = () => {
    words.wrong("");
    askAs(hat, "PUT", "/v1/place/organisation", words.read()).then(
      () => fill(told, icon("tick"), " ", say("house_said")),
      (error: unknown) => {
        if (!(error instanceof Refused && words.wrong(error.problem.field ?? ""))) fill(told, explain(error));
      });
  };
  return h("details", null, h("summary", null, say("member_words")), words.elements, told, h("div", { class: "actions" }, button("tick", say("member_say"), save)));
}

/** `#organisation/staff`: the phones that sign for this place, and how many of them must. */
async function signers(hat: Hat, own: Own): Promise<void> {
  const shown = own.accounts.find(({ account }) => account === accountText(hat.account)) as Account;
  const account = await accountOf(hat);
  const mayManage = shown.keys.find(({ key }) => key === hat.key)?.rights.includes("manage") ?? false;
  const back = () => void open(hat, "staff").catch((error: unknown) => show(explain(error, back)));
  const leave = (): Child => button("back", say("house_staff"), back, "main");
  const signing = staff(shown);
  // Of these so many can be asked for: whoever may not tend it cannot sign its next change.
  const most = signing.filter(({ rights }) => rights.includes("manage")).length;
  const choice = h("select", null, Array.from({ length: most }, (_, less) => h("option", { value: String(less + 1), selected: less + 1 === shown.threshold }, say(less === 0 ? "house_of_one" : "house_of", { threshold: less + 1, count: signing.length }))));
  choice.id = "threshold";
  const keep = () => void changeAccount(hat, (state) => ({ ...state, threshold: Number(choice.value) }), { words: "signers", leave: leave() }).catch((error: unknown) => show(explain(error, back)));
  const add = () => void meet({
    hat, rights: RIGHTS, page: "/place", picture: "people", title: say("house_add"), how: say("house_show"), yes: say("device_same"), words: "device_added", back, leave: leave(),
  }).catch((error: unknown) => show(explain(error, back)));
  const removal = (key: string) => (mayManage && key !== hat.key && most > shown.threshold ? {
    text: say("house_remove_text"), back,
    remove: () => changeAccount(hat, (state) => ({ ...state, keys: state.keys.filter((one) => one.key !== key) }), { words: "device_removed", leave: leave() }),
  } : undefined);
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon("phone"), say("house_staff")),
    h("p", null, say("house_staff_text", { name: shown.name ?? say("kind_budget") })),
    h("ul", { class: "names devices" }, signing.map(({ key, until }, row) => deviceItem("people", key === hat.key ? say("house_this") : say("house_phone", { number: row + 1 }), key, account, removal(key), until))),
    mayManage ? [
      h("div", { class: "actions" }, button("phone", say("house_add"), add, "main")),
      most < 2 ? h("p", null, say("house_alone")) : [
        h("div", { class: "field" }, h("label", { for: "threshold" }, say("house_how_many")), choice),
        h("div", { class: "actions" }, button("tick", say("house_keep"), keep))],
    ] : h("p", null, say("why_missing_right")),
    h("div", { class: "actions" }, link("back", say("back"), "#organisation")),
  ], "focus");
}

/** `#device/CODE`, on the new phone. */
export function newStaff(code: string): void {
  // The secret has done its work in the address: nobody shall read it over a shoulder.
  history.replaceState(null, "", "#device");
  if (!code) return void (location.hash = "");
  offerDevice({
    picture: "people", title: say("house_new"), text: say("house_new_text"),
    key: () => keyToConnect("budget"), look: () => connect("budget"), done: () => void (location.hash = ""),
  }, code);
}
