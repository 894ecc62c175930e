// How the sessions of a hub that goes are told so [S13]: each how long it has to come back. Knows no reason to go.
import { closeCodes } from "../shared/errors.ts";
import type { HubMessage } from "../shared/protocol.ts";
import type { Engine } from "./engine/engine.ts";

/** One to be told; `id` is its session's, if it has one. */
type Dismissed = {
  readonly id: string | undefined;
  announce(message: HubMessage): void;
  close(code: number, reason: string): void;
};

/**
 * Says `leaving` to all and closes their sockets. What an engine keeps, all have at least its time to come back to; of one that
 * is lost, only those with a grace.
 */
export function dismiss(
  sessions: Iterable<Dismissed>,
  { survivesMs, table }: Pick<Engine, "survivesMs" | "table">,
  { reconnectMs, is }: { readonly reconnectMs: number; readonly is: "kept" | "lost" },
): void {
  for (const session of sessions) {
    // By the session's name, for it may be detached by now.
    const ownGraceMs = table.sessions.get(session.id ?? "")?.identity.graceMs ?? 0;
    const isAwaited = survivesMs > 0 && (is === "kept" || ownGraceMs > 0);
    const graceMs = isAwaited ? Math.max(ownGraceMs, survivesMs) : 0;
    if (session.id !== undefined) session.announce({ type: "leaving", reconnectMs, graceMs });
    session.close(closeCodes.HUB_RESTARTING, "the hub is being stopped");
  }
}
