// The gate of a hub that has a file of tokens. Knows tokens by their digests alone; no socket.
import type { Access, Gate } from "./access.ts";
import type { Clock } from "./clock.ts";
import { digestOf, type TokenEntry } from "./token-file.ts";

/** The gate of tokens that are listed by their SHA-256. */
export class TokenGate implements Gate {
  readonly isOpen = false;
  readonly #clock: Pick<Clock, "nowMs" | "wallMicroseconds">;
  #accesses: ReadonlyMap<string, Access> = new Map();
  /** What each access that was given out was given for. */
  readonly #digests = new WeakMap<Access, string>();

  constructor(entries: readonly TokenEntry[], clock: Pick<Clock, "nowMs" | "wallMicroseconds">) {
    this.#clock = clock;
    this.replace(entries);
  }

  /** Puts another list in the place of the one in force. */
  replace(entries: readonly TokenEntry[]): void {
    this.#accesses = new Map(entries.map((entry) => [entry.sha256, this.#accessOf(entry)]));
  }

  /**
   * The digest is looked up like every key of a map: how long that takes tells no more than which digests are near that of a guess, and
   * nobody can choose guesses by their SHA-256. Unknown and revoked tokens are one and the same here.
   */
  identify(token: string | undefined): Promise<Access | undefined> {
    return Promise.resolve(token === undefined ? undefined : this.#inForce(digestOf(token)));
  }

  present(access: Access): Access | undefined {
    const digest = this.#digests.get(access);
    return digest === undefined ? undefined : this.#inForce(digest);
  }

  #inForce(digest: string): Access | undefined {
    const access = this.#accesses.get(digest);
    return (access?.expiresAtMs ?? Infinity) > this.#clock.nowMs() ? access : undefined;
  }

  #accessOf({ name, sha256, role, prefixes, expires }: TokenEntry): Access {
    const leftMs = expires === undefined ? undefined : expires - this.#clock.wallMicroseconds() / 1_000;
    const expiry = leftMs === undefined ? {} : { expiresAtMs: this.#clock.nowMs() + leftMs };
    const access: Access = { name, role, prefixes, ...expiry };
    this.#digests.set(access, sha256);
    return access;
  }
}
