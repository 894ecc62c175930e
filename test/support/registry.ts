// Debian's `docker-registry` as a process with a storage of its own, and its access log. Usable without vitest.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** One request, as the registry's access log has it. */
export type RegistryRequest = {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Bytes of the answer's body that were sent. */
  readonly bytes: number;
  readonly userAgent: string;
};

/** A registry that answers. */
export type RegistryProcess = {
  /** `127.0.0.1:<port>`; it speaks plain HTTP. */
  readonly host: string;
  readonly port: number;
  /** Every request until now, pushes included. */
  requests(): readonly RegistryRequest[];
  /** How often each digest was asked for by GET, blobs and manifests alike, by anyone but skopeo; from a request on. */
  downloads(from?: number): ReadonlyMap<string, number>;
  /** Ends it, waits for its end, and removes its storage. */
  stop(): Promise<void>;
};

const program = "/usr/bin/docker-registry";

/** Whether this machine has the program. */
export const hasRegistry: boolean = existsSync(program);

// None outlives the test that started it.
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Starts a registry on a free port of the loopback and waits until it answers. */
export async function startRegistry(): Promise<RegistryProcess> {
  const folder = await mkdtemp(join(tmpdir(), "baton-registry-"));
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const config = join(folder, "config.yml");
  await writeFile(config, configText(join(folder, "storage"), host));
  const child = spawn(program, ["serve", config], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const requests: RegistryRequest[] = [];
  const errors: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      const request = readAccess(line);
      if (request !== undefined) requests.push(request);
      else errors.push(line);
    });
  }
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await answering(`http://${host}/v2/`, child, errors);
  return {
    host,
    port,
    requests: () => requests,
    downloads: (from = 0) => countDownloads(requests.slice(from)),
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
      running.delete(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function countDownloads(requests: readonly RegistryRequest[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { method, path, userAgent } of requests) {
    const digest = /\/(?:blobs|manifests)\/(sha(?:256|512):[0-9a-f]+)$/.exec(path)?.[1];
    if (method !== "GET" || digest === undefined || userAgent.startsWith("skopeo")) continue;
    counts.set(digest, (counts.get(digest) ?? 0) + 1);
  }
  return counts;
}

function readAccess(line: string): RegistryRequest | undefined {
  const access = /^\S+ - \S+ \[[^\]]*\] "(\S+) (\S+) HTTP\/[\d.]+" (\d+) (\d+) "[^"]*" "([^"]*)"/.exec(line);
  if (access === null) return undefined;
  const [, method = "", path = "", status, bytes, userAgent = ""] = access;
  return { method, path, status: Number(status), bytes: Number(bytes), userAgent };
}

function configText(storage: string, host: string): string {
  return [
    "version: 0.1",
    "log: {level: warn, accesslog: {disabled: false}}",
    `storage: {filesystem: {rootdirectory: ${JSON.stringify(storage)}}, cache: {blobdescriptor: inmemory}}`,
    `http: {addr: ${JSON.stringify(host)}, secret: baton-test}`,
    "",
  ].join("\n");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}

async function answering(url: string, child: ChildProcess, errors: readonly string[]): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the registry ended before it answered: ${errors.join("\n")}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer !== undefined) {
      await answer.body?.cancel();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
