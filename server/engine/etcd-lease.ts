// The lease of a hub: while it is sure to run, nobody else can take the hub for gone. Counted by a monotonic clock from the
// moment in which the last answered keep-alive was sent. Knows no key.
import type { EtcdClient } from "./etcd-client.ts";

const grantMsMax = 10_000;
// Until it is given back, or has run out, what was of this hub is nobody else's.
const revokeMsMax = 5_000;
// Clocks run at slightly different speeds, and a timer may be late.
const marginShare = 0.1;

/** A lease that renews itself until it is closed. */
export class EtcdLease {
  readonly id: bigint;
  readonly #client: EtcdClient;
  readonly #ttlMs: number;
  #sureUntilMs: number;
  #cancelTimer: () => void = () => {};
  #isClosed = false;

  private constructor(client: EtcdClient, granted: { id: bigint; ttlMs: number; sentMs: number }) {
    this.#client = client;
    this.id = granted.id;
    this.#ttlMs = granted.ttlMs;
    this.#sureUntilMs = this.#sureFrom(granted.sentMs);
    this.#renewLater();
  }

  /** Asks for a lease of about that many milliseconds; etcd may give a longer one. */
  static async grant(client: EtcdClient, ttlMs: number): Promise<EtcdLease> {
    const TTL = BigInt(Math.ceil(ttlMs / 1_000));
    let sentMs = client.clock.nowMs();
    const granted = await client.call(({ lease }, options) => {
      sentMs = client.clock.nowMs();
      return lease.leaseGrant({ TTL }, options);
    }, grantMsMax);
    return new EtcdLease(client, { id: granted.ID, ttlMs: Number(granted.TTL) * 1_000, sentMs });
  }

  /** Whether the lease runs for sure. */
  isSure(): boolean {
    return this.#client.clock.nowMs() < this.#sureUntilMs;
  }

  /** For how many milliseconds more it runs for sure. */
  sureMs(): number {
    return Math.max(0, this.#sureUntilMs - this.#client.clock.nowMs());
  }

  /** Gives the lease back, and with it what stands on it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#sureUntilMs = 0;
    await this.#client
      .call(({ lease }, options) => lease.leaseRevoke({ ID: this.id }, options), revokeMsMax)
      .catch(() => {});
  }

  #sureFrom(sentMs: number): number {
    return sentMs + this.#ttlMs * (1 - marginShare);
  }

  #renewLater(): void {
    if (!this.#isClosed) this.#cancelTimer = this.#client.clock.after(this.#ttlMs / 4, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { clock } = this.#client;
    try {
      await this.#client.call(async ({ lease }, options) => {
        const sentMs = clock.nowMs();
        for await (const { TTL } of lease.leaseKeepAlive(one({ ID: this.id }), options)) {
          // A lease that is gone is answered with 0.
          if (TTL > 0n && !this.#isClosed) this.#sureUntilMs = this.#sureFrom(sentMs);
          return;
        }
      }, this.sureMs());
    } catch {
      // As long as it was sure, member after member was asked; the next time shows whether it still runs.
    }
    this.#renewLater();
  }
}

async function* one<Value>(value: Value): AsyncGenerator<Value> {
  yield value;
}
