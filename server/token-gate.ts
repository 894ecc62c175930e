// The gate of a hub that has a file of tokens. Knows tokens by their digests alone; no socket.
import { createHmac, randomBytes } from "node:crypto";
import type { Access, Gate } from "./access.ts";
import type { Clock } from "./clock.ts";
import { digestOf, type TokenEntry } from "./token-file.ts";

/** The gate of tokens that are listed by their SHA-256. */
export class TokenGate implements Gate {
  readonly isOpen = false;
  readonly #clock: Pick<Clock, "nowMs" | "wallMicroseconds">;
  readonly #secret = randomBytes(32);
  #accesses: ReadonlyMap<string, Access> = new Map();
  /** What each access that was given out was given for. */
  readonly #keys = new WeakMap<Access, string>();

  constructor(entries: readonly TokenEntry[], clock: Pick<Clock, "nowMs" | "wallMicroseconds">) {
    this.#clock = clock;
    this.replace(entries);
  }

  /** Puts another list in the place of the one in force. */
  replace(entries: readonly TokenEntry[]): void {
    this.#accesses = new Map(
      entries.map((entry) => {
        const [key, access] = [this.#keyOf(entry.sha256), this.#accessOf(entry)];
        this.#keys.set(access, key);
        return [key, access];
      }),
    );
  }

  /** Unknown and revoked tokens are one and the same here. */
  identify(token: string | undefined): Promise<Access | undefined> {
    return Promise.resolve(token === undefined ? undefined : this.#inForce(this.#keyOf(digestOf(token))));
  }

  present(access: Access): Access | undefined {
    const key = this.#keys.get(access);
    return key === undefined ? undefined : this.#inForce(key);
  }

  /** How long a look-up takes tells which keys are alike; of these nobody can make one that is like another. */
  #keyOf(sha256: string): string {
    return createHmac("sha256", this.#secret).update(sha256).digest("base64");
  }

  #inForce(key: string): Access | undefined {
    const access = this.#accesses.get(key);
    return (access?.expiresAtMs ?? Infinity) > this.#clock.nowMs() ? access : undefined;
  }

  #accessOf({ name, role, prefixes, expires }: TokenEntry): Access {
    const leftMs = expires === undefined ? undefined : expires - this.#clock.wallMicroseconds() / 1_000;
    const expiry = leftMs === undefined ? {} : { expiresAtMs: this.#clock.nowMs() + leftMs };
    return { name, role, prefixes, ...expiry };
  }
}
