// `baton pull` and `baton rm` as processes, and what they say of themselves by --json. Usable without vitest.
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { PullEvent, RemoveEvent } from "../../client/content/index.ts";

type Timed<Event> = Event & { readonly at: number; readonly node: string };

/** An event of a pull, with the wall clock of its process in milliseconds. */
export type TimedEvent = Timed<PullEvent>;

/** What one node is told to pull, or to remove. */
export type PullProcessOptions = {
  readonly node: string;
  readonly url: string;
  readonly image: string;
  readonly store: string;
  readonly args?: readonly string[];
};

/** A command that runs. */
type EventProcess<Event> = {
  readonly node: string;
  readonly pid: number;
  /** What it has told until now. */
  readonly events: readonly Event[];
  /** What it wrote to stderr until now. */
  errors(): string;
  /** The first event, past or to come, of which this is true; rejects when the process ends without one. */
  until<Found extends Event>(isIt: (event: Event) => event is Found): Promise<Found>;
  until(isIt: (event: Event) => boolean): Promise<Event>;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code, or 128 + the number of the signal that ended it. */
  readonly exited: Promise<number>;
};

/** A pull that runs. */
export type PullProcess = EventProcess<TimedEvent>;
/** A removal that runs. */
export type RemoveProcess = EventProcess<Timed<RemoveEvent>>;

const program = fileURLToPath(new URL("../../client/cli/main.ts", import.meta.url));

// None outlives the test that started it.
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Starts `baton pull --insecure-http --json` as one node. */
export function startPull({ args = [], ...options }: PullProcessOptions): PullProcess {
  return start("pull", { ...options, args: ["--insecure-http", ...args] });
}

/** Starts `baton rm --json` as one node. */
export function startRemove(options: PullProcessOptions): RemoveProcess {
  return start("rm", options);
}

function start<Event>(
  command: string,
  { node, url, image, store, args = [] }: PullProcessOptions,
): EventProcess<Event> {
  const all = [command, image, "--store", store, "--json", "--url", url, "--node", node, ...args];
  const child = spawn(process.execPath, [program, ...all], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const events: Event[] = [];
  const listeners = new Set<(event: Event) => void>();
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event: Event = JSON.parse(line);
    events.push(event);
    for (const listener of listeners) listener(event);
  });
  const exited = exitOf(child);
  const until = async (isIt: (event: Event) => boolean): Promise<Event> => {
    const found = events.find(isIt);
    if (found !== undefined) return found;
    const { promise, resolve } = Promise.withResolvers<Event>();
    const listener = (event: Event): void => {
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
