// What the hub asks of etcd, over gRPC: each call with a deadline, each at one member of the cluster, and at the next one when
// that does not answer. Knows no journal and no key.
import { readFileSync } from "node:fs";
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { Clock } from "../clock.ts";
import { Auth, KV, Lease, Maintenance, Watch, type WatchResponse } from "./etcd_pb.ts";
import { JournalError } from "./journal.ts";

type PemFiles = {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
};

/** Where an etcd cluster is and how it is spoken to. The files are PEM; none is needed for plain HTTP. */
export type EtcdSettings = {
  /** Such as `http://127.0.0.1:2379`. */
  readonly endpoints: readonly string[];
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  readonly tls?: PemFiles | undefined;
};

type Member = {
  readonly endpoint: string;
  readonly session: Http2SessionManager;
  readonly kv: Client<typeof KV>;
  readonly lease: Client<typeof Lease>;
  readonly watch: Client<typeof Watch>;
  readonly maintenance: Client<typeof Maintenance>;
  readonly auth: Client<typeof Auth>;
};

type CallOptions = { timeoutMs: number; headers: Record<string, string> };

// One member has this long to answer before the next is asked.
const attemptMsMax = 2_000;
const pauseMs = 50;
// etcd itself closes a connection that is pinged more often than every 5 s.
const pings = { pingIntervalMs: 10_000, pingTimeoutMs: 2_000 };

const binaryOptions = { readUnknownFields: false };

const passing = new Set([
  Code.Aborted,
  Code.Canceled,
  Code.DeadlineExceeded,
  Code.Internal,
  Code.ResourceExhausted,
  Code.Unavailable,
  Code.Unknown,
]);

/** A cluster of etcd. */
export class EtcdClient {
  readonly clock: Clock;
  readonly #settings: EtcdSettings;
  readonly #members: readonly Member[];
  #current: number;
  #token: string | undefined;

  /** @param clock the machine's own: it is the network that is timed here */
  constructor(settings: EtcdSettings, clock: Clock) {
    this.clock = clock;
    this.#settings = settings;
    this.#members = settings.endpoints.map((endpoint) => memberAt(endpoint, settings.tls));
    // Hubs that name the same endpoints begin at different ones.
    this.#current = Math.floor(clock.wallMicroseconds() / 1_000) % this.#members.length;
  }

  /**
   * Asks one member after the other until one answers.
   * @param withinMs how long it goes on asking
   * @throws what the last one said, or at once what is no passing failure
   */
  async call<Answer>(
    ask: (member: Member, options: CallOptions) => Promise<Answer>,
    withinMs: number,
  ): Promise<Answer> {
    const untilMs = this.clock.nowMs() + withinMs;
    for (;;) {
      const member = this.#member();
      try {
        const timeoutMs = Math.min(attemptMsMax, Math.max(1, Math.ceil(untilMs - this.clock.nowMs())));
        return await ask(member, { timeoutMs, headers: await this.#headers(member, timeoutMs) });
      } catch (error) {
        this.#failed(member, error);
        if (!this.#isPassing(error) || this.clock.nowMs() + pauseMs >= untilMs) throw error;
      }
      await new Promise<void>((resolve) => void this.clock.after(pauseMs, resolve));
    }
  }

  /** The changes of a range of keys from a revision on, by one member, until the signal ends it or it fails. */
  async *watch(
    range: { key: Uint8Array<ArrayBuffer>; rangeEnd: Uint8Array<ArrayBuffer>; startRevision: bigint },
    signal: AbortSignal,
  ): AsyncGenerator<WatchResponse> {
    const member = this.#member();
    const createRequest = { ...range, fragment: true };
    async function* requests() {
      yield { requestUnion: { case: "createRequest" as const, value: createRequest } };
      // The stream lives for as long as it may be spoken into.
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    }
    try {
      // Without a leader a member would keep a stream open on which nothing comes (etcd-io/etcd#10819).
      const headers = { ...(await this.#headers(member, attemptMsMax)), hasleader: "true" };
      yield* member.watch.watch(requests(), { headers, signal, timeoutMs: 0 });
    } catch (error) {
      if (!signal.aborted) this.#failed(member, error);
      throw error;
    }
  }

  /** Has the next call, and the next watch, go to another member. */
  rotate(): void {
    this.#current = (this.#current + 1) % this.#members.length;
  }

  /** Closes every connection. */
  close(): void {
    for (const { session } of this.#members) session.abort();
  }

  #member(): Member {
    const member = this.#members[this.#current];
    if (member === undefined) throw new JournalError("no endpoint of etcd is named; name them with --etcd");
    return member;
  }

  async #headers(member: Member, timeoutMs: number): Promise<Record<string, string>> {
    const { user } = this.#settings;
    if (user === undefined) return {};
    this.#token ??= (await member.auth.authenticate(user, { timeoutMs })).token;
    return { token: this.#token };
  }

  #failed(member: Member, error: unknown): void {
    // A connection on which nothing comes any more is not asked again.
    if (codeOf(error) === Code.DeadlineExceeded) member.session.abort();
    if (codeOf(error) === Code.Unauthenticated) this.#token = undefined;
    if (member === this.#members[this.#current]) this.rotate();
  }

  #isPassing(error: unknown): boolean {
    const code = codeOf(error);
    // A token lives for some minutes; a wrong password is told as an invalid argument.
    return (
      code !== undefined && (passing.has(code) || (code === Code.Unauthenticated && this.#settings.user !== undefined))
    );
  }
}

/** Whether what was asked for is of a revision that etcd no longer keeps. */
export function isCompacted(error: unknown): boolean {
  return codeOf(error) === Code.OutOfRange;
}

/** Whether it is a call that failed, and not the one who called. */
export function isCallFailure(error: unknown): boolean {
  return codeOf(error) !== undefined;
}

function codeOf(error: unknown): Code | undefined {
  return error instanceof ConnectError ? error.code : undefined;
}

function memberAt(endpoint: string, tls: EtcdSettings["tls"]): Member {
  const nodeOptions = { ...(tls?.ca !== undefined && { ca: readFileSync(tls.ca) }), ...keyPair(tls) };
  const session = new Http2SessionManager(endpoint, pings, nodeOptions);
  const transport = createGrpcTransport({
    baseUrl: endpoint,
    sessionManager: session,
    acceptCompression: [],
    binaryOptions,
  });
  return {
    endpoint,
    session,
    kv: createClient(KV, transport),
    lease: createClient(Lease, transport),
    watch: createClient(Watch, transport),
    maintenance: createClient(Maintenance, transport),
    auth: createClient(Auth, transport),
  };
}

function keyPair(tls: EtcdSettings["tls"]): { cert?: Buffer; key?: Buffer } {
  if (tls?.cert === undefined || tls.key === undefined) return {};
  return { cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
}
