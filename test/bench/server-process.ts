// A server that is measured: started as a process of its own, asked for its CPU time, stopped. Knows no socket.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** How a server is started: its file, its arguments, and the folder for a CPU profile if one is wanted. */
export interface ServerProgram {
  file: string;
  arguments: readonly string[];
  profileFolder?: string | undefined;
}

/** A server that runs and answers; disposing of it asks it to end, and insists after 5 s. */
export interface ServerProcess extends AsyncDisposable {
  /** Where its WebSocket listens. */
  url: string;
  /** CPU time of all its threads since it started, in microseconds; undefined where the system does not tell. */
  cpuUs(): number | undefined;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The raw echo server. */
export const echoProgram: ServerProgram = { file: here("echo.ts"), arguments: [] };
/** The raw relay. */
export const relayProgram: ServerProgram = { file: here("relay.ts"), arguments: [] };

/** The file of the hub in this tree. */
export const hubFile = here("../../server/main.ts");

/** The hub with an engine and further flags; `profileFolder` has it write a CPU profile there when it ends. */
export function hubProgram(
  file: string,
  engine: string,
  flags: readonly string[] = [],
  profileFolder?: string,
): ServerProgram {
  return { file, arguments: ["--port", "0", "--engine", engine, ...flags], profileFolder };
}

let stoppedCpuUs = 0;

/** CPU time of all servers that were started here and have been stopped, in microseconds. */
export function serversCpuUs(): number {
  return stoppedCpuUs;
}

/** Starts a server on loopback and waits for the line that names its URL; rejects when it ends before. */
export async function startServer(program: ServerProgram): Promise<ServerProcess> {
  const folder = program.profileFolder;
  const profile = folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`];
  const child = spawn(process.execPath, [...profile, program.file, ...program.arguments], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const url = await urlOf(child, program.file);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    stoppedCpuUs += cpuUsOf(child.pid) ?? 0;
    const ended = once(child, "exit");
    child.kill(signal);
    const insist = setTimeout(kill, 5_000);
    await ended;
    clearTimeout(insist);
    process.off("exit", kill);
  };
  return {
    url,
    cpuUs: () => cpuUsOf(child.pid),
    kill: () => end("SIGKILL"),
    [Symbol.asyncDispose]: () => end("SIGTERM"),
  };
}

function urlOf(child: ChildProcess, file: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.once("error", reject);
  child.once("exit", (code) => reject(new Error(`${file} ended with ${String(code)} before it named its URL`)));
  if (child.stdout === null) throw new Error("a server is started with its output piped");
  createInterface({ input: child.stdout }).on("line", (line) => {
    const match = /wss?:\/\/[^\s",]+/.exec(line);
    if (match !== null) resolve(match[0]);
  });
  return promise;
}

/** Linux counts the CPU time of a process in ticks of 10 ms: fields 14 and 15 of its stat line, user and system. */
function cpuUsOf(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return undefined;
  }
}
