// `baton pull` as a process, and what it says of itself by --json. Usable without vitest.
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { PullEvent } from "../../client/content/index.ts";

/** An event of a pull, with the wall clock of its process in milliseconds. */
export type TimedEvent = PullEvent & { readonly at: number; readonly node: string };

/** What one node is told to pull. */
export type PullProcessOptions = {
  readonly node: string;
  readonly url: string;
  readonly image: string;
  readonly store: string;
  readonly args?: readonly string[];
};

/** A pull that runs. */
export type PullProcess = {
  readonly node: string;
  readonly pid: number;
  /** What it has told until now. */
  readonly events: readonly TimedEvent[];
  /** What it wrote to stderr until now. */
  errors(): string;
  /** The first event, past or to come, of which this is true; rejects when the process ends without one. */
  until<Found extends TimedEvent>(isIt: (event: TimedEvent) => event is Found): Promise<Found>;
  until(isIt: (event: TimedEvent) => boolean): Promise<TimedEvent>;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code, or 128 + the number of the signal that ended it. */
  readonly exited: Promise<number>;
};

const program = fileURLToPath(new URL("../../client/cli/main.ts", import.meta.url));

// None outlives the test that started it.
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Starts `baton pull --insecure-http --json` as one node. */
export function startPull({ node, url, image, store, args = [] }: PullProcessOptions): PullProcess {
  const all = ["pull", image, "--store", store, "--insecure-http", "--json", "--url", url, "--node", node, ...args];
  const child = spawn(process.execPath, [program, ...all], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const events: TimedEvent[] = [];
  const listeners = new Set<(event: TimedEvent) => void>();
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event: TimedEvent = JSON.parse(line);
    events.push(event);
    for (const listener of listeners) listener(event);
  });
  const exited = exitOf(child);
  const until = async (isIt: (event: TimedEvent) => boolean): Promise<TimedEvent> => {
    const found = events.find(isIt);
    if (found !== undefined) return found;
    const { promise, resolve } = Promise.withResolvers<TimedEvent>();
    const listener = (event: TimedEvent): void => {
      if (isIt(event)) resolve(event);
    };
    listeners.add(listener);
    const ended = exited.then((code): never => {
      throw new Error(`${node} ended with ${code} before that: ${stderr}`);
    });
    try {
      return await Promise.race([promise, ended]);
    } finally {
      listeners.delete(listener);
      ended.catch(() => undefined);
    }
  };
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal);
  return { node, pid: child.pid ?? 0, events, errors: () => stderr, until, kill, exited };
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
