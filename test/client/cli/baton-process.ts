// `baton` as a process of its own, for tests: its command line, its streams, how it ended. Knows nothing inside it.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** What one run of the program left. */
export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** A `baton` that runs. */
export type BatonProcess = {
  readonly stdin: ChildProcessWithoutNullStreams["stdin"];
  kill(signal: NodeJS.Signals): void;
  /** Reads no more of what it says. */
  closeStdout(): void;
  /** Settles when what it wrote to either stream matches, with the match; fails when it ends before. */
  says(pattern: RegExp): Promise<string>;
  /** How it ended, once nobody holds its streams any more; 128 + n for a signal, as a shell says it. */
  readonly ended: Promise<Ended>;
};

type Options = { readonly env?: Readonly<Record<string, string>> };

/** The path of the program. */
export const program = fileURLToPath(new URL("../../../client/cli/main.ts", import.meta.url));
/** The path of a command with a child that say which signals they get. */
export const family = fileURLToPath(new URL("family.ts", import.meta.url));

const running = new Set<ChildProcessWithoutNullStreams>();

/** Starts `baton` with these arguments, and no BATON_* of the test's own environment. */
export function startBaton(args: readonly string[], { env = {} }: Options = {}): BatonProcess {
  return following(spawn(process.execPath, [program, ...args], { env: { ...plainEnvironment(), ...env } }));
}

/** Runs `baton` to its end, with nothing on its stdin. */
export function baton(args: readonly string[], options: Options = {}): Promise<Ended> {
  const started = startBaton(args, options);
  started.stdin.end();
  return started.ended;
}

/** Follows a process that was started on pipes. */
export function following(child: ChildProcessWithoutNullStreams): BatonProcess {
  running.add(child);
  const heard = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  const hear = (stream: keyof typeof heard) => (chunk: string) => {
    heard[stream] += chunk;
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding("utf8").on("data", hear("stdout"));
  child.stderr.setEncoding("utf8").on("data", hear("stderr"));
  // A command may end before it has read what is on its stdin.
  child.stdin.on("error", () => {});
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve({ code: code ?? 128 + constants.signals[signal!], ...heard });
      for (const listener of listeners) listener();
    });
  });
  const says = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const [match] = pattern.exec(heard.stdout) ?? pattern.exec(heard.stderr) ?? [];
        if (match !== undefined) resolve(match);
        else if (!running.has(child))
          reject(new Error(`never said ${String(pattern)}: ${heard.stdout}${heard.stderr}`));
      };
      listeners.add(look);
      look();
    });
  const closeStdout = () => void child.stdout.destroy();
  return { stdin: child.stdin, closeStdout, kill: (signal) => void child.kill(signal), says, ended };
}

/** The test's environment without what would change what `baton` does. */
export function plainEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("BATON_")));
}
