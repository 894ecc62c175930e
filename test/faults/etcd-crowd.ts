// Many nodes on three hubs over an etcd of three members, each hub by links of its own that can be cut: the load of the fault
// tests of several hubs, judged while it runs. Knows no fault.
import { setTimeout as pass } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { etcdPlace, startMember, type Etcd, type EtcdPlace } from "../support/etcd.ts";
import { freePort } from "../support/free-port.ts";
import { startHubProcess, type HubProcess } from "../support/hub.ts";
import { Proxy } from "../support/proxy.ts";
import { Chance } from "./chance.ts";
import { FaultNode } from "./fault-node.ts";
import { HistoryCheck } from "./history-check.ts";
import { workBy } from "./work.ts";

const nodes = 60;
/** Of so many nodes the last one has no grace: what it holds, of resources of its own, it may lose with its hub. */
const gracelessEvery = 10;
const members = 3;
const hubs = 3;
const settledMsMax = 60_000;
const pollMs = 20;
const env = { NODE_COMPILE_CACHE: fileURLToPath(new URL("../../node_modules/.cache/hub", import.meta.url)) };

/** A member of the cluster, which may be down. */
export type Member = { readonly place: EtcdPlace; etcd: Etcd; isUp: boolean };
/** A hub, which may be down, and its links to the members. */
export type FaultyHub = { readonly port: number; readonly links: readonly Proxy[]; process: HubProcess; isUp: boolean };

/** The nodes, the hubs and the members. */
export class EtcdCrowd implements AsyncDisposable {
  readonly chance = new Chance();
  readonly check = new HistoryCheck();
  readonly members: Member[] = [];
  readonly hubs: FaultyHub[] = [];
  /** How long it took after each fault until every node was answered again, in milliseconds. */
  readonly settledMs: number[] = [];
  #nodes: FaultNode[] = [];
  #round = 0;
  #isEnding = false;
  #startedAt = 0;

  static async gather(): Promise<EtcdCrowd> {
    const crowd = new EtcdCrowd();
    const places = await Promise.all(Array.from({ length: members }, (_, place) => etcdPlace(`member-${place}`)));
    await Promise.all(
      places.map(async (place) => {
        const etcd = await startMember(place, places);
        crowd.members.push({ place, etcd, isUp: true });
      }),
    );
    for (let place = 0; place < hubs; place += 1) {
      const links = await Promise.all(crowd.members.map(({ etcd }) => Proxy.to(etcd.endpoint)));
      const port = await freePort();
      crowd.hubs.push({ port, links, process: await crowd.#startHub(port, links), isUp: true });
    }
    crowd.#startedAt = performance.now();
    crowd.#nodes = Array.from({ length: nodes }, (_, place) => crowd.#join(place));
    await crowd.settle();
    return crowd;
  }

  /** A fault is about to come: hubs may be given up before their nodes hear of it. */
  unsettle(): void {
    this.check.note({ is: "unsettled" });
    this.#round += 1;
  }

  /** Everything is healed and started again; resolves when each hub is ready and each node was answered. */
  async settle(): Promise<void> {
    const healedAt = performance.now();
    for (const member of this.members) {
      if (member.isUp) continue;
      member.etcd = await startMember(
        member.place,
        this.members.map(({ place }) => place),
      );
      member.isUp = true;
    }
    for (const hub of this.hubs) {
      for (const link of hub.links) link.heal();
      if (hub.isUp) continue;
      hub.process = await this.#startHub(hub.port, hub.links);
      hub.isUp = true;
    }
    await Promise.all(
      this.hubs.map((hub) => within(settledMsMax, () => `a hub is not ready: ${lastOf(hub)}`, isReady(hub))),
    );
    this.check.note({ is: "settled" });
    await within(settledMsMax, () => "a node is not answered", Promise.all(this.#nodes.map((node) => node.sign())));
    this.settledMs.push(Math.round(performance.now() - healedAt));
  }

  /** What one of those that are up answers to etcdctl. */
  control(...words: readonly string[]): string {
    const member = this.members.find(({ isUp }) => isUp);
    if (member === undefined) throw new Error("no member is up");
    return member.etcd.control(...words);
  }

  /** The member that leads. */
  leader(): Member {
    const status: Status[] = JSON.parse(this.control("endpoint", "status", "--cluster", "--write-out=json"));
    const led = status.find(({ Status: { header, leader } }) => header.member_id === leader);
    const [first] = this.members;
    const member = this.members.find(({ etcd }) => etcd.endpoint === led?.Endpoint) ?? first;
    if (member === undefined) throw new Error("there is no member");
    return member;
  }

  /** Messages that the nodes have said, a second. */
  get rate(): number {
    return Math.round((this.check.said / (performance.now() - this.#startedAt)) * 1_000);
  }

  /** Nobody asks for more; resolves when everybody has had every answer, with what is wrong. */
  async end(): Promise<string[]> {
    this.#isEnding = true;
    for (const node of this.#nodes) node.fill();
    await within(settledMsMax, () => "a node waits for ever", Promise.all(this.#nodes.map(({ finished }) => finished)));
    const wrong = this.check.end();
    const left = await Promise.all(this.hubs.map(({ process }) => leftAt(process)));
    for (const names of left) if (names.length > 0) wrong.push(`held or awaited by nobody: ${names.join(", ")}`);
    const log = this.hubs.flatMap(({ process }) => process.log());
    wrong.push(...log.filter((line) => line.includes("not that of the other hubs")));
    return wrong.length === 0 ? [] : [...wrong.slice(0, 20), `${wrong.length} in all, seed ${this.chance.seed}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) node.stop();
    for (const { process, links } of this.hubs) {
      process.kill("SIGKILL");
      for (const link of links) await link[Symbol.asyncDispose]();
    }
    for (const { etcd } of this.members) await etcd[Symbol.asyncDispose]();
  }

  async #startHub(port: number, links: readonly Proxy[]): Promise<HubProcess> {
    const etcd = links.map(({ url }) => new URL(url).origin).join(",");
    const args = ["--engine", "etcd", "--etcd", etcd, "--port", String(port), "--heartbeat", "2s"];
    return await startHubProcess({ args, env });
  }

  #join(place: number): FaultNode {
    let turn = place;
    const isGraceless = place % gracelessEvery === gracelessEvery - 1;
    return new FaultNode({
      name: `node-${place}`,
      url: () => `ws://127.0.0.1:${this.hubs[(turn += 1) % this.hubs.length]?.port}/v1/socket`,
      history: this.check,
      graceMs: isGraceless ? 0 : 60_000,
      hasOthers: true,
      next: () => {
        if (this.#isEnding) return undefined;
        if (!isGraceless) return workBy(this.chance, this.#round);
        return { ask: { resource: `own-${place}`, operation: "run", mode: "exclusive" }, outcome: "none", workMs: 500 };
      },
    });
  }
}

type Status = { Endpoint: string; Status: { header: { member_id: number }; leader: number } };

function lastOf({ process }: FaultyHub): string {
  return process.log().slice(-12).join("\n");
}

async function isReady({ process }: FaultyHub): Promise<void> {
  for (;;) {
    const response = await fetch(`${process.httpUrl}/readyz`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.status === 200) return;
    await pass(pollMs);
  }
}

/** What is held or awaited at a hub. */
async function leftAt({ httpUrl }: HubProcess): Promise<string[]> {
  const response = await fetch(`${httpUrl}/v1/resources`);
  const { resources }: { resources: { resource: string; holding: number; waiting: number }[] } = JSON.parse(
    await response.text(),
  );
  return resources.filter(({ holding, waiting }) => holding > 0 || waiting > 0).map(({ resource }) => resource);
}

async function within(ms: number, what: () => string, all: Promise<unknown>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${ms} ms after all is healed ${what()}`)), ms);
  try {
    await Promise.race([all, promise]);
  } finally {
    clearTimeout(timer);
  }
}
