// Command lines that are wrong, or of what is not there: what the shell is told.
import { describe, expect, test } from "vitest";
import { baton } from "./baton-process.ts";
import { hubOfFile } from "./hub-of-file.ts";

const options = { timeout: 120_000 };
const env = hubOfFile();

describe("run", options, () => {
  test.each([
    [["--", "echo", "x"], "no resource is named before --"],
    [["--", "echo"], "no resource is named before --"],
    [["--wait", "5s", "--", "echo", "x", "y"], "no resource is named before --"],
    [["--wait", "5s", "--", "echo", "--", "x"], "no resource is named before --"],
    [["r", "--"], "no command is given"],
    [["r"], "no command is given"],
    [["--x", "r", "--", "echo"], "unknown option '--x'"],
    [["r", "--x", "--", "echo"], "unknown option '--x'"],
  ])("%j is a usage error, and runs nothing", async (words, said) => {
    const ended = await baton(["run", ...words], { env });
    expect(ended).toMatchObject({ code: 64, stdout: "" });
    expect(ended.stderr).toContain(said);
  });

  test.each([
    [["usage-1", "--", "echo", "--", "more"], "-- more\n"],
    [["--wait", "5s", "usage-2", "--", "echo", "x"], "x\n"],
    [["usage-3", "--wait", "5s", "--", "echo", "x"], "x\n"],
    [["usage-4", "echo", "x"], "x\n"],
    [["usage-5", "echo", "--", "x"], "-- x\n"],
  ])("%j runs its command", async (words, said) => {
    expect(await baton(["run", ...words], { env })).toMatchObject({ code: 0, stdout: said });
  });
});

describe("what an admin does", options, () => {
  test.each([
    [["unlock", "nothing", "--reason", "test"], 1, 'nobody holds "nothing"'],
    [["forget", "nothing"], 1, 'nothing is remembered of "nothing"'],
    [["unlock", "nothing", "--reason", ""], 64, "--reason must be"],
  ] as const)("%j is refused in one line", async (words, code, said) => {
    const ended = await baton(words, { env });
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(said);
    expect(ended.stderr.match(/\n/g)).toHaveLength(1);
  });
});
