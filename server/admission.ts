// What a hello comes to: a command for the engine, or the door. Knows secrets and digests; no locks and no sockets but their
// names.
import { createHash, timingSafeEqual } from "node:crypto";
import { nanoid } from "nanoid";
import type { Limits } from "../shared/limits.ts";
import type { ClientMessageOf, HubMessageOf } from "../shared/protocol.ts";
import type { Command } from "./core/command.ts";
import type { LockTable } from "./core/table.ts";

/** A hello that may go to the engine, and the secret that the session is or will be resumed with. */
export type Admission = { command: Extract<Command, { type: "open" | "resume" }>; secret: string };

/** The graces that a session may have, in milliseconds [S4]. */
type GraceBounds = { readonly graceMaxMs: number; readonly heartbeatMs: number };

/** What a hub is told of its circumstances, and tells its clients; durations in milliseconds. */
export type HubFacts = GraceBounds & { readonly name: string; readonly limits: Limits };

/** What a welcome says of the session itself. */
type Welcomed = Omit<HubMessageOf<"welcome">, "type" | "hub" | "heartbeatMs" | "limits">;

/** What a hello asks of the engine; undefined when its secret, or its token, is not that of the session it names [S11]. */
export function admit(
  hello: ClientMessageOf<"hello">,
  { socket, owner }: { socket: string; owner: string },
  table: LockTable,
  bounds: GraceBounds,
): Admission | undefined {
  const { resume, node } = hello;
  const known = resume && table.sessions.get(resume.session)?.identity;
  if (resume === undefined || known === undefined) return opening(hello, { socket, owner }, bounds);
  const isOwn = known.node === node && known.owner === owner;
  if (!isSame(known.secretDigest, digest(resume.secret)) || !isOwn) return undefined;
  return { command: { type: "resume", socket, session: resume.session }, secret: resume.secret };
}

/** The grace in force for one that was asked for [S4]. */
function graceInForce(askedMs: number, { graceMaxMs, heartbeatMs }: GraceBounds): number {
  return askedMs === 0 ? 0 : Math.min(Math.max(askedMs, 3 * heartbeatMs), graceMaxMs);
}

/** The answer to a hello that was let in: who the session is, and what the client needs to know of the hub. */
export function welcomeOf({ name, heartbeatMs, limits }: HubFacts, session: Welcomed): HubMessageOf<"welcome"> {
  const told = {
    frameBytes: limits.frameBytesMax,
    requests: limits.sessionRequestsMax,
    resourceBytes: limits.resourceBytesMax,
    operationBytes: limits.operationBytesMax,
    resultBytes: limits.resultBytesMax,
    noteBytes: limits.noteBytesMax,
    tokenBytes: limits.tokenBytesMax,
    jsonDepth: limits.jsonDepthMax,
    permits: limits.permitsMax,
    attempts: limits.attemptsMax,
  };
  return { type: "welcome", ...session, hub: name, heartbeatMs, limits: told };
}

function opening(
  hello: ClientMessageOf<"hello">,
  { socket, owner }: { socket: string; owner: string },
  bounds: GraceBounds,
): Admission {
  const { node, client = "", labels = {} } = hello;
  const secret = nanoid(32);
  const graceMs = graceInForce(hello.graceMs ?? 0, bounds);
  const identity = { session: nanoid(16), node, secretDigest: digest(secret), owner, graceMs, client, labels };
  return { command: { type: "open", socket, ...identity }, secret };
}

function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("base64");
}

function isSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
