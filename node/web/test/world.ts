/** A real node on loopback, its council, and phones: Debian's Chromium, driven like a person would. */

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type Socket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { after, before } from "node:test";
import { accountText } from "../src/lib/account.ts";
import { fromBase64url } from "../src/lib/bytes.ts";
import { challengeBytes } from "../src/lib/entry.ts";
import { join } from "node:path";
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page, chromium } from "playwright-core";

const ROOT = process.env["KLAVER_ROOT"] ?? "../..";
export const PROGRAMS = process.env["KLAVER_PROGRAMS"] ?? `${ROOT}/target/debug`;
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** A phone, as most tests hold it. */
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, locale: "nl-BE",
  timezoneId: "Europe/Brussels", permissions: ["camera"],
};

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** A community on a node of its own. */
export class World {
  readonly directory = mkdtempSync(join(tmpdir(), "klaver-web-"));
  readonly url: string;
  readonly #port: number;
  #node: ChildProcess | undefined;
  #arguments: string[] | undefined;
  #said = "";
  /** The account of the budget that credits come from. */
  budget = "";

  private constructor(port: number) {
    this.#port = port;
    this.url = `http://localhost:${port}`;
  }

  /** Founds a community; `joining` says who may join. */
  static async found(joining: "open" | "invitation" = "open", ...more: string[]): Promise<World> {
    const world = new World(await freePort());
    writeFileSync(join(world.directory, "passphrase"), "drie groene klavers\n", { mode: 0o600 });
    for (const home of ["council", "place"]) mkdirSync(join(world.directory, home), { mode: 0o700 });
    world.#run("klaver-node", "found", "--no-input", "--name", "Klaverdorp", "--public-url", world.url, "--joining", joining,
      "--euro", "1,00", "--data", join(world.directory, "data"), "--passphrase-file", join(world.directory, "passphrase"),
      "--wallet", join(world.directory, "council/wallet.json"), ...more);
    await world.start();
    world.#klaver("place", "init", "place");
    const keys = (world.#klaver("place", "whoami") as { keys: { public_key: string }[] }).keys;
    const key = keys[0]?.public_key ?? "";
    const opened = world.council("account", "open", "budget", "--key", key, "--limit", "10000", "--organisation", "new");
    world.budget = (opened as { account: string }).account;
    world.#klaver("place", "join", world.url, "--existing", world.budget);
    return world;
  }

  /** Makes the demonstration town, and serves it. */
  static async demo(): Promise<World> {
    const world = new World(await freePort());
    world.#arguments = ["demo", "--data", join(world.directory, "demo"), "--listen", `127.0.0.1:${world.#port}`];
    writeFileSync(join(world.directory, "passphrase"), "drie groene klavers\n", { mode: 0o600 });
    await world.start();
    return world;
  }

  /** Returns the address that the demonstration printed for this page, with the key of somebody of the town. */
  page(path: string): string {
    const found = this.#said.split(/\s+/).find((word) => word.startsWith(`${this.url}${path}#demo/`));
    if (!found) throw new Error(`no page ${path} was printed: ${this.#said}`);
    return found;
  }

  /** Runs `klaver` with a wallet of the demonstration. */
  wallet(role: string, ...args: string[]): string {
    return this.#runIn("", "klaver", "--data", join(this.directory, "demo/wallets", role), ...args, "--yes", "--no-input");
  }

  #run(program: string, ...args: string[]): string {
    return this.#runIn("council", program, ...args);
  }

  #runIn(home: string, program: string, ...args: string[]): string {
    const path = join(PROGRAMS, program);
    if (!existsSync(path)) throw new Error(`${path} is missing: run cargo build --workspace first`);
    const environment = { PATH: process.env["PATH"], LC_ALL: "C.UTF-8", KLAVER_HOME: join(this.directory, home), KLAVER_PASSPHRASE_FILE: join(this.directory, "passphrase") };
    return execFileSync(path, args, { env: environment, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Runs `klaver` as the council; returns what it wrote as JSON. */
  council(...args: string[]): unknown {
    return this.#klaver("council", ...args);
  }

  /** Runs `klaver` as the place whose budget the tests give from. */
  place(...args: string[]): unknown {
    return this.#klaver("place", ...args);
  }

  /** Makes a wallet of the program on the command line, which has joined; returns its account and what runs it. */
  stranger(home: string): { account: string; run: (...args: string[]) => unknown } {
    mkdirSync(join(this.directory, home), { mode: 0o700 });
    const run = (...args: string[]) => this.#klaver(home, ...args);
    run("init", home);
    const { link } = this.council("invite") as { link: string };
    return { account: (run("join", link) as { account: string }).account, run };
  }

  #klaver(home: string, ...args: string[]): unknown {
    const out = this.#runIn(home, "klaver", ...args, "--json", "--yes", "--no-input").trim();
    return out === "" ? null : JSON.parse(out.split("\n").at(-1) as string);
  }

  /** Puts what the node serves under another name, and makes something else in its place; nothing runs meanwhile. */
  async #instead(aside: string, make: (data: string, aside: string) => void): Promise<void> {
    await this.stop();
    const [data, kept] = [join(this.directory, "data"), join(this.directory, aside)];
    renameSync(data, kept);
    make(data, kept);
    await this.start();
  }

  /** Ends the ledger, and serves the one that continues it at the same address. */
  succeed(aside = "ended"): Promise<void> {
    return this.#instead(aside, (data, ended) => this.#succeed(ended, data));
  }

  #succeed(ended: string, into: string, ...more: string[]): void {
    this.#run("klaver-node", "succeed", "--data", ended, "--into", into,
      "--wallet", join(this.directory, "council"), "--passphrase-file", join(this.directory, "passphrase"), ...more);
  }

  /** Ends the ledger, and serves the one that continues it at another address; the old one goes on answering. */
  async move(): Promise<World> {
    await this.stop();
    const next = new World(await freePort());
    this.#succeed(join(this.directory, "data"), join(next.directory, "data"), "--public-url", next.url);
    for (const name of ["council", "place", "passphrase"]) cpSync(join(this.directory, name), join(next.directory, name), { recursive: true });
    next.budget = this.budget;
    await Promise.all([this.start(), next.start()]);
    return next;
  }

  /** Serves somebody else's ledger at the same address. */
  usurp(): Promise<void> {
    mkdirSync(join(this.directory, "stranger"), { mode: 0o700 });
    return this.#instead("honest", (data) => void this.#run("klaver-node", "found", "--no-input", "--name", "Klaverdorp", "--public-url", this.url,
      "--joining", "open", "--data", data, "--passphrase-file", join(this.directory, "passphrase"), "--wallet", join(this.directory, "stranger/wallet.json")));
  }

  /** Serves again what was put aside. */
  comeBack(aside: string): Promise<void> {
    return this.#instead("put aside", (data) => renameSync(join(this.directory, aside), data));
  }

  /** Writes settings of the node, and starts it with them. */
  async settle(settings: Record<string, unknown>): Promise<void> {
    await this.stop();
    const file = join(this.directory, "data/node.json");
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), ...settings }));
    await this.start();
  }

  async start(): Promise<void> {
    const serve = ["serve", "--data", join(this.directory, "data"), "--listen", `127.0.0.1:${this.#port}`, "--beat", "1"];
    const node = spawn(join(PROGRAMS, "klaver-node"), this.#arguments ?? serve, {
      stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"], KLAVER_LOG: "warn" },
    });
    let said = "";
    node.stdout?.on("data", (data: Buffer) => (this.#said += data.toString()));
    node.stderr?.on("data", (data: Buffer) => (said += data.toString()));
    this.#node = node;
    // A test that failed before it ended its node shall not hold up those after it, nor leave it behind.
    for (const handle of [node, node.stdout as Socket, node.stderr as Socket]) handle.unref();
    process.once("exit", () => node.kill("SIGKILL"));
    for (let tries = 0; tries < 600; tries++) {
      if (node.exitCode !== null) throw new Error(`the node did not start: ${said}`);
      if (await fetch(`${this.url}/readyz`).then((answer) => answer.ok, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the node was not ready in time: ${said}`);
  }

  /** Ends the node as a power cut would, or lets it finish. */
  async stop(signal: "SIGKILL" | "SIGTERM" = "SIGTERM"): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    if (!node || node.exitCode !== null) return;
    const ended = new Promise((resolve) => node.once("exit", resolve));
    node.ref();
    node.kill(signal);
    await ended;
  }

  /** Lets accounts receive so much each. */
  give(amount: string, ...accounts: string[]): void {
    this.#klaver("place", "earn", "--each", amount, ...accounts);
  }

  /** Ends the node; what the tests have left in its ledger is replayed by an audit, by every rule and signature. */
  async end(): Promise<void> {
    await this.stop();
    const data = this.#arguments?.[2] ?? join(this.directory, "data");
    console.log(this.#run("klaver-node", "verify", "--data", data).split("\n", 1)[0]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Founds a community and starts Chromium before the tests of a file, and ends both after them; `ready` takes them over. */
export function inTown(ready: (world: World, browser: Browser) => Promise<unknown> | void, found: () => Promise<World> = () => World.found()): void {
  let world: World | undefined;
  let browser: Browser | undefined;
  before(async () => {
    [world, browser] = await Promise.all([found(), launch()]);
    await ready(world, browser);
  });
  after(async () => {
    await browser?.close();
    await world?.end();
  });
}

/** Puts phones away, whose pages have found no fault with themselves. */
export async function close(...phones: Phone[]): Promise<void> {
  for (const phone of phones) {
    assert.deepEqual(phone.faults, []);
    await phone.context.close();
  }
}

/** Starts Chromium; `camera` is a file of moving pictures that it takes for the camera. */
export function launch(camera?: string): Promise<Browser> {
  const video = camera ? [`--use-file-for-fake-video-capture=${camera}`] : [];
  return chromium.launch({
    executablePath: CHROMIUM, headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required", ...video],
  });
}

/** A phone with its faults: what its pages said to the console, and every address they asked. */
export class Phone {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly faults: string[] = [];
  taps = 0;

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
  }

  static async of(browser: Browser, options: BrowserContextOptions = {}): Promise<Phone> {
    const context = await browser.newContext({ ...PHONE, ...options });
    const phone = new Phone(context, await context.newPage());
    phone.page.setDefaultTimeout(20_000);
    phone.page.on("console", (message) => {
      // That an address answered no is the page's business; what it says of itself is ours.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) phone.faults.push(message.text());
    });
    phone.page.on("pageerror", (error) => phone.faults.push(String(error)));
    return phone;
  }

  /** Taps what is called so, and counts. */
  async tap(name: string | RegExp): Promise<void> {
    this.taps += 1;
    const target = this.page.getByRole("button", { name }).or(this.page.getByRole("link", { name }));
    await target.first().click();
  }

  /** Taps what folds out. */
  async tapText(text: string): Promise<void> {
    await this.page.locator("summary", { hasText: text }).first().click();
  }

  /** Types a code where one scans, and follows it. */
  async typesCode(code: string): Promise<void> {
    const typed = this.page.locator("#code");
    if (!(await typed.isVisible())) await this.page.locator("summary", { hasText: "Typ de code" }).click();
    await typed.fill(code);
    await this.tap("Ga verder");
  }

  /** Waits until the page says this. */
  async reads(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  async open(address: string): Promise<void> {
    // Another fragment of the same page would only move within it.
    await this.page.goto("about:blank");
    await this.page.goto(address);
  }

  /** Reads something out of the phone's own store. */
  async stored(store: string): Promise<Record<string, unknown>[]> {
    return this.page.evaluate((name) => new Promise((resolve, reject) => {
      const request = indexedDB.open("klaver", 1);
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const all = request.result.transaction(name).objectStore(name).getAll();
        all.onsuccess = () => {
          request.result.close();
          resolve(all.result.map(({ secret: _, ...rest }) => rest));
        };
      };
    }), store);
  }
}

/** Makes a phone a till of a merchant: it shows its key, the council opens the account. */
export async function connectTill(world: World, browser: Browser, name: string, options: BrowserContextOptions = {}, kind: "merchant" | "fund" = "merchant"): Promise<{ till: Phone; account: string }> {
  const till = await Phone.of(browser, options);
  await till.open(`${world.url}/till`);
  const key = (await till.page.locator("#connect-key").textContent()) ?? "";
  const { account } = world.council("account", "open", kind, "--key", key) as { account: string };
  await till.page.getByRole("button", { name: "Kijk of het gelukt is" }).click();
  await till.page.locator("#name").fill(name);
  await till.page.getByRole("button", { name: "Bewaar de naam" }).click();
  await till.page.locator("#amount").waitFor();
  return { till, account };
}


/** A phone that has joined, with credits. */
export async function member(world: World, browser: Browser, amount: string, options: BrowserContextOptions = {}): Promise<Phone> {
  const phone = await Phone.of(browser, options);
  await phone.open(`${world.url}/wallet`);
  await phone.page.getByRole("button", { name: "Maak mijn portemonnee" }).click();
  await phone.reads("Scan een code");
  if (amount !== "0") {
    const [hat] = await phone.stored("hats");
    world.give(amount, accountText(hat?.["account"] as string));
  }
  return phone;
}

/** How often a flow of F17 is told: seven flows three times are the twenty rounds and one; a soak wants more. */
const ROUNDS = Number(process.env["KLAVER_ROUNDS"] ?? 3);

/** Tells a flow as often as it is wanted; what goes wrong names its round. */
export async function rounds(tell: () => Promise<void>): Promise<void> {
  for (let round = 1; round <= ROUNDS; round++) {
    await tell().catch((error: unknown) => {
      throw new Error(`round ${round} of ${ROUNDS}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
  }
}

/** Waits until something holds that no page says. */
export async function until(holds: () => Promise<boolean> | boolean, otherwise: string): Promise<void> {
  for (const end = Date.now() + 20_000; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 50))) {
    if (Date.now() > end) throw new Error(otherwise);
  }
}

/** Types a price at the till, key by key, and returns the link of the code that it shows. */
export async function price(world: World, till: Phone, euro: string): Promise<string> {
  await till.open(`${world.url}/till`);
  await till.page.locator("#amount").waitFor();
  for (const sign of euro) await till.page.locator(".key", { hasText: new RegExp(`^${sign}$`) }).click();
  await till.page.getByRole("button", { name: "Toon de code" }).click();
  await till.page.locator(".qr svg").waitFor();
  return (await till.page.locator("details code").textContent()) ?? "";
}

/** Returns what an account of a phone has, as the phone itself shows it. */
export async function balance(world: World, phone: Phone): Promise<string> {
  await phone.open(`${world.url}/wallet`);
  await phone.page.getByRole("button", { name: "Toon wat ik heb" }).click();
  return ((await phone.page.locator(".balance .amount").textContent()) ?? "").replace("\u00a0", " ");
}

/** Makes a phone the screen of a doe-plek: it shows its key, the council opens the budget, of a new organisation or of one that is there. */
export async function connectPlace(world: World, browser: Browser, name: string, limit: string, each: string, options: BrowserContextOptions = {}, organisation = "new"): Promise<{ place: Phone; account: string }> {
  const place = await Phone.of(browser, options);
  await place.open(`${world.url}/place`);
  const key = (await place.page.locator("#connect-key").textContent()) ?? "";
  const { account } = world.council("account", "open", "budget", "--key", key, "--limit", limit, "--organisation", organisation) as { account: string };
  await place.tap("Kijk of het gelukt is");
  await place.page.locator("#name").fill(name);
  await place.page.locator("#amount").fill(each);
  await place.tap("Bewaar");
  await place.reads("Wie is er?");
  return { place, account };
}

/** Opens accounts of members whose phones are elsewhere. */
export async function members(world: World, count: number): Promise<string[]> {
  const post = async <T>(path: string, body: unknown): Promise<T> => {
    const answer = await fetch(world.url + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as T;
  };
  const { ledger } = (await (await fetch(`${world.url}/v1/community`)).json()) as { ledger: string };
  return Promise.all(Array.from({ length: count }, async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const key = (publicKey.export({ format: "der", type: "spki" }) as Buffer).subarray(-32).toString("hex");
    const { nonce, expires_at } = await post<{ nonce: string; expires_at: string }>("/v1/sessions/challenges", {});
    const bytes = challengeBytes(ledger, world.url, { join: key }, fromBase64url(nonce), Date.parse(expires_at) / 1_000);
    const proof = { nonce, expires_at, signatures: [sign(null, bytes, privateKey).toString("base64url")] };
    return (await post<{ account: string }>("/v1/join", { keys: [{ key, rights: ["spend", "manage"] }], proof })).account;
  }));
}

/** Adds a face at a place. */
export async function addFace(place: Phone, account: string, name: string): Promise<void> {
  await place.page.getByRole("link", { name: "Nieuw gezicht" }).click();
  await place.page.locator("#code").fill(account);
  await place.page.locator("#name").fill(name);
  await place.page.getByRole("button", { name: "Voeg toe" }).click();
  await place.reads("Wie is er?");
}

/** Lets a phone keep its pages, with what is known now, and takes its network away. */
export async function leaveNetwork(world: World, phone: Phone, path: string): Promise<void> {
  await phone.open(`${world.url}${path}`);
  await phone.page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    await fetch("/promise").then(async (answer) => (await caches.open((await caches.keys())[0] ?? "")).put("/promise", answer));
  });
  await until(async () => path !== "/wallet" || (await phone.stored("kept")).some(({ name, value }) => String(name).startsWith("had:") && Number((value as { can: string }).can) > 0), "the balance was not looked at");
  await phone.context.setOffline(true);
}

/** Types what another phone shows where a till scans. */
export async function takesPromise(shop: Phone, code: string): Promise<void> {
  const typed = shop.page.locator("#promise-code");
  if (!(await typed.isVisible())) await shop.tapText("Typ de code");
  await typed.fill(code);
  await shop.tap("Neem aan");
}
