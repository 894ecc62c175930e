// A network of its own for tests: hosts in network namespaces, on a switch that can drop what goes from one to another. All of
// it is gone with the processes that keep the namespaces open, however the test ends. Knows no program that runs in it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { leashed } from "./leash.ts";
import type { Way } from "./proxy.ts";

/** A machine of the network. */
export type Host = {
  readonly address: string;
  /** The words of a command that runs what follows on this host, in its own place. */
  readonly wrapper: readonly string[];
};

/** What goes between two ends: up and down, or either. Nobody is told that it is stopped. */
export type Link = { stop(...ways: Way[]): void; heal(): void };

type Namespace = { readonly child: ChildProcess; readonly wrapper: readonly string[] };

const unshare = [...leashed, "unshare", "--net", "sh", "-c"];
const rules =
  "add table bridge cuts; add set bridge cuts cut { type ipv4_addr . ipv4_addr; }; add chain bridge cuts noise; " +
  "add chain bridge cuts forward { type filter hook forward priority 0; }; " +
  "add rule bridge cuts forward ip saddr . ip daddr @cut drop; add rule bridge cuts forward jump noise";
const lossPercent = 15;

/** Why there can be no such network on this machine, if there can be none. */
export function networkMissing(): string | undefined {
  const [command, ...words] = [...unshare, `ip link add name probe type bridge && nft '${rules}'`];
  const { status, stderr } = spawnSync(command, words, { encoding: "utf8" });
  if (leashed.length > 0 && status === 0) return undefined;
  return `network namespaces cannot be had: ${stderr?.trim() || "setpriv, unshare, ip or nft is missing"}`;
}

/** A switch, and the hosts on it; the test itself is one of them. */
export class Network implements AsyncDisposable {
  /** The host that this process runs on. */
  readonly here: Host;
  readonly #switch: Namespace;
  readonly #namespaces: Namespace[];
  readonly #port = `baton-${process.pid}`;

  private constructor(middle: Namespace) {
    this.#switch = middle;
    this.#namespaces = [middle];
    this.here = { address: this.#address(1), wrapper: [] };
    this.#inSwitch("ip", "link", "add", "name", "switch", "up", "type", "bridge");
    this.#inSwitch("nft", rules);
    run("ip", "link", "add", "name", this.#port, ...this.#plug(1));
    this.#inSwitch("ip", "link", "set", "port-1", "up", "master", "switch");
    addAddress([], this.#port, this.here.address);
  }

  /** Makes one, of this process alone. */
  static async make(): Promise<Network> {
    return new Network(await openNamespace());
  }

  /** Adds a host. */
  async host(): Promise<Host> {
    const namespace = await openNamespace();
    const { child, wrapper } = namespace;
    const place = this.#namespaces.push(namespace);
    const address = this.#address(place);
    run("ip", "link", "add", "name", "ethernet", "netns", String(child.pid), ...this.#plug(place));
    this.#inSwitch("ip", "link", "set", `port-${place}`, "up", "master", "switch");
    addAddress(wrapper, "ethernet", address);
    return { address, wrapper };
  }

  /** What goes from one host to another (up) and back (down). */
  link(from: Host, to: Host): Link {
    const stopped = new Set<string>();
    const pairs = { up: `${from.address} . ${to.address}`, down: `${to.address} . ${from.address}` };
    const set = (action: "add" | "delete", some: Iterable<string>) =>
      this.#inSwitch("nft", `${action} element bridge cuts cut { ${[...some].join(", ")} }`);
    return {
      stop: (...ways) => {
        for (const way of ways) stopped.add(pairs[way]);
        set("add", stopped);
      },
      heal: () => {
        if (stopped.size > 0) set("delete", stopped);
        stopped.clear();
      },
    };
  }

  /** What goes between a host and all others: its cable is pulled out of the switch, both ways. */
  cable({ address }: Host): Link {
    const port = `port-${address.split(".").at(-1)}`;
    return {
      stop: () => this.#inSwitch("ip", "link", "set", port, "down"),
      heal: () => this.#inSwitch("ip", "link", "set", port, "up"),
    };
  }

  /** While it is stopped, some of all that goes anywhere is lost by chance. */
  get noise(): Link {
    return {
      stop: () => this.#inSwitch("nft", `add rule bridge cuts noise numgen random mod 100 < ${lossPercent} drop`),
      heal: () => this.#inSwitch("nft", "flush chain bridge cuts noise"),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    run("ip", "link", "delete", this.#port);
    await Promise.all(
      this.#namespaces.map(async ({ child }) => {
        child.kill("SIGKILL");
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      }),
    );
  }

  /** Of the addresses that are for tests of networks (RFC 2544), some that no other process takes at this time. */
  #address(place: number): string {
    return `198.${18 + ((process.pid >> 8) % 2)}.${process.pid % 256}.${place}`;
  }

  #plug(place: number): string[] {
    return ["type", "veth", "peer", "name", `port-${place}`, "netns", String(this.#switch.child.pid)];
  }

  #inSwitch(...words: readonly string[]): void {
    run(...this.#switch.wrapper, ...words);
  }
}

/** A namespace that is there for as long as its process, or any other in it. */
async function openNamespace(): Promise<Namespace> {
  const [command, ...words] = [...unshare, "ip link set lo up && echo && exec sleep infinity"];
  const child = spawn(command, words, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit").then(() => {
    throw new Error("a network namespace could not be made");
  });
  await Promise.race([once(child.stdout, "data"), ended]);
  ended.catch(() => {});
  return { child, wrapper: ["nsenter", `--net=/proc/${child.pid}/ns/net`] };
}

function addAddress(wrapper: readonly string[], device: string, address: string): void {
  run(...wrapper, "ip", "address", "add", `${address}/24`, "dev", device);
  run(...wrapper, "ip", "link", "set", device, "up");
}

function run(...[command = "", ...words]: readonly string[]): void {
  const { status, stderr } = spawnSync(command, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${words.join(" ")}: ${stderr}`);
}
