import { describe, expect, test } from "vitest";
import { baton, startBaton } from "./baton-process.ts";
import { hubOfFile } from "./hub-of-file.ts";

const options = { timeout: 120_000 };
const env = hubOfFile();

const command = ["--", "sh", "-c", "echo holding; cat"];

describe("the modes of a run", options, () => {
  test("[Q1] exclusive: every waiter has its turn, and none is skipped", async () => {
    const first = startBaton(["run", "exclusive", "--mode", "exclusive", ...command], { env });
    await first.says(/holding/);
    const second = startBaton(["run", "exclusive", "--mode", "exclusive", "--", "echo", "me too"], { env });
    await second.says(/waiting for exclusive \(position 1\)/);
    first.stdin.end();
    expect(await second.ended).toMatchObject({ code: 0, stdout: "me too\n" });
    expect((await first.ended).code).toBe(0);
  });

  test("[Q1] shared: several hold it together", async () => {
    const runs = ["1", "2"].map(() => startBaton(["run", "shared", "--mode", "shared", ...command], { env }));
    await Promise.all(runs.map((run) => run.says(/holding/)));
    for (const run of runs) run.stdin.end();
    expect(await Promise.all(runs.map(async (run) => (await run.ended).code))).toEqual([0, 0]);
  });

  test("[Q1] permit: as many as --limit hold it, and [Q7] another limit is refused with exit code 64", async () => {
    const flags = ["run", "permit", "--mode", "permit", "--limit"];
    const first = startBaton([...flags, "1", ...command], { env });
    await first.says(/holding/);
    expect(await baton([...flags, "1", "--wait", "0", "--", "true"], { env })).toMatchObject({ code: 75 });
    const other = await baton([...flags, "2", "--", "true"], { env });
    expect(other.code).toBe(64);
    expect(other.stderr).toContain("LIMIT_MISMATCH");
    first.stdin.end();
    await first.ended;
  });

  test("[S4] --grace keeps the lock of a runner that is killed, until it has passed", async () => {
    const first = startBaton(["run", "grace", "--grace", "60s", ...command], { env });
    await first.says(/holding/);
    first.kill("SIGKILL");
    first.stdin.end();
    await first.ended;
    expect(await baton(["run", "grace", "--wait", "0", "--", "true"], { env })).toMatchObject({ code: 75 });
  });
});

describe("a mistaken command line", options, () => {
  test.each([
    [["run"], "missing required argument 'resource'"],
    [["run", "db"], "no command is given"],
    [["run", "db", "--"], "no command is given"],
    [["run", "db", "--wait", "5", "--", "true"], "Allowed is a duration from 0 to 24h"],
    [["run", "db", "--mode", "both", "--", "true"], "Allowed choices are once, exclusive, shared, permit"],
    [["run", "db", "--mode", "permit", "--", "true"], "--mode permit asks for --limit"],
    [["run", "db", "--limit", "2", "--", "true"], "--limit is for --mode permit"],
    [["run", "db", "--mode", "shared", "--fresh", "1m", "--", "true"], "--fresh is for --mode once"],
    [["run", "db", "--mode", "shared", "--attempts", "1", "--", "true"], "--attempts is for --mode once"],
    [["run", "db", "--no-retry-codes", "0", "--", "true"], "Allowed are exit codes from 1 to 255"],
    [["run", "db", "--skip-exit-code", "256", "--", "true"], "Allowed is an integer from 0 to 255"],
    [["run", "db", "--wiat", "5s", "--", "true"], "unknown option '--wiat'"],
    [["run", "db", "--url", "ftp://x", "--", "true"], "ftp: is not the protocol of a hub"],
    [["run", "db", "--url", "ws://x?token=1", "--", "true"], "a hub's URL carries no user, query or fragment"],
    [["run", "d\u0001b", "--", "true"], "resource must be 1 to 512 bytes"],
    [["run", "db", "--node", "x".repeat(129), "--", "true"], "node must be 1 to 128 bytes"],
    [["unlock", "db"], "required option '--reason <text>' not specified"],
    [["show"], "missing required argument 'resource'"],
    [["nothing"], "unknown command 'nothing'"],
  ])("%j exits 64 with one line that says what is allowed", async (args, words) => {
    const ended = await baton(args, { env });
    expect(ended.stderr).toContain(words);
    expect(ended.stderr).toMatch(/^baton: .*\n(\(Did you mean .*\)\n)?$/);
    expect(ended).toMatchObject({ code: 64, stdout: "" });
  });
});
