// The network that the fault tests cut: a link lets through what it is not told to stop, and nothing is left at the end.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { leashed } from "../support/leash.ts";
import { Network, networkMissing, type Host } from "../support/network.ts";

const port = 7420;
// Says on the wire what it reads, and writes what it hears.
const program = `require("node:net").createServer((socket) => {
  socket.pipe(process.stdout);
  process.stdin.pipe(socket);
}).listen(${port}, () => console.log("listens"))`;

/** A connection to a host, and what has arrived at either end. */
async function talkTo({ address, wrapper }: Host) {
  const [command, ...words] = [...leashed, ...wrapper, process.execPath, "-e", program];
  const there = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
  const arrived = { here: "", there: "" };
  there.stdout.setEncoding("utf8").on("data", (text: string) => (arrived.there += text));
  await once(there.stdout, "data");
  const here = connect({ port, host: address });
  here.setEncoding("utf8").on("data", (text: string) => (arrived.here += text));
  await once(here, "connect");
  const whenHeard = (end: "here" | "there", text: string) =>
    expect.poll(() => arrived[end], { timeout: 20_000 }).toBe(text);
  const end = async () => {
    here.destroy();
    there.kill("SIGKILL");
    await once(there, "exit");
  };
  return {
    say: { here: (text: string) => here.write(text), there: (text: string) => there.stdin.write(text) },
    arrived,
    whenHeard,
    end,
  };
}

test.skipIf(networkMissing() !== undefined)(
  "a link passes on the one way what it stops the other way, and all when it is healed",
  async () => {
    await using network = await Network.make();
    const host = await network.host();
    const link = network.link(network.here, host);
    const { say, arrived, whenHeard, end } = await talkTo(host);
    link.stop("up");
    say.here("one ");
    say.there("two ");
    await whenHeard("here", "two ");
    expect(arrived.there).toBe("listens\n");
    link.heal();
    await whenHeard("there", "listens\none ");
    link.stop("down");
    say.there("three ");
    say.here("four ");
    await whenHeard("there", "listens\none four ");
    expect(arrived.here).toBe("two ");
    link.heal();
    await whenHeard("here", "two three ");
    await end();
  },
);

test.skipIf(networkMissing() !== undefined)("a host without its cable is there again when it is put back", async () => {
  await using network = await Network.make();
  const host = await network.host();
  const cable = network.cable(host);
  const { say, arrived, whenHeard, end } = await talkTo(host);
  cable.stop();
  say.here("one ");
  say.there("two ");
  expect(arrived).toEqual({ here: "", there: "listens\n" });
  cable.heal();
  await whenHeard("here", "two ");
  await whenHeard("there", "listens\none ");
  await end();
});

test.skipIf(networkMissing() !== undefined)("nothing of a network is left when it is over", async () => {
  const devices = () => readdirSync("/sys/class/net").filter((name) => name === `baton-${process.pid}`);
  {
    await using network = await Network.make();
    await network.host();
    expect(devices()).toHaveLength(1);
  }
  expect(devices()).toEqual([]);
});
