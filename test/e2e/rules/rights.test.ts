// What a token allows, message by message: each cell of the table "Rights" in PROTOCOL.md, over real sockets.
import { describe, expect, it } from "vitest";
import type { ClientMessageInput } from "../../../shared/protocol.ts";
import type { Wire } from "../../support/wire.ts";
import { guarded } from "./guarded-hub.ts";

const roles = ["node", "viewer", "admin"] as const;
type Role = (typeof roles)[number];
/** The code of the error that a message is answered with, or what type of answer it is. */
async function answerTo(wire: Wire, message: ClientMessageInput): Promise<string> {
  wire.send(message);
  wire.send({ type: "ping" });
  const heard = await wire.next();
  return heard.type === "error" ? heard.code : heard.type;
}

const resource = "r";
const cells: { what: string; message: ClientMessageInput; answers: Record<Role, string | undefined> }[] = [
  {
    what: "acquire",
    message: { type: "acquire", id: 5, resource },
    answers: { node: "granted", viewer: "FORBIDDEN", admin: "granted" },
  },
  {
    what: "release",
    message: { type: "release", id: 5, outcome: "none" },
    answers: { node: "LOCK_NOT_HELD", viewer: "FORBIDDEN", admin: "LOCK_NOT_HELD" },
  },
  {
    what: "cancel",
    message: { type: "cancel", id: 5 },
    answers: { node: "LOCK_NOT_HELD", viewer: "FORBIDDEN", admin: "LOCK_NOT_HELD" },
  },
  {
    what: "extend",
    message: { type: "extend", id: 5, holdMs: 1_000 },
    answers: { node: "LOCK_NOT_HELD", viewer: "FORBIDDEN", admin: "LOCK_NOT_HELD" },
  },
  {
    what: "progress",
    message: { type: "progress", id: 5, done: 1 },
    answers: { node: "LOCK_NOT_HELD", viewer: "FORBIDDEN", admin: "LOCK_NOT_HELD" },
  },
  ...(["add", "drop", "get"] as const).map((action) => ({
    what: `refer ${action}`,
    message: { type: "refer", id: 5, resource, action } as const,
    answers: { node: "references", viewer: "FORBIDDEN", admin: "references" },
  })),
  {
    what: "refer clear of what it does not hold",
    message: { type: "refer", id: 5, resource, action: "clear" },
    answers: { node: "FORBIDDEN", viewer: "FORBIDDEN", admin: "references" },
  },
  {
    what: "watch",
    message: { type: "watch", id: 5 },
    answers: { node: "FORBIDDEN", viewer: undefined, admin: undefined },
  },
  {
    what: "unwatch",
    message: { type: "unwatch", id: 5 },
    answers: { node: "INVALID_MESSAGE", viewer: "INVALID_MESSAGE", admin: "INVALID_MESSAGE" },
  },
  { what: "ping", message: { type: "ping" }, answers: { node: "pong", viewer: "pong", admin: "pong" } },
];
const table = cells.flatMap(({ what, message, answers }) =>
  roles.map((role) => ({ what, message, role, answer: answers[role] })),
);

describe("the table of rights", () => {
  it.each(table)("a token of role $role that says $what hears $answer", async ({ message, role, answer }) => {
    await using to = await guarded();
    const wire = await to.wire(role);
    const heard = await answerTo(wire, message);
    if (answer === undefined) expect(heard).not.toBe("FORBIDDEN");
    else expect(heard).toBe(answer);
  });

  it.each(roles)("a token of role %s may say hello, authorize and bye", async (role) => {
    await using to = await guarded();
    const wire = await to.wire(role);
    expect(await answerTo(wire, { type: "authorize", token: to.list.token(role) })).toMatch(/authorized|pong/);
    wire.send({ type: "bye" });
    expect((await wire.closed).code).toBe(1000);
  });

  it("what is forbidden names its request, changes nothing, uses no id up, and the session lives", async () => {
    await using to = await guarded({ narrow: { role: "node", prefixes: ["app/"] } });
    const wire = await to.wire("narrow");
    wire.acquire("other", { id: 7 });
    expect(await wire.next()).toMatchObject({ type: "error", code: "FORBIDDEN", id: 7 });
    expect(await wire.granted("app/x", { id: 7 })).toMatchObject({ id: 7 });
  });

  it.each(["once", "exclusive"] as const)("a node may clear the references of what it holds %s", async (mode) => {
    await using to = await guarded();
    const wire = await to.wire("node");
    await wire.granted(resource, { mode });
    wire.send({ type: "refer", id: 2, resource, action: "clear" });
    await wire.answer(2, "references");
  });

  it.each([
    { what: "holds shared", ask: { mode: "shared" } as const },
    { what: "holds a permit of", ask: { mode: "permit", limit: 2 } as const },
  ])("a node may not clear the references of what it $what", async ({ ask }) => {
    await using to = await guarded();
    const wire = await to.wire("node");
    await wire.granted(resource, ask);
    wire.send({ type: "refer", id: 2, resource, action: "clear" });
    expect(await wire.next()).toMatchObject({ type: "error", code: "FORBIDDEN", id: 2 });
  });

  it("a node may not clear the references of what it only waits for, in the same frame or later", async () => {
    await using to = await guarded();
    const holder = await to.wire("node", "holder");
    await holder.granted(resource);
    const waiter = await to.wire("node", "waiter");
    waiter.send([
      { type: "acquire", id: 1, resource },
      { type: "refer", id: 2, resource, action: "clear" },
    ]);
    await waiter.answer(1, "queued");
    expect(await waiter.next()).toMatchObject({ type: "error", code: "FORBIDDEN", id: 2 });
  });
});

describe("resource prefixes", () => {
  const entries = { n: { role: "node", prefixes: ["app/", "db"] }, v: { role: "viewer", prefixes: ["app/"] } };

  it.each([
    { name: "app/x", isIn: true },
    { name: "app/", isIn: true },
    { name: "db", isIn: true },
    { name: "dbx", isIn: true },
    { name: "app", isIn: false },
    { name: "d", isIn: false },
    { name: "x/app/", isIn: false },
    { name: "App/x", isIn: false },
  ])("bound acquire and refer: $name is in: $isIn", async ({ name, isIn }) => {
    await using to = await guarded(entries);
    const wire = await to.wire("n");
    wire.acquire(name, { id: 1 });
    expect(await wire.next()).toMatchObject({ id: 1, ...(isIn ? { type: "granted" } : { code: "FORBIDDEN" }) });
    wire.send({ type: "refer", id: 2, resource: name, action: "add" });
    expect(await wire.next()).toMatchObject({ id: 2, ...(isIn ? { type: "references" } : { code: "FORBIDDEN" }) });
  });

  it.each([
    { what: "nothing named", ask: {}, isIn: true },
    { what: "a shorter prefix", ask: { prefix: "ap" }, isIn: true },
    { what: "its prefix", ask: { prefix: "app/" }, isIn: true },
    { what: "a longer prefix", ask: { prefix: "app/x" }, isIn: true },
    { what: "a resource outside", ask: { resource: "db" }, isIn: false },
    { what: "a resource inside", ask: { resource: "app/x" }, isIn: true },
  ])("bound watch: $what is in: $isIn", async ({ ask, isIn }) => {
    await using to = await guarded(entries);
    const wire = await to.wire("v");
    const heard = await answerTo(wire, { type: "watch", id: 1, ...ask });
    if (isIn) expect(heard).not.toBe("FORBIDDEN");
    else expect(heard).toBe("FORBIDDEN");
  });

  it("a watch of many shows and counts what is within the prefixes, as if there were nothing else", async () => {
    await using to = await guarded({ ...entries, a: { role: "admin" } });
    const admin = await to.wire("a");
    for (const name of ["ap", "app/1", "app/2", "db"]) await admin.granted(name);
    const viewer = await to.wire("v");
    viewer.send({ type: "watch", id: 1 });
    const { resources, totals } = await viewer.next("watching");
    expect(resources.map(({ resource }) => resource)).toEqual(["app/1", "app/2"]);
    expect(totals).toMatchObject({ resources: 2, held: 2, waiting: 0 });
  });

  it("that change show a watch what is within by then; a list that is read again unchanged shows nothing", async () => {
    await using to = await guarded({ ...entries, a: { role: "admin" } });
    const [admin, viewer] = [await to.wire("a"), await to.wire("v")];
    await admin.granted("app/1");
    await admin.granted("db");
    viewer.send({ type: "watch", id: 1, intervalMs: 50 });
    await viewer.next("watching");
    to.hub.reload();
    await admin.granted("app/2");
    expect(await viewer.next()).toMatchObject({ type: "changes", resources: [{ resource: "app/2" }] });
    await to.list.write({ v: { role: "viewer", prefixes: ["db"] }, a: { role: "admin" } });
    to.hub.reload();
    expect(await viewer.next()).toMatchObject({ type: "watching", resources: [{ resource: "db" }] });
  });
});

describe("a viewer that becomes a node", () => {
  it("hears that its watches are over, sees nothing more, and may end what is ended already", async () => {
    await using to = await guarded({ v: { role: "viewer" }, a: { role: "admin" } });
    const [admin, viewer] = [await to.wire("a"), await to.wire("v")];
    for (const id of [1, 2]) viewer.send({ type: "watch", id, intervalMs: 50 });
    for (const id of [1, 2]) await viewer.answer(id, "watching");
    viewer.send({ type: "unwatch", id: 2 });
    await to.list.write({ v: { role: "node" }, a: { role: "admin" } });
    to.hub.reload();
    expect(await viewer.next()).toMatchObject({ type: "failed", id: 1, code: "FORBIDDEN" });
    await admin.granted("r");
    await viewer.expectSilence();
    viewer.send({ type: "unwatch", id: 1 });
    expect(await viewer.next()).toMatchObject({ type: "error", id: 1, code: "INVALID_MESSAGE" });
    await viewer.granted("s", { id: 3 });
  });
});
