// `npm run demo`: the main job end to end in one terminal. A hub, a registry, several node processes that pull one image into
// one shared store, one of them killed half way; then a table, and a non-zero exit if any of it went wrong. With
// `-- --engine etcd` there are two hubs over one etcd, and one of them is killed instead.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as pass } from "node:timers/promises";
import { parseArgs } from "node:util";
import { bytesText } from "../client/cli/bytes.ts";
import { table } from "../client/cli/output.ts";
import { etcdMissing, startEtcd } from "../test/support/etcd.ts";
import { type HubProcess, startHubProcess } from "../test/support/hub.ts";
import { buildImage, copyOut, hasSkopeo, pushImage, type Image, type ImageBlob } from "../test/support/image.ts";
import { startLayoutRegistry } from "../test/support/layout-registry.ts";
import { startPull, type PullProcess, type TimedEvent } from "../test/support/pull-process.ts";
import { hasRegistry, startRegistry } from "../test/support/registry.ts";
import { startThrottle } from "../test/support/throttle.ts";

const nodes = ["node-1", "node-2", "node-3", "node-4", "node-5"];
const target = "demo/app:1.0";
const bytesPerSecond = 40 * 1024 * 1024;
const killAtShare = 0.4;

/** What happened to the blob whose node was killed. */
type Takeover = { is: "node"; digest: string; killed: string; by: string; ms: number; resumedFrom: number };
/** What happened to the nodes whose hub was killed. */
type Move = { is: "hub"; moved: number; ms: number };

const { values } = parseArgs({ options: { engine: { type: "string", default: "memory" } } });
const hasEtcd = values.engine === "etcd";
if (!hasEtcd && values.engine !== "memory") stop("--engine is memory or etcd");
if (hasEtcd && etcdMissing() !== undefined) {
  stop("etcd is not installed: with Debian `apt-get install etcd-server`; without `--engine etcd` the demo needs none");
}

const startedAt = Date.now();
const folder = await mkdtemp(join(tmpdir(), "baton-demo-"));
try {
  process.exitCode = (await demonstrate()) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function demonstrate(): Promise<boolean> {
  await using etcd = hasEtcd ? await startEtcd() : undefined;
  const args = etcd === undefined ? [] : ["--engine", "etcd", "--etcd", etcd.endpoint];
  const hubs = [await startHubProcess({ args })];
  if (hasEtcd) hubs.push(await startHubProcess({ args }));
  const url = hubs.map((hub) => hub.url).join(",");
  say(`${hasEtcd ? "hubs     " : "hub      "} ${url}${hasEtcd ? ", over one etcd" : ""}`);
  say("image     is being made and pushed…");
  const image = await buildImage(join(folder, "image"));
  const registry = await serveImage(image);
  const throttle = await startThrottle(registry.port, bytesPerSecond);
  const store = join(folder, "store");
  const reference = `${throttle.host}/${target}`;
  say(`registry  ${reference}, ${registry.kind}, slowed down so that there is something to see`);
  say(`image     ${image.blobs.length} blobs, ${bytesText(totalOf(image.blobs))}\n`);

  // Who is to go on with what he holds at another hub asks for the time that it takes.
  const grace = hasEtcd ? ["--grace", "30s"] : [];
  const pulls = nodes.map((node) => startPull({ node, url, image: reference, store, args: grace }));
  const follow = Promise.all(
    pulls.map((pull) => pull.until((event) => narrate(event))).map((end) => end.catch(() => {})),
  );
  const end = await (hasEtcd ? killHub(pulls, image, hubs) : killNode(pulls, image));
  const codes = await Promise.all(pulls.map(({ exited }) => exited));
  await follow;

  const faults = await findFaults(image, store, reference, pulls, codes, end);
  report(image, pulls, end);
  for (const fault of faults) console.log(`WRONG: ${fault}`);
  await throttle.close();
  await registry.stop();
  await Promise.all(hubs.map((hub) => hub.stop()));
  return faults.length === 0;
}

async function serveImage(image: Image) {
  if (!hasRegistry || !hasSkopeo) {
    return { ...(await startLayoutRegistry(image)), kind: "a small one of the demo's own" };
  }
  const registry = await startRegistry();
  await pushImage(image, registry.host, target);
  return { ...registry, kind: "docker-registry" };
}

/** Resolves with the node that downloads the largest blob, when it is well on its way. */
async function halfWay(pulls: readonly PullProcess[], image: Image): Promise<{ node: string; digest: string }> {
  const { digest, size } = image.layers.reduce((one, other) => (other.size > one.size ? other : one));
  const isFarEnough = (event: TimedEvent) =>
    event.type === "progress" && event.digest === digest && event.bytes >= size * killAtShare;
  const { node } = await Promise.any(pulls.map((pull) => pull.until(isFarEnough)));
  return { node, digest };
}

/** Kills the hub that has more nodes when a download is well on its way; tells how long it took them to the other one. */
async function killHub(pulls: readonly PullProcess[], image: Image, hubs: readonly HubProcess[]): Promise<Move> {
  const { node, digest } = await halfWay(pulls, image);
  const counts = await Promise.all(hubs.map(async (hub) => ({ hub, sockets: await socketsOf(hub) })));
  const [left, victim] = counts.toSorted((one, other) => one.sockets - other.sockets);
  if (left === undefined || victim === undefined) throw new Error("there is no other hub");
  const killedAt = Date.now();
  victim.hub.kill("SIGKILL");
  say(`${victim.hub.url} is killed (SIGKILL) with ${victim.sockets} of ${nodes.length} nodes on it`);
  say(`${node} goes on with ${short(digest)} meanwhile`);
  const isOver = Promise.all(pulls.map(({ exited }) => exited)).then(() => true);
  const isAlone = async () => (await socketsOf(left.hub)) >= left.sockets + victim.sockets;
  while (!(await isAlone())) if (await Promise.race([isOver, pass(5, false)])) break;
  const ms = Date.now() - killedAt;
  say(`all are at ${left.hub.url} ${ms} ms later, with what they held and their places in the queues`);
  return { is: "hub", moved: victim.sockets, ms };
}

async function socketsOf({ httpUrl }: HubProcess): Promise<number> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  return Number(/^baton_sockets (\d+)$/m.exec(text)?.[1]);
}

/** Kills the node that downloads the largest blob when it is well on its way; tells how the next one took over. */
async function killNode(pulls: readonly PullProcess[], image: Image): Promise<Takeover> {
  const { node, digest } = await halfWay(pulls, image);
  const victim = pulls.find((pull) => pull.node === node);
  const killedAt = Date.now();
  victim?.kill("SIGKILL");
  say(`${node} is killed (SIGKILL) with ${short(digest)} half way`);
  const others = pulls.filter((pull) => pull !== victim);
  const isGranted = (event: TimedEvent) => event.type === "granted" && event.digest === digest;
  const granted = await Promise.any(others.map((pull) => pull.until(isGranted)));
  const ms = granted.at - killedAt;
  say(`${granted.node} is granted ${short(digest)} ${ms} ms later; nobody else hears of it`);
  const next = pulls.find((pull) => pull.node === granted.node);
  const end = await next?.until((event) => event.type === "done" && event.digest === digest);
  const resumed = next?.events.find((event) => event.type === "resumed" && event.digest === digest);
  const resumedFrom = end !== undefined && resumed?.type === "resumed" ? resumed.bytes : 0;
  return { is: "node", digest, killed: node, by: granted.node, ms, resumedFrom };
}

/** Prints what a person wants to see of an event; true for the last one of a node. */
function narrate(event: TimedEvent): boolean {
  if (event.type === "granted") say(`${event.node} downloads ${short(event.digest)}, attempt ${event.attempt}`);
  if (event.type === "resumed") {
    say(`${event.node} goes on with ${short(event.digest)} after ${bytesText(event.bytes)} of the dead node's`);
  }
  if (event.type === "failed") say(`${event.node} failed with ${short(event.digest)}: ${event.message}`);
  if (event.type === "summary") {
    const { downloaded, skipped, existing } = event;
    say(`${event.node} is done: ${downloaded.blobs} downloaded, ${skipped.blobs + existing.blobs} from the others`);
  }
  return event.type === "summary";
}

async function findFaults(
  image: Image,
  store: string,
  reference: string,
  pulls: readonly PullProcess[],
  codes: readonly number[],
  end: Takeover | Move,
): Promise<string[]> {
  const faults: string[] = [];
  for (const [index, pull] of pulls.entries()) {
    const code = codes[index];
    if ((end.is === "hub" || pull.node !== end.killed) && code !== 0)
      faults.push(`${pull.node} ended with ${code}: ${pull.errors()}`);
  }
  for (const blob of image.blobs) {
    const count = downloadsOf(pulls, blob).length;
    if (count !== 1) faults.push(`${short(blob.digest)} was downloaded ${count} times`);
    const kept = join(store, "blobs", "sha256", blob.digest.slice("sha256:".length));
    if (!existsSync(kept) || statSync(kept).size !== blob.size)
      faults.push(`${short(blob.digest)} is not in the store`);
    else if ((await digestOfFile(kept)) !== blob.digest) faults.push(`${short(blob.digest)} is damaged in the store`);
  }
  if (!hasSkopeo) return faults;
  try {
    await copyOut(store, reference, join(folder, "copy"));
    say("skopeo copied the image out of the store: every digest is right");
  } catch (error) {
    faults.push(`skopeo cannot read the store: ${String(error)}`);
  }
  return faults;
}

function report(image: Image, pulls: readonly PullProcess[], end: Takeover | Move): void {
  const rows = image.blobs.map((blob) => {
    const ends = downloadsOf(pulls, blob);
    const note =
      end.is === "node" && blob.digest === end.digest ? `begun by ${end.killed}, killed; rest by ${end.by}` : "";
    return [
      short(blob.digest),
      bytesText(blob.size),
      String(ends.length),
      ends.map(({ node }) => node).join(" "),
      note,
    ];
  });
  console.log(`\n${table(["BLOB", "SIZE", "DOWNLOADS", "BY", ""], rows)}`);
  const total = totalOf(image.blobs);
  console.log("");
  if (end.is === "hub") {
    console.log(`move         ${end.ms} ms from the kill of the hub until its ${end.moved} nodes were at the other`);
  } else {
    const went = `it went on after ${bytesText(end.resumedFrom)}`;
    console.log(`takeover     ${end.ms} ms from the kill to the next node's grant; ${went}`);
  }
  console.log(
    `bytes        ${bytesText(total)} once, instead of ${bytesText(total * nodes.length)} for ${nodes.length} nodes`,
  );
  console.log(`bytes saved  ${bytesText(total * (nodes.length - 1))}`);
}

/** Where the last byte of a blob came in; who was killed then may have had no time to say that it was done. */
function downloadsOf(pulls: readonly PullProcess[], { digest, size }: ImageBlob): TimedEvent[] {
  const isLast = (event: TimedEvent) => event.type === "progress" && event.digest === digest && event.bytes === size;
  return pulls.flatMap(({ events }) => events.filter(isLast));
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest("hex")}`;
}

function totalOf(blobs: readonly ImageBlob[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}

function short(digest: string): string {
  return digest.slice("sha256:".length, "sha256:".length + 12);
}

function stop(why: string): never {
  console.error(`demo: ${why}`);
  process.exit(64);
}

function say(line: string): void {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(2).padStart(6);
  console.log(`${seconds} s  ${line}`);
}
