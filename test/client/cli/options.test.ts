import { Command, Option } from "commander";
import { expect, test } from "vitest";
import { commandAfter, hubOptions, parseDuration, parseExitCodes, parseInteger } from "../../../client/cli/options.ts";

test.each([
  ["0", 0],
  ["500ms", 500],
  ["30s", 30_000],
  ["5m", 300_000],
  ["24h", 86_400_000],
])("[B4] reads the duration %s", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(["", "5", "-1s", "1.5s", "1e3ms", "Infinity", "25h", "86400001ms", " 5s", "5 s", "5S", "0x5s", "٥s"])(
  "[B4] refuses the duration %j and says what is allowed",
  (text) => {
    expect(() => parseDuration(text)).toThrow("500ms, 30s, 5m or 1h");
  },
);

test("exit codes are read as a list, and anything else is refused", () => {
  expect(parseExitCodes("2,3,255")).toEqual([2, 3, 255]);
  for (const text of ["", "0", "256", "2,", "a", "2 3", "-1"]) {
    expect(() => parseExitCodes(text)).toThrow("from 1 to 255");
  }
});

test("an integer is read within its bounds only", () => {
  const parse = parseInteger(1, 10);
  expect(parse("10")).toBe(10);
  for (const text of ["0", "11", "1.0", "", "ten", "1e1"]) expect(() => parse(text)).toThrow("from 1 to 10");
});

test("an empty variable counts as unset", () => {
  const options = hubOptions({ url: "", token: "", node: "" });
  expect(options.url).toBe("ws://127.0.0.1:7420");
  expect(options.node).toMatch(new RegExp(`-${process.pid}$`));
  expect("token" in options).toBe(false);
});

function split(...words: string[]): { command: string[]; wait?: string; json?: boolean } {
  const run = new Command("run").addOption(new Option("--wait <time>")).addOption(new Option("--json"));
  run
    .passThroughOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} });
  const command = commandAfter(run, words);
  return { ...run.opts(), command };
}

test("our flags end where the command starts, with or without --", () => {
  expect(split("--wait", "5s", "--", "ls", "--json")).toEqual({ wait: "5s", command: ["ls", "--json"] });
  expect(split("--wait=5s", "ls", "--json", "--", "x")).toEqual({ wait: "5s", command: ["ls", "--json", "--", "x"] });
  expect(split("--", "--", "ls")).toEqual({ command: ["--", "ls"] });
  expect(split()).toEqual({ command: [] });
});

test("an unknown flag before the command is refused, not taken for the command", () => {
  expect(() => split("--wiat", "5s", "--", "ls")).toThrow("unknown option '--wiat'");
});
