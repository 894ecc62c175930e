// A lock table and the naive model of it side by side: whatever is done to the one is done to the other, and both must say
// the same, even when the table is recorded and restored on the way. Turns the random intents of a test into commands that make sense at that moment.
import { expect } from "vitest";
import type { Command, DeadlineCommand } from "../../../server/core/command.ts";
import { due } from "../../../server/core/deadlines.ts";
import { referrersOf } from "../../../server/core/references.ts";
import { recordsOf, tableFrom, type TableRecord } from "../../../server/core/snapshot.ts";
import { lineOf } from "../../support/effect-lines.ts";
import { checkEmpty, checkTable } from "../../support/table-check.ts";
import { TableHistory } from "../../support/table-history.ts";
import { TableTrace } from "../../support/table-trace.ts";
import type { Intent } from "./intents.ts";
import { Model } from "./model.ts";
import type { ModelSettings } from "./model-records.ts";

const nodes = ["a", "b", "c", "d"] as const;

/** Both tables, and all that has been said so far. */
export class ModelledTable extends TableTrace {
  readonly #model: Model;
  readonly #history = new TableHistory();
  /** Deadlines that have come and were not yet carried out, and all that ever were. */
  #late: DeadlineCommand[] = [];
  readonly #met: DeadlineCommand[] = [];

  constructor({ lockDelayMs, outcomeTtlMs, ...limits }: ModelSettings, graces: readonly number[]) {
    super({ nodes: "", lockDelayMs, outcomeTtlMs, limits });
    this.#model = new Model({ lockDelayMs, outcomeTtlMs, ...limits });
    for (const [at, node] of nodes.entries()) this.open(node, graces[at] ?? 0);
  }

  override step(command: Command): string[] {
    const asker = command.type === "message" ? this.table.sessionOfSocket.get(command.socket) : undefined;
    const lines = super.step(command);
    if (command.type === "deadline") this.#met.push(command);
    const said = inOrder(this.effects.map((effect) => lineOf(effect, "exact")));
    // The model has one hub.
    const modelled = command.type === "gone" ? [] : inOrder(this.#model.decide(command, this.nowMs));
    // Asked before expect is, which takes longer than all the rest.
    if (said.join() !== modelled.join()) expect(said, JSON.stringify(command)).toEqual(modelled);
    const kept = [...this.table.resources.keys()].sort().join();
    const remembered = [...this.#model.resources()].sort().join();
    if (kept !== remembered) expect(kept, JSON.stringify(command)).toBe(remembered);
    this.#history.note(command, this.effects, asker?.identity.session, (node) => this.sessionOf(node));
    return lines;
  }

  /** Does what an intent says; deadlines that were late come after it. */
  follow(intent: Intent): void {
    const late = this.#late;
    this.#late = [];
    // What has come and is in no journal comes again after a restart.
    if (intent.kind === "restart") for (const command of late.splice(0)) this.step(command);
    this.#do(intent);
    for (const command of late) this.step(command);
    if (late.length > 0) this.pass(0);
    if (this.#late.length > 0 || (intent.kind !== "pass" && late.length === 0)) return;
    expect(this.#model.isOverdue(this.nowMs), "a time has come and nothing was done").toBe(false);
  }

  /** Everybody comes back to hear what is left to hear; then everybody leaves, and nothing but references is left [Q8]. */
  finish(): void {
    for (const command of this.#late) this.step(command);
    for (const node of nodes) this.resume(node);
    this.#history.checkAnswered((session, id) => this.table.sessions.get(session)?.requests.has(id) ?? false);
    for (const node of nodes) this.bye(node);
    this.pass(1_000_000);
    checkEmpty(this.table);
    for (const resource of ["r", "s"]) {
      expect([...referrersOf(this.table.references, resource)]).toEqual(this.#model.referrers(resource));
    }
  }

  #do(intent: Intent): void {
    const node = nodes[intent.node]!;
    const { table } = this;
    switch (intent.kind) {
      case "acquire": {
        const { lastId = 0 } = table.sessions.get(this.sessionOf(node)) ?? {};
        this.acquire(`${node}${lastId + intent.step}`, intent.fields);
        return;
      }
      case "refer": {
        const { lastId = 0 } = table.sessions.get(this.sessionOf(node)) ?? {};
        const name = `${node}${Math.max(1, lastId + intent.step)}`;
        if (intent.action === "clear" && intent.mustHold) this.clearAsHolder(name, intent.resource);
        else this.refer(name, intent.action, intent.resource);
        return;
      }
      case "again":
        this.acquire(this.#nameOf(node, intent.pick), {});
        return;
      case "message":
        if (intent.message.type === "cancel") this.say(this.#nameOf(node, intent.pick), intent.message);
        else this.say(this.#holderOr(this.#nameOf(node, intent.pick), intent.pick), intent.message);
        return;
      case "oldSocket":
        this.say(this.#nameOf(node, intent.pick), intent.message, { socket: `${node}/1` });
        this.drop(node, { socket: `${node}/1` });
        return;
      case "open":
        if (table.sessionOfNode.has(node)) this.#openAgain(node);
        else this.open(node, intent.graceMs);
        return;
      case "drop":
        this.drop(node, intent.graceMs === undefined ? {} : { graceMs: intent.graceMs });
        return;
      case "resume":
      case "bye":
      case "kick":
        this[intent.kind](node);
        return;
      case "acknowledge":
        this.acknowledge(node, table.order - intent.stepsBefore);
        return;
      case "revoke": {
        const fences = [...table.resources.values()].map(({ holders }) => holders.first?.fence ?? 1);
        this.revoke(intent.resource, intent.pick === undefined ? undefined : fences[intent.pick % fences.length]);
        return;
      }
      case "forget":
        this.forget(intent.resource);
        return;
      case "pass":
        this.pass(intent.ms);
        return;
      case "late":
        this.nowMs += intent.ms;
        this.#late = due(table.deadlines, this.nowMs);
        return;
      case "reload":
        this.#reload();
        return;
      case "restart": {
        this.#reload();
        const { recoveryGraceMs, isUndated, stepsAhead } = intent;
        const order = table.order + stepsAhead;
        this.step({ type: "begin", order, settings: table.settings, recoveryGraceMs, isUndated });
        return;
      }
      case "void": {
        const command = this.#met[intent.pick % Math.max(1, this.#met.length)];
        if (command) this.step(command);
      }
    }
  }

  /** Goes on with a table that was made from the records of this one. */
  #reload(): void {
    const records: TableRecord[] = JSON.parse(JSON.stringify([...recordsOf(this.table)]));
    this.table = tableFrom(records);
    checkTable(this.table);
  }

  /** A request of a node: mostly one that lives, else any id near those that were used. */
  #nameOf(node: string, pick: number): string {
    const { requests, lastId = 0 } = this.table.sessions.get(this.sessionOf(node)) ?? {};
    const live = (requests?.inOrder() ?? []).map(({ id }) => id);
    const any = 1 + (pick % (lastId + 2));
    return `${node}${pick % 8 === 0 ? any : (live[pick % live.length] ?? any)}`;
  }

  /** A holder that can speak: mostly one of those that hold, else the one given. */
  #holderOr(name: string, pick: number): string {
    const holders = [...this.table.sessions.values()].flatMap(({ presence, requests, identity }) =>
      presence.state === "detached"
        ? []
        : requests
            .inOrder()
            .filter(({ fence }) => fence > 0)
            .map(({ id }) => `${identity.node}${id}`),
    );
    return pick % 8 === 0 ? name : (holders[pick % holders.length] ?? name);
  }

  /** A second hello for a node that has a session [S8]. */
  #openAgain(node: string): void {
    const identity = { node, secretDigest: "", owner: "", graceMs: 0, client: "", labels: {} };
    this.step({ type: "open", socket: `${node}/999999`, session: `${node}#999999`, ...identity });
  }
}

/**
 * The order that the rules fix: of what is said of one request. What is said of different ones in one step may come in any
 * order, but for [S12], which the history checks.
 */
function inOrder(lines: readonly string[]): string[] {
  return [...lines].sort((one, other) => (nameIn(one) < nameIn(other) ? -1 : Number(nameIn(one) > nameIn(other))));
}

function nameIn(line: string): string {
  return line.slice(0, line.indexOf(" ") + 1);
}
