// Many nodes on few resources, and hubs that come and go on one folder and one port: the load of the fault tests, judged while
// it runs. Knows no fault: a test decides when a hub ends, and how.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/free-port.ts";
import { type HubProcess, startHubProcess } from "../support/hub.ts";
import { Chance } from "./chance.ts";
import { FaultNode } from "./fault-node.ts";
import { HistoryCheck } from "./history-check.ts";
import { workBy } from "./work.ts";

const nodes = 50;
// A run with less than that proves nothing; only the long runs are sure to have a machine that can do more.
const messagesPerSecondLeast = process.env["BATON_KILLS"] === undefined ? 20 : 200;
// A hub is started in half the time when its files need no parsing.
const env = { NODE_COMPILE_CACHE: fileURLToPath(new URL("../../node_modules/.cache/hub", import.meta.url)) };

/** The nodes and the hub of this moment. */
export class Crowd implements AsyncDisposable {
  readonly chance = new Chance();
  readonly check = new HistoryCheck();
  readonly #folder: string;
  readonly #port: number;
  readonly #graceMs: readonly number[];
  #nodes: FaultNode[] = [];
  #hub: HubProcess | undefined;
  #hubs = 0;
  #isEnding = false;
  #upMs = 0;
  #upSince = 0;

  private constructor(folder: string, port: number, graceMs: readonly number[]) {
    this.#folder = folder;
    this.#port = port;
    this.#graceMs = graceMs;
  }

  /** The nodes ask for these graces in turn; the folder is a new one on the disk unless another is given. */
  static async gather({ graceMs = [60_000], folder = "" } = {}): Promise<Crowd> {
    return new Crowd(folder || (await mkdtemp(join(tmpdir(), "baton-faults-"))), await freePort(), graceMs);
  }

  /** Starts the next hub, of another program if one is given, with those arguments before its flags; the nodes go on. */
  async start(program?: string, ...words: string[]): Promise<HubProcess> {
    const flags = ["--engine", "durable", "--data", this.#folder, "--port", String(this.#port), "--heartbeat", "500ms"];
    this.check.note({ is: "started", order: Date.now() * 1_000 });
    this.#hubs += 1;
    const hub = await startHubProcess({ args: flags, env, before: words, ...(program !== undefined && { program }) });
    this.#hub = hub;
    this.#upSince = performance.now();
    void hub.exited.then(() => (this.#upMs += performance.now() - this.#upSince));
    if (this.#nodes.length === 0) this.#nodes = Array.from({ length: nodes }, (_, place) => this.#join(place));
    return hub;
  }

  /** Nobody asks for more; resolves when everybody has had every answer, with what is wrong. */
  async end(): Promise<string[]> {
    this.#isEnding = true;
    for (const node of this.#nodes) node.fill();
    await Promise.all(this.#nodes.map(({ finished }) => finished));
    const wrong = this.check.end();
    const response = await fetch(`${this.#hub?.httpUrl}/v1/resources`);
    const { resources }: { resources: { resource: string; holding: number; waiting: number }[] } = JSON.parse(
      await response.text(),
    );
    const left = resources.filter(({ holding, waiting }) => holding > 0 || waiting > 0);
    if (left.length > 0) wrong.push(`held or awaited by nobody: ${left.map(({ resource }) => resource).join(", ")}`);
    const upMs = this.#upMs + performance.now() - this.#upSince;
    const perSecond = Math.round((this.check.said / upMs) * 1_000);
    if (perSecond < messagesPerSecondLeast) wrong.push(`only ${perSecond} messages a second were said`);
    return wrong.length === 0 ? [] : [...wrong.slice(0, 20), `${wrong.length} in all, seed ${this.chance.seed}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) node.stop();
    await this.#hub?.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #join(place: number): FaultNode {
    return new FaultNode({
      name: `node-${place}`,
      url: () => `ws://127.0.0.1:${this.#port}/v1/socket`,
      history: this.check,
      graceMs: this.#graceMs[place % this.#graceMs.length] ?? 0,
      next: () => (this.#isEnding ? undefined : workBy(this.chance, this.#hubs)),
    });
  }
}
