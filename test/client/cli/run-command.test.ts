import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { baton, family, program, startBaton } from "./baton-process.ts";
import { hubOfFile } from "./hub-of-file.ts";

const options = { timeout: 120_000 };
const env = hubOfFile();

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A run whose command has a child, both of which say what signals they get. */
async function startFamily(resource: string, kind?: "mortal") {
  const words = [process.execPath, family, "parent", ...(kind === undefined ? [] : [kind])];
  const started = startBaton(["run", resource, "--", ...words], { env });
  await Promise.all(["parent", "child"].map((role) => started.says(new RegExp(`${role} is ready`))));
  return started;
}

describe("the command's environment", options, () => {
  test("says what was granted, and neither the token nor the node's name is in it", async () => {
    const script = "env | grep ^BATON_ | sort";
    const flags = ["--operation", "update@v3", "--node", "n-1"];
    const args = ["run", "sha256:f00", ...flags, "--", "sh", "-c", script];
    const ended = await baton(args, { env: { ...env, BATON_TOKEN: "s3cret", BATON_NODE: "n-0" } });
    expect(ended.code).toBe(0);
    const said = Object.fromEntries(ended.stdout.split("\n").map((line) => line.split("=")));
    expect(said).toMatchObject({
      BATON_ATTEMPT: "1",
      BATON_FENCE: expect.stringMatching(/^\d{16}$/),
      BATON_OPERATION: "update@v3",
      BATON_RESOURCE: "sha256:f00",
      BATON_RESULT: expect.stringMatching(/\/baton-.+\/result\.json$/),
      BATON_SESSION: expect.stringMatching(/^.{8,}$/),
    });
    expect(ended.stdout).not.toMatch(/BATON_TOKEN|s3cret|BATON_NODE/);
  });

  test("[S8] lets a baton that the command runs be a node of its own", async () => {
    const inner = `${process.execPath} ${program} run inner -- echo both`;
    const ended = await baton(["run", "outer", "--", "sh", "-c", inner], { env: { ...env, BATON_NODE: "n-1" } });
    expect(ended).toMatchObject({ code: 0, stdout: "both\n" });
  });

  test("[F1] carries a fence that grows from grant to grant", async () => {
    const fences = [];
    for (let turn = 0; turn < 2; turn += 1) {
      const ended = await baton(["run", "fence", "--", "sh", "-c", "echo $BATON_FENCE"], { env });
      fences.push(Number(ended.stdout));
    }
    expect(fences[1]).toBeGreaterThan(fences[0]!);
  });
});

describe("BATON_RESULT", options, () => {
  test.each([
    ["nothing", "true", undefined],
    ["an empty file", ': > "$BATON_RESULT"', undefined],
    ["JSON", `echo '{"bytes":1048576}' > "$BATON_RESULT"`, { bytes: 1_048_576 }],
    ["null", `echo null > "$BATON_RESULT"`, null],
  ])("with %s in it makes a success", async (_, script, result) => {
    const ended = await baton(["run", "result", "--json", "--", "sh", "-c", script], { env });
    expect(ended.code).toBe(0);
    const report = JSON.parse(ended.stderr);
    expect(report).toMatchObject({ status: "done", attempt: 1 });
    expect(report.result).toEqual(result);
  });

  test.each([
    ["what is no JSON", `echo '{n: 1' > "$BATON_RESULT"`, "is no JSON"],
    [
      "too many bytes",
      `(printf '"'; head -c 17000 /dev/zero | tr '\\0' x; printf '"') > "$BATON_RESULT"`,
      "16384 bytes",
    ],
    ["a folder in its place", `mkdir "$BATON_RESULT"`, "no longer a plain file"],
    ["too deep a nesting", `printf '[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]' > "$BATON_RESULT"`, "nests more than 15"],
  ])("with %s in it makes a failure that says so, with exit code 64", async (_, script, words) => {
    const ended = await baton(["run", "bad-result", "--", "sh", "-c", script], { env });
    expect(ended.code).toBe(64);
    expect(ended.stderr).toContain(`what it wrote to BATON_RESULT ${words === "16384 bytes" ? "is more than " : ""}`);
    expect(ended.stderr).toContain(words);
    expect(ended.stderr.trim().split("\n")).toHaveLength(1);
  });

  test("is gone after the run", async () => {
    const ended = await baton(["run", "gone", "--", "sh", "-c", 'echo 1 > "$BATON_RESULT"; echo "$BATON_RESULT"'], {
      env,
    });
    const left = await baton(["run", "gone", "--", "ls", ended.stdout.trim()], { env });
    expect(left.code).not.toBe(0);
  });
});

describe("the command's streams", options, () => {
  test("are ours: 10 MB go through stdin and stdout unchanged", async () => {
    const bytes = randomBytes(5 * 1024 * 1024).toString("hex");
    const started = startBaton(["run", "stream", "--", "cat"], { env });
    started.stdin.end(bytes);
    const ended = await started.ended;
    expect(ended.stdout.length).toBe(bytes.length);
    expect(hash(ended.stdout)).toBe(hash(bytes));
    expect(ended).toMatchObject({ code: 0, stderr: "" });
  });

  test("keep its stderr apart, and our JSON is the last line there", async () => {
    const ended = await baton(["run", "stderr", "--json", "--", "sh", "-c", "echo out; echo err >&2; exit 4"], { env });
    expect(ended.stdout).toBe("out\n");
    const [first, last, ...rest] = ended.stderr.trim().split("\n");
    expect(first).toBe("err");
    expect(JSON.parse(last!)).toMatchObject({ status: "failed", cause: "exit", exitCode: 4, message: "exit code 4" });
    expect(rest).toEqual([]);
  });

  test("carry flags of its own past ours", async () => {
    const ended = await baton(["run", "flags", "echo", "--json", "--wait", "--", "-n"], { env });
    expect(ended).toMatchObject({ code: 0, stdout: "--json --wait -- -n\n", stderr: "" });
  });
});

// A run has ended, for these tests, when nobody holds its streams any more: the child's child as little as the child.
describe("the command's process group", options, () => {
  test("gets every signal that comes to us, its child as well", async () => {
    const started = await startFamily("signals");
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const) {
      started.kill(signal);
      await Promise.all(["parent", "child"].map((role) => started.says(new RegExp(`${role} got ${signal}`))));
    }
    started.stdin.end();
    const ended = await started.ended;
    expect(ended.code).toBe(0);
    expect(ended.stdout.match(/got/g)).toHaveLength(14);
  });

  test("[H2] ends by SIGTERM when the lock is lost", async () => {
    const started = await startFamily("lost", "mortal");
    await baton(["unlock", "lost", "--reason", "test"], { env });
    const ended = await started.ended;
    expect(ended.code).toBe(76);
    expect(ended.stdout).toContain("parent got SIGTERM");
    expect(ended.stdout).toContain("child got SIGTERM");
  });

  test("[H2] gets SIGKILL five seconds later if SIGTERM does not end it", async () => {
    const started = await startFamily("stubborn");
    const sinceMs = performance.now();
    await baton(["unlock", "stubborn", "--reason", "test"], { env });
    expect(await started.ended).toMatchObject({ code: 76 });
    expect(performance.now() - sinceMs).toBeGreaterThan(5_000);
  });
});
