// One who watches and does not read, over a real socket of a real hub: nothing piles up for it, and when it reads on it is shown
// the present.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { decodeHubFrame, subprotocol, type HubMessage } from "../../shared/protocol.ts";
import { startHubProcess, type HubProcess } from "../support/hub.ts";
import { connectWire, type Wire } from "../support/wire.ts";

const rows = 1_000;
const watches = 16;
const rounds = 8;
const MiB = 2 ** 20;

/** Resources with names as long as may be, all new in each round. */
const namesOf = (round: number) => Array.from({ length: rows }, (_, place) => `${round}/${place}/`.padEnd(512, "x"));

async function inFrames<Part>(parts: readonly Part[], say: (frame: Part[]) => Promise<void>): Promise<void> {
  for (let first = 0; first < parts.length; first += 50) await say(parts.slice(first, first + 50));
}

/** Takes the resources of a round and lets go of those before; returns the requests that hold. */
async function turnOver(worker: Wire, round: number, before: readonly number[]): Promise<number[]> {
  const held: number[] = [];
  await inFrames(namesOf(round), async (names) => {
    const ids = names.map((name) => worker.acquire(name, { mode: "exclusive" }));
    for (const id of ids) await worker.answer(id, "granted");
    held.push(...ids);
  });
  await inFrames(before, async (ids) => {
    worker.send(ids.map((id) => ({ type: "release", id, outcome: "none" })));
    for (const id of ids) await worker.answer(id, "released");
  });
  return held;
}

/** What one has been shown, watch by watch, as a client takes it. */
class Shown {
  readonly #rows = new Map<number, Set<string>>();
  readonly #unfinished = new Set<number>();
  pictures = 0;

  take(message: HubMessage): void {
    if (message.type !== "watching" && message.type !== "changes") return;
    const { id } = message;
    if (message.type === "watching") {
      if (!this.#unfinished.has(id)) this.#rows.set(id, new Set());
      if (message.more === true) this.#unfinished.add(id);
      else {
        this.#unfinished.delete(id);
        this.pictures += 1;
      }
    }
    for (const row of message.resources) {
      if ("gone" in row) this.#rows.get(id)?.delete(row.resource);
      else this.#rows.get(id)?.add(row.resource);
    }
  }

  /** Whether each of so many watches shows just that. */
  isAll(names: readonly string[], count: number): boolean {
    const all = [...this.#rows.values()];
    return (
      all.length === count &&
      this.#unfinished.size === 0 &&
      all.every((shown) => shown.size === names.length && names.every((name) => shown.has(name)))
    );
  }
}

/** Hears what a socket brings until that is so. */
async function hear(socket: WebSocket, shown: Shown, isEnough: () => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on("message", (data: Buffer) => {
    const frame = decodeHubFrame(data.toString());
    if (!Array.isArray(frame)) return reject(new Error("that is no frame of a hub's"));
    for (const one of frame) if ("message" in one) shown.take(one.message);
    if (isEnough()) resolve();
  });
  socket.once("close", (code) => reject(new Error(`closed with ${code}`)));
  await promise.finally(() => socket.removeAllListeners());
}

async function viewerOf({ url }: HubProcess, node: string): Promise<WebSocket> {
  const socket = new WebSocket(url, subprotocol, { perMessageDeflate: false });
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "hello", node }));
  await once(socket, "message");
  return socket;
}

function watch(socket: WebSocket, count: number): void {
  const messages = Array.from({ length: count }, (_, place) => {
    return { type: "watch", id: place + 1, limit: rows, intervalMs: 50 };
  });
  socket.send(JSON.stringify(messages));
}

async function bytesOut({ httpUrl }: HubProcess): Promise<number> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  return Number(/^baton_bytes_total\{direction="out"\} (\d+)$/m.exec(text)?.[1]);
}

const residentBytes = ({ pid }: HubProcess) =>
  1_024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

test.skipIf(process.platform !== "linux")(
  "[B1] whoever watches and does not read has the hub keep nothing more, and is shown the present when it reads",
  { timeout: 120_000 },
  async () => {
    const hub = await startHubProcess({ args: ["--heartbeat", "60s", "--outcome-ttl", "0"] });
    const worker = await connectWire(hub.url);
    await worker.hello("worker");
    let held = await turnOver(worker, 0, []);
    const [stuck, quick] = [await viewerOf(hub, "stuck"), await viewerOf(hub, "quick")];
    const [shownToStuck, shownToQuick] = [new Shown(), new Shown()];
    watch(quick, 1);
    await hear(quick, shownToQuick, () => shownToQuick.isAll(namesOf(0), 1));
    stuck.pause();
    watch(stuck, watches);
    const [residentBefore, outBefore] = [residentBytes(hub), await bytesOut(hub)];
    for (let round = 1; round <= rounds; round += 1) {
      const heard = hear(quick, shownToQuick, () => shownToQuick.isAll(namesOf(round), 1));
      held = await turnOver(worker, round, held);
      await heard;
    }
    expect(residentBytes(hub) - residentBefore).toBeLessThan(160 * MiB);
    const heard = hear(stuck, shownToStuck, () => shownToStuck.isAll(namesOf(rounds), watches));
    stuck.resume();
    await heard;
    // What was begun is said to its end; then there is one picture in place of all that it has missed, which were some 12 MiB a
    // round. The rest is what the others were told.
    expect(shownToStuck.pictures).toBeLessThanOrEqual(3 * watches);
    expect((await bytesOut(hub)) - outBefore).toBeLessThan(64 * MiB);
    for (const socket of [stuck, quick]) socket.terminate();
    expect(await hub.stop()).toBe(0);
  },
);
