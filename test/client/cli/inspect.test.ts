import { describe, expect, test } from "vitest";
import { freePort } from "../../support/free-port.ts";
import { baton, startBaton } from "./baton-process.ts";
import { hubOfFile } from "./hub-of-file.ts";

const options = { timeout: 120_000 };
const env = hubOfFile();

describe("ls and show", options, () => {
  test("tell of an empty hub", async () => {
    expect(await baton(["ls"], { env })).toEqual({
      code: 0,
      stdout: "",
      stderr: "baton: nothing is held, awaited or remembered\n",
    });
    expect(await baton(["ls", "--json"], { env })).toMatchObject({ code: 0, stdout: '{"resources":[]}\n', stderr: "" });
    const message = "nothing is not held, awaited or remembered";
    expect(await baton(["show", "nothing"], { env })).toEqual({
      code: 1,
      stdout: "",
      stderr: `baton: ${message} (NOT_FOUND)\n`,
    });
    const shown = await baton(["show", "nothing", "--json"], { env });
    expect(shown).toMatchObject({ code: 1, stdout: "" });
    expect(JSON.parse(shown.stderr)).toEqual({ status: "refused", code: "NOT_FOUND", message, exitCode: 1 });
  });

  test("tell who holds, who waits and why, as text and as JSON, and of a prefix alone", async () => {
    const command = ["--", "sh", "-c", "echo holding; cat"];
    const first = startBaton(["run", "db-migrate", "--node", "first", ...command], { env });
    await first.says(/holding/);
    const second = startBaton(["run", "db-migrate", "--node", "second", "--", "true"], { env });
    await second.says(/waiting for db-migrate \(position 1\): first has held it/);

    const listed = await baton(["ls", "db-"], { env });
    expect(listed.stdout).toMatch(/^NAME +HOLDER +MODE +HELD +WAITING +OUTCOME\ndb-migrate +first +once +\w+ +1 +-\n$/);
    expect((await baton(["ls", "other", "--json"], { env })).stdout).toBe('{"resources":[]}\n');
    const rows = JSON.parse((await baton(["ls", "--json"], { env })).stdout);
    expect(rows).toMatchObject({ resources: [{ resource: "db-migrate", holding: 1, waiting: 1 }] });

    const shown = await baton(["show", "db-migrate"], { env });
    expect(shown.stdout).toMatch(
      /Why: +second \(run, once\) is first in line, for \w+, and waits for first, which has held it/,
    );
    const view = JSON.parse((await baton(["show", "db-migrate", "--json"], { env })).stdout);
    expect(view).toMatchObject({ holders: [{ node: "first", attempt: 1 }], queue: [{ node: "second" }] });
    expect(view.why).toContain("waits for first");
    first.stdin.end();
    await Promise.all([first.ended, second.ended]);
  });

  test("tell what was remembered, until forget", async () => {
    const script = "echo 7 > $BATON_RESULT";
    const args = ["run", "build", "--operation", "make", "--", "sh", "-c", script];
    await baton(args, { env: { ...env, BATON_NODE: "n" } });
    expect((await baton(["ls", "build"], { env })).stdout).toMatch(/build +- +- +- +0 +make by n \w+ ago/);
    expect((await baton(["show", "build"], { env })).stdout).toMatch(
      /Outcome: +make succeeded on n \w+ ago, fence \d+, result 7/,
    );
    const forgotten = await baton(["forget", "build", "--json"], { env });
    expect(forgotten).toEqual({ code: 0, stdout: '{"status":"forgotten","resource":"build"}\n', stderr: "" });
    const again = await baton(["forget", "build", "--json"], { env });
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(JSON.parse(again.stderr)).toMatchObject({ status: "refused", code: "NOT_FOUND", exitCode: 1 });
  });

  test("escape what could drive the terminal", async () => {
    const name = "hostile\u202e\u200bb";
    await baton(["run", name, "--", "true"], { env });
    const listed = await baton(["ls"], { env });
    expect(listed.stdout).toContain("hostile\\u{202e}\\u{200b}b");
    const json = (await baton(["ls", "hostile", "--json"], { env })).stdout;
    expect(json).toContain("hostile\\u202e\\u200bb");
    expect(JSON.parse(json)).toMatchObject({ resources: [{ resource: name }] });
  });

  test("exit 69 when there is no hub, and say where and why", async () => {
    const commands = [["ls"], ["show", "x"], ["unlock", "x", "--reason", "y"], ["forget", "x"]];
    const at = `127.0.0.1:${await freePort()}`;
    const ends = await Promise.all(commands.map((args) => baton([...args, "--url", `ws://${at}`])));
    const stderr = `baton: the hub cannot be reached at http://${at}: connect ECONNREFUSED ${at} (UNAVAILABLE)\n`;
    for (const ended of ends) expect(ended).toEqual({ code: 69, stdout: "", stderr });
  });
});

describe("unlock", options, () => {
  test("[H2] is refused when the fence has changed, and when nobody holds it", async () => {
    const started = startBaton(["run", "guarded", "--", "sh", "-c", "echo fence $BATON_FENCE.; cat"], { env });
    const [fence] = (await started.says(/fence \d+\./)).match(/\d+/) ?? [];
    const wrong = await baton(["unlock", "guarded", "--reason", "x", "--fence", "1"], { env });
    expect(wrong).toMatchObject({ code: 1, stdout: "" });
    expect(wrong.stderr).toContain("CONFLICT");
    const right = await baton(["unlock", "guarded", "--reason", "x", "--fence", fence!, "--json"], { env });
    expect(right).toMatchObject({ code: 0, stdout: '{"status":"released","resource":"guarded"}\n' });
    started.stdin.end();
    expect((await started.ended).code).toBe(76);
    const again = await baton(["unlock", "guarded", "--reason", "x"], { env });
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toContain("NOT_FOUND");
  });
});

describe("the program", options, () => {
  test("--version says the package's version", async () => {
    expect(await baton(["--version"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  test("--help teaches by two examples and prints every exit code", async () => {
    const { code, stdout } = await baton(["--help"]);
    expect(code).toBe(0);
    expect(stdout.match(/^ +\$ baton /gm)).toHaveLength(2);
    for (const exitCode of ["0", "64", "69", "70", "75", "76", "77", "128\\+n"]) {
      expect(stdout).toMatch(new RegExp(`^ +${exitCode} +\\S`, "m"));
    }
  });

  test("run --help says what the command gets, and how it ends", async () => {
    const { code, stdout } = await baton(["run", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/BATON_RESULT[^]*--json/);
    expect((await baton(["run", "db", "--help"])).stdout).toBe(stdout);
  });
});
