// Many nodes on three hubs over an etcd of three members, joined by links that can be cut: the load of the fault tests of
// several hubs, judged while it runs. Knows no fault.
import { setTimeout as pass } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startMember, type Etcd, type EtcdPlace } from "../support/etcd.ts";
import { compactingHub } from "../support/compacting-hub.ts";
import { startHubProcess, type HubProcess } from "../support/hub.ts";
import type { Link } from "../support/network.ts";
import { Chance } from "./chance.ts";
import { etcdSite, type EtcdSite, type HubPlace } from "./etcd-site.ts";
import { FaultNode } from "./fault-node.ts";
import { HistoryCheck } from "./history-check.ts";
import { workBy } from "./work.ts";

const nodes = 60;
/** Of so many nodes the last one has no grace: what it holds, of resources of its own, it may lose with its hub. */
const gracelessEvery = 10;
const members = 3;
const hubs = 3;
/** Where the checkpoint in force is. */
export const checkpointKey = "/baton/log/checkpoint";
const settledMsMax = 60_000;
const pollMs = 20;
// Some seconds' worth, so that checkpoints are made at any moment of a fault; with little history they are soon written.
const compactBytes = 1024 * 1024;
const env = { NODE_COMPILE_CACHE: fileURLToPath(new URL("../../node_modules/.cache/hub", import.meta.url)) };

/** A member of the cluster, which may be down. */
export type Member = { readonly place: EtcdPlace; etcd: Etcd; isUp: boolean };
/** A hub, which may be down. */
export type FaultyHub = { readonly place: HubPlace; process: HubProcess; isUp: boolean };

/** The nodes, the hubs and the members. */
export class EtcdCrowd implements AsyncDisposable {
  readonly chance = new Chance();
  readonly check = new HistoryCheck();
  readonly site: EtcdSite;
  readonly members: Member[] = [];
  readonly hubs: FaultyHub[] = [];
  /** How long it took each time from when all was healed, and all processes up, until every node was answered; milliseconds. */
  readonly settledMs: number[] = [];
  /** The checkpoints that were in force when all was settled, by their revisions. */
  readonly checkpoints = new Set<string>();
  #nodes: FaultNode[] = [];
  #round = 0;
  #isEnding = false;
  #startedAt = 0;

  private constructor(site: EtcdSite) {
    this.site = site;
  }

  static async gather(): Promise<EtcdCrowd> {
    const crowd = new EtcdCrowd(await etcdSite(members, hubs));
    const { site } = crowd;
    await Promise.all(
      site.members.map(async (place) => {
        const etcd = await startMember(place, site.members);
        crowd.members.push({ place, etcd, isUp: true });
      }),
    );
    for (const place of site.hubs) crowd.hubs.push({ place, process: await startHub(place), isUp: true });
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
    this.#readLogs();
    for (const link of [...this.links, ...this.site.cables, this.site.noise]) link?.heal();
    await Promise.all(this.members.map((member) => this.#startMember(member)));
    await Promise.all(this.hubs.map((hub) => startAgain(hub)));
    const healedAt = performance.now();
    await Promise.all(
      this.hubs.map((hub) => within(settledMsMax, () => `a hub is not ready: ${lastOf(hub)}`, isReady(hub))),
    );
    this.check.note({ is: "settled" });
    await within(settledMsMax, () => "a node is not answered", Promise.all(this.#nodes.map((node) => node.sign())));
    this.settledMs.push(Math.round(performance.now() - healedAt));
    const revision = this.checkpointRevision();
    if (revision !== undefined) this.checkpoints.add(revision);
  }

  /** All links between two that can be cut. */
  get links(): readonly Link[] {
    return [...this.site.hubs.flatMap(({ links }) => links), ...this.site.peers];
  }

  /** What one of those that are up answers to etcdctl. */
  control(...words: readonly string[]): string {
    const member = this.members.find(({ isUp }) => isUp);
    if (member === undefined) throw new Error("no member is up");
    return member.etcd.control(...words);
  }

  /** The revision in which the checkpoint was put in force, if there is one. */
  checkpointRevision(): string | undefined {
    return /"ModRevision" : (\d+)/.exec(this.control("get", checkpointKey, "--write-out=fields"))?.[1];
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
    this.#readLogs();
    const wrong = this.check.end();
    const left = await Promise.all(this.hubs.map(({ process }) => leftAt(process)));
    for (const names of left) if (names.length > 0) wrong.push(`held or awaited by nobody: ${names.join(", ")}`);
    return wrong.length === 0 ? [] : [...wrong.slice(0, 20), `${wrong.length} in all, seed ${this.chance.seed}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) node.stop();
    for (const { process } of this.hubs) process.kill("SIGKILL");
    for (const { etcd } of this.members) await etcd[Symbol.asyncDispose]();
    await this.site[Symbol.asyncDispose]();
  }

  /** What a hub found of its own table at a checkpoint is in its log, which is gone with its process. */
  #readLogs(): void {
    const lines = this.hubs.flatMap(({ process }) => process.log());
    this.check.violations.push(...lines.filter((line) => line.includes("not that of the other hubs")));
  }

  async #startMember(member: Member): Promise<void> {
    if (member.isUp) return;
    member.etcd = await startMember(member.place, this.site.members);
    member.isUp = true;
  }

  #join(place: number): FaultNode {
    let turn = place;
    const isGraceless = place % gracelessEvery === gracelessEvery - 1;
    return new FaultNode({
      name: `node-${place}`,
      url: () => this.hubs[(turn += 1) % this.hubs.length]?.process.url ?? "",
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

async function startAgain(hub: FaultyHub): Promise<void> {
  if (hub.isUp) return;
  hub.process = await startHub(hub.place);
  hub.isUp = true;
}

async function startHub({ host, port, endpoints }: HubPlace): Promise<HubProcess> {
  const where = ["--host", host.address, "--port", String(port), "--insecure"];
  const args = [
    "--engine",
    "etcd",
    "--etcd",
    endpoints.join(","),
    "--heartbeat",
    "2s",
    "--limit",
    "historyMax=1000",
    ...where,
  ];
  const before = [String(compactBytes)];
  return await startHubProcess({ args, env, wrapper: host.wrapper, program: compactingHub, before });
}

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
