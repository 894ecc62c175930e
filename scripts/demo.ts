// `npm run demo`: the main job end to end in one terminal. A hub, a registry, several node processes that pull one image into
// one shared store, one of them killed half way; then a table, and a non-zero exit if any of it went wrong.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { bytesText } from "../client/cli/bytes.ts";
import { table } from "../client/cli/output.ts";
import { startHubProcess } from "../test/support/hub.ts";
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
type Takeover = { digest: string; killed: string; by: string; ms: number; resumedFrom: number };

const startedAt = Date.now();
const folder = await mkdtemp(join(tmpdir(), "baton-demo-"));
try {
  process.exitCode = (await demonstrate()) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function demonstrate(): Promise<boolean> {
  const hub = await startHubProcess();
  say(`hub       ${hub.url}`);
  say("image     is being made and pushed…");
  const image = await buildImage(join(folder, "image"));
  const registry = await serveImage(image);
  const throttle = await startThrottle(registry.port, bytesPerSecond);
  const store = join(folder, "store");
  const reference = `${throttle.host}/${target}`;
  say(`registry  ${reference}, ${registry.kind}, slowed down so that there is something to see`);
  say(`image     ${image.blobs.length} blobs, ${bytesText(totalOf(image.blobs))}\n`);

  const pulls = nodes.map((node) => startPull({ node, url: hub.url, image: reference, store }));
  const follow = Promise.all(
    pulls.map((pull) => pull.until((event) => narrate(event))).map((end) => end.catch(() => {})),
  );
  const takeover = await killHalfWay(pulls, image);
  const codes = await Promise.all(pulls.map(({ exited }) => exited));
  await follow;

  const faults = await findFaults(image, store, reference, pulls, codes, takeover);
  report(image, pulls, takeover);
  for (const fault of faults) console.log(`WRONG: ${fault}`);
  await throttle.close();
  await registry.stop();
  await hub.stop();
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

/** Kills the node that downloads the largest blob when it is well on its way; tells how the next one took over. */
async function killHalfWay(pulls: readonly PullProcess[], image: Image): Promise<Takeover> {
  const { digest, size } = image.layers.reduce((one, other) => (other.size > one.size ? other : one));
  const isFarEnough = (event: TimedEvent) =>
    event.type === "progress" && event.digest === digest && event.bytes >= size * killAtShare;
  const { node } = await Promise.any(pulls.map((pull) => pull.until(isFarEnough)));
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
  return { digest, killed: node, by: granted.node, ms, resumedFrom };
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
  takeover: Takeover,
): Promise<string[]> {
  const faults: string[] = [];
  for (const [index, pull] of pulls.entries()) {
    const code = codes[index];
    if (pull.node !== takeover.killed && code !== 0) faults.push(`${pull.node} ended with ${code}: ${pull.errors()}`);
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

function report(image: Image, pulls: readonly PullProcess[], { digest, killed, by, ms, resumedFrom }: Takeover): void {
  const rows = image.blobs.map((blob) => {
    const ends = downloadsOf(pulls, blob);
    const note = blob.digest === digest ? `begun by ${killed}, killed; rest by ${by}` : "";
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
  console.log(
    `takeover     ${ms} ms from the kill to the next node's grant; it went on after ${bytesText(resumedFrom)}`,
  );
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

function say(line: string): void {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(2).padStart(6);
  console.log(`${seconds} s  ${line}`);
}
