// The command that `baton run` runs, and all it starts, as one thing that can be signalled and ended.
// Knows no lock and no hub.
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { isatty } from "node:tty";
import { livingProcesses, type ProcessRow, withDescendants } from "./process-table.ts";

/** The signals that are passed on to the command. */
export const passedSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const;
/** One of them. */
export type PassedSignal = (typeof passedSignals)[number];
// A terminal sends these to everyone in its foreground group itself; sent again, a command would see them twice.
const terminalSignals: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT", "SIGWINCH"]);

// How often it is looked whether all have ended.
const pollMs = 50;

/** How the command ended: a number that a shell would see, 128+n for a signal; what ended it; and the same in words. */
export type Ending = { exitCode: number; cause: "exit" | "signal" | "start"; words: string };

/** The command while it runs. */
export type ProcessGroup = {
  /** Settles when the command itself has ended, or could not be started; never rejects. */
  ended: Promise<Ending>;
  /** Passes a signal that came to us on to the group. */
  pass(signal: PassedSignal): void;
  /** Ends the group: SIGTERM, and SIGKILL after `patienceMs` for what is left. */
  end(patienceMs: number): Promise<void>;
};

/**
 * Starts a command on our own stdin, stdout and stderr.
 *
 * Away from a terminal it gets a session and so a process group of its own: whatever it starts is signalled with it, and
 * nothing else is. On a terminal that would take from it `/dev/tty`, Ctrl-Z and the foreground, so there it stays in our
 * group, as under any wrapper; the terminal's own signals reach it without us, and the others, and the end, go to the
 * tree of its processes.
 */
export function startProcessGroup(words: readonly string[], environment: NodeJS.ProcessEnv): ProcessGroup {
  // Asked of the descriptor: to touch process.stdin would be to start reading what is the command's.
  const onTerminal = isatty(0);
  const [file = "", ...rest] = words;
  const child = spawn(file, rest, { stdio: "inherit", detached: !onTerminal, env: environment });
  const ended = endingOf(child);
  const { pid } = child;
  if (pid === undefined) return { ended, pass: () => {}, end: async () => {} };
  const group = onTerminal ? treeOf(pid) : ownGroup(pid);
  return {
    ended,
    pass: (signal) => {
      if (!onTerminal || !terminalSignals.has(signal)) group.signal(signal);
    },
    end: async (patienceMs) => {
      const untilMs = performance.now() + patienceMs;
      group.signal("SIGTERM");
      while (group.alive() && performance.now() < untilMs) await delay(pollMs);
      if (group.alive()) group.signal("SIGKILL");
    },
  };
}

type Members = { signal(name: NodeJS.Signals): void; alive(): boolean };

function ownGroup(leader: number): Members {
  return {
    signal: (name) => void kill(-leader, name),
    alive: () => kill(-leader, 0) && anyLives(({ group }) => group === leader),
  };
}

function treeOf(root: number): Members {
  // Remembered, since a child whose parent has ended no longer hangs on the tree.
  let members = new Set([root]);
  return {
    signal: (name) => {
      members = withDescendants(members, livingProcesses());
      for (const pid of members) if (!kill(pid, name)) members.delete(pid);
    },
    alive: () => [...members].some((pid) => kill(pid, 0)) && anyLives(({ pid }) => members.has(pid)),
  };
}

/** Signals reach what has ended and is not buried yet: a container's first process may never see to that. */
function anyLives(is: (process: ProcessRow) => boolean): boolean {
  const processes = livingProcesses();
  return processes.length === 0 || processes.some(is);
}

function kill(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    return false; // it has ended, or has become another user's
  }
}

function endingOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const missing = error.code === "ENOENT";
      const why = missing ? "not found" : error.code === "EACCES" ? "not executable" : error.message;
      resolve({ exitCode: missing ? 127 : 126, cause: "start", words: `cannot be started: ${why}` });
    });
    child.once("exit", (code, signal) => {
      if (signal === null) resolve({ exitCode: code ?? 1, cause: "exit", words: `exit code ${code ?? 1}` });
      else resolve({ exitCode: 128 + constants.signals[signal], cause: "signal", words: `ended by ${signal}` });
    });
  });
}
