// How many connections there are from each address, and how many there may be [B1]. An IPv6 address counts for its network: who
// has one address of it has them all. Knows no connection.
import { isIPv6 } from "node:net";
import type { Limits } from "../shared/limits.ts";

/** The connections of all addresses, counted. */
export class Crowd {
  readonly #limits: Pick<Limits, "addressSocketsMax">;
  readonly #refused: (bound: "addressSocketsMax") => void;
  readonly #counts = new Map<string, number>();

  constructor(limits: Pick<Limits, "addressSocketsMax">, refused: (bound: "addressSocketsMax") => void) {
    this.#limits = limits;
    this.#refused = refused;
  }

  /** Counts one more; returns how to count it out, or undefined when there are as many as there may be. */
  enter(address: string): (() => void) | undefined {
    const from = networkOf(address);
    const count = this.#counts.get(from) ?? 0;
    if (count >= this.#limits.addressSocketsMax) {
      this.#refused("addressSocketsMax");
      return undefined;
    }
    this.#counts.set(from, count + 1);
    return () => this.#leave(from);
  }

  #leave(from: string): void {
    const left = (this.#counts.get(from) ?? 0) - 1;
    if (left > 0) this.#counts.set(from, left);
    else this.#counts.delete(from);
  }
}

/** An IPv4 address itself, also when it is written as an IPv6 one; of any other IPv6 address the first 64 bits. */
function networkOf(address: string): string {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - groups.length - last.length }, () => "0");
  return [...groups, ...zeros, ...last].slice(0, 4).join(":");
}
