/** Asking to be paid: the code on the screen, and the moment it is paid. For the till and for everybody. */

import { type Answered, NoAnswer, type PaymentRequest, Refused } from "./api.ts";
import type { Hat } from "./db.ts";
import { amount, button, facts, fill, h, icon, largeAmount, moment, now, say, show, type Child } from "./dom.ts";
import { watchRequest } from "./events.ts";
import { accountText } from "./lib/account.ts";
import { fromDecimal, toDecimal } from "./lib/money.ts";
import { qr } from "./qr.ts";
import { note, troubled } from "./start.ts";
import { askAs, findLine, prove } from "./wallet.ts";

/** How long a request may be paid, in seconds. */
const VALID_FOR = 600;

/** Makes a request. */
export function makeRequest(hat: Hat, minor: number): Promise<PaymentRequest> {
  const body = { account: accountText(hat.account), amount: toDecimal(minor, facts.scale), valid_for: VALID_FOR };
  return askAs(hat, "POST", "/v1/requests", body);
}

/** What stands beside the code, and where to go from there. */
export interface Asking {
  hat: Hat;
  request: PaymentRequest;
  /** A line below the amount. */
  rest: string | null;
  /** What is still to be paid in another way, as it is said: "€ 0,80 in geld". */
  still?: string | null;
  /** Leads back to where one types an amount. */
  back: () => void;
  /** Fetches the screen that takes cards and vouchers, where they are taken beside phones. */
  papers?: () => Promise<{ open: (asking: Asking) => void }>;
  /** What the holder of a voucher hears when it is paid. */
  left?: string;
  /** Is told when it is paid. */
  paid?: () => void;
}

let stop: () => void = () => undefined;

/** Stops waiting: another screen is shown. */
export function stopAsking(): void {
  stop();
}

/** Shows the code until it is paid or its time is over. */
export function askFor(asking: Asking): void {
  const { request, rest, back, papers } = asking;
  const minor = fromDecimal(request.amount, facts.scale);
  const waits = () => say("asking_waits", { when: moment(Date.parse(request.until), "time") });
  const live = h("p", { role: "status" }, waits());
  const code = h("details", null, h("summary", null, say("code_typed")), h("code", null, request.link));
  show([
    h("section", { class: "asking" },
      h("p", { class: "amount", tabindex: "-1", "data-focus": true }, largeAmount(minor)),
      rest ? h("p", null, rest) : null,
      qr(request.link, say("code_of", { amount: amount(minor) })),
      live, code),
    h("div", { class: "actions" }, papers ? button("scan", say("take_paper"), () => void papers().then(({ open }) => open(asking), troubled(() => askFor(asking)))) : null, button("back", say("stop_asking"), () => {
      stop();
      back();
    })),
  ], "focus");
  stop();
  const over = (next: string) => show([note("clock", say("code_over"), say(next)), again(back)], "focus");
  const end = watchRequest(request.id, Date.parse(request.until), (news) => {
    if (news.state === "paid") celebrate(asking, news);
    else if (news.state === "declined") show([note("hand", say("asking_declined"), say("asking_declined_next")), again(back)], "focus");
    else if (news.state === "expired") over("asking_over_next");
  }, () => over("asking_over_unknown"));
  const offline = () => live.replaceChildren(navigator.onLine ? waits() : say("asking_offline"));
  addEventListener("offline", offline);
  addEventListener("online", offline);
  stop = () => {
    end();
    removeEventListener("offline", offline);
    removeEventListener("online", offline);
    stop = () => undefined;
  };
}

const again = (back: () => void): Child => h("div", { class: "actions" }, button("till", say("next"), back, "main"));

/** The whole screen says it: colour, words, sound. */
function celebrate(asking: Asking, news: PaymentRequest): void {
  stop();
  const minor = fromDecimal(news.amount, facts.scale);
  const seal = h("p", { class: "small", role: "status" }, say("proof_looking"));
  show([
    h("section", { class: "paid whole", role: "alert", tabindex: "-1", "data-focus": true },
      icon("tick", "icon big"),
      h("p", { class: "amount" }, say("paid_amount", { amount: largeAmount(minor) })),
      asking.still ? h("p", { class: "amount" }, say("paid_still", { still: asking.still })) : null,
      asking.left ? h("p", null, asking.left) : null,
      h("p", { class: "small" }, moment(Date.parse(news.paid_at ?? "") || now(), "time")),
      seal),
    again(asking.back),
  ], "focus");
  chime();
  asking.paid?.();
  void watchProof(asking, news, seal);
}

/** Looks whether the payment is proven, until that is known: a receipt that does not hold takes *paid* back. */
async function watchProof(asking: Asking, news: PaymentRequest, seal: HTMLElement): Promise<void> {
  for (let wait = 1_000; seal.isConnected; wait = Math.min(wait * 2, 30_000)) {
    const holds = await isProven(asking.hat, news);
    if (!seal.isConnected) return;
    if (holds === false) return show([note("hand", say("receipt_alarm"), say("proof_alarm")), again(asking.back)], "focus");
    fill(seal, icon(holds ? "seal" : "clock"), say(holds ? "proof_holds" : "proof_later"));
    if (holds) return;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** Tells whether the line that the node says was paid is proven; null when nobody answers, or this phone keeps it from looking. */
async function isProven(hat: Hat, news: PaymentRequest): Promise<boolean | null> {
  try {
    return await proveLine(hat, news);
  } catch (error) {
    if (error instanceof NoAnswer || error instanceof Refused || error instanceof DOMException) return null;
    // A receipt that cannot be read is one that does not hold.
    console.warn(error);
    return false;
  }
}

/** Verifies the line of a payment: its receipt must show this account, amount and request. @throws ReceiptError */
async function proveLine(hat: Hat, news: PaymentRequest): Promise<boolean> {
  const { index } = news;
  const line = index === null ? undefined : await findLine(hat, index, ({ reference }) => reference?.to === "request" && reference.id === news.id);
  if (!line) return false;
  const receipt = await askAs<Answered>(hat, "GET", `/v1/receipts/${line.index}?line=${line.line}`);
  const { content } = await prove(receipt);
  return "line" in content && content.line.account === hat.account && content.line.credit === fromDecimal(news.amount, facts.scale)
    && content.line.reference?.to === "request" && content.line.reference.id === news.id;
}

let audio: AudioContext | undefined;

/** Allows sound later: browsers want a tap first. */
export function allowSound(): void {
  if ("AudioContext" in globalThis) audio ??= new AudioContext();
  void audio?.resume();
}

/** Two rising notes. */
export function chime(): void {
  if (!audio) return;
  for (const [at, pitch] of [[0, 660], [0.14, 990]] as const) {
    const [tone, volume] = [audio.createOscillator(), audio.createGain()];
    tone.frequency.value = pitch;
    tone.connect(volume).connect(audio.destination);
    volume.gain.setValueAtTime(0.25, audio.currentTime + at);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.3);
    tone.start(audio.currentTime + at);
    tone.stop(audio.currentTime + at + 0.3);
  }
  navigator.vibrate?.(120);
  document.body.dataset["chimed"] = String(Number(document.body.dataset["chimed"] ?? 0) + 1);
}
