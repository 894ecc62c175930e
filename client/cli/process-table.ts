// The processes that live just now, as the system tells it. Knows nothing of why they run.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** One process. */
export type ProcessRow = { pid: number; parent: number; group: number };

/** All that live; one that has ended and waits for its parent to notice does not. Empty where the system does not tell. */
export function livingProcesses(): ProcessRow[] {
  try {
    return process.platform === "linux" ? linuxProcesses() : listedProcesses();
  } catch {
    return [];
  }
}

/** The processes of `roots` and all that descend from them. */
export function withDescendants(roots: Iterable<number>, processes: readonly ProcessRow[]): Set<number> {
  const family = new Set(roots);
  for (const member of family) for (const { pid, parent } of processes) if (parent === member) family.add(pid);
  return family;
}

function linuxProcesses(): ProcessRow[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => rowOf(pid, linuxFields(pid)));
}

/** State, parent and group. */
function linuxFields(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name before them stands in parentheses, and may hold any character.
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return []; // it has ended meanwhile
  }
}

function listedProcesses(): ProcessRow[] {
  const columns = ["pid=", "stat=", "ppid=", "pgid="].flatMap((column) => ["-o", column]);
  const lines = execFileSync("ps", ["-A", ...columns], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const [pid = "", ...fields] = line.trim().split(/\s+/);
    return rowOf(pid, fields);
  });
}

function rowOf(pid: string, [state = "", parent, group]: readonly string[]): ProcessRow[] {
  if (state === "" || /^[ZX]/.test(state)) return [];
  return [{ pid: Number(pid), parent: Number(parent), group: Number(group) }];
}
