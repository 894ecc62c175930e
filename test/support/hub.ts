// A hub as a process of its own, for tests, the demo and the bench. Knows its command line and its log, nothing inside.
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { leashed } from "./leash.ts";

/** How a process ended: its exit code, or 128 + the signal's number as a shell says it. */
export type Exit = { readonly code: number; readonly signal: NodeJS.Signals | undefined };

/** A hub that answers. */
export type HubProcess = {
  /** The URL of the WebSocket. */
  readonly url: string;
  readonly httpUrl: string;
  readonly pid: number;
  /** The lines of its stdout until now. */
  log(): readonly string[];
  /** Resolves with the first line of its stdout, written or to come, that has this text in it. */
  logged(text: string): Promise<string>;
  /** What it wrote to stderr until now. */
  errors(): string;
  /** Reads its log no more: whatever it writes from now on fails. */
  closeLog(): void;
  kill(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, waits for the drain, and gives the exit code. */
  stop(): Promise<number>;
  readonly exited: Promise<Exit>;
};

/** What a run of the hub's program left behind. */
export type HubRun = { readonly code: number; readonly stdout: string; readonly stderr: string };

type Options = {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly program?: string;
  readonly before?: readonly string[];
  readonly wrapper?: readonly string[];
};

const hubProgram = fileURLToPath(new URL("../../server/main.ts", import.meta.url));

// Where no leash can be had, a test that ends in good order ends them too.
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/**
 * Starts `baton-hub` on a free port with the memory engine and waits until it answers.
 * @param args further flags; a flag given here goes before what this adds
 * @param program another file that does the same, such as a hub that crashes
 * @param before words that such a program takes before the flags
 * @param wrapper a command that runs the rest of its command line in its own place, as `strace -D` does
 * @param env variables beside the test's own environment, from which every BATON_* is taken away
 * @throws when it ends before it answers, with what it wrote
 */
export async function startHubProcess({ args = [], env = {}, before = [], ...how }: Options = {}): Promise<HubProcess> {
  const child = spawnHub([...before, "--port", "0", "--engine", "memory", ...args], env, how);
  const log = new ProcessLog();
  if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", (line) => log.add(line));
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const exited = exitOf(child);
  const ended = exited.then(({ code }): never => {
    throw new Error(`the hub ended with ${code} before it answered: ${stderr}${log.lines.join("\n")}`);
  });
  ended.catch(() => {});
  const urls = urlsIn(await Promise.race([log.first("the hub answers at "), ended]));
  return {
    ...urls,
    pid: child.pid ?? 0,
    log: () => log.lines,
    logged: (text) => log.first(text),
    errors: () => stderr,
    closeLog: () => void child.stdout?.destroy(),
    kill: (signal) => void child.kill(signal),
    stop: async () => {
      child.kill("SIGTERM");
      return (await exited).code;
    },
    exited,
  };
}

/** Runs `baton-hub` with exactly these arguments to its end, for what it refuses or prints. */
export async function runHub(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<HubRun> {
  const child = spawnHub(args, env);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const { code } = await exitOf(child);
  return { code, stdout, stderr };
}

function spawnHub(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { program = hubProgram, wrapper = [] }: Pick<Options, "program" | "wrapper"> = {},
): ChildProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("BATON_"));
  const [command = process.execPath, ...words] = [...leashed, ...wrapper, process.execPath, program, ...args];
  const child = spawn(command, words, {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  return child;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve({ code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), signal: signal ?? undefined });
    });
  });
}

/** The URLs that a start line names. */
function urlsIn(line: string): { url: string; httpUrl: string } {
  const url = /\bwss?:\/\/[^\s"]+/.exec(line)?.[0];
  const httpUrl = /\bhttps?:\/\/[^\s"]+/.exec(line)?.[0];
  if (url === undefined || httpUrl === undefined) throw new Error(`a start line without URLs: ${line}`);
  return { url, httpUrl };
}

/** The lines that a process has written, and those who wait for one. */
class ProcessLog {
  readonly lines: string[] = [];
  readonly #waiting = new Set<(line: string) => void>();

  add(line: string): void {
    this.lines.push(line);
    for (const hear of this.#waiting) hear(line);
  }

  first(text: string): Promise<string> {
    const written = this.lines.find((line) => line.includes(text));
    if (written !== undefined) return Promise.resolve(written);
    return new Promise((resolve) => {
      const hear = (line: string) => {
        if (!line.includes(text)) return;
        this.#waiting.delete(hear);
        resolve(line);
      };
      this.#waiting.add(hear);
    });
  }
}
