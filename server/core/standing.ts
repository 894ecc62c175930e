// Whether a deadline that was set is still in force, and whose it is. Reads, never changes.
import { assertNever } from "../../shared/errors.ts";
import type { DeadlineCommand } from "./command.ts";
import type { Session } from "./records.ts";
import type { LockTable } from "./table.ts";

/** Void when what it was for has changed; else the socket of the session that it is about, if that has one. */
export type Standing = "void" | { readonly socket: string | undefined };

/** Where a deadline of this table stands, which is known by its command. */
export function standingOf(table: LockTable, command: DeadlineCommand): Standing {
  switch (command.of) {
    case "wait":
    case "hold": {
      const session = table.sessions.get(command.session);
      const isInForce = session?.requests.get(command.id)?.deadline?.command === command;
      return isInForce ? { socket: socketOf(session) } : "void";
    }
    case "grace": {
      const presence = table.sessions.get(command.session)?.presence;
      return presence?.state === "detached" && presence.grace.command === command ? { socket: undefined } : "void";
    }
    case "delay":
      return table.resources.get(command.resource)?.delay?.command === command ? { socket: undefined } : "void";
    case "outcome": {
      const outcome = table.resources.get(command.resource)?.outcome;
      return outcome?.deadline.command === command ? { socket: undefined } : "void";
    }
    default:
      return assertNever(command);
  }
}

function socketOf({ presence }: Session): string | undefined {
  return presence.state === "attached" ? presence.socket : undefined;
}
