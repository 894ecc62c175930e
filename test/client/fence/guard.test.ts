// The guard in memory and in a file, as one suite, and what the file alone promises.
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FenceFileError, FenceGuard, StaleFenceError, type FenceGuardOptions } from "../../../client/fence/index.ts";
import { turn } from "../fake-network.ts";

let folder = "";
const guards: FenceGuard[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baton-fence-"));
});

afterEach(() => {
  for (const guard of guards.splice(0)) guard.close();
  rmSync(folder, { recursive: true });
});

function open(options: FenceGuardOptions = {}): FenceGuard {
  const guard = new FenceGuard(options);
  guards.push(guard);
  return guard;
}

const path = () => join(folder, "fences.db");

/** Work that ends when the test says so. */
function works() {
  const told: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => (signal: AbortSignal) =>
    new Promise<string>((resolve) => {
      told.push(`${name} begins`);
      signal.addEventListener("abort", () => told.push(`${name} is told: ${String(signal.reason.message)}`));
      ends.set(name, () => {
        told.push(`${name} ends`);
        resolve(name);
      });
    });
  return { told, work, end: (name: string) => ends.get(name)?.() };
}

/** What a check comes to: nothing, or the fence that was in the way. */
function refusedBy(check: () => void): number | undefined {
  try {
    check();
  } catch (error) {
    if (error instanceof StaleFenceError) return error.highest;
    throw error;
  }
  return undefined;
}

describe.each([
  ["in memory", (options?: FenceGuardOptions) => open(options)],
  ["in a file", (options?: FenceGuardOptions) => open({ ...options, file: join(folder, "fences.db") })],
])("a guard %s", (place, guardWith) => {
  it("[F2] lets the highest fence pass as often as it comes, and no lower one ever again", () => {
    const guard = guardWith();
    const seen = [41, 41, 43, 42, 43, 41, 44].map((fence) => refusedBy(() => guard.check("x", fence)));
    expect(seen).toEqual([undefined, undefined, undefined, 43, undefined, 43, undefined]);
  });

  it("[F2] says both fences and the resource", () => {
    const guard = guardWith();
    guard.check("db-migrate", 42);
    expect(() => guard.check("db-migrate", 41)).toThrow(
      expect.objectContaining({
        name: "StaleFenceError",
        code: "STALE_FENCE",
        resource: "db-migrate",
        fence: 41,
        highest: 42,
        message: 'fence 41 of "db-migrate" is stale: 42 has been seen',
      }),
    );
  });

  it("keeps resources apart", () => {
    const guard = guardWith();
    guard.check("a", 9);
    for (const other of ["A", "a/b", "ab", "á"]) guard.check(other, 1);
    expect(refusedBy(() => guard.check("a", 8))).toBe(9);
  });

  it("takes fences up to 2^53 - 1", () => {
    const guard = guardWith();
    guard.check("x", Number.MAX_SAFE_INTEGER - 1);
    guard.check("x", Number.MAX_SAFE_INTEGER);
    expect(refusedBy(() => guard.check("x", Number.MAX_SAFE_INTEGER - 1))).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 53])(
    "refuses %d, which is no fence, and remembers nothing of it",
    (fence) => {
      const guard = guardWith();
      expect(() => guard.check("x", fence)).toThrow(expect.objectContaining({ code: "INVALID_MESSAGE" }));
      guard.check("x", 1);
    },
  );

  it.each(["", "\n", "\ud800", "x".repeat(513)])("refuses the resource %j, which no hub knows", (resource) => {
    expect(() => guardWith().check(resource, 1)).toThrow(expect.objectContaining({ code: "INVALID_KEY" }));
  });

  it("forgets the oldest past its bound, and lets no stale fence of a forgotten resource pass", () => {
    const guard = guardWith({ resourcesMax: 2 });
    guard.check("a", 5);
    guard.check("b", 6);
    guard.check("c", 7);
    expect(() => guard.check("a", 4)).toThrow("may be stale: of fences up to 5 it is forgotten whose they were");
    guard.check("a", 5);
    expect(refusedBy(() => guard.check("b", 5))).toBe(6);
    expect(refusedBy(() => guard.check("c", 6))).toBe(7);
  });

  it("[F2] never lets a lower fence pass than one that passed before, whatever is forgotten", () => {
    const checks = fc.array(
      fc.record({ resource: fc.constantFrom("a", "b", "c", "d"), fence: fc.integer({ min: 1, max: 20 }) }),
    );
    let runs = 0;
    fc.assert(
      fc.property(checks, fc.integer({ min: 1, max: 4 }), (all, resourcesMax) => {
        runs += 1;
        const guard = open({ resourcesMax, ...(place === "in a file" && { file: join(folder, `${runs}.db`) }) });
        const passed = new Map<string, number>();
        for (const { resource, fence } of all) {
          if (refusedBy(() => guard.check(resource, fence)) !== undefined) continue;
          expect(fence).toBeGreaterThanOrEqual(passed.get(resource) ?? 0);
          passed.set(resource, fence);
        }
      }),
      { numRuns: place === "in a file" ? 20 : 300 },
    );
  });
});

describe("work under a fence", () => {
  it("[F2] is done one at a time on a resource, and never after a higher fence", async () => {
    const guard = open();
    const { told, work, end } = works();
    const old = guard.run("x", 41, work("old"));
    const late = guard.run("x", 41, work("late"));
    const next = guard.run("x", 42, work("next"));
    const other = guard.run("y", 1, work("other"));
    await turn();
    expect(told).toEqual(["old begins", 'old is told: fence 41 of "x" is stale: 42 has been seen', "other begins"]);
    end("old");
    await expect(late).rejects.toMatchObject({ fence: 41, highest: 42 });
    await turn();
    end("next");
    end("other");
    expect(await Promise.all([old, next, other])).toEqual(["old", "next", "other"]);
    expect(told.slice(3)).toEqual(["old ends", "next begins", "next ends", "other ends"]);
  });

  it("[F2] is refused at once under a lower fence", async () => {
    const guard = open();
    guard.check("x", 42);
    await expect(guard.run("x", 41, () => expect.unreachable())).rejects.toMatchObject({ highest: 42 });
  });

  it("that fails hands its error on, and the resource to the next", async () => {
    const guard = open();
    const failing = guard.run("x", 1, () => {
      throw new Error("no");
    });
    const next = guard.run("x", 1, () => "done");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("done");
    expect(await guard.run("x", 1, () => Promise.resolve(2))).toBe(2);
  });
});

describe("a file", () => {
  it("outlives its guard", () => {
    open({ file: path() }).close();
    const first = open({ file: path() });
    first.check("x", 42);
    first.close();
    expect(refusedBy(() => open({ file: path() }).check("x", 41))).toBe(42);
  });

  it("is seen by every guard that has it, at once", () => {
    const [one, other] = [open({ file: path() }), open({ file: path() })];
    one.check("x", 41);
    other.check("x", 42);
    expect(refusedBy(() => one.check("x", 41))).toBe(42);
  });

  it("has on disk what it said yes to, without being closed", () => {
    open({ file: path() }).check("x", 42);
    const copy = mkdtempSync(join(folder, "copy-"));
    for (const name of readdirSync(folder))
      if (/^fences\.db(-wal)?$/.test(name)) copyFileSync(join(folder, name), join(copy, name));
    expect(refusedBy(() => open({ file: join(copy, "fences.db") }).check("x", 41))).toBe(42);
  });

  it("keeps to the bound over its openings", () => {
    for (const [index, resource] of ["a", "b", "c", "d"].entries()) {
      const guard = open({ file: path(), resourcesMax: 2 });
      guard.check(resource, index + 1);
      guard.close();
    }
    const database = new DatabaseSync(path());
    expect(database.prepare("SELECT resource FROM highest ORDER BY resource").all()).toEqual([
      { resource: "c" },
      { resource: "d" },
    ]);
    database.close();
  });

  it("that is no guard's is refused, and left as it is", () => {
    writeFileSync(path(), "not a database, but long enough to be looked at".repeat(20));
    expect(() => open({ file: path() })).toThrow(FenceFileError);
    const other = join(folder, "other.db");
    const database = new DatabaseSync(other);
    database.exec("CREATE TABLE theirs (a)");
    database.close();
    expect(() => open({ file: other })).toThrow("it is a database, but no guard's");
  });

  it("of a newer version is refused", () => {
    open({ file: path() }).close();
    const database = new DatabaseSync(path());
    database.exec("PRAGMA user_version = 2");
    database.close();
    expect(() => open({ file: path() })).toThrow("it has format 2, made by a newer Baton; this one reads up to 1");
  });

  it("in a folder that is not there is refused, with its path", () => {
    const file = join(folder, "no", "fences.db");
    expect(() => open({ file })).toThrow(expect.objectContaining({ code: "FENCE_FILE", path: file }));
  });

  it("that another process keeps busy gives no yes, and one when it is free again", () => {
    const guard = open({ file: path(), busyMsMax: 0 });
    const database = new DatabaseSync(path());
    database.exec("BEGIN IMMEDIATE");
    expect(() => guard.check("x", 1)).toThrow("another process was writing for too long");
    database.exec("ROLLBACK");
    database.close();
    guard.check("x", 1);
  });

  it("of a guard that is closed gives no yes any more", () => {
    const guard = open({ file: path() });
    guard.check("x", 1);
    guard.close();
    expect(() => guard.check("x", 2)).toThrow(FenceFileError);
  });
});
