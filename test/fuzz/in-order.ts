// Plays a script on a live hub, one thing after the other, and compares all that is said to every socket, and all that there is to
// see, with what the naive model says [Q1]–[H5]. Knows the wire; no rule of its own.
import { isDeepStrictEqual } from "node:util";
import { setTimeout as pause } from "node:timers/promises";
import { closeCodes } from "../../shared/errors.ts";
import type { HubMessage } from "../../shared/protocol.ts";
import { connectWire, type Wire } from "../support/wire.ts";
import type { ModelCommand } from "../server/core/model-records.ts";
import type { FuzzedHub } from "./fuzzed-hub.ts";
import { Oracle, type Picture } from "./oracle.ts";
import { saidBy, saidByModel, type Said } from "./said.ts";
import type { Deed, Script } from "./script.ts";

const letters = ["a", "b", "c", "d"] as const;
const resources = ["r", "s"] as const;
const patienceMs = 10_000;
let runs = 0;

type Player = {
  letter: string;
  name: string;
  wire: Wire | undefined;
  session: { session: string; secret: string; modelled: string; graceMs: number } | undefined;
  lastId: number;
};

/** One run. */
export class InOrder {
  readonly #hub: FuzzedHub;
  readonly #oracle = new Oracle();
  readonly #suffix: string;
  readonly #players: Player[];
  /** The hub's fence for each of the model's, and the last one of each resource. */
  readonly #fences = new Map<number, number>();
  #sockets = 0;
  /** What the players have heard in the step under way. */
  #heard: Said[] = [];

  private constructor(hub: FuzzedHub, decoration: string) {
    this.#hub = hub;
    runs += 1;
    this.#suffix = `${decoration}${process.pid}-${runs}`;
    this.#players = letters.map((letter) => {
      return { letter, name: letter + this.#suffix, wire: undefined, session: undefined, lastId: 0 };
    });
  }

  /** Plays a script on a hub; rejects at the first thing that is not as it must be. */
  static async play(hub: FuzzedHub, { decoration, deeds }: Script): Promise<void> {
    const run = new InOrder(hub, decoration);
    try {
      for (const player of run.#players) await run.#open(player, player.letter < "c" ? 60_000 : 0);
      for (const [place, deed] of deeds.entries()) {
        try {
          await run.#do(deed);
        } catch (error) {
          throw new Error(`deed ${place}, ${JSON.stringify(deed)}: ${String(error)}`, { cause: error });
        }
      }
      await run.#end();
    } finally {
      for (const { wire } of run.#players) wire?.terminate();
    }
  }

  async #do(deed: Deed): Promise<void> {
    const player = this.#players[deed.node];
    if (player === undefined) throw new Error("unreachable");
    switch (deed.kind) {
      case "acquire": {
        const id = Math.max(1, player.lastId + deed.step);
        return this.#say(player, { type: "acquire", id, ...deed.fields }, deed.extra);
      }
      case "again": {
        const id = this.#idOf(player, deed.pick);
        const fields = { resource: "r", operation: "p", mode: "once", wanted: false } as const;
        return this.#say(player, { type: "acquire", id, ...fields }, {});
      }
      case "refer": {
        const { resource, action } = deed;
        return this.#say(player, { type: "refer", id: Math.max(1, player.lastId + deed.step), resource, action }, {});
      }
      case "message":
        return this.#say(player, { ...deed.message, id: this.#idOf(player, deed.pick) }, deed.extra);
      case "open":
        return player.session === undefined ? this.#open(player, deed.graceMs) : this.#intrude(player);
      case "drop":
        return this.#drop(player);
      case "resume":
        return this.#resume(player);
      case "stranger":
        return this.#beStranger(player);
      case "bye":
        return this.#bye(player);
      case "kick":
        return this.#kick(player);
      case "revoke":
        return this.#revoke(deed.resource, deed.pick);
      case "forget": {
        const path = `/v1/resource/outcome?name=${this.#inQuery(deed.resource)}`;
        const { status } = await this.#hub.http("DELETE", path);
        return this.#compare({ type: "forget", resource: deed.resource }, status);
      }
      case "junk":
        return this.#junk(player, deed.text);
    }
  }

  /** Says one message of a request, under the name that the resource has on this hub. */
  async #say(
    player: Player,
    message: Extract<ModelCommand, { type: "message" }>["message"],
    extra: object,
  ): Promise<void> {
    if (player.wire === undefined || player.session === undefined) return;
    const resource = "resource" in message && { resource: `${message.resource}${this.#suffix}` };
    player.wire.sendText(JSON.stringify({ ...extra, ...message, ...resource }));
    if (message.type === "acquire" || message.type === "refer") player.lastId = Math.max(player.lastId, message.id);
    await this.#barrier(player);
    await this.#compare({ type: "message", socket: player.session.modelled, message });
  }

  async #open(player: Player, graceMs: number): Promise<void> {
    const wire = await this.#connect();
    const welcome = await wire.hello(player.name, { graceMs });
    if (welcome.resumed || welcome.lastId !== 0) throw new Error(`not a new session: ${JSON.stringify(welcome)}`);
    if (welcome.graceMs !== graceMs) throw new Error(`the grace is ${welcome.graceMs}`);
    const modelled = this.#nextSocket(player);
    player.wire = wire;
    player.session = { session: welcome.session, secret: welcome.secret, modelled, graceMs };
    player.lastId = 0;
    await this.#compare({ type: "open", socket: modelled, session: modelled, node: player.letter, graceMs });
  }

  /** A second hello of a node that has a session [S8]. */
  async #intrude({ name }: Player): Promise<void> {
    const wire = await this.#connect();
    wire.send({ type: "hello", node: name });
    await expectClose(wire, closeCodes.NODE_IN_USE);
    await this.#expectNews([]);
  }

  /** A resume with a secret that is not the session's [S11]. */
  async #beStranger({ name, session }: Player): Promise<void> {
    if (session === undefined) return;
    const wire = await this.#connect();
    wire.send({ type: "hello", node: name, resume: { session: session.session, secret: "no" } });
    await expectClose(wire, closeCodes.UNAUTHORIZED);
    await this.#expectNews([]);
  }

  async #resume(player: Player): Promise<void> {
    const { session, wire: former } = player;
    if (session === undefined) return;
    // A session without grace would be gone with its socket: it is resumed only while that is there.
    const wire = await this.#connect();
    const { session: id, secret } = session;
    const welcome = await wire.hello(player.name, { resume: { session: id, secret } });
    if (!welcome.resumed || welcome.lastId !== player.lastId) {
      throw new Error(`resumed ${welcome.resumed} at ${welcome.lastId}, not at ${player.lastId}`);
    }
    if (former !== undefined) await expectClose(former, closeCodes.SESSION_REPLACED);
    player.wire = wire;
    const socket = this.#nextSocket(player);
    const modelled = session.modelled.replace(/~.*/, "");
    player.session = { ...session, modelled: `${modelled}~${socket}` };
    await this.#compare({ type: "resume", socket: player.session.modelled, session: modelled });
  }

  async #drop(player: Player): Promise<void> {
    const { wire, session } = player;
    if (wire === undefined || session === undefined) return;
    wire.terminate();
    player.wire = undefined;
    const path = `/v1/sessions?prefix=${encodeURIComponent(player.name)}`;
    await this.#until(async () => {
      const { body } = await this.#hub.http("GET", path);
      return !JSON.stringify(body).includes('"detached":false');
    }, "a session is detached");
    if (session.graceMs === 0) player.session = undefined;
    await this.#compare({ type: "detach", socket: session.modelled });
  }

  async #bye(player: Player): Promise<void> {
    const { wire, session } = player;
    if (wire === undefined || session === undefined) return;
    wire.send({ type: "bye" });
    await expectClose(wire, closeCodes.BYE);
    this.#leave(player);
    await this.#compare({ type: "bye", socket: session.modelled });
  }

  async #kick(player: Player): Promise<void> {
    const { wire, session } = player;
    if (session === undefined) return;
    const { status } = await this.#hub.http("DELETE", `/v1/sessions/${session.session}`);
    if (wire !== undefined) await expectClose(wire, closeCodes.SESSION_ENDED);
    this.#leave(player);
    await this.#compare({ type: "kick", session: session.modelled.replace(/~.*/, "") }, status);
  }

  async #revoke(resource: string, pick: number | undefined): Promise<void> {
    const fences = [1, ...this.#oracle.fencesOf(resource)];
    const fence = pick === undefined ? undefined : fences[pick % fences.length];
    const named = fence !== undefined && { fence: this.#fences.get(fence) ?? 1 };
    const path = `/v1/resource/release?name=${this.#inQuery(resource)}`;
    const { status } = await this.#hub.http("POST", path, { reason: "fuzz", ...named });
    await this.#compare({ type: "revoke", resource, ...(fence !== undefined && { fence }) }, status);
  }

  /** What breaks the form is answered with one error and changes nothing [B2]. */
  async #junk(player: Player, text: string): Promise<void> {
    if (player.wire === undefined) return;
    player.wire.sendText(text);
    player.wire.send({ type: "ping" });
    const answers: HubMessage[] = [];
    while (answers.at(-1)?.type !== "pong") {
      const heard = await player.wire.next();
      // The hub's own ping may come at any time.
      if (heard.type !== "ping") answers.push(heard);
    }
    const isRefused = answers[0]?.type === "error" && answers[0].code.startsWith("INVALID_");
    if (!isRefused || answers.length !== 2) throw new Error(`answered with ${JSON.stringify(answers)}`);
    await this.#expectNews([]);
  }

  /** Lets the model do the same, waits until the hub shows what the model does, and compares what was said. */
  async #compare(command: ModelCommand, status?: number): Promise<void> {
    const lines = this.#oracle.follow(command);
    if (status !== undefined) {
      const answer = status === 200 ? "done" : status === 409 ? "changed" : "absent";
      if (!lines.includes(answer)) throw new Error(`the hub says ${status}, the model ${lines.join("; ")}`);
    }
    await Promise.all(resources.map((resource) => this.#expectPicture(resource, this.#oracle.picture(resource))));
    await this.#expectNews(lines.map(saidByModel).filter((said) => said !== undefined));
  }

  async #expectPicture(resource: string, wanted: Picture): Promise<void> {
    let shown: Picture | undefined;
    await this.#until(
      async () => {
        shown = pictureIn(await this.#hub.http("GET", `/v1/resource?name=${this.#inQuery(resource)}`), (name) =>
          this.#letterOf(name),
        );
        return isDeepStrictEqual(shown, wanted);
      },
      () => `${resource} is ${JSON.stringify(wanted)}, and not ${JSON.stringify(shown)}`,
    );
  }

  /** Everybody has heard exactly this, each request in this order. */
  async #expectNews(wanted: Said[]): Promise<void> {
    await Promise.all(this.#players.map((player) => this.#barrier(player)));
    const [heard, told] = [inOrder(this.#heard), inOrder(wanted)];
    this.#heard = [];
    const words = (all: readonly Said[]) => all.map(({ words }) => words);
    if (!isDeepStrictEqual(words(heard), words(told))) {
      throw new Error(`heard ${words(heard).join("; ")}, and must hear ${words(told).join("; ")}`);
    }
    for (const [place, { fence, words }] of heard.entries()) this.#matchFence(told[place]?.fence, fence, words);
  }

  /** The hub's fences stand for the model's, one for one, and grow as they do [F1]. */
  #matchFence(modelled: number | undefined, fence: number | undefined, words: string): void {
    if (modelled === undefined || fence === undefined) return;
    const known = this.#fences.get(modelled);
    const isKnown = known === undefined ? !this.#fences.values().some((other) => other === fence) : known === fence;
    if (!isKnown) throw new Error(`${words}: fence ${fence} stands for ${modelled}, which had ${known}`);
    this.#fences.set(modelled, fence);
  }

  /** Whatever was to be said to a player is heard: the pong comes after it. */
  async #barrier({ letter, wire }: Player): Promise<void> {
    if (wire === undefined) return;
    wire.send({ type: "ping" });
    await wire.find(({ type }) => type === "pong");
    for (const message of wire.drain()) this.#hear(letter, message);
  }

  #hear(letter: string, message: HubMessage): void {
    const said = saidBy(letter, message, (name) => this.#letterOf(name));
    if (said !== undefined) this.#heard.push(said);
    else if (message.type !== "ping") throw new Error(`${letter} hears ${JSON.stringify(message)}`);
  }

  #leave(player: Player): void {
    for (const message of player.wire?.drain() ?? []) this.#hear(player.letter, message);
    player.wire = undefined;
    player.session = undefined;
  }

  /** Everybody leaves, and nothing is left [Q8]. */
  async #end(): Promise<void> {
    for (const player of this.#players) await this.#resume(player);
    for (const player of this.#players) await this.#bye(player);
    for (const resource of resources) {
      await this.#hub.http("DELETE", `/v1/resource/outcome?name=${this.#inQuery(resource)}`);
      const { status, body } = await this.#hub.http("GET", `/v1/resource?name=${this.#inQuery(resource)}`);
      if (status !== 404) throw new Error(`left is ${JSON.stringify(body)}`);
    }
    const cleaner = await this.#connect();
    await cleaner.hello(`cleaner${this.#suffix}`);
    cleaner.send(
      resources.map((name, at) => ({ type: "refer", id: at + 1, resource: name + this.#suffix, action: "clear" })),
    );
    for (const _ of resources) await cleaner.find(({ type }) => type === "references");
    cleaner.terminate();
    this.#hub.check();
  }

  async #connect(): Promise<Wire> {
    const wire = await connectWire(this.#hub.url);
    // A pong would acknowledge what the model keeps.
    wire.answersPings = false;
    return wire;
  }

  /** A request of a player: mostly one that lives, else any id near those that were used. */
  #idOf({ letter, lastId }: Player, pick: number): number {
    const live = this.#oracle.liveOf(letter);
    const any = 1 + (pick % (lastId + 2));
    return pick % 8 === 0 ? any : (live[pick % live.length] ?? any);
  }

  #nextSocket({ letter }: Player): string {
    this.#sockets += 1;
    return `${letter}/${this.#sockets}`;
  }

  #letterOf(name: string): string {
    return this.#players.find((player) => player.name === name)?.letter ?? name;
  }

  #inQuery(resource: string): string {
    return encodeURIComponent(resource + this.#suffix);
  }

  async #until(isSo: () => Promise<boolean>, what: string | (() => string)): Promise<void> {
    const endMs = performance.now() + patienceMs;
    while (!(await isSo())) {
      if (performance.now() > endMs)
        throw new Error(`it never comes to pass that ${typeof what === "string" ? what : what()}`);
      await pause(1);
    }
  }
}

async function expectClose(wire: Wire, wanted: number): Promise<void> {
  const { code } = await wire.closed;
  if (code !== wanted) throw new Error(`closed with ${code}, not ${wanted}`);
}

function pictureIn({ status, body }: { status: number; body: unknown }, letterOf: (name: string) => string): Picture {
  if (status === 404 || typeof body !== "object" || body === null) return { holders: [], queue: [], isDelayed: false };
  const names = (list: unknown) =>
    Array.isArray(list) ? list.map(({ node, id }: { node: string; id: number }) => `${letterOf(node)}${id}`) : [];
  return {
    holders: names("holders" in body ? body.holders : undefined),
    queue: names("queue" in body ? body.queue : undefined),
    isDelayed: "delayedMs" in body,
  };
}

/** The order that the rules fix is that of what is said of one request. */
function inOrder(said: readonly Said[]): Said[] {
  const nameOf = ({ words }: Said) => words.slice(0, words.indexOf(" "));
  return [...said].sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : Number(nameOf(one) > nameOf(other))));
}
