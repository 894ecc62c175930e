// Starts holders, tells them what to do, and hears what they say. Knows no hub.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Order, Saying } from "./holder.ts";

/** A saying of one kind. */
type Said<Is extends Saying["is"]> = Saying & { is: Is };

const program = fileURLToPath(new URL("./holder.ts", import.meta.url));

// None outlives the test that started it.
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** One holder. */
export class HolderProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #said: Saying[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #ended: Promise<string>;
  #stderr = "";

  constructor(url: string, options: { node: string; graceMs: number; resource: string; file: string }) {
    const { node, graceMs, resource, file } = options;
    const child = spawn(process.execPath, [program, url, node, String(graceMs), resource, file]);
    running.add(child);
    this.#child = child;
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (this.#stderr += chunk));
    // Of one that is gone there is nothing to be told.
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#said.push(JSON.parse(line));
      for (const look of this.#listeners) look();
    });
    this.#ended = new Promise((resolve) => {
      child.once("close", () => {
        running.delete(child);
        resolve(`${node} has ended: ${this.#stderr}`);
      });
    });
  }

  /** What it has said so far of that kind. */
  said<Is extends Saying["is"]>(is: Is): Said<Is>[] {
    const isIt = (saying: Saying): saying is Said<Is> => saying.is === is;
    return this.#said.filter(isIt);
  }

  /** Hears it say that, for the first time or for the how-manieth; rejects when it ends before. */
  async hears<Is extends Saying["is"]>(is: Is, times = 1): Promise<Said<Is>> {
    const { promise, resolve, reject } = Promise.withResolvers<Said<Is>>();
    const look = () => {
      const saying = this.said(is)[times - 1];
      if (saying !== undefined) resolve(saying);
    };
    this.#listeners.add(look);
    void this.#ended.then((why) => reject(new Error(`no ${is}: ${why}`)));
    look();
    return promise.finally(() => this.#listeners.delete(look));
  }

  tell(order: Order): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  /** Tells it something and hears the next answer of one of those kinds. */
  async answers<Is extends Saying["is"]>(order: Order, ...kinds: Is[]): Promise<Said<Is>> {
    const answer = Promise.race(kinds.map((is) => this.hears(is, this.said(is).length + 1)));
    this.tell(order);
    return answer;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
