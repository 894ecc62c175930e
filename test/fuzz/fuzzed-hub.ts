// A hub process under fuzz: alive, or started anew, how much memory it takes, and its HTTP side. Knows no rule.
import { mkdtemp, rm } from "node:fs/promises";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHubProcess, type HubProcess } from "../support/hub.ts";
import type { Memory } from "./memory-series.ts";

/** The engines that are fuzzed. */
export type FuzzedEngine = "memory" | "durable";

// No ping comes in a run, no grace ends in one, and what is kept by design stays small enough to see what is not.
const flags = ["--heartbeat", "60s", "--grace-max", "60s", "--limit", "historyMax=1000", "--log-level", "warn"];
// With no room to grow, a hub that keeps what it is given ends.
const parent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const env = { NODE_OPTIONS: "--max-old-space-size=128" };

/** One hub after the other, if they end. */
export class FuzzedHub implements AsyncDisposable {
  readonly engine: FuzzedEngine;
  readonly #folder: string;
  readonly #more: readonly string[];
  #hub: HubProcess | undefined;
  #isAlive = false;

  private constructor(engine: FuzzedEngine, folder: string, more: readonly string[]) {
    this.engine = engine;
    this.#folder = folder;
    this.#more = more;
  }

  /** Starts a hub of an engine, with further flags. */
  static async start(engine: FuzzedEngine, ...more: string[]): Promise<FuzzedHub> {
    const hub = new FuzzedHub(engine, await mkdtemp(join(parent, "baton-fuzz-")), more);
    await hub.revive();
    return hub;
  }

  /** Starts another hub if there is none, so that a failing run can be tried again. */
  async revive(): Promise<void> {
    if (this.#isAlive) return;
    const args = [...flags, "--engine", this.engine, "--data", this.#folder, ...this.#more];
    const hub = await startHubProcess({ args, env });
    this.#hub = hub;
    this.#isAlive = true;
    void hub.exited.then(() => (this.#isAlive = false));
  }

  get #running(): HubProcess {
    if (this.#hub === undefined) throw new Error("there is no hub");
    return this.#hub;
  }

  get url(): string {
    return this.#running.url;
  }

  /** Throws when the hub has ended, or has logged what it does not log when all is well. */
  check(): void {
    if (!this.#isAlive) throw new Error(`the hub has ended: ${this.#running.errors().slice(0, 2_000)}`);
    const [bad] = this.#running.log().filter((line) => line.includes('"level":"error"'));
    if (bad !== undefined) throw new Error(`the hub has logged ${bad.slice(0, 2_000)}`);
  }

  /** Asks the HTTP side; `body` is JSON, undefined when there is none. */
  async http(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const url = new URL(path, this.#running.httpUrl);
    // A connection that the hub closes because nobody used it may be used at that very moment: what only looks asks again.
    const ask = () => fetch(url, { method, headers, ...json });
    const response = method === "GET" ? await ask().catch(ask) : await ask();
    return { status: response.status, body: await response.json() };
  }

  /** The memory that is in use. */
  async memory(): Promise<Memory> {
    const { httpUrl, pid } = this.#running;
    const text = await (await fetch(new URL("/metrics", httpUrl))).text();
    const [, bytes] = /^baton_process_heap_bytes (\S+)$/m.exec(text) ?? [];
    const smaps = readFileSync(`/proc/${pid}/smaps`, "utf8");
    const [, kibibytes] = /\[heap\]\n(?:.*\n)*?Rss: +(\d+) kB/.exec(smaps) ?? [];
    if (bytes === undefined || kibibytes === undefined) throw new Error("nothing says how much memory is in use");
    return { heap: Number(bytes) / 2 ** 20, native: Number(kibibytes) / 1024 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isAlive) await this.#running.stop();
    await rm(this.#folder, { recursive: true });
  }
}

/** The memory that a process takes, in MiB. */
export function residentMiBOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}
