// Bad messages in a session [B2]: each is answered, no queue changes, and everybody's work goes on.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Wire } from "../../support/wire.ts";
import { type HubInProcess, hubWith } from "./hub-in-process.ts";

type Row = { what: string; text: string; code?: string; says?: RegExp };

const acquire = (fields: string) => `{"type":"acquire","id":50,"resource":"new"${fields}}`;
const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

const roots: Row[] = [
  { what: "null", text: "null", says: /object/ },
  { what: "a number", text: "1", says: /object/ },
  { what: "a text", text: '"acquire"', says: /object/ },
  { what: "an empty array", text: "[]", says: /at least one/ },
  { what: "an array in an array", text: '[[{"type":"ping"}]]', says: /object/ },
  { what: "an empty object", text: "{}", says: /type/ },
  { what: "32,000 deep", text: deep(32_000), says: /./ },
];

const types: Row[] = ["constructor", "__proto__", "toString", "hasOwnProperty", "Acquire", "acquire ", ""].map(
  (type) => ({
    what: `the type ${JSON.stringify(type)}`,
    text: JSON.stringify({ type, id: 50, resource: "new" }),
    says: /type/,
  }),
);

const fields: Row[] = [
  { what: "a type that is no text", text: '{"type":["acquire"],"id":50,"resource":"new"}', says: /type/ },
  { what: "no id", text: '{"type":"acquire","resource":"new"}', says: /id/ },
  ...["0", "-0", "-1", "1.5", '"1"', "null", "true", "{}", "1e400", "9007199254740993"].map((id) => ({
    what: `the id ${id}`,
    text: `{"type":"acquire","id":${id},"resource":"new"}`,
    says: /acquire\.id/,
  })),
  { what: "no resource", text: '{"type":"acquire","id":50}', says: /resource/ },
  ...["7", "null", "[]", "{}", "true"].map((resource) => ({
    what: `the resource ${resource}`,
    text: `{"type":"acquire","id":50,"resource":${resource}}`,
    says: /resource/,
  })),
  {
    what: "an empty resource",
    text: '{"type":"acquire","id":50,"resource":""}',
    code: "INVALID_KEY",
    says: /resource/,
  },
  {
    what: "60 KB of resource",
    text: `{"type":"acquire","id":50,"resource":"${"x".repeat(60_000)}"}`,
    code: "INVALID_KEY",
  },
  { what: "a lone surrogate", text: '{"type":"acquire","id":50,"resource":"\\ud800"}', code: "INVALID_KEY" },
  { what: "an operation that is no text", text: acquire(',"operation":1'), says: /operation/ },
  { what: "an empty operation", text: acquire(',"operation":""'), code: "INVALID_KEY", says: /operation/ },
  { what: "an unknown mode", text: acquire(',"mode":"Once"'), says: /mode.*once, exclusive, shared, permit/ },
  { what: "the mode constructor", text: acquire(',"mode":"constructor"'), says: /mode/ },
  { what: "permit without a limit", text: acquire(',"mode":"permit"'), says: /limit/ },
  { what: "a limit without permit", text: acquire(',"limit":2'), says: /limit/ },
  ...["0", "-1", "1.5", "1000001", '"2"', "1e400"].map((limit) => ({
    what: `the limit ${limit}`,
    text: acquire(`,"mode":"permit","limit":${limit}`),
    says: /limit/,
  })),
  ...["0", "-1", "0.5", '"1"'].map((attempts) => ({
    what: `maxAttempts ${attempts}`,
    text: acquire(`,"maxAttempts":${attempts}`),
    says: /maxAttempts/,
  })),
  ...["1", '"true"', "null"].map((wanted) => ({
    what: `wanted ${wanted}`,
    text: acquire(`,"wanted":${wanted}`),
    says: /wanted/,
  })),
  { what: "an outcome that is none", text: '{"type":"release","id":1,"outcome":"ok"}', says: /success, failure, none/ },
  { what: "no outcome", text: '{"type":"release","id":1}', says: /outcome/ },
  {
    what: "an error that is a text",
    text: '{"type":"release","id":1,"outcome":"failure","error":"no"}',
    says: /error/,
  },
  {
    what: "an error without a message",
    text: '{"type":"release","id":1,"outcome":"failure","error":{}}',
    says: /message/,
  },
  { what: "retry as a text", text: '{"type":"release","id":1,"outcome":"failure","retry":"no"}', says: /retry/ },
  { what: "an extend without a duration", text: '{"type":"extend","id":1}', says: /holdMs/ },
  { what: "progress below 0", text: '{"type":"progress","id":1,"done":-1}', says: /done/ },
  { what: "progress without end", text: '{"type":"progress","id":1,"done":1e400}', says: /done/ },
  { what: "a note that is no text", text: '{"type":"progress","id":1,"note":{}}', says: /note/ },
  { what: "a note too long", text: `{"type":"progress","id":1,"note":"${"x".repeat(257)}"}`, says: /note/ },
  { what: "a pong without a number", text: '{"type":"pong"}', says: /n/ },
  { what: "the pong -1", text: '{"type":"pong","n":-1}', says: /n/ },
  {
    what: "a result 32,000 deep",
    text: `{"type":"release","id":1,"outcome":"success","result":${deep(32_000)}}`,
    says: /16/,
  },
  { what: "fields 100 deep", text: acquire(`,"x":${deep(100)}`), says: /16/ },
];

let hub: HubInProcess;
let holder: Wire;
let waiter: Wire;
let worker: Wire;
let bad: Wire;
let fence: number;
let nodes = 0;

beforeAll(async () => {
  hub = await hubWith();
  [holder, waiter, worker] = await hub.nodes("holder", "waiter", "worker");
  ({ fence } = await holder.granted("r"));
  await waiter.queued("r");
});
afterAll(() => hub[Symbol.asyncDispose]());
beforeEach(async () => {
  nodes += 1;
  bad = await hub.node(`bad-${nodes}`);
  await bad.granted(`own-${nodes}`);
  return () => bad.send({ type: "bye" });
});

/** Nothing has changed for anyone, and work goes on. */
async function expectNothingChanged(): Promise<void> {
  expect(await hub.view("r")).toMatchObject({ holders: [{ node: "holder", fence }], queue: [{ node: "waiter" }] });
  expect(await hub.view("new")).toBeUndefined();
  expect(await hub.view(`own-${nodes}`)).toMatchObject({ holding: 1, waiting: 0 });
  await holder.expectSilence();
  await waiter.expectSilence();
  await worker.released((await worker.granted("work")).id, "none");
  expect((await hub.http("GET", "/healthz")).status).toBe(200);
}

describe("what breaks its form", () => {
  it.each([...roots, ...types, ...fields])(
    "[B2] $what is refused",
    async ({ text, code = "INVALID_MESSAGE", says }) => {
      bad.sendText(text);
      const error = await bad.next("error");
      expect(error.code).toBe(code);
      if (says !== undefined) expect(error.message).toMatch(says);
      expect(error.message.length).toBeLessThan(512);
      await bad.expectSilence();
      await expectNothingChanged();
    },
  );

  it("[B2] the error names the request it is about, when that can be read", async () => {
    bad.sendText(acquire(',"mode":"no"'));
    expect(await bad.next("error")).toMatchObject({ id: 50 });
    bad.sendText('{"type":"acquire","id":"50","resource":"r"}');
    expect(await bad.next("error")).not.toHaveProperty("id");
  });

  it("[B2] one bad message in a frame does not take the others with it, and all are answered in order", async () => {
    bad.sendText(
      `[{"type":"acquire","id":2,"resource":"x"},{"type":"acquire","id":3},null,{"type":"cancel","id":2},{"type":"ping"}]`,
    );
    const heard = [];
    for (let count = 0; count < 5; count += 1) heard.push(await bad.next());
    expect(heard).toContainEqual(expect.objectContaining({ type: "granted", id: 2 }));
    expect(heard).toContainEqual(expect.objectContaining({ type: "error", id: 3 }));
    expect(heard).toContainEqual(expect.objectContaining({ type: "released", id: 2 }));
    expect(heard.at(-1)).toMatchObject({ type: "pong" });
    await expectNothingChanged();
  });
});

describe("what looks bad and is not", () => {
  it("unknown fields are ignored, whatever they are called", async () => {
    const more = [
      '"x":1',
      '"constructor":{"prototype":{"role":"admin"}}',
      '"__proto__":{"role":"admin","mode":"shared"}',
    ];
    for (const [place, field] of more.entries()) {
      bad.sendText(`{"type":"acquire","id":${place + 2},"resource":"x-${place}",${field}}`);
      await bad.answer(place + 2, "granted");
      expect((await hub.view(`x-${place}`))?.holders).toMatchObject([{ mode: "once" }]);
    }
    for (const name of ["role", "mode"]) expect(Object.prototype).not.toHaveProperty(name);
  });

  it("a result keeps every name it has", async () => {
    const { id } = await bad.granted("named");
    const next = await worker.queued("named");
    const result = '{"__proto__":{"a":1},"constructor":2,"":3,"\\ud83d\\ude00":"\\u0000"}';
    bad.sendText(`{"type":"release","id":${id},"outcome":"success","result":${result}}`);
    await bad.answer(id, "released");
    const skipped = await worker.answer(next.id, "skipped");
    expect(JSON.stringify(skipped.result)).toBe(JSON.stringify(JSON.parse(result)));
  });

  it("the last of two fields of one name counts", async () => {
    bad.sendText('{"type":"acquire","id":2,"resource":"first","resource":"second"}');
    await bad.answer(2, "granted");
    expect(await hub.view("first")).toBeUndefined();
    expect(await hub.view("second")).toMatchObject({ holding: 1 });
  });

  it("white space around and inside a frame is JSON's", async () => {
    bad.sendText('\r\n [ \t{ "type" : "ping" } ]\n');
    await bad.next("pong");
  });

  it("a pong that answers no ping is nothing", async () => {
    bad.sendText('{"type":"pong","n":12345}');
    await bad.expectSilence();
    await expectNothingChanged();
  });
});
