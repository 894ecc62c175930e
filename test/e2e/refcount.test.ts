// Reference counts that real processes share: in a folder, also when they are killed, and in a hub that is.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../client/index.ts";
import { FileRefCountStorage, HubRefCountStorage, RefCountManager } from "../../client/refcount/index.ts";
import { startHubProcess } from "../support/hub.ts";

const program = fileURLToPath(new URL("../support/ref-count-process.ts", import.meta.url));
const done = { status: "done" } as const;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "baton-refcount-"));
});

afterEach(() => rm(folder, { recursive: true }));

/** A process that adds nodes; `added` are those that it has said, and `whenAdded` tells when they are so many. */
class Adder {
  readonly added: string[] = [];
  readonly exited: Promise<unknown>;
  readonly #child: ChildProcess;
  #heard = Promise.withResolvers<void>();

  constructor(name: string, count: number) {
    this.#child = spawn(process.execPath, [program, folder, name, String(count)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.exited = new Promise((resolve) => this.#child.once("close", resolve));
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("its output is read");
    createInterface({ input: stdout }).on("line", (line) => {
      this.added.push(line);
      this.#heard.resolve();
      this.#heard = Promise.withResolvers();
    });
  }

  async whenAdded(count: number): Promise<void> {
    while (this.added.length < count) await this.#heard.promise;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

describe("in a folder", () => {
  it("no process loses what another counts", async () => {
    const adders = ["a", "b", "c", "d"].map((name) => new Adder(name, 20));
    await Promise.all(adders.map(({ exited }) => exited));
    const said = adders.flatMap(({ added }) => added);
    expect(said).toHaveLength(80);
    expect((await new FileRefCountStorage(folder).get("r")).toSorted()).toEqual(said.toSorted());
    expect(await readdir(folder)).toHaveLength(1);
  });

  it("no process that is killed at any moment takes back what was counted, or stops the others", async () => {
    const rounds = 12;
    const survivor = new Adder("survivor", 40 + rounds);
    const killed: Adder[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const victim = new Adder(`v${round}`, 1_000_000);
      killed.push(victim);
      await Promise.all([victim.whenAdded(1 + (round % 4)), survivor.whenAdded(round + 1)]);
      victim.kill();
      await victim.exited;
    }
    await survivor.exited;
    const said = [survivor, ...killed].flatMap(({ added }) => added);
    const storage = new FileRefCountStorage(folder);
    await storage.set("after", ["all"], []);
    const counted = await storage.get("r");
    expect(said.filter((node) => !counted.includes(node))).toEqual([]);
    // Of each that was killed one may be there that it had no time to say.
    expect(counted.length).toBeLessThanOrEqual(said.length + rounds);
    expect((await readdir(folder)).filter((name) => name.endsWith(".json"))).toHaveLength(2);
    expect(await readdir(folder)).not.toContain("lock");
  });
});

describe("in a hub", () => {
  it("[B3] what was counted is there after the hub is killed and started again", async () => {
    const args = ["--engine", "durable", "--data", join(folder, "data")];
    const first = await startHubProcess({ args });
    await using a = await connect(first.url, { node: "a", graceMs: 60_000 });
    const counts = new RefCountManager(new HubRefCountStorage(a), "a");
    for (let place = 0; place < 30; place += 1) await counts.update("pull", `r${place % 20}`, done);
    await a.references.drop("r19");
    first.kill("SIGKILL");
    await first.exited;
    const second = await startHubProcess({ args: [...args, "--port", new URL(first.url).port] });
    expect(await counts.shouldSkip("pull", "r18")).toBe(true);
    expect(await counts.shouldSkip("pull", "r19")).toBe(false);
    expect((await counts.releaseNode("a")).length).toBe(19);
    expect(await Array.fromAsync(a.references.list())).toEqual([]);
    await second.stop();
  });
});
