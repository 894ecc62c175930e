// The lock that writers of one folder share: one at a time, and none for ever.
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { LockFile } from "../../../client/refcount/lock-file.ts";

const clearNothing = () => Promise.resolve();
const strangerText = (name: string, pid = 1) => `${name} ${pid} another machine\n`;
const stranger = "00000000-0000-4000-8000-000000000000";

async function lockPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "baton-lock-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "lock");
}

describe("a lock file", () => {
  it("lets one work at a time, of many objects, and leaves nothing behind", async () => {
    const path = await lockPath();
    let inside = 0;
    const work = async () => {
      inside += 1;
      expect(inside).toBe(1);
      await readFile(path);
      inside -= 1;
    };
    const locks = Array.from({ length: 4 }, () => new LockFile(path, clearNothing));
    await Promise.all([...locks, ...locks, ...locks].map((lock) => lock.hold(work)));
    expect(await readdir(join(path, ".."))).toEqual([]);
  });

  it("gives back what the work gives, or why it failed, and is free in both cases", async () => {
    const lock = new LockFile(await lockPath(), clearNothing);
    expect(await lock.hold(() => Promise.resolve(7))).toBe(7);
    await expect(lock.hold(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await lock.hold(({ isHeld }) => isHeld())).toBe(true);
  });

  it("is taken at once from a process of this machine that has ended, with what it has left", async () => {
    const path = await lockPath();
    const cleared: string[] = [];
    const lock = new LockFile(path, (name) => Promise.resolve(void cleared.push(name)));
    const own = await lock.hold(() => readFile(path, "utf8"));
    const ended = own.replace(/^\S+ \d+/, `${stranger} 4194305`);
    await writeFile(path, ended);
    expect(await lock.hold(() => Promise.resolve("held"))).toBe("held");
    expect(cleared).toEqual([stranger]);
  });

  it.each(["", "not whole", strangerText(stranger, 4_194_305)])(
    "is taken from anybody else when it has not changed for 10 s: %j",
    async (text) => {
      const path = await lockPath();
      await writeFile(path, text);
      let nowMs = 0;
      let looks = 0;
      const lock = new LockFile(path, clearNothing, () => {
        looks += 1;
        nowMs += looks < 4 ? 0 : 3_000;
        return nowMs;
      });
      expect(await lock.hold(() => readFile(path, "utf8"))).not.toBe(text);
      expect(nowMs).toBeGreaterThanOrEqual(10_000);
    },
  );

  it("is waited for, for as long as it changes hands", async () => {
    const path = await lockPath();
    let nowMs = 0;
    let hands = 0;
    await writeFile(path, strangerText(stranger));
    const lock = new LockFile(path, clearNothing, () => {
      nowMs += 1_000;
      return nowMs;
    });
    const passing = (async () => {
      for (hands = 1; hands <= 20; hands += 1) {
        const text = strangerText(stranger.replace(/..$/, String(10 + hands)));
        await writeFile(path, text);
        await untilRead(() => nowMs);
      }
      await rm(path);
    })();
    await lock.hold(() => Promise.resolve(expect(hands).toBe(21)));
    await passing;
  });

  it("is not held any more by who was frozen for 5 s, nor by whom it was taken from", async () => {
    const path = await lockPath();
    let nowMs = 0;
    const lock = new LockFile(path, clearNothing, () => nowMs);
    await lock.hold(async ({ isHeld }) => {
      expect(await isHeld()).toBe(true);
      nowMs += 5_000;
      expect(await isHeld()).toBe(false);
    });
    await rm(path);
    await lock.hold(async ({ isHeld }) => {
      await writeFile(path, strangerText(stranger));
      expect(await isHeld()).toBe(false);
    });
    expect(await readFile(path, "utf8")).toBe(strangerText(stranger));
  });
});

/** Lets the lock look at the clock once more. */
async function untilRead(nowMs: () => number): Promise<void> {
  const before = nowMs();
  while (nowMs() === before) await new Promise((resolve) => setImmediate(resolve));
}
