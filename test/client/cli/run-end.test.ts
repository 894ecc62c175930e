import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { startHubProcess } from "../../support/hub.ts";
import { baton, startBaton } from "./baton-process.ts";
import { hubOfFile } from "./hub-of-file.ts";

// Processes start slowly on a machine that is busy; no test here waits for the clock.
const options = { timeout: 120_000 };
const env = hubOfFile();

/** A run that holds the resource until its stdin ends, and then does what the script says. */
async function holder(resource: string, script = "exit 0", flags: readonly string[] = []) {
  const started = startBaton(["run", resource, ...flags, "--", "sh", "-c", `echo holding; cat; ${script}`], { env });
  await started.says(/holding/);
  return started;
}

/** A run that has been put in the queue. */
async function waiter(resource: string, ...rest: readonly string[]) {
  const started = startBaton(["run", resource, ...rest], { env });
  await started.says(/waiting for/);
  return started;
}

describe("a run's own command", options, () => {
  test.each([
    ["exit 0", 0],
    ["exit 3", 3],
    ["exit 76", 76],
    ["kill -TERM $$", 143],
    ["kill -KILL $$", 137],
  ])("`%s` gives exit code %i, unchanged", async (script, code) => {
    const ended = await baton(["run", "own", "--", "sh", "-c", script], { env });
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe("");
  });

  test.each([
    ["is-no-command", 127, "not found"],
    ["/dev/null", 126, "not executable"],
  ])("%s gives exit code %i and one line that says why", async (command, code, why) => {
    const ended = await baton(["run", "start", "--", command], { env });
    expect(ended.code).toBe(code);
    expect(ended.stderr).toBe(`baton: start failed in attempt 1: cannot be started: ${why}\n`);
  });

  test("[O2] that fails lets the next in line try, and tells it why", async () => {
    const first = await holder("retry", "exit 3", ["--node", "first"]);
    const second = await waiter("retry", "--", "sh", "-c", 'test "$BATON_ATTEMPT" = 2 && exit 5');
    first.stdin.end();
    expect((await first.ended).code).toBe(3);
    const ended = await second.ended;
    expect(ended.code).toBe(5);
    expect(ended.stderr).toContain("attempt 2, since first failed: sh: exit code 3");
  });

  test("[S3] of a runner that is killed is taken over by the next in line at once", async () => {
    const first = await holder("killed");
    const second = await waiter("killed", "--", "echo", "taken over");
    first.kill("SIGKILL");
    expect(await second.ended).toMatchObject({ code: 0, stdout: "taken over\n" });
    first.stdin.end();
    await first.ended;
  });
});

describe("a skipped run", options, () => {
  test("[O1] exits 0 with the other's result on stdout, and runs nothing", async () => {
    const first = await holder("skip", `printf '{"n": [1, "é"]}' > "$BATON_RESULT"`, ["--node", "first"]);
    const second = await waiter("skip", "--", "echo", "not me");
    first.stdin.end();
    expect((await first.ended).code).toBe(0);
    const ended = await second.ended;
    expect(ended).toMatchObject({ code: 0, stdout: '{"n":[1,"é"]}\n' });
    expect(ended.stderr).toMatch(/skipped skip: first succeeded .*fence \d+/);
  });

  test("[O7] finds a fresh success, and exits with --skip-exit-code", async () => {
    await baton(["run", "fresh", "--", "true"], { env });
    const flags = ["--fresh", "1h", "--skip-exit-code", "42", "--json"];
    const ended = await baton(["run", "fresh", ...flags, "--", "echo", "not me"], { env });
    expect(ended).toMatchObject({ code: 42, stdout: "" });
    expect(JSON.parse(ended.stderr)).toMatchObject({ resource: "fresh", status: "skipped", exitCode: 42 });
  });

  test("[O1] is one of the same operation only", async () => {
    const first = await holder("operations", "exit 0", ["--operation", "pull"]);
    const second = await waiter("operations", "--operation", "delete", "--", "echo", "me too");
    first.stdin.end();
    expect(await second.ended).toMatchObject({ code: 0, stdout: "me too\n" });
    await first.ended;
  });
});

describe("a run that is not granted", options, () => {
  test("[Q5] exits 75 when --wait has passed, and at once with --wait 0", async () => {
    const first = await holder("busy");
    for (const [wait, code] of [
      ["0", "LOCK_ALREADY_HELD"],
      ["20ms", "LOCK_TIMEOUT"],
    ] as const) {
      const ended = await baton(["run", "busy", "--wait", wait, "--json", "--", "echo", "not me"], { env });
      expect(ended).toMatchObject({ code: 75, stdout: "" });
      expect(JSON.parse(ended.stderr)).toMatchObject({ status: "refused", code, exitCode: 75 });
    }
    first.stdin.end();
    await first.ended;
  });

  test("[O3] exits 70 when the holder's exit code is one of its --no-retry-codes", async () => {
    const first = await holder("for-good", "exit 2", ["--no-retry-codes", "1,2"]);
    const second = await waiter("for-good", "--", "echo", "not me");
    first.stdin.end();
    expect((await first.ended).code).toBe(2);
    const ended = await second.ended;
    expect(ended).toMatchObject({ code: 70, stdout: "" });
    expect(ended.stderr).toContain("sh: exit code 2 (OPERATION_FAILED)");
  });

  test("[O4] exits 70 when --attempts have failed", async () => {
    const first = await holder("attempts", "exit 2");
    const second = await waiter("attempts", "--attempts", "1", "--", "echo", "not me");
    first.stdin.end();
    const ended = await second.ended;
    expect(ended).toMatchObject({ code: 70, stdout: "" });
    expect(ended.stderr).toContain("ATTEMPTS_EXHAUSTED");
    await first.ended;
  });

  test("[S8] exits 75 when another session uses its --node", async () => {
    const first = await holder("names", "exit 0", ["--node", "same"]);
    const ended = await baton(["run", "other", "--node", "same", "--", "echo", "not me"], { env });
    expect(ended).toMatchObject({ code: 75, stdout: "" });
    expect(ended.stderr).toContain("another session uses the node name same");
    first.stdin.end();
    await first.ended;
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)(
    "[Q6] leaves the queue when %s comes, and exits as a shell would say it",
    async (signal) => {
      const first = await holder(signal);
      const second = await waiter(signal, "--", "echo", "not me");
      second.kill(signal);
      const codes = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 };
      expect(await second.ended).toMatchObject({ code: codes[signal], stdout: "" });
      const shown = await baton(["show", signal, "--json"], { env });
      expect(JSON.parse(shown.stdout)).toMatchObject({ holding: 1, waiting: 0 });
      first.stdin.end();
      await first.ended;
    },
  );

  test("[S6] exits 75 when its session is ended while it waits: it has held nothing", async () => {
    const first = await holder("kicked");
    const second = await waiter("kicked", "--node", "kicked-node", "--", "echo", "not me");
    const { stdout } = await baton(["sessions", "kicked-node", "--json"], { env });
    await baton(["kick", JSON.parse(stdout).sessions[0].session, "--reason", "test"], { env });
    const ended = await second.ended;
    expect(ended).toMatchObject({ code: 75, stdout: "", stderr: expect.stringContaining("(SESSION_ENDED)") });
    first.stdin.end();
    await first.ended;
  });

  test("says that the hub is lost, waits on, and runs when another is there in its place", async () => {
    const own = await startHubProcess();
    const port = new URL(own.url).port;
    const holding = startBaton(["run", "lost", "--url", own.url, "--", "sh", "-c", "echo holding; exec sleep 600"]);
    await holding.says(/holding/);
    const waiting = startBaton(["run", "lost", "--url", own.url, "--", "echo", "mine"]);
    await waiting.says(/waiting for/);
    own.kill("SIGKILL");
    await waiting.says(/lost the hub at ws:.*; trying again for a minute\n/);
    expect((await holding.ended).code).toBe(76);
    const next = await startHubProcess({ args: ["--port", port] });
    const { code, stdout, stderr } = await waiting.ended;
    expect([code, stdout]).toEqual([0, "mine\n"]);
    expect(stderr.match(/lost the hub/g)).toHaveLength(1);
    expect(stderr.match(/the hub at .* is back\n/g)).toHaveLength(1);
    await next.stop();
  });

  test("exits 69 when nothing listens there, and when what listens is no hub", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const address = closed.address();
    const port = typeof address === "object" ? address?.port : 0;
    closed.close();
    const ended = await baton(["run", "x", "--url", `ws://127.0.0.1:${port}`, "--", "echo", "not me"]);
    expect(ended).toMatchObject({ code: 69, stdout: "" });
    expect(ended.stderr).toMatch(/^baton: no hub answers at ws:\/\/127\.0\.0\.1:\d+: .+ \(UNAVAILABLE\)\n$/);
  });

  test.each([
    [
      "a hub that has another name",
      { code: "MISDIRECTED", message: "the Host is none of its names" },
      "none of its names",
    ],
    ["what is no hub", { hello: "world" }, "HTTP status 421"],
    ["what says too much", "x".repeat(1_000_000), "HTTP status 421"],
  ])("exits 69 and says why the upgrade is refused by %s", async (_, body, why) => {
    const strict = createHttpServer().listen(0, "127.0.0.1");
    strict.on("upgrade", (_request, socket) => {
      socket.on("error", () => {});
      socket.end(`HTTP/1.1 421 Misdirected Request\r\nConnection: close\r\n\r\n${JSON.stringify(body)}`);
    });
    await once(strict, "listening");
    const address = strict.address();
    const url = `ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const ended = await baton(["run", "x", "--url", url, "--", "echo", "not me"]);
    expect(ended).toMatchObject({ code: 69, stdout: "", stderr: expect.stringContaining(why) });
    strict.close();
  });

  test("exits 77 when its token is refused, and never prints the token", async () => {
    const guard = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "baton.v1" });
    const tokens: unknown[] = [];
    guard.on("connection", (socket) => {
      socket.on("message", (data: Buffer) => {
        tokens.push(JSON.parse(data.toString()).token);
        socket.close(4401, "no such token");
      });
    });
    await once(guard, "listening");
    const address = guard.address();
    const url = `ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const ended = await baton(["run", "x", "--", "echo", "not me"], { env: { BATON_URL: url, BATON_TOKEN: "s3cret" } });
    expect(ended).toMatchObject({ code: 77, stdout: "" });
    expect(ended.stderr).toContain("UNAUTHORIZED");
    expect(ended.stderr).not.toContain("s3cret");
    expect(tokens).toContain("s3cret");
    guard.close();
  });
});

describe("a run whose lock is lost", options, () => {
  test("[H1] exits 76 when --hold has passed, though its command then says success", async () => {
    const script = "trap 'exit 0' TERM; echo holding; while :; do sleep 0.05; done";
    const ended = await baton(["run", "hold", "--hold", "200ms", "--json", "--", "sh", "-c", script], { env });
    expect(ended.code).toBe(76);
    const [last] = ended.stderr.trim().split("\n").slice(-1);
    expect(JSON.parse(last!)).toMatchObject({ status: "lost", code: "LOCK_EXPIRED", exitCode: 76 });
  });

  test("[H2] exits 76 when an admin takes it, with the reason, and the next in line has it", async () => {
    const first = startBaton(["run", "revoked", "--", "sh", "-c", "echo holding; exec sleep 600"], { env });
    await first.says(/holding/);
    const second = await waiter("revoked", "--", "echo", "mine");
    const unlocked = await baton(["unlock", "revoked", "--reason", "it hangs"], { env });
    expect(unlocked).toMatchObject({ code: 0, stdout: "released revoked\n" });
    const ended = await first.ended;
    expect(ended.code).toBe(76);
    expect(ended.stderr).toContain("it hangs (LOCK_REVOKED, fence ");
    expect(await second.ended).toMatchObject({ code: 0, stdout: "mine\n" });
  });

  test("[S3] exits 76 when the hub is gone, since without --grace nothing is held any more", async () => {
    const own = await startHubProcess();
    const started = startBaton(["run", "gone", "--url", own.url, "--", "sh", "-c", "echo holding; exec sleep 600"]);
    await started.says(/holding/);
    own.kill("SIGKILL");
    const ended = await started.ended;
    expect(ended.code).toBe(76);
    expect(ended.stderr).toContain("SESSION_ENDED");
    await own.exited;
  });
});
