/** A community whose log is cosigned by real witness processes on loopback. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROGRAMS, World, freePort } from "./world.ts";

const PROGRAM = join(PROGRAMS, "klaver-node");

/** One witness in a directory of its own, running or not. */
export class Witness {
  readonly name: string;
  readonly directory: string;
  readonly port: number;
  readonly vkey: string;
  #process: ChildProcess | undefined;

  private constructor(name: string, directory: string, port: number) {
    this.name = name;
    this.directory = directory;
    this.port = port;
    this.vkey = this.#run("init", "--name", `${name.toLowerCase()}.example/w`).trim();
  }

  static async init(name: string, parent: string): Promise<Witness> {
    return new Witness(name, join(parent, name), await freePort());
  }

  #run(command: string, ...args: string[]): string {
    return execFileSync(PROGRAM, ["witness", command, this.directory, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** The line of a trust policy that names it. */
  get line(): string {
    return `witness ${this.name} ${this.vkey} http://127.0.0.1:${this.port}`;
  }

  trust(log: string): void {
    this.#run("trust", "--log", log);
  }

  async start(): Promise<void> {
    this.#process = spawn(PROGRAM, ["witness", "serve", this.directory, "--listen", `127.0.0.1:${this.port}`], { stdio: "ignore" });
    for (let tries = 0; tries < 300; tries++) {
      if (await fetch(`http://127.0.0.1:${this.port}/healthz`).then((answer) => answer.ok, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`witness ${this.name} was not ready in time`);
  }

  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await ended;
  }
}

export interface WitnessedWorld {
  world: World;
  witnesses: Witness[];
  end(): Promise<void>;
}

/** Founds a community with these witnesses, of which so many are needed; none of them runs yet. */
export async function foundWitnessed(names: readonly string[], needed: number): Promise<WitnessedWorld> {
  const directory = mkdtempSync(join(tmpdir(), "klaver-witnesses-"));
  const witnesses: Witness[] = [];
  for (const name of names) witnesses.push(await Witness.init(name, directory));
  const file = join(directory, "policy");
  writeFileSync(file, `${witnesses.map(({ line }) => line).join("\n")}\ngroup enough ${needed} ${names.join(" ")}\nquorum enough\n`);
  const world = await World.found("open", "--witness-policy", file);
  const { log } = (await (await fetch(`${world.url}/v1/community`)).json()) as { log: { vkey: string } };
  for (const witness of witnesses) witness.trust(log.vkey);
  const end = async () => {
    for (const witness of witnesses) await witness.stop();
    await world.end();
    rmSync(directory, { recursive: true, force: true });
  };
  return { world, witnesses, end };
}
