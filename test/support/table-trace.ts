// A lock table among named nodes, with time moved by hand: a test says what a node does and reads what follows as lines, as
// in the story on the protocol page. A request is named by its node and its id: `b1`. Knows no rule.
import type { Command } from "../../server/core/command.ts";
import { due, soonestMs } from "../../server/core/deadlines.ts";
import type { Effect } from "../../server/core/effect.ts";
import { step } from "../../server/core/lock-table.ts";
import { createTable, type LockTable } from "../../server/core/table.ts";
import { defaultLimits, type Limits } from "../../shared/limits.ts";
import type { ClientMessageOf, Failure } from "../../shared/protocol.ts";
import { lineOf, nodeOf } from "./effect-lines.ts";
import { checkTable } from "./table-check.ts";

type Acquire = ClientMessageOf<"acquire">;
type TraceSettings = {
  /** The nodes that are there from the start, a letter each. */
  nodes?: string;
  graceMs?: number;
  lockDelayMs?: number;
  outcomeTtlMs?: number;
  limits?: Partial<Limits>;
  firstOrder?: number;
};

/** A table that is checked against itself after each step; each method returns the lines that follow from it. */
export class TableTrace {
  table: LockTable;
  nowMs = 1_000;
  /** What followed from the last command, in full. */
  effects: Effect[] = [];
  readonly #fences = new Map<string, number>();
  readonly #sessions = new Map<string, number>();
  readonly #sockets = new Map<string, number>();

  constructor({ nodes = "abcd", graceMs = 0, limits, firstOrder = 1, ...settings }: TraceSettings = {}) {
    const { lockDelayMs = 0, outcomeTtlMs = 600_000 } = settings;
    this.table = createTable({ limits: { ...defaultLimits, ...limits }, lockDelayMs, outcomeTtlMs }, firstOrder);
    for (const node of nodes) this.open(node, graceMs);
  }

  /** A node without a session says hello. */
  open(node: string, graceMs = 0): string[] {
    this.#sessions.set(node, (this.#sessions.get(node) ?? 0) + 1);
    const identity = { node, secretDigest: "", owner: "", graceMs, client: "", labels: {} };
    return this.step({ type: "open", socket: this.#newSocket(node), session: this.sessionOf(node), ...identity });
  }

  /** A node says hello again, with the secret of its session. */
  resume(node: string): string[] {
    return this.step({ type: "resume", socket: this.#newSocket(node), session: this.sessionOf(node) });
  }

  /** The socket of a node is gone, by default the last one it had. */
  drop(node: string, { socket = this.socketOf(node), graceMs }: { socket?: string; graceMs?: number } = {}): string[] {
    return this.step({ type: "detach", socket, ...(graceMs !== undefined && { graceMs }) });
  }

  /** A node asks for resource `r`, in mode once, for operation `run`, unless told otherwise. */
  acquire(name: string, fields: Partial<Acquire> = {}): string[] {
    const defaults = { type: "acquire", resource: "r", operation: "run", mode: "once", wanted: false } as const;
    return this.say(name, { ...defaults, ...fields });
  }

  succeed(name: string, result?: ClientMessageOf<"release">["result"]): string[] {
    return this.say(name, { type: "release", outcome: "success", retry: true, result });
  }

  fail(name: string, error: string | Failure, how: { retry?: boolean; retryAfterMs?: number } = {}): string[] {
    const reason = typeof error === "string" ? { message: error } : error;
    return this.say(name, { type: "release", outcome: "failure", error: reason, retry: true, ...how });
  }

  /** Releases without a word on the work. */
  letGo(name: string): string[] {
    return this.say(name, { type: "release", outcome: "none", retry: true });
  }

  cancel(name: string): string[] {
    return this.say(name, { type: "cancel" });
  }

  extend(name: string, holdMs: number): string[] {
    return this.say(name, { type: "extend", holdMs });
  }

  progress(name: string, progress: { done?: number; total?: number; note?: string }): string[] {
    return this.say(name, { type: "progress", ...progress });
  }

  /** Asks for, or changes, the reference set of resource `r` unless told otherwise. */
  refer(name: string, action: ClientMessageOf<"refer">["action"], resource = "r"): string[] {
    return this.say(name, { type: "refer", resource, action });
  }

  /** Clears a reference set as a node may: while it holds the resource alone. */
  clearAsHolder(name: string, resource = "r"): string[] {
    return this.say(name, { type: "refer", resource, action: "clear" }, { mustHold: true });
  }

  bye(node: string): string[] {
    return this.step({ type: "bye", socket: this.socketOf(node) });
  }

  kick(node: string): string[] {
    return this.step({ type: "kick", session: this.sessionOf(node), actor: "root", reason: "stuck", ticket: 1 });
  }

  revoke(resource: string, fence?: number): string[] {
    const why = { actor: "root", reason: "stuck", ticket: 1 };
    return this.step({ type: "revoke", resource, ...why, ...(fence !== undefined && { fence }) });
  }

  forget(resource: string): string[] {
    return this.step({ type: "forget", resource, ticket: 1 });
  }

  /** The node's hub learns that it has heard everything up to a step, by default the last. */
  acknowledge(node: string, order = this.table.order): string[] {
    return this.step({ type: "acknowledge", socket: this.socketOf(node), order });
  }

  /** Moves time on; every deadline on the way is met at its own moment. */
  pass(durationMs: number): string[] {
    const untilMs = this.nowMs + durationMs;
    const lines: string[] = [];
    for (let next = this.#soonestMs(); next <= untilMs; next = this.#soonestMs()) {
      this.nowMs = Math.max(this.nowMs, next);
      for (const command of due(this.table.deadlines, this.nowMs)) lines.push(...this.step(command));
    }
    this.nowMs = untilMs;
    return lines;
  }

  /** Carries out one command as it is. */
  step(command: Command): string[] {
    this.effects = step(this.table, command, this.nowMs);
    checkTable(this.table);
    for (const effect of this.effects) this.#note(effect);
    return this.effects.map((effect) => lineOf(effect, "brief"));
  }

  /** The fence of a request's grant. */
  fenceOf(name: string): number {
    const fence = this.#fences.get(name);
    if (fence === undefined) throw new Error(`${name} was never granted`);
    return fence;
  }

  socketOf(node: string): string {
    return `${node}/${this.#sockets.get(node) ?? 0}`;
  }

  sessionOf(node: string): string {
    return `${node}#${this.#sessions.get(node) ?? 0}`;
  }

  /** Says a message for the request of that name, by default on its node's last socket. */
  say(name: string, message: MessageWithoutId, how: { socket?: string; mustHold?: true } = {}): string[] {
    const [, node = "", id = ""] = /^(.*\D)(\d+)$/.exec(name) ?? [];
    const whole = { ...message, id: Number(id) };
    return this.step({ type: "message", socket: this.socketOf(node), message: whole, ...how });
  }

  #newSocket(node: string): string {
    this.#sockets.set(node, (this.#sockets.get(node) ?? 0) + 1);
    return this.socketOf(node);
  }

  #soonestMs(): number {
    return soonestMs(this.table.deadlines) ?? Infinity;
  }

  #note(effect: Effect): void {
    if (effect.type !== "tell") return;
    const { socket, answer } = effect;
    const node = nodeOf(socket);
    if (socket !== this.socketOf(node)) throw new Error(`${socket} is told something, and is not the last socket [S8]`);
    if (answer.type === "granted") this.#fences.set(`${node}${answer.id}`, answer.fence);
  }
}

type MessageWithoutId = WithoutId<Extract<Command, { type: "message" }>["message"]>;
type WithoutId<Message> = Message extends unknown ? Omit<Message, "id"> : never;
