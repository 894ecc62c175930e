// One writer at a time among processes that share a folder, of several machines too: a file that only one can create. Knows
// nothing of what is written.
import { randomUUID } from "node:crypto";
import { link, readFile, readlink, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../content/content-error.ts";
import { readText } from "../content/durable-file.ts";

/** A lock is held for milliseconds; one that nobody has let go of for so long is a dead or frozen process's. */
const staleMsMax = 10_000;
/** How long a holder trusts that nobody has thought so of it. */
const heldMsMax = staleMsMax / 2;
const lookMsMax = 25;

/** The lock in hand. */
export type LockHold = {
  /** Unlike that of any other hold, ever. */
  readonly name: string;
  /** Whether it is surely held still; looks at the clock and the file. */
  readonly isHeld: () => Promise<boolean>;
};

type Owner = { readonly name: string; readonly pid: number; readonly place: string | undefined };

/**
 * A lock that is a file. Whoever creates it holds it. It is taken from a process of this machine that has ended at once, and
 * from any other when it has not changed hands for 10 s; a process that was frozen for so long asks `isHeld` before it does
 * what counts. What is left is a freeze between that question and one system call.
 */
export class LockFile {
  readonly #path: string;
  readonly #clearAway: (name: string) => Promise<void>;
  readonly #nowMs: () => number;
  #turn: Promise<unknown> = Promise.resolve();
  #place: Promise<string | undefined> | undefined;

  /**
   * @param clearAway removes what the hold of that name has left behind when it was taken from a dead process
   * @param nowMs for tests: milliseconds of a clock that only goes forward
   */
  constructor(path: string, clearAway: (name: string) => Promise<void>, nowMs = () => performance.now()) {
    this.#path = path;
    this.#clearAway = clearAway;
    this.#nowMs = nowMs;
  }

  /** Does the work while nobody else does any; the calls of one object have their turns in order. */
  hold<Result>(work: (hold: LockHold) => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(() => this.#hold(work));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #hold<Result>(work: (hold: LockHold) => Promise<Result>): Promise<Result> {
    const name = randomUUID();
    this.#place ??= placeOfProcess();
    const owner: Owner = { name, pid: process.pid, place: await this.#place };
    const text = textOf(owner);
    await this.#create(text);
    const sinceMs = this.#nowMs();
    const isHeld = async () => this.#nowMs() - sinceMs < heldMsMax && (await readText(this.#path)) === text;
    try {
      return await work({ name, isHeld });
    } finally {
      if (await isHeld()) await rm(this.#path, { force: true });
    }
  }

  async #create(text: string): Promise<void> {
    let seen: string | undefined;
    let seenAtMs = this.#nowMs();
    for (;;) {
      try {
        return await writeFile(this.#path, text, { flag: "wx" });
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
      const present = await readText(this.#path);
      if (present !== seen) seenAtMs = this.#nowMs();
      seen = present;
      if (seen === undefined) continue;
      const isStale = this.#nowMs() - seenAtMs >= staleMsMax || hasEnded(readOwner(seen), await this.#place);
      if (isStale) await this.#takeAway(seen);
      else await sleep(Math.random() * lookMsMax);
    }
  }

  /** Removes a stale lock. If another was there before and has made one of its own by now, it gets that back. */
  async #takeAway(stale: string): Promise<void> {
    const aside = `${this.#path}.${randomUUID()}`;
    try {
      await rename(this.#path, aside);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return;
      throw error;
    }
    const owner = readOwner(stale);
    if ((await readFile(aside, "utf8")) !== stale) await link(aside, this.#path).catch(() => {});
    else if (owner !== undefined) await this.#clearAway(owner.name);
    await rm(aside, { force: true });
  }
}

/** Where a process id means what it means here: this boot of this machine, this namespace. Undefined where nobody can tell. */
async function placeOfProcess(): Promise<string | undefined> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return `${hostname()} ${boot.trim()} ${await readlink("/proc/self/ns/pid")}`;
  } catch {
    return undefined;
  }
}

/** Whether the owner is a process of this place that is no more. */
function hasEnded(owner: Owner | undefined, place: string | undefined): boolean {
  if (owner === undefined || place === undefined || owner.place !== place) return false;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}

const ownerForm = /^([0-9a-f-]{36}) (\d+) (.*)\n$/;

function textOf({ name, pid, place = "" }: Owner): string {
  return `${name} ${pid} ${place}\n`;
}

/** What a lock file says; undefined for one that is not whole yet. */
function readOwner(text: string): Owner | undefined {
  const [, name, pid, place] = ownerForm.exec(text) ?? [];
  return name === undefined ? undefined : { name, pid: Number(pid), place };
}
