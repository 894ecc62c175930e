// A real etcd on free ports, each member in a folder of its own, for tests. Knows nothing of what is kept in it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { leashed } from "./leash.ts";
import type { Host } from "./network.ts";

/** An etcd that answers. */
export type Etcd = {
  /** Where it answers its clients. */
  readonly endpoint: string;
  kill(signal: NodeJS.Signals): void;
  /** Kills it, and keeps what it has on its disk. */
  end(): Promise<void>;
  /** Runs etcdctl against it and gives what it wrote. */
  control(...words: readonly string[]): string;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Why there is no etcd on this machine, if there is none. */
export function etcdMissing(): string | undefined {
  return spawnSync("etcd", ["--version"]).status === 0 ? undefined : "etcd is not installed";
}

// None outlives the test that started it.
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

let ofThisFile: Promise<Etcd> | undefined;

/** The one etcd of a test file, which is to end it when its tests are over. */
export function etcdOfThisFile(): Promise<Etcd> {
  ofThisFile ??= startEtcd();
  return ofThisFile;
}

/** Ends the etcd of this test file, if one was started. */
export async function endEtcdOfThisFile(): Promise<void> {
  const etcd = await ofThisFile;
  ofThisFile = undefined;
  await etcd?.[Symbol.asyncDispose]();
}

/** Where a member keeps its data and answers. */
export type EtcdPlace = {
  readonly name: string;
  readonly folder: string;
  readonly endpoint: string;
  readonly peer: string;
  readonly host: Host;
};

/** This machine, for those who are alone on it. */
export const loopback: Host = { address: "127.0.0.1", wrapper: [] };

/** A place on free ports for a member of that name; its folder is gone when the process ends. */
export async function etcdPlace(name: string, host = loopback): Promise<EtcdPlace> {
  const folder = mkdtempSync(join(tmpdir(), "baton-etcd-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const [endpoint, peer] = [await freePort(), await freePort()].map((port) => `http://${host.address}:${port}`);
  return { name, folder, endpoint: endpoint ?? "", peer: peer ?? "", host };
}

/** Starts an etcd of one member and resolves when it is ready for clients. */
export async function startEtcd(args: readonly string[] = []): Promise<Etcd> {
  const place = await etcdPlace("one");
  return await startMember(place, [place], args);
}

/** Starts the member of a cluster that is at that place, anew or on what it had; resolves when it is ready for clients. */
export async function startMember(
  { name, folder, endpoint, peer, host }: EtcdPlace,
  cluster: readonly EtcdPlace[],
  args: readonly string[] = [],
): Promise<Etcd> {
  const [command, ...words] = [...leashed, ...host.wrapper, "etcd"];
  const child = spawn(
    command,
    [
      ...words,
      `--data-dir=${folder}`,
      `--name=${name}`,
      "--logger=zap",
      `--listen-client-urls=${endpoint}`,
      `--advertise-client-urls=${endpoint}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${cluster.map((member) => `${member.name}=${member.peer}`).join(",")}`,
      ...args,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  running.add(child);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let log = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      // All of it, so that the pipe never fills.
      log = (log + chunk).slice(-100_000);
      if (log.includes("serving insecure client requests") || log.includes("serving client")) resolve();
    });
    void ended.then(() => reject(new Error(`etcd ended before it was ready: ${log}`)));
  });
  const end = async () => {
    child.kill("SIGKILL");
    await ended;
    running.delete(child);
  };
  return {
    endpoint,
    kill: (signal) => void child.kill(signal),
    end,
    control: (...words) => {
      const { status, stdout, stderr } = spawnSync("etcdctl", words, {
        encoding: "utf8",
        env: { ...process.env, ETCDCTL_API: "3", ETCDCTL_ENDPOINTS: endpoint },
      });
      if (status !== 0) throw new Error(`etcdctl ${words.join(" ")}: ${stderr}`);
      return stdout;
    },
    async [Symbol.asyncDispose]() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
