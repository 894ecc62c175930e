// Tokens from the making to the revoking, with real processes: `baton token`, the hub's file, SIGHUP, the log.
import { execFileSync } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { baton } from "../client/cli/baton-process.ts";
import { runHub, startHubProcess } from "../support/hub.ts";
import { tokenList, type TokenList } from "../support/token-list.ts";
import { connectWire } from "../support/wire.ts";

async function made(...flags: string[]): Promise<{ token: string; entry: Record<string, unknown> }> {
  const { code, stdout } = await baton(["token", ...flags, "--json"]);
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe("baton token", () => {
  test("prints the token, and in another line the entry for the hub's file", async () => {
    const { code, stdout, stderr } = await baton([
      "token",
      "--name",
      "ci",
      "--role",
      "admin",
      "--prefix",
      "a/",
      "--prefix",
      "b",
    ]);
    const [token = "", entry = "", rest] = stdout.split("\n");
    expect([code, rest, stderr]).toEqual([0, "", ""]);
    expect(token).toMatch(/^baton_[\w-]{43}$/);
    const sha256 = execFileSync("openssl", ["dgst", "-sha256", "-r"], { input: token, encoding: "utf8" }).slice(0, 64);
    expect(JSON.parse(entry)).toEqual({ name: "ci", sha256, role: "admin", prefixes: ["a/", "b"] });
  });

  test("makes another one each time, of role node and for all resources unless said", async () => {
    const [one, other] = [await made(), await made()];
    expect(one.token).not.toBe(other.token);
    expect(one.entry).toMatchObject({ name: expect.stringMatching(/^node-[\da-f]{8}$/), role: "node" });
    expect(one.entry).not.toHaveProperty("prefixes");
  });

  test.each([
    ["--role", "root"],
    ["--name", "a\nb"],
    ["--prefix", "x".repeat(513)],
  ])("refuses %s %j with 64", async (...flags) => {
    expect(await baton(["token", ...flags])).toMatchObject({ code: 64, stdout: "" });
  });
});

// Ten of them one after the other, on a machine that may be busy.
const manyProcesses = { timeout: 120_000 };

describe("a hub with a file of tokens", () => {
  test("says so at start, lets in by what baton token made, and nobody else", manyProcesses, async () => {
    await using list = await tokenList({});
    const [node, admin] = [
      await made("--name", "n", "--prefix", "app/"),
      await made("--name", "adm", "--role", "admin"),
    ];
    await list.writeText(JSON.stringify({ tokens: [node.entry, admin.entry] }));
    const hub = await startHubProcess({ args: ["--tokens", list.file, "--host", "0.0.0.0", "--log-level", "debug"] });
    expect(hub.log()).toHaveLength(1);
    expect(hub.log()[0]).toContain(`to those with a token of ${list.file}`);
    const url = `ws://127.0.0.1:${new URL(hub.url).port}`;
    const run = (resource: string, ...flags: string[]) =>
      baton(["run", resource, "--url", url, ...flags, "--", "sh", "-c", "echo got:$BATON_TOKEN"]);
    expect(await run("app/x", "--token", node.token)).toMatchObject({ code: 0, stdout: "got:\n" });
    const results = await Promise.all([
      run("other", "--token", node.token),
      run("app/x"),
      run("app/x", "--token", "wrong"),
      baton(["ls", "--url", url, "--token", node.token]),
      baton(["ls", "--url", url]),
    ]);
    expect(results.map(({ code }) => code)).toEqual([77, 77, 77, 77, 77]);
    expect((await baton(["ls", "--url", url], { env: { BATON_TOKEN: admin.token } })).code).toBe(0);
    await hub.stop();
    const written = hub.log().join("\n") + results.map(({ stdout, stderr }) => stdout + stderr).join("\n");
    expect(written).not.toContain(node.token);
    expect(written).not.toContain(admin.token);
  });

  test("reads it again on SIGHUP: who is gone from it is closed within 1 s, and a bad one changes nothing", async () => {
    await using list = await tokenList({ a: { role: "node" }, b: { role: "node" } });
    const hub = await startHubProcess({ args: ["--tokens", list.file] });
    const [a, b] = [await connectWire(hub.url), await connectWire(hub.url)];
    await a.hello("a", { token: list.token("a") });
    await b.hello("b", { token: list.token("b") });
    await list.writeText((await readFile(list.file, "utf8")).slice(0, -3));
    hub.kill("SIGHUP");
    const line = await hub.logged("could not be read again");
    expect(JSON.parse(line)).toMatchObject({ level: "error", why: expect.stringContaining(list.file) });
    await a.granted("r");
    await list.write({ b: { role: "node" } });
    const startMs = performance.now();
    hub.kill("SIGHUP");
    expect((await a.closed).code).toBe(4401);
    expect(performance.now() - startMs).toBeLessThan(1_000);
    await b.granted("r");
    await b.close();
    await hub.stop();
  });

  test.each([
    { what: "no JSON", spoil: (list: TokenList) => list.writeText("baton_secret-of-a"), why: /is no JSON$/ },
    {
      what: "an entry that is none",
      spoil: (list: TokenList) => list.write({ a: { role: "node" }, b: { role: "root" } }),
      why: /token 2 \("b"\): role must be/,
    },
    { what: "nothing", spoil: (list: TokenList) => rm(list.file), why: /cannot be read: ENOENT$/ },
  ])("goes on by the list in force when SIGHUP finds $what, and says why in one line", async ({ spoil, why }) => {
    await using list = await tokenList({ a: { role: "node" } });
    const hub = await startHubProcess({ args: ["--tokens", list.file] });
    const wire = await connectWire(hub.url);
    await wire.hello("a", { token: list.token("a") });
    await spoil(list);
    hub.kill("SIGHUP");
    const line: unknown = JSON.parse(await hub.logged("could not be read again"));
    expect(line).toMatchObject({ level: "error", what: "what lets in", why: expect.stringMatching(why) });
    const other = await connectWire(hub.url);
    await other.hello("b", { token: list.token("a") });
    await wire.granted("r");
    // There are no certificates, so that nothing is said of them.
    expect(hub.log()).toHaveLength(2);
    expect(hub.log().join()).not.toContain("secret-of");
    await list.write({ a: { role: "node" } });
    hub.kill("SIGHUP");
    expect(JSON.parse(await hub.logged("was read again"))).toMatchObject({ level: "info", what: "what lets in" });
    expect(hub.log()).toHaveLength(3);
    await Promise.all([wire.close(), other.close()]);
    await hub.stop();
  });

  test.each([
    { what: "no JSON", text: "baton_secret-of-a", says: "is no JSON" },
    {
      what: "a token for a digest",
      text: '[{"name": "a", "sha256": "baton_secret-of-a", "role": "node"}]',
      says: "SHA-256",
    },
  ])("does not start with $what, and says why in one line without the secret", async ({ text, says }) => {
    await using list = await tokenList({});
    await list.writeText(text);
    const { code, stdout, stderr } = await runHub(["--engine", "memory", "--port", "0", "--tokens", list.file]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^baton-hub: [^\n]+\n$/);
    expect(stderr).toContain(says);
    expect(stderr).not.toContain("secret-of");
  });

  test("is refused at start when the file is not there; without one, so is a host that others reach", async () => {
    expect(await runHub(["--tokens", "there-is-none.json"])).toMatchObject({
      code: 1,
      stderr: "baton-hub: the file of tokens there-is-none.json cannot be read: ENOENT\n",
    });
    const open = await runHub(["--host", "0.0.0.0"]);
    expect(open.code).toBe(1);
    expect(open.stderr).toContain("--tokens");
  });
});
