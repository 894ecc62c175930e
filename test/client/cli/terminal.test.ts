import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { baton, family, following, plainEnvironment, program } from "./baton-process.ts";
import { hubOfFile } from "./hub-of-file.ts";

const options = { timeout: 120_000 };
const script = "/usr/bin/script";

const env = hubOfFile();

/** `baton` on a terminal of its own; its stdin is what is typed there. */
function onTerminal(words: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const args = [process.execPath, program, ...words];
  // The shell in between would say by itself that it was interrupted.
  const line = args.map((word) => `'${word}'`).join(" ");
  const environment = { ...plainEnvironment(), ...env, TERM: "xterm", ...more, SHELL: "/bin/sh" };
  return following(spawn(script, ["-qefc", `exec ${line}`, "/dev/null"], { env: environment }));
}

// Linux's own `script` makes the terminal; that of other systems takes other flags.
describe.skipIf(process.platform !== "linux" || !existsSync(script))("a run on a terminal", options, () => {
  test("reads from it, and from /dev/tty, as without us", async () => {
    const command = 'read a; echo "stdin: $a."; read b < /dev/tty; echo "tty: $b."; exit 7';
    const started = onTerminal(["run", "reading", "--", "sh", "-c", command]);
    started.stdin.write("one\n");
    await started.says(/stdin: one\./);
    started.stdin.write("two\n");
    await started.says(/tty: two\./);
    expect((await started.ended).code).toBe(7);
  });

  test("gets Ctrl-C once, not twice", async () => {
    const started = onTerminal(["run", "interrupt", "--", process.execPath, family, "parent"]);
    await Promise.all(["parent", "child"].map((role) => started.says(new RegExp(`${role} is ready`))));
    started.stdin.write("\u0003");
    await Promise.all(["parent", "child"].map((role) => started.says(new RegExp(`${role} got SIGINT`))));
    // Ctrl-D ends its stdin, and it ends by that.
    started.stdin.write("\u0004");
    const { code, stdout } = await started.ended;
    expect(code).toBe(0);
    expect(stdout.match(/got SIGINT/g)).toHaveLength(2);
  });

  test("[H2] ends with all that it started when the lock is lost", async () => {
    const started = onTerminal(["run", "lost", "--", process.execPath, family, "parent", "mortal"]);
    await Promise.all(["parent", "child"].map((role) => started.says(new RegExp(`${role} is ready`))));
    await baton(["unlock", "lost", "--reason", "test"], { env });
    const { code, stdout } = await started.ended;
    expect(code).toBe(76);
    expect(stdout).toContain("parent got SIGTERM");
    expect(stdout).toContain("child got SIGTERM");
    expect(stdout).toContain("LOCK_REVOKED");
  });
});

describe.skipIf(process.platform !== "linux" || !existsSync(script))("top on a terminal", options, () => {
  test("draws over what it has shown until it is told to end", async () => {
    const started = onTerminal(["top"], { NO_COLOR: "" });
    await started.says(/baton top {2}live/);
    started.stdin.write("q");
    const { code, stdout } = await started.ended;
    expect([code, stdout]).toEqual([0, expect.stringContaining("\u001b[?1049h")]);
  });

  test.each([{ NO_COLOR: "1" }, { TERM: "dumb" }])("with %j shows plain rows, once", async (more) => {
    const { code, stdout } = await onTerminal(["top"], more).ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^RESOURCE +HOLDER +HELD/);
    expect(stdout).not.toContain("\u001b");
  });
});
