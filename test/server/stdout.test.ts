// The log's way out, by a process whose reader is slow.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const lines = 20_000;
const program = `
  const { openStdout } = await import(${JSON.stringify(new URL("../../server/stdout.ts", import.meta.url).href)});
  const stdout = openStdout();
  for (let n = 0; n < ${lines}; n += 1) stdout.write(JSON.stringify({ n, pad: "x".repeat(200) }) + "\\n");
  setTimeout(() => process.stderr.write("alive"), 1);
  process.stdin.once("data", async () => {
    await stdout.flush(60_000);
    stdout.writeNow("the end\\n");
    process.exit(0);
  });
`;

test("a reader who is slow gets all that has room, in order, and holds up nobody", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
  // Nothing has been read yet, and far more was written than a pipe holds.
  const [alive] = await once(child.stderr, "data");
  expect(String(alive)).toBe("alive");
  child.stdin.write("end");
  const read = (await text(child.stdout)).trimEnd().split("\n");
  expect(read.pop()).toBe("the end");
  const { dropped, level } = JSON.parse(read.pop() ?? "");
  expect(level).toBe("warn");
  expect(read.length + dropped).toBe(lines);
  expect(read.map((line) => JSON.parse(line).n)).toEqual(Array.from(read.keys()));
});
