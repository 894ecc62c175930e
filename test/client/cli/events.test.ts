import { once } from "node:events";
import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { baton, startBaton } from "./baton-process.ts";
import { hubOfFile } from "./hub-of-file.ts";

const options = { timeout: 120_000 };
const env = hubOfFile();

describe("history", options, () => {
  test("tells what has happened to a resource, as a table and as JSON", async () => {
    expect(await baton(["history", "nothing"], { env })).toEqual({
      code: 0,
      stdout: "",
      stderr: "baton: the hub knows of nothing that has happened to it\n",
    });
    await baton(["run", "build", "--node", "first", "--", "false"], { env });
    await baton(["run", "build", "--node", "second\u202e", "--", "true"], { env });
    const { code, stdout } = await baton(["history", "build"], { env });
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^AGO +EVENT +NODE +OPERATION +ATTEMPT +FENCE +WAITED +HELD +WHY$/);
    expect(lines[1]).toMatch(/^\w+ +granted +first +run +1 +\d+ +0ms +- +-$/);
    expect(lines[2]).toMatch(/^\w+ +released \(failure\) +first +run +1 +\d+ +- +\w+ +\S/);
    expect(lines[3]).toContain("second\\u{202e}");
    expect(lines).toHaveLength(5);
    const json = JSON.parse((await baton(["history", "build", "--json", "--limit", "1"], { env })).stdout);
    expect(json).toMatchObject({ resource: "build", entries: [{ event: "released", outcome: "success" }] });
    expect(json.entries).toHaveLength(1);
  });
});

describe("watch", options, () => {
  test("tells each event as a line of JSON, goes on after a number, and ends as by SIGINT", async () => {
    const watching = startBaton(["watch", "w/", "--after", "1"], { env });
    await baton(["run", "other", "--", "true"], { env });
    await baton(["run", "w/1", "--node", "n", "--", "true"], { env });
    await watching.says(/"event":"released".*\n/);
    watching.kill("SIGINT");
    const { code, stdout, stderr } = await watching.ended;
    expect([code, stderr]).toEqual([130, ""]);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events).toMatchObject([
      { event: "granted", resource: "w/1", node: "n" },
      { event: "released", resource: "w/1", outcome: "success" },
    ]);
  });

  test("ends well when nobody reads it any more", async () => {
    const watching = startBaton(["watch", "--after", "1"], { env });
    await watching.says(/"event"/);
    watching.closeStdout();
    await baton(["run", "again", "--", "true"], { env });
    expect((await watching.ended).code).toBe(0);
  });

  test("says that no hub answers", async () => {
    const { code, stdout, stderr } = await baton(["watch", "--url", "ws://127.0.0.1:1"], { env });
    expect([code, stdout]).toEqual([69, ""]);
    expect(stderr).toMatch(/^baton: the hub cannot be reached .* \(UNAVAILABLE\)\n$/);
    const inJson = await baton(["watch", "--json", "--url", "ws://127.0.0.1:1"], { env });
    expect(JSON.parse(inJson.stderr)).toMatchObject({ status: "refused", code: "UNAVAILABLE", exitCode: 69 });
  });

  test("says that what answers is no hub", async () => {
    await using stranger = createServer((_request, response) => void response.end("hello")).listen(0, "127.0.0.1");
    await once(stranger, "listening");
    const address = stranger.address();
    const url = `ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const { code, stderr } = await baton(["watch", "--url", url], { env });
    expect([code, stderr]).toEqual([69, expect.stringContaining("did not answer as a hub does")]);
  });
});
