// What the hub's log shows, and what it never shows.
import { expect, test } from "vitest";
import { createLogger, loggable } from "../../server/log.ts";

function logged(config: Parameters<typeof createLogger>[0] = { logLevel: "info", logPretty: false }) {
  const lines: string[] = [];
  return { lines, log: createLogger(config, { write: (line) => lines.push(line) }) };
}

test("an event is one line of JSON: when, how important, what is known, what happened", () => {
  const { lines, log } = logged();
  log.info({ port: 7420 }, "the hub answers");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/\n$/);
  expect(JSON.parse(lines[0]!)).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    port: 7420,
    msg: "the hub answers",
  });
});

test("less important events than the level are left out", () => {
  const { lines, log } = logged({ logLevel: "warn", logPretty: false });
  log.debug({}, "debug");
  log.info({}, "info");
  log.warn({}, "warn");
  log.error({}, "error");
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["warn", "error"]);
});

test("for people a line is no JSON", () => {
  const { lines, log } = logged({ logLevel: "info", logPretty: true });
  log.info({ port: 7420 }, "the hub answers");
  expect(lines.join("")).toMatch(/INFO.*: the hub answers {"port":7420}\n$/);
});

test("tokens and secrets are hidden, however deep and however named", () => {
  const fields = {
    token: "t0p",
    hello: { resume: { secret: "t0p" }, accessToken: "t0p" },
    headers: { Authorization: "Bearer t0p", cookie: "a=t0p" },
    url: "/v1/socket?token=t0p&x=1",
    note: "sent Bearer t0p there",
    error: new Error("Bearer t0p is wrong"),
    list: [{ password: "t0p" }],
  };
  const { lines, log } = logged();
  log.info(fields, "hello");
  expect(lines[0]).not.toContain("t0p");
  expect(loggable(fields)["url"]).toBe("/v1/socket?token=[hidden]&x=1");
});

test("names that only look like secrets are shown", () => {
  expect(loggable({ tokenExpiresInMs: 5, tokenBytesMax: 6 })).toEqual({ tokenExpiresInMs: 5, tokenBytesMax: 6 });
});

test("control characters, which a terminal would obey, are written out", () => {
  expect(loggable({ "a\u001b": "x\u001b[2Jy\nz\u009b\u202e" })).toEqual({
    "a\\u001b": "x\\u001b[2Jy\\u000az\\u009b\\u202e",
  });
});

test("whatever is long, deep or wide is cut", () => {
  const deep: Record<string, unknown> = {};
  deep["self"] = deep;
  const cut = loggable({ long: "x".repeat(100_000), wide: Array.from({ length: 1_000 }, () => 1), deep });
  expect(JSON.stringify(cut).length).toBeLessThan(2_000);
});

test("an error keeps its code, its cause and the lines of its stack", () => {
  const error = Object.assign(new TypeError("no", { cause: new Error("why") }), { code: "ENO" });
  expect(loggable({ error })["error"]).toMatchObject({
    type: "TypeError",
    message: "no",
    code: "ENO",
    cause: { message: "why" },
    stack: expect.stringContaining("\n    at "),
  });
});
