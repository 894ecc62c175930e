import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { livingProcesses, withDescendants } from "../../../client/cli/process-table.ts";

test("the table has this process and its children with their parents and groups", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { detached: true });
  const rows = livingProcesses();
  expect(rows.find(({ pid }) => pid === process.pid)).toMatchObject({ parent: process.ppid });
  expect(rows.find(({ pid }) => pid === child.pid)).toEqual({ pid: child.pid, parent: process.pid, group: child.pid });
  expect(withDescendants([process.pid], rows)).toContain(child.pid);
  child.stdin.end();
  await once(child, "exit");
  expect(livingProcesses().some(({ pid }) => pid === child.pid)).toBe(false);
});

test("descendants are found however deep they are, and others are not", () => {
  const rows = [
    { pid: 4, parent: 3, group: 2 },
    { pid: 3, parent: 2, group: 2 },
    { pid: 2, parent: 1, group: 2 },
    { pid: 9, parent: 1, group: 2 },
  ];
  expect(withDescendants([2], rows)).toEqual(new Set([2, 3, 4]));
});
