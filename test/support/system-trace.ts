// What a process asked of the disk and of its sockets, in order, from the lines of `strace -f -y -xx`. Knows the calls that Node
// and SQLite make; nothing of what the bytes mean.
import { join } from "node:path";

/** One call that succeeded. */
export type Call =
  | { is: "opened"; path: string; handle: number; isEmptied: boolean }
  | { is: "written"; path: string; at: number; bytes: Buffer }
  | { is: "cut"; path: string; length: number }
  | { is: "synced"; path: string }
  | { is: "renamed"; from: string; to: string }
  | { is: "removed"; path: string }
  | { is: "received" | "sent"; handle: number; bytes: Buffer };

/** The calls to be traced. */
export const tracedCalls =
  "openat,read,recvfrom,write,writev,sendto,sendmsg,pwrite64,ftruncate,fsync,fdatasync,rename,unlink";

/** The calls in a trace, as they ended; those that failed are left out. */
export function callsIn(trace: string): Call[] {
  const begun = new Map<string, string>();
  /** Where the next byte goes that is written without a place, by handle. */
  const positions = new Map<number, number>();
  const calls: Call[] = [];
  for (const line of trace.split("\n")) {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (unfinished) begun.set(thread, unfinished[1] ?? "");
    else calls.push(...callOf(resumed ? `${begun.get(thread)}${resumed[1]}` : rest, positions));
  }
  return calls;
}

function callOf(text: string, positions: Map<number, number>): Call[] {
  const [, name = "", given = "", result = ""] = /^(\w+)\((.*)\) += (-?\d+)/.exec(text) ?? [];
  const value = Number(result);
  if (name === "" || value < 0) return [];
  const [, handleText = "", target = ""] = /^(\d+)<([^>]*)>/.exec(given) ?? [];
  const handle = Number(handleText);
  const path = unquoted(target).toString();
  const texts = Array.from(given.matchAll(/"((?:\\x..)*)"/g), ([, quoted = ""]) => unquoted(quoted));
  const [first = Buffer.alloc(0), second = first] = texts;
  const isSocket = path.startsWith("socket:") || path.startsWith("TCP");
  switch (name) {
    case "openat": {
      positions.set(value, 0);
      const folder = /^AT_FDCWD<([^>]*)>/.exec(given)?.[1] ?? "";
      const opened = join(first.toString().startsWith("/") ? "/" : unquoted(folder).toString(), first.toString());
      if (!given.includes("O_CREAT")) return [];
      return [{ is: "opened", path: opened, handle: value, isEmptied: given.includes("O_TRUNC") }];
    }
    case "pwrite64":
      return [{ is: "written", path, at: Number(/, (\d+)$/.exec(given)?.[1]), bytes: first.subarray(0, value) }];
    case "ftruncate":
      return [{ is: "cut", path, length: Number(/, (\d+)$/.exec(given)?.[1]) }];
    case "fsync":
    case "fdatasync":
      return [{ is: "synced", path }];
    case "rename":
      return [{ is: "renamed", from: first.toString(), to: second.toString() }];
    case "unlink":
      return [{ is: "removed", path: first.toString() }];
    case "read":
    case "recvfrom":
      return isSocket && value > 0 ? [{ is: "received", handle, bytes: first.subarray(0, value) }] : [];
    default: {
      const bytes = Buffer.concat(texts).subarray(0, value);
      if (isSocket) return [{ is: "sent", handle, bytes }];
      const at = positions.get(handle) ?? 0;
      positions.set(handle, at + value);
      return [{ is: "written", path, at, bytes }];
    }
  }
}

function unquoted(text: string): Buffer {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}
