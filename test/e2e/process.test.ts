// The program `baton-hub` as a process: how it starts, what it refuses, how it ends.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { following, plainEnvironment } from "../client/cli/baton-process.ts";
import { type HubProcess, runHub, startHubProcess } from "../support/hub.ts";

const script = "/usr/bin/script";
const hubProgram = fileURLToPath(new URL("../../server/main.ts", import.meta.url));

const hubs: HubProcess[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const hub of hubs.splice(0)) {
    hub.kill("SIGKILL");
    await hub.exited;
  }
});

async function start(...args: string[]): Promise<HubProcess> {
  const hub = await startHubProcess({ args });
  hubs.push(hub);
  return hub;
}

/** A WebSocket that never answers, not even a close: the hub has to wait for it as long as its drain says. */
async function connectDeaf({ httpUrl }: HubProcess): Promise<void> {
  const { hostname, port, host } = new URL(httpUrl);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  const head = ["GET /v1/socket HTTP/1.1", `Host: ${host}`, "Connection: Upgrade", "Upgrade: websocket"];
  const key = [
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol: baton.v1",
  ];
  socket.write(`${[...head, ...key].join("\r\n")}\r\n\r\n`);
  const [answer] = await once(socket, "data");
  expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /);
}

describe("a start", () => {
  test("is one line of JSON with both URLs, once the hub answers at them", async () => {
    const hub = await start();
    expect(hub.log()).toHaveLength(1);
    expect(JSON.parse(hub.log()[0]!)).toMatchObject({
      level: "info",
      msg: `the hub answers at ${hub.httpUrl} and ${hub.url} to anybody: it asks for no token`,
      url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/v1\/socket$/),
      httpUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });
    const response = await fetch(`${hub.httpUrl}/healthz`);
    expect(response.status).toBe(200);
  });

  test("is a line for people when that is asked for", async () => {
    const hub = await start("--log-pretty");
    expect(hub.log()[0]).toMatch(/INFO.*: the hub answers at http:/);
  });

  test("says what of the environment it ignores, and that it lets anybody in", async () => {
    const hub = await startHubProcess({ args: ["--host", "0.0.0.0", "--insecure"], env: { BATON_PROT: "1" } });
    hubs.push(hub);
    expect(
      hub
        .log()
        .slice(0, 2)
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { level: "warn", msg: "BATON_PROT is ignored: it is no setting of this version of the hub" },
      { level: "warn", msg: expect.stringMatching(/^insecure:/) },
    ]);
  });
});

const memory = ["--port", "0", "--engine", "memory"];

describe("a start is refused with exit 1 and one line", () => {
  test("when the port is taken", async () => {
    const { httpUrl } = await start();
    const { port } = new URL(httpUrl);
    const { code, stdout, stderr } = await runHub([...memory, "--port", port]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(
      `baton-hub: port ${port} of 127.0.0.1 is taken: another program listens there; stop it or choose another with --port\n`,
    );
  });

  test("when the host is no address of this machine", async () => {
    const { code, stderr } = await runHub([...memory, "--host", "192.0.2.1", "--insecure", "--log-level", "error"]);
    expect([code, stderr]).toEqual([
      1,
      "baton-hub: 192.0.2.1 is no address of this machine; choose another with --host\n",
    ]);
  });

  const refused: [args: string[], env: Record<string, string>, line: RegExp][] = [
    [["--port", "x"], {}, /^baton-hub: --port must be an integer from 0 to 65535, not "x"\n$/],
    [[], { BATON_DRAIN: "10" }, /^baton-hub: BATON_DRAIN must be a duration .*\n$/],
    [["--engine", "etcd"], {}, /^baton-hub: the etcd engine needs --etcd: its endpoints\n$/],
    [["--host", "0.0.0.0"], {}, /^baton-hub: --host 0\.0\.0\.0 lets other machines in, .*--insecure .*\n$/],
    [
      ["--config", "there-is-no.json"],
      {},
      /^baton-hub: the file of settings there-is-no\.json cannot be read: ENOENT.*\n$/,
    ],
    // Where nobody can make a folder.
    [["--data", "/proc/none"], {}, /^baton-hub: \/proc\/none cannot be used: .*; choose another folder with --data\n$/],
    [["--prot", "1"], {}, /^baton-hub: unknown option '--prot' \(Did you mean --port\?\)\n$/],
  ];
  test.each(refused)("when a setting is wrong: %j %j", async (args, env, line) => {
    const { code, stdout, stderr } = await runHub(args, env);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(line);
    expect(stderr.match(/\n/g)).toHaveLength(1);
  });
});

describe("instead of starting", () => {
  test("--print-config shows every value and where it came from", async () => {
    const { code, stdout } = await runHub(["--print-config", "--port", "1"], { BATON_HEARTBEAT: "1s" });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^port +1 +--port$/m);
    expect(stdout).toMatch(/^heartbeat +1s +BATON_HEARTBEAT$/m);
    expect(stdout).toMatch(/^limit\.sessionsMax +19000 +default$/m);
  });

  test("--version and --help say what they say", async () => {
    expect(await runHub(["--version"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(await runHub(["--help"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: baton-hub/) });
  });
});

describe("an end", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s drains: exit 0, and the last line says so", async (signal) => {
    const hub = await start();
    hub.kill(signal);
    expect(await hub.exited).toEqual({ code: 0, signal: undefined });
    expect(JSON.parse(hub.log().at(-1)!)).toMatchObject({ msg: "the hub has stopped" });
    expect(hub.errors()).toBe("");
  });

  test("[S13] every socket is told, and closed with 1012", async () => {
    const hub = await start();
    const socket = new WebSocket(hub.url, "baton.v1");
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "hello", node: "a" }));
    await once(socket, "message");
    const heard: unknown[] = [];
    socket.addEventListener("message", ({ data }) => heard.push(...[JSON.parse(String(data))].flat()));
    const closed = once(socket, "close");
    const code = await hub.stop();
    const [{ code: closeCode }] = await closed;
    expect([code, closeCode]).toEqual([0, 1012]);
    expect(heard).toContainEqual({ type: "leaving", reconnectMs: expect.any(Number), graceMs: 0 });
  });

  test("a socket that does not go holds it up no longer than the drain time", async () => {
    const hub = await start("--drain", "200ms");
    await connectDeaf(hub);
    expect(await hub.stop()).toBe(0);
  });

  test("a reader of the log that has gone changes nothing", async () => {
    const hub = await start();
    hub.closeLog();
    expect((await fetch(`${hub.httpUrl}/healthz`)).status).toBe(200);
    expect(await hub.stop()).toBe(0);
  });

  test("while it drains nobody new is let in", async () => {
    const hub = await start("--drain", "1m");
    await connectDeaf(hub);
    hub.kill("SIGTERM");
    await hub.logged("is being stopped");
    const late = new WebSocket(hub.url, "baton.v1");
    const [event] = await Promise.race([once(late, "error"), once(late, "open")]);
    expect(event.type).toBe("error");
  });

  test("a second signal ends it at once, with that signal's exit code", async () => {
    const hub = await start("--drain", "1m");
    await connectDeaf(hub);
    hub.kill("SIGTERM");
    await hub.logged("is being stopped");
    hub.kill("SIGTERM");
    expect(await hub.exited).toEqual({ code: 143, signal: undefined });
    expect(hub.log().at(-1)).toContain("the hub stops at once");
  });

  test("SIGHUP is none where there is nothing to read again, and the log says so", async () => {
    const hub = await start();
    hub.kill("SIGHUP");
    expect(JSON.parse(await hub.logged("SIGHUP"))).toMatchObject({
      level: "info",
      msg: "SIGHUP: there are no tokens and no certificate to read again",
    });
    expect((await fetch(`${hub.httpUrl}/healthz`)).status).toBe(200);
    expect(await hub.stop()).toBe(0);
  });

  // Linux's own `script` makes the terminal; that of other systems takes other flags.
  test.skipIf(process.platform !== "linux" || !existsSync(script))(
    "SIGHUP of a terminal that is closed drains as SIGTERM does",
    async () => {
      const line = `echo "pid $$"; exec '${process.execPath}' '${hubProgram}' --port 0 --engine memory`;
      const environment = { ...plainEnvironment(), SHELL: "/bin/sh", NO_COLOR: "1" };
      const hub = following(spawn(script, ["-qefc", line, "/dev/null"], { env: environment }));
      onTestFinished(() => hub.kill("SIGKILL"));
      const pid = /\d+/.exec(await hub.says(/pid \d+/))?.[0];
      await hub.says(/the hub answers at/);
      process.kill(Number(pid), "SIGHUP");
      const { code, stdout } = await hub.ended;
      expect(stdout).toContain("the hub has stopped");
      expect(code).toBe(0);
    },
  );

  test("one Ctrl-C that arrives twice, as it does under npm, is one", async () => {
    const hub = await start("--drain", "500ms");
    await connectDeaf(hub);
    hub.kill("SIGINT");
    await hub.logged("is being stopped");
    hub.kill("SIGINT");
    expect(await hub.exited).toEqual({ code: 0, signal: undefined });
  });
});
