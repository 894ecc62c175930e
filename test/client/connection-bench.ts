// A connection as a pure state machine, with a clock that stands still unless a test says otherwise.
import { Connection } from "../../client/connection.ts";
import type { ConnectionEvent, SessionMessage } from "../../client/connection-state.ts";
import type { HubMessageOf } from "../../shared/protocol.ts";
import { welcome } from "./fake-network.ts";

/** A connection and the time, which stands still unless the test says otherwise. */
export class ConnectionBench {
  nowMs = 0;
  readonly connection: Connection;

  constructor(graceMs = 0, hubs = 1) {
    const backoff = { baseMs: 100, maxMs: 1_000 };
    this.connection = new Connection({
      node: "a",
      graceMs,
      labels: undefined,
      backoff,
      random: () => 0.5,
      hubs,
      greetingMsMax: 10_000,
    });
  }

  /** What follows from an event. */
  on(event: ConnectionEvent) {
    return this.connection.advance(event, this.nowMs);
  }

  kinds(event: ConnectionEvent): string[] {
    return this.on(event).map(({ kind }) => kind);
  }

  /** What follows from the time, told when it is due. */
  at(nowMs: number, isHolding = false, dueMs = nowMs) {
    this.nowMs = nowMs;
    return this.on({ kind: "time", dueMs, isHolding });
  }

  hear(message: SessionMessage) {
    this.connection.heard(this.nowMs);
    return this.on({ kind: "message", message });
  }

  /** Goes all the way to a session. */
  open(fields: Partial<HubMessageOf<"welcome">> = {}): this {
    if (this.connection.state.kind === "idle") this.on({ kind: "start" });
    if (this.connection.state.kind === "resting") this.at(this.connection.state.untilMs);
    this.on({ kind: "token", token: undefined });
    this.on({ kind: "opened" });
    this.hear(welcome(fields));
    return this;
  }

  broken() {
    return this.on({ kind: "closed", code: 1006, reason: "" });
  }
}
