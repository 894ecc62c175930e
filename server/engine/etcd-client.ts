// What the hub asks of etcd, over gRPC: each call with a deadline, each at one member of the cluster, and at the next one when
// that does not answer. Knows no journal and no key.
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { Clock } from "../clock.ts";
import { Auth, KV, Lease, Maintenance, Watch, type WatchResponse } from "./etcd_pb.ts";
import { JournalError } from "./journal.ts";

/** Where an etcd cluster is and how it is spoken to; certificates are in PEM form, and none is needed for plain HTTP. */
export type EtcdSettings = {
  /** Such as `http://127.0.0.1:2379`. */
  readonly endpoints: readonly string[];
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
};

type Member = {
  readonly endpoint: string;
  /** When it last answered anything. */
  answeredMs: number;
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

const user = "--etcd-user and its password";
const placesToLook: ReadonlyMap<Code, string> = new Map([
  [Code.FailedPrecondition, user],
  [Code.InvalidArgument, user],
  [Code.Unauthenticated, user],
  [Code.PermissionDenied, "what the user of --etcd-user may read and write under --etcd-prefix"],
  // So is told what TLS finds.
  [Code.Internal, "--etcd-ca, --etcd-cert and --etcd-key"],
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
   * @param withinMs how long it goes on asking; then it asks once more, since the hub itself may have stood still
   * @throws what was said last, or at once what is no passing failure
   */
  async call<Answer>(
    ask: (member: Member, options: CallOptions) => Promise<Answer>,
    withinMs: number,
  ): Promise<Answer> {
    const untilMs = this.clock.nowMs() + withinMs;
    let said: unknown;
    for (let isLast = false; ;) {
      const member = this.#member();
      const askedMs = this.clock.nowMs();
      try {
        const leftMs = isLast ? attemptMsMax : untilMs - askedMs;
        const timeoutMs = Math.ceil(Math.max(1, Math.min(leftMs, attemptMsMax)));
        const answer = await ask(member, { timeoutMs, headers: await this.#headers(member, timeoutMs) });
        member.answeredMs = this.clock.nowMs();
        return answer;
      } catch (error) {
        this.#failed(member, error, askedMs);
        // That there was no time left says nothing of why.
        if (said === undefined || codeOf(error) !== Code.DeadlineExceeded) said = error;
        if (!this.#isPassing(error) || isLast) throw said;
        isLast = this.clock.nowMs() + pauseMs >= untilMs;
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
      const headers = await this.#headers(member, attemptMsMax);
      for await (const response of member.watch.watch(requests(), { headers, signal, timeoutMs: 0 })) {
        // A token that has run out is told like that.
        if (response.canceled) this.#token = undefined;
        member.answeredMs = this.clock.nowMs();
        yield response;
      }
    } catch (error) {
      if (!signal.aborted) this.#failed(member, error, Infinity);
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
    // Without a leader a member would keep open what it can do nothing for, and a stream on which nothing comes
    // (etcd-io/etcd#10819).
    const hasleader = "true";
    if (user === undefined) return { hasleader };
    this.#token ??= (await member.auth.authenticate(user, { timeoutMs })).token;
    return { hasleader, token: this.#token };
  }

  #failed(member: Member, error: unknown, askedMs: number): void {
    // A connection on which nothing has come since is not asked again; one that is slow carries other calls.
    if (codeOf(error) === Code.DeadlineExceeded && member.answeredMs < askedMs) member.session.abort();
    if (isTokenStale(error)) this.#token = undefined;
    if (member === this.#members[this.#current]) this.rotate();
  }

  #isPassing(error: unknown): boolean {
    const code = codeOf(error);
    return (code !== undefined && passing.has(code)) || (this.#settings.user !== undefined && isTokenStale(error));
  }
}

/** Why a call failed, in one line that says where to look. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof ConnectError)) return error instanceof Error ? error.message : String(error);
  const said = error.rawMessage.replaceAll(/\s+/g, " ").trim();
  return `${said}; look at ${placesToLook.get(error.code) ?? "the endpoints named by --etcd"}`;
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

/** Whether another token would do: a token lives for some minutes, or until somebody is given other rights. A wrong password is
 * told otherwise. */
function isTokenStale(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false;
  return error.code === Code.Unauthenticated || error.rawMessage.includes("revision of auth store is old");
}

function memberAt(endpoint: string, tls: EtcdSettings["tls"]): Member {
  const session = new Http2SessionManager(endpoint, pings, tls);
  const transport = createGrpcTransport({
    baseUrl: endpoint,
    sessionManager: session,
    acceptCompression: [],
    binaryOptions,
  });
  return {
    endpoint,
    answeredMs: -Infinity,
    session,
    kv: createClient(KV, transport),
    lease: createClient(Lease, transport),
    watch: createClient(Watch, transport),
    maintenance: createClient(Maintenance, transport),
    auth: createClient(Auth, transport),
  };
}
