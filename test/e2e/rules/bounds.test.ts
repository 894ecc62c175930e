// The bounds of what a caller asks for [B1]: past each a clear answer, and the session lives. Through real sockets.
import { describe, expect, it } from "vitest";
import { hubWith } from "./hub-in-process.ts";

const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

const labels = (count: number, value: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, place) => [`label-${place}`, value]));

describe("names", () => {
  it.each([
    { what: "ASCII", text: "x".repeat(512), longer: "x".repeat(513) },
    { what: "four bytes a character", text: "😀".repeat(128), longer: `${"😀".repeat(128)}x` },
    { what: "two bytes a character", text: "ä".repeat(256), longer: "ä".repeat(257) },
  ])("[B1] a resource has at most 512 bytes, counted in UTF-8: $what", async ({ text, longer }) => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.granted(text);
    expect(await hub.view(text)).toMatchObject({ resource: text });
    const id = a.acquire(longer);
    expect(await a.next("error")).toMatchObject({ id, code: "INVALID_KEY", message: expect.stringContaining("512") });
    expect((await hub.http("GET", "/v1/resources")).body).toMatchObject({ resources: [{ resource: text }] });
    await a.expectSilence();
  });

  it("[B1] an operation has at most 64 bytes", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.granted("r", { operation: "ä".repeat(32) });
    a.acquire("r", { operation: `${"ä".repeat(32)}x` });
    expect(await a.next("error")).toMatchObject({ code: "INVALID_KEY", message: expect.stringContaining("operation") });
  });

  it("[B1] a node has at most 128 bytes", async () => {
    await using hub = await hubWith();
    await hub.node("ä".repeat(64));
    const b = await hub.connect();
    b.send({ type: "hello", node: `${"ä".repeat(64)}x` });
    expect(await b.next("error")).toMatchObject({ code: "INVALID_KEY", message: expect.stringContaining("node") });
    expect(await b.closed).toMatchObject({ code: 4400 });
  });

  it("[B1] at most 16 labels of at most 256 bytes", async () => {
    await using hub = await hubWith();
    await hub.node("a", { labels: labels(16, "ä".repeat(128)) });
    for (const tooMuch of [labels(17, "x"), labels(1, "x".repeat(257)), { ["k".repeat(257)]: "v" }]) {
      const b = await hub.connect();
      b.send({ type: "hello", node: "b", labels: tooMuch });
      expect(await b.next("error")).toMatchObject({
        code: "INVALID_MESSAGE",
        message: expect.stringMatching(/labels/),
      });
      await b.closed;
    }
  });
});

describe("payloads", () => {
  it("[B1] a result has at most 16 KiB as JSON, and a release past it changes nothing", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r");
    await b.queued("r");
    a.release(id, "success", { result: "x".repeat(16_384 - 1) });
    expect(await a.next("error")).toMatchObject({
      id,
      code: "INVALID_MESSAGE",
      message: expect.stringMatching(/result.*16384/),
    });
    await b.expectSilence();
    const result = "x".repeat(16_384 - 2);
    await a.released(id, "success", { result });
    expect(await b.next("skipped")).toMatchObject({ result });
  });

  it("[B1] an error has at most 16 KiB, and a release past it changes nothing", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r");
    await b.queued("r");
    a.release(id, "failure", { error: { message: "x".repeat(16_385) } });
    expect(await a.next("error")).toMatchObject({ id, code: "INVALID_MESSAGE" });
    await b.expectSilence();
    const error = { message: "x".repeat(16_000) };
    await a.released(id, "failure", { error });
    expect(await b.next("granted")).toMatchObject({ previous: { error } });
  });

  it("[B1] a message nests at most 16 deep", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r");
    await b.queued("r");
    for (const levels of [16, 200, 20_000]) {
      const text = `{"type":"release","id":${id},"outcome":"success","result":${"[".repeat(levels)}${"]".repeat(levels)}}`;
      a.sendText(text);
      expect(await a.next("error")).toMatchObject({
        id,
        code: "INVALID_MESSAGE",
        message: expect.stringContaining("16"),
      });
    }
    await b.expectSilence();
    a.sendText(JSON.stringify({ type: "release", id, outcome: "success", result: nested(15) }));
    await a.answer(id, "released");
    expect(await b.next("skipped")).toMatchObject({ result: nested(15) });
  });
});

describe("requests", () => {
  it("[B1] so many live ones a session: one more fails with TOO_MANY_REQUESTS until one has ended", async () => {
    await using hub = await hubWith({ limits: { sessionRequestsMax: 3 } });
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r1");
    await a.granted("r2");
    await a.queued("r1");
    expect(await a.answer(a.acquire("r3"), "failed")).toMatchObject({ code: "TOO_MANY_REQUESTS" });
    await b.granted("r3");
    await a.released(id, "success");
    await a.next("skipped");
    await a.granted("r4");
  });

  it("[B1] so many live ones a hub", async () => {
    await using hub = await hubWith({ limits: { hubRequestsMax: 2 } });
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r");
    await b.queued("r");
    expect(await b.answer(b.acquire("s"), "failed")).toMatchObject({ code: "TOO_MANY_REQUESTS" });
    await a.released(id, "none");
    await b.next("granted");
    await a.granted("s");
  });

  it("[B1] so many waiters a resource: one more fails with QUEUE_FULL, and the queue stands", async () => {
    await using hub = await hubWith({ limits: { resourceWaitersMax: 2 } });
    const [a, b, c, d] = await hub.nodes("a", "b", "c", "d");
    const { id } = await a.granted("r");
    await b.queued("r");
    await c.queued("r");
    expect(await d.answer(d.acquire("r"), "failed")).toMatchObject({ code: "QUEUE_FULL" });
    expect(await d.answer(d.acquire("r", { waitMs: 0 }), "failed")).toMatchObject({ code: "LOCK_ALREADY_HELD" });
    expect(await hub.queue("r")).toEqual(["b", "c"]);
    await a.released(id, "none");
    await b.next("granted");
    await d.queued("r");
  });
});

describe("lists inside answers", () => {
  it("[B1] hold the first 20, and a count", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    for (let holder = 0; holder < 25; holder += 1) await a.granted("r", { mode: "shared" });
    const queued = await b.queued("r", { mode: "exclusive" });
    expect(queued.holders.length).toBeLessThanOrEqual(20);
    const view = await hub.view("r");
    expect(view?.holders).toHaveLength(20);
    expect(view).toMatchObject({ holding: 25, waiting: 1 });
  });
});
