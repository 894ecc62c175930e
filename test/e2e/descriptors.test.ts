// A hub that may have few descriptors: it keeps some for its own files, whatever comes, and goes on.
import { spawnSync } from "node:child_process";
import { connect as dial } from "node:net";
import { expect, test } from "vitest";
import { dataFolder } from "../support/data-folder.ts";
import { startHubProcess } from "../support/hub.ts";
import { connectWire } from "../support/wire.ts";

const descriptors = 240;
const spare = 200;
const wrapper = ["prlimit", `--nofile=${descriptors}:${descriptors}`];
const why = spawnSync("prlimit", ["--version"]).status === 0 ? "" : ": there is no prlimit here";

test.skipIf(why !== "")(
  `[B1] a hub has so many connections that descriptors are left for its own files${why}`,
  async () => {
    const hub = await startHubProcess({ wrapper, args: ["--engine", "durable", "--data", dataFolder()] });
    const wire = await connectWire(hub.url);
    await wire.hello("a");
    const { hostname, port } = new URL(hub.url);
    const silent = Array.from({ length: descriptors - spare + 9 }, () => dial({ host: hostname, port: Number(port) }));
    let cutOff = 0;
    const surplus = new Promise<void>((resolve) => {
      for (const socket of silent) socket.on("error", () => {}).on("close", () => (cutOff += 1) === 10 && resolve());
    });
    await surplus;
    await wire.granted("r");
    for (const socket of silent) socket.destroy();
    const answer = () => fetch(`${hub.httpUrl}/metrics`).then((response) => response.text(), String);
    await expect.poll(answer).toMatch(/^baton_refusals_total\{bound="connectionsMax"\} [1-9]/m);
    await wire.released(1, "success");
    await wire.close();
    expect([await hub.stop(), hub.errors()]).toEqual([0, ""]);
  },
);
