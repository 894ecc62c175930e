import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sessionListing } from "../../../client/cli/sessions.ts";
import { type HubProcess, startHubProcess } from "../../support/hub.ts";
import { tokenList, type TokenList } from "../../support/token-list.ts";
import { connectWire } from "../../support/wire.ts";
import { baton } from "./baton-process.ts";

const row = {
  session: "s1",
  node: "node-1",
  owner: "agents",
  client: "baton-js/0.1.0",
  labels: { zone: "b", rack: "4" },
  ageMs: 192_000,
  graceMs: 15_000,
  detached: false,
  holding: 2,
  waiting: 0,
};

test("a list has one line a session under its headings, and escapes what others chose", () => {
  const text = sessionListing([
    row,
    { ...row, node: "\u001b[2J", client: "", labels: {}, detached: true, endsInMs: 9_000, waiting: 12 },
  ]);
  expect(text).toBe(
    [
      "NODE       SESSION  OWNER   AGE    SOCKET                HOLDS  WAITS  CLIENT          LABELS",
      "node-1     s1       agents  3m12s  connected             2      0      baton-js/0.1.0  zone=b rack=4",
      "\\u{1b}[2J  s1       agents  3m12s  detached, ends in 9s  2      12     -               -",
      "",
    ].join("\n"),
  );
});

describe("sessions and kick, on a hub with tokens", { timeout: 120_000 }, () => {
  let list: TokenList;
  let hub: HubProcess;
  let env: Record<string, string>;
  beforeAll(async () => {
    list = await tokenList({ agent: { role: "node" }, root: { role: "admin" } });
    hub = await startHubProcess({ args: ["--tokens", list.file] });
    env = { BATON_URL: hub.url, BATON_TOKEN: list.token("root") };
  });
  afterAll(async () => {
    await hub.stop();
    await list[Symbol.asyncDispose]();
  });

  test("list who is there, and end one by force, without a session of their own", async () => {
    const wire = await connectWire(hub.url);
    const { session } = await wire.hello("n1", { token: list.token("agent") });
    await wire.granted("r");
    // The name is taken: a command that opened a session under it would be refused.
    const taken = { ...env, BATON_NODE: "n1" };
    const listed = await baton(["sessions", "--json"], { env: taken });
    expect(listed).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(listed.stdout)).toMatchObject({
      sessions: [{ session, node: "n1", owner: "agent", holding: 1 }],
    });
    for (const args of [["ls"], ["show", "r"]]) expect((await baton(args, { env: taken })).code).toBe(0);
    expect(await baton(["kick", session, "--reason", "gone mad"], { env: taken })).toEqual({
      code: 0,
      stdout: `kicked ${session}\n`,
      stderr: "",
    });
    expect(await wire.next("lost")).toMatchObject({ message: "the session was ended by root: gone mad" });
    expect(await wire.closed).toMatchObject({ code: 4404 });
    const again = await baton(["kick", session, "--json"], { env });
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(JSON.parse(again.stderr)).toMatchObject({ status: "refused", code: "NOT_FOUND", exitCode: 1 });
    expect(await baton(["sessions"], { env })).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "baton: nobody has a session\n",
    });
  });

  test("end with 77 when they may not, 69 without a hub, 64 without a session", async () => {
    const agent = { ...env, BATON_TOKEN: list.token("agent") };
    const [none, node, kick, unreachable, usage, reason] = await Promise.all([
      baton(["sessions"], { env: { BATON_URL: hub.url } }),
      baton(["sessions"], { env: agent }),
      baton(["kick", "s1"], { env: agent }),
      baton(["kick", "s1", "--url", "ws://127.0.0.1:1"]),
      baton(["kick"], { env }),
      baton(["kick", "s1", "--reason", "a\nb"], { env }),
    ]);
    for (const ended of [none, node, kick]) expect(ended).toMatchObject({ code: 77, stdout: "" });
    expect(none.stderr).toContain("UNAUTHORIZED");
    expect(kick.stderr).toContain("FORBIDDEN");
    expect(unreachable.code).toBe(69);
    expect(usage.code).toBe(64);
    expect(reason.code).toBe(64);
  });
});
