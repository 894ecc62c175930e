// Many nodes that say what they like, all at once: what must never be heard, whatever came first at the hub. One holder [Q1], one
// last answer for each request [S9], no skip that nobody's success stands for [O9], fences that grow [F1], nothing left over
// [Q8]. Knows the wire; no order of things.
import * as fc from "fast-check";
import { closeCodes } from "../../shared/errors.ts";
import type { ClientMessageInput, ClientMessageOf, HubMessage } from "../../shared/protocol.ts";
import { connectWire, type Wire } from "../support/wire.ts";
import type { FuzzedHub } from "./fuzzed-hub.ts";

type Ask = Pick<ClientMessageOf<"acquire">, "resource" | "operation" | "mode"> & Partial<ClientMessageOf<"acquire">>;
/** What one node does in one go: a frame of messages, or the loss of its socket and a resume. */
type Burst =
  | { do: "say"; asks: Ask[]; ends: ("success" | "failure" | "none" | "cancel")[]; junk: boolean }
  | { do: "resume"; isPolite: boolean };
/** What each node does, in turn; nodes with grace resume, others come anew. */
export type Storm = { hasGrace: boolean; bursts: Burst[] }[];

const ask: fc.Arbitrary<Ask> = fc
  .record(
    {
      resource: fc.constantFrom("r", "s", "t"),
      operation: fc.constantFrom("p", "p", "q"),
      mode: fc.constantFrom("once", "once", "once", "exclusive", "shared", "permit"),
      waitMs: fc.constantFrom(0, 1, 20, 86_400_000),
      freshMs: fc.constantFrom(0, 5, 86_400_000),
      holdMs: fc.constantFrom(0, 1, 20),
      maxAttempts: fc.integer({ min: 1, max: 3 }),
      wanted: fc.boolean(),
    },
    { requiredKeys: ["resource", "operation", "mode"] },
  )
  .map((ask) => (ask.mode === "permit" ? { ...ask, limit: 2 } : ask));
const burst: fc.Arbitrary<Burst> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("say" as const),
      asks: fc.array(ask, { maxLength: 12 }),
      ends: fc.array(fc.constantFrom("success", "failure", "none", "cancel"), { maxLength: 12 }),
      junk: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("resume" as const), isPolite: fc.boolean() }) },
);
export const storm: fc.Arbitrary<Storm> = fc.array(
  fc.record({ hasGrace: fc.boolean(), bursts: fc.array(burst, { minLength: 1, maxLength: 12 }) }),
  { minLength: 2, maxLength: 6 },
);

type Request = {
  id: number;
  ask: Ask;
  fence: number | undefined;
  /** Whether the node has said its end, which may have been lost. */
  isEnding: boolean;
};

let runs = 0;

/** Lets a storm pass over a hub; rejects at the first thing that must never be. */
export async function pass(hub: FuzzedHub, nodes: Storm): Promise<void> {
  runs += 1;
  const prefix = `${process.pid}~${runs}/`;
  const book = new Book(prefix);
  const all = nodes.map(({ hasGrace }, at) => new StormNode(hub, book, `${prefix}${at}`, hasGrace));
  try {
    await Promise.all(all.map((node, at) => node.play(nodes[at]?.bursts ?? [])));
    await Promise.all(all.map((node) => node.finish()));
    for (const name of ["r", "s", "t"]) await hub.http("DELETE", `/v1/resource/outcome?name=${prefix}${name}`);
    const { body } = await hub.http("GET", `/v1/resources?prefix=${prefix}`);
    if (JSON.stringify(body) !== '{"resources":[]}') throw new Error(`left are ${JSON.stringify(body)}`);
    hub.check();
  } finally {
    for (const node of all) node.drop();
  }
}

/** What is known of all nodes together. */
class Book {
  readonly prefix: string;
  /** Who surely holds, by resource: told so, for no bounded time, and nothing said of an end. */
  readonly #holders = new Map<string, Set<Request>>();
  readonly #lastFences = new Map<string, number>();
  /** What was said of a success, by resource and fence. */
  readonly #successes = new Map<string, string>();

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  granted(request: Request, fence: number): void {
    const { resource, mode, holdMs } = request.ask;
    // A bounded one may be over by the time it is heard of.
    if (request.isEnding || holdMs !== undefined) return;
    const holders = this.#holders.get(resource) ?? new Set();
    this.#holders.set(resource, holders);
    const isShared = (one: Request) => one.ask.mode === mode && (mode === "shared" || mode === "permit");
    for (const other of holders)
      if (!isShared(other)) throw new Error(`two hold ${resource}: ${say(other)}, ${say(request)}`);
    if (mode === "permit" && holders.size >= 2) throw new Error(`three permits of two for ${resource}`);
    if ((this.#lastFences.get(resource) ?? 0) > fence && mode !== "shared" && mode !== "permit") {
      throw new Error(`the fence of ${resource} falls: ${say(request)}`);
    }
    holders.add(request);
    this.#lastFences.set(resource, Math.max(fence, this.#lastFences.get(resource) ?? 0));
  }

  ends(request: Request): void {
    request.isEnding = true;
    this.#holders.get(request.ask.resource)?.delete(request);
  }

  succeeds({ ask, fence }: Request, node: string, result: number): void {
    this.#successes.set(`${ask.resource} ${fence}`, JSON.stringify([ask.operation, node, result]));
  }

  skipped({ ask }: Request, { by, fence, result }: Extract<HubMessage, { type: "skipped" }>): void {
    const said = this.#successes.get(`${ask.resource} ${fence}`);
    if (ask.mode === "once" && said === JSON.stringify([ask.operation, by, result])) return;
    throw new Error(`skipped by what nobody said: ${JSON.stringify({ ask, by, fence, result, said })}`);
  }
}

class StormNode {
  readonly #hub: FuzzedHub;
  readonly #book: Book;
  readonly #name: string;
  readonly #graceMs: number;
  readonly #live = new Map<number, Request>();
  /** How what is over has ended: it may be told again after a resume, and no other way. */
  readonly #finals = new Map<number, string>();
  #wire: Wire | undefined;
  #session: { session: string; secret: string } | undefined;
  #lastId = 0;
  #errors = 0;
  #isFinishing = false;

  constructor(hub: FuzzedHub, book: Book, name: string, hasGrace: boolean) {
    this.#hub = hub;
    this.#book = book;
    this.#name = name;
    this.#graceMs = hasGrace ? 60_000 : 0;
  }

  async play(bursts: readonly Burst[]): Promise<void> {
    await this.#connect();
    for (const burst of bursts) {
      if (burst.do === "say") await this.#say(burst);
      else if (this.#graceMs > 0) await this.#resume(burst.isPolite);
    }
  }

  /** Ends all that there is, hears every answer, and leaves. */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    this.#send([...this.#live.values()].map((request) => this.#endOf(request, "cancel")));
    while (this.#live.size > 0) await this.#hear();
    this.#send([{ type: "bye" }]);
    const { code } = (await this.#wire?.closed) ?? { code: 0 };
    if (code !== closeCodes.BYE) throw new Error(`${this.#name} is closed with ${code}`);
  }

  drop(): void {
    this.#wire?.terminate();
  }

  async #connect(): Promise<void> {
    const wire = await connectWire(this.#hub.url);
    // A pong says that all before it was read: the wire itself would say so of what is left behind at a resume.
    wire.answersPings = false;
    this.#wire = wire;
    const resume = this.#session && { resume: this.#session };
    const { session, secret, resumed, lastId } = await wire.hello(this.#name, { graceMs: this.#graceMs, ...resume });
    if (resumed !== (this.#session !== undefined)) throw new Error(`${this.#name}: resumed is ${resumed}`);
    this.#session = { session, secret };
    for (const request of this.#live.values()) {
      // What never arrived is not asked again; what did may be told anew, whatever was said of its end.
      if (request.id > lastId) {
        this.#book.ends(request);
        this.#live.delete(request.id);
      }
    }
    this.#lastId = Math.max(this.#lastId, lastId);
  }

  async #resume(isPolite: boolean): Promise<void> {
    if (!isPolite) this.#wire?.terminate();
    // What had come and was not read is told again.
    await this.#connect();
    await this.#pong();
  }

  async #say({ asks, ends, junk }: Extract<Burst, { do: "say" }>): Promise<void> {
    const messages: (ClientMessageInput | object)[] = asks.map((ask) => {
      this.#lastId += 1;
      const asked = { ...ask, resource: this.#book.prefix + ask.resource };
      this.#live.set(this.#lastId, { id: this.#lastId, ask: asked, fence: undefined, isEnding: false });
      return { type: "acquire", id: this.#lastId, ...asked };
    });
    const live = [...this.#live.values()].filter(({ isEnding }) => !isEnding);
    for (const [at, end] of ends.entries()) {
      const request = live[at];
      if (request !== undefined) messages.push(this.#endOf(request, request.fence === undefined ? "cancel" : end));
    }
    if (junk) {
      messages.push({ type: "acquire", id: this.#lastId, resource: this.#errors });
      this.#errors += 1;
    }
    this.#send(messages);
    await this.#pong();
  }

  #endOf(request: Request, end: "success" | "failure" | "none" | "cancel"): object {
    const { id } = request;
    if (end === "success") this.#book.succeeds(request, this.#name, id);
    this.#book.ends(request);
    if (end === "cancel") return { type: "cancel", id };
    return { type: "release", id, outcome: end, ...(end === "success" && { result: id }) };
  }

  #send(messages: readonly object[]): void {
    if (messages.length > 0) this.#wire?.sendText(JSON.stringify(messages));
  }

  /** Hears all that there is up to a pong of the hub. */
  async #pong(): Promise<void> {
    this.#send([{ type: "ping" }]);
    while ((await this.#hear()) !== "pong");
  }

  async #hear(): Promise<HubMessage["type"]> {
    const message = await this.#wire?.next();
    if (message === undefined) throw new Error("there is no socket");
    if (message.type === "error" && message.code.startsWith("INVALID_") && this.#errors > 0) this.#errors -= 1;
    else if (message.type === "ping") this.#send([{ type: "pong", n: message.n }]);
    else if ("id" in message && message.id !== undefined) this.#take(message, message.id);
    else if (message.type !== "pong") throw new Error(`${this.#name} hears ${JSON.stringify(message)}`);
    return message.type;
  }

  #take(message: HubMessage, id: number): void {
    const request = this.#live.get(id);
    // A release or cancel that crossed the end is answered by that end, and by an error at most.
    if (message.type === "error" && message.code === "LOCK_NOT_HELD") return;
    if (request === undefined) {
      if (this.#graceMs > 0 && this.#finals.get(id) === message.type) return;
      throw new Error(`${this.#name} hears ${JSON.stringify(message)} of what is over`);
    }
    switch (message.type) {
      case "queued":
      case "wanted":
        return;
      case "granted":
        if (request.fence !== undefined && request.fence !== message.fence)
          throw new Error(`two fences: ${say(request)}`);
        if (request.fence === undefined) this.#book.granted(request, message.fence);
        request.fence = message.fence;
        if (this.#isFinishing) this.#send([this.#endOf(request, "cancel")]);
        return;
      case "skipped":
        this.#book.skipped(request, message);
        break;
      case "released":
        if (!request.isEnding) throw new Error(`released, and nobody said so: ${say(request)}`);
        break;
      case "lost":
        if (request.ask.holdMs === undefined) throw new Error(`lost: ${say(request)}`);
        break;
      case "failed":
        break;
      default:
        throw new Error(`${this.#name} hears ${JSON.stringify(message)}`);
    }
    this.#book.ends(request);
    this.#live.delete(id);
    this.#finals.set(id, message.type);
  }
}

function say({ id, ask, fence }: Request): string {
  return JSON.stringify({ id, fence, ...ask });
}
