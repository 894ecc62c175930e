// What durations and texts may be, and what decides by them [B4], [B5]; through real sockets.
import { describe, expect, it, vi } from "vitest";
import { hubWith } from "./hub-in-process.ts";

describe("durations", () => {
  const bad = [
    "-1",
    "0.5",
    "86400001",
    "2147483648",
    "9007199254740993",
    "1e400",
    '"10s"',
    '"5"',
    "true",
    "[]",
    "null",
  ];
  const fields = [
    { field: "waitMs", text: (value: string) => `{"type":"acquire","id":9,"resource":"new","waitMs":${value}}` },
    { field: "freshMs", text: (value: string) => `{"type":"acquire","id":9,"resource":"new","freshMs":${value}}` },
    { field: "holdMs", text: (value: string) => `{"type":"acquire","id":9,"resource":"new","holdMs":${value}}` },
    { field: "holdMs", text: (value: string) => `{"type":"extend","id":1,"holdMs":${value}}` },
    {
      field: "retryAfterMs",
      text: (value: string) => `{"type":"release","id":1,"outcome":"failure","retryAfterMs":${value}}`,
    },
  ];

  it.each(fields)(
    "[B4] $field is an integer from 0 to 24 h, and a refusal changes nothing",
    async ({ field, text }) => {
      await using hub = await hubWith();
      const [a, b] = await hub.nodes("a", "b");
      const { fence } = await a.granted("r");
      await b.queued("r");
      for (const value of bad) {
        a.sendText(text(value));
        const error = await a.next("error");
        expect(error).toMatchObject({ code: "INVALID_MESSAGE", message: expect.stringContaining(field) });
        expect(error.message).toMatch(/86\D?400\D?000/);
        await a.expectSilence();
      }
      await b.expectSilence();
      expect((await hub.view("r"))?.holders).toMatchObject([{ fence }]);
      expect(await hub.view("new")).toBeUndefined();
    },
  );

  it("[B4] graceMs likewise", async () => {
    await using hub = await hubWith();
    for (const value of bad) {
      const a = await hub.connect();
      a.sendText(`{"type":"hello","node":"a","graceMs":${value}}`);
      expect(await a.next("error")).toMatchObject({
        code: "INVALID_MESSAGE",
        message: expect.stringMatching(/graceMs/),
      });
      await a.closed;
    }
    await hub.node("a");
  });

  it("[B4] the longest duration does not fire at once", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r", { holdMs: 86_400_000 });
    await b.queued("r", { waitMs: 86_400_000, freshMs: 86_400_000 });
    await hub.pass(30);
    await a.expectSilence();
    await b.expectSilence();
  });

  it("[B4] a hold of 0 ms is over at once, and is one all the same", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const { id } = await a.granted("r", { holdMs: 0 });
    expect(await a.answer(id, "lost")).toMatchObject({ code: "LOCK_EXPIRED" });
  });
});

describe("clocks", () => {
  it.each([
    { what: "ten years ahead", byMs: 315_360_000_000 },
    { what: "ten years back", byMs: -315_360_000_000 },
  ])("[B4] a jump of the wall clock by $what changes nothing", async ({ byMs }) => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.released((await a.granted("done")).id, "success");
    const { fence } = await a.granted("r", { holdMs: 60_000 });
    await b.queued("r", { waitMs: 60_000 });
    const now = Date.now();
    vi.spyOn(Date, "now").mockReturnValue(now + byMs);
    try {
      await hub.pass(30);
      await a.expectSilence();
      await b.expectSilence();
      const skipped = await b.answer(b.acquire("done", { freshMs: 10_000 }), "skipped");
      expect(skipped.ageMs).toBeLessThan(10_000);
      expect((await a.granted("s")).fence).toBeGreaterThan(fence);
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe("texts", () => {
  it.each(["resource", "operation"])("[B5] a %s that is not well-formed, or not a name, is refused", async (field) => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const names = ["", "\\ud800", "x\\udfff", "a\\u0000", "a\\nb", "\\r", "\\t", "\\u007f", "\\u009b", "\\u0085"];
    for (const name of names) {
      const other = field === "resource" ? "" : ',"resource":"r"';
      a.sendText(`{"type":"acquire","id":1,"${field}":"${name}"${other}}`);
      const error = await a.next("error");
      expect(error).toMatchObject({ id: 1, code: "INVALID_KEY", message: expect.stringContaining(field) });
      await a.expectSilence();
    }
    expect((await hub.http("GET", "/v1/resources")).body).toEqual({ resources: [] });
  });

  it.each(["\\ud800", "", "a\\u0000", "\\u001b[2J", "a\\nb"])('[B5] the node "%s" is refused', async (node) => {
    await using hub = await hubWith();
    const a = await hub.connect();
    a.sendText(`{"type":"hello","node":"${node}"}`);
    expect(await a.next("error")).toMatchObject({ code: "INVALID_KEY", message: expect.stringContaining("node") });
    expect(await a.closed).toMatchObject({ code: 4400 });
  });

  it("[B5] names that look alike never meet", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const names = [
      "a",
      "a/b",
      "ab",
      "a/",
      "a//b",
      "/",
      "../..",
      "A",
      " a",
      "a ",
      "ä",
      "a\u0308",
      "ａ",
      "%61",
      "a\u200b",
    ];
    for (const name of names) await a.granted(name);
    for (const name of names) expect(await hub.view(name)).toMatchObject({ resource: name, holding: 1, waiting: 0 });
    const { body } = await hub.http("GET", "/v1/resources");
    expect(body).toHaveProperty("resources.length", names.length);
  });

  it("[B5] the names of an object's own parts are ordinary names", async () => {
    await using hub = await hubWith();
    for (const name of ["__proto__", "constructor", "prototype", "hasOwnProperty", "toString", "valueOf"]) {
      const [a, b] = await Promise.all([hub.node(name), hub.node(`${name} too`)]);
      const { id, fence } = await a.granted(name, { operation: name });
      await b.queued(name, { operation: name });
      await a.released(id, "success", { result: name });
      expect(await b.next("skipped")).toMatchObject({ by: name, fence, result: name });
      expect(await hub.view(name)).toMatchObject({ outcome: { operation: name, node: name } });
    }
  });

  it("[B5] any other well-formed text may be a name", async () => {
    await using hub = await hubWith();
    const a = await hub.node('"><script>alert(1)</script>');
    for (const name of ["<img src=x onerror=alert(1)>", "\u202egnp.exe", "a\u2028b", "👩‍👩‍👧", '"', "\\", "javascript:0"]) {
      const { id } = await a.granted(name, { operation: name.slice(0, 16) });
      await a.released(id, "none");
    }
  });
});
