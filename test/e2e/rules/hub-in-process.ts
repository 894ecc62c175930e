// A hub on a free port of this process, with its nodes and its HTTP side at hand; all of it ends with the test.
// Knows how a hub is started and asked, not what it should answer.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as round } from "node:timers/promises";
import { inspect } from "node:util";
import { afterAll, expect } from "vitest";
import { decodeHubFrame, type ResourceRow, type ResourceView } from "../../../shared/protocol.ts";
import { defaultLimits, type Limits, type Refusals } from "../../../shared/limits.ts";
import { type Config, defaultConfig } from "../../../server/config.ts";
import type { LockTable } from "../../../server/core/table.ts";
import { booksOf, type RunningHub, startHub } from "../../../server/start.ts";
import { endEtcdOfThisFile, etcdOfThisFile } from "../../support/etcd.ts";
import { connectWire, type Wire } from "../../support/wire.ts";

/** What a test changes of a hub's settings. */
export type Settings = Partial<Omit<Config, "limits">> & {
  limits?: Partial<Limits>;
  /** Whether there is one hub even on etcd, for bounds that each hub has for itself. */
  isAlone?: boolean;
};
/** An answer of the HTTP side; `body` is its JSON, or its text when it is none. */
export type HttpAnswer = { status: number; headers: Headers; body: unknown };
type LogLine = { level: string; fields: object; text: string };
type Hello = Parameters<Wire["hello"]>[1];

const patienceMs = 10_000;

afterAll(endEtcdOfThisFile);

/**
 * Starts a hub on the engine that BATON_RULES_ENGINE names, memory unless it says durable, or etcd: those are two hubs, and
 * every second socket is at the second one. It pings once a minute, so that no ping stands between what a test says and hears.
 */
export async function hubWith({ isAlone = false, ...settings }: Settings = {}): Promise<HubInProcess> {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: object, text: string) => void lines.push({ level, fields, text });
  const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const limits = { ...defaultLimits, ...settings.limits };
  const data = await mkdtemp(join(tmpdir(), "baton-rules-"));
  const config = {
    ...defaultConfig,
    ...(await engineSettings(data)),
    port: 0,
    heartbeatMs: 60_000,
    ...settings,
    limits,
  };
  const count = config.engine === "etcd" && !isAlone ? 2 : 1;
  const tables: LockTable[] = [];
  const hubs: RunningHub[] = [];
  for (let place = 0; place < count; place += 1) {
    const openBook = booksOf(config, log);
    const bookFor: typeof openBook = async (office) => {
      const book = await openBook(office);
      tables[place] = book.table;
      return book;
    };
    hubs.push(await startHub(config, log, bookFor));
  }
  return new HubInProcess({ hubs, tables, lines, data });
}

async function engineSettings(data: string): Promise<Partial<Config>> {
  switch (process.env["BATON_RULES_ENGINE"]) {
    case "durable":
      return { engine: "durable", data };
    case "etcd":
      return { engine: "etcd", etcd: [(await etcdOfThisFile()).endpoint], etcdPrefix: data };
    default:
      return { engine: "memory" };
  }
}

type HubParts = {
  readonly hubs: readonly RunningHub[];
  readonly tables: readonly LockTable[];
  readonly lines: LogLine[];
  readonly data: string;
};

/** A hub under test. */
export class HubInProcess {
  readonly url: string;
  readonly httpUrl: string;
  /** All that the hub has logged. */
  readonly lines: LogLine[];
  readonly #hubs: readonly RunningHub[];
  /** All sockets that were opened, the last one last. */
  readonly wires: Wire[] = [];
  /** Those of the hubs, in their order. */
  readonly #tables: readonly LockTable[];
  readonly #data: string;
  #clock: Wire | undefined;

  constructor({ hubs, tables, lines, data }: HubParts) {
    const [hub] = hubs;
    if (hub === undefined) throw new Error("there is no hub");
    this.#hubs = hubs;
    this.#tables = tables;
    this.#data = data;
    this.lines = lines;
    this.url = hub.url;
    this.httpUrl = hub.httpUrl.replace(/\/$/, "");
  }

  /** How often each bound was met [B1]. */
  get refusals(): Refusals {
    const sum: Refusals = new Map();
    for (const { refusals } of this.#hubs) {
      for (const [bound, count] of refusals) sum.set(bound, (sum.get(bound) ?? 0) + count);
    }
    return sum;
  }

  /** A socket that has said nothing yet. */
  async connect(options: Parameters<typeof connectWire>[1] = {}): Promise<Wire> {
    const hub = this.#hubs[this.wires.length % this.#hubs.length];
    const wire = await connectWire(hub?.url ?? this.url, options);
    this.wires.push(wire);
    return wire;
  }

  /** A socket that has said hello and was welcomed. */
  async node(name: string, fields: Hello = {}): Promise<Wire> {
    const wire = await this.connect();
    await wire.hello(name, fields);
    return wire;
  }

  /** As many nodes as names. */
  async nodes<const Names extends readonly string[]>(...names: Names): Promise<{ [Place in keyof Names]: Wire }>;
  async nodes(...names: string[]): Promise<Wire[]> {
    return Promise.all(names.map((name) => this.node(name)));
  }

  /** A new socket that resumes the session of a former one. */
  async resume(name: string, former: Wire, fields: Hello = {}): Promise<Wire> {
    const { session, secret } = former.welcome ?? { session: "", secret: "" };
    return this.node(name, { resume: { session, secret }, ...fields });
  }

  /** Asks the HTTP side, with a token if there is one: of the first hub, once it knows all that any of them may have told. */
  async http(method: string, path: string, body?: unknown, token?: string): Promise<HttpAnswer> {
    const told = Math.max(...this.#tables.map(({ order }) => order));
    while (this.#tables.some(({ order }) => order < told)) await round();
    const headers = new Headers(body === undefined ? {} : { "content-type": "application/json" });
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(this.httpUrl + path, { method, headers, ...json });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: jsonOrText(text) };
  }

  /** One resource as the HTTP side shows it; undefined when it is not there. */
  async view(resource: string): Promise<ResourceView | undefined> {
    const { status, body } = await this.http("GET", `/v1/resource?name=${encodeURIComponent(resource)}`);
    return status === 404 ? undefined : readView(body);
  }

  /** The same, asked again until it fits. */
  async viewWhen(resource: string, fits: (view: ResourceView | undefined) => boolean) {
    const start = performance.now();
    for (;;) {
      const view = await this.view(resource);
      if (fits(view)) return view;
      if (performance.now() - start > patienceMs) throw new Error(`never fitted: ${JSON.stringify(view)}`);
    }
  }

  /** The nodes that wait for a resource, in order. */
  async queue(resource: string): Promise<string[]> {
    return (await this.view(resource))?.queue.map(({ node }) => node) ?? [];
  }

  /** Lets time pass by the hub's own clock: a waiter of a resource of its own waits so long and fails [Q5]. */
  async pass(ms: number): Promise<void> {
    this.#clock ??= await this.node("the clock");
    const holder = await this.#clock.granted("the clock");
    const waiter = this.#clock.acquire("the clock", { waitMs: ms });
    await this.#clock.answer(waiter, "queued");
    await this.#clock.answer(waiter, "failed");
    await this.#clock.released(holder.id, "none");
  }

  /** Has the hub read its files again, as SIGHUP does. */
  reload(): void {
    for (const hub of this.#hubs) hub.reload();
  }

  /** Ends the hub as a planned stop does. */
  async drain(): Promise<void> {
    await Promise.all(this.#hubs.map((hub) => hub.close()));
  }

  /** Ends all at once; whatever the hub has logged as an error fails the test. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.wires) wire.terminate();
    await Promise.all(this.#hubs.map((hub) => hub.kill()));
    await rm(this.#data, { recursive: true });
    const errors = this.lines.filter(({ level }) => level === "error");
    if (errors.length > 0) throw new Error(`the hub logged ${inspect(errors.slice(0, 3))}`);
  }
}

/** An HTTP answer is a refusal with that status, in the form of the protocol. */
export function expectRefusal({ status, body, headers }: HttpAnswer, wanted: number): void {
  expect(body).toEqual({ code: expect.stringMatching(/^[A-Z_]+$/), message: expect.stringMatching(/./) });
  expect(status).toBe(wanted);
  expect(headers.get("content-type")).toContain("application/json");
}

/** Reads a ResourceView; throws when it is none, or more. */
export function readView(body: unknown): ResourceView {
  const [view] = readResources([body]);
  if (view === undefined || !("queue" in view)) throw new Error(`no view: ${JSON.stringify(body)}`);
  return view;
}

/** Reads ResourceRows; throws when one is none. */
export function readRows(bodies: unknown[]): ResourceRow[] {
  return readResources(bodies).map((row) => {
    if (!("oldestWaitMs" in row)) throw new Error(`no row: ${JSON.stringify(row)}`);
    return row;
  });
}

function readResources(resources: unknown[]) {
  const totals = { resources: 0, held: 0, waiting: 0, sessions: 0 };
  const [decoded] = decodeHubFrame(JSON.stringify({ type: "watching", id: 1, resources, totals })) ?? [];
  if (decoded === undefined || "fault" in decoded) throw new Error(`no resources: ${JSON.stringify(resources)}`);
  if (decoded.message.type !== "watching") throw new Error("unreachable");
  return decoded.message.resources;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
