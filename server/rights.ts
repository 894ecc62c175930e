// What a caller may say, message by message: the table "Rights" of PROTOCOL.md. Knows no token and no queue.
import { assertNever } from "../shared/errors.ts";
import type { ClientMessage, HubMessageOf } from "../shared/protocol.ts";
import { isWithin, mayAct, mayView, type Access } from "./access.ts";
import type { Command, RequestMessage } from "./core/command.ts";
import type { LockTable } from "./core/table.ts";

/** Who knows what is whose. */
type Registry<Caller> = {
  /** Whether that is a live request of the caller: what it has from before its rights were taken away is its own to end. */
  owns(caller: Caller, id: number): boolean;
};

/** What a caller hears who may not say that; undefined when it may. */
export function refusalOf<Caller extends { readonly access: Access | undefined }>(
  message: ClientMessage,
  caller: Caller,
  registry: Registry<Caller>,
): HubMessageOf<"error"> | undefined {
  const { access } = caller;
  if (access === undefined) return undefined;
  const isFollowUp = "id" in message && !mayAct(access) && registry.owns(caller, message.id);
  const why = forbidden(access, message, isFollowUp);
  if (why === undefined) return undefined;
  return { type: "error", code: "FORBIDDEN", message: why, ...("id" in message && { id: message.id }) };
}

function forbidden(access: Access, message: ClientMessage, isFollowUp: boolean): string | undefined {
  switch (message.type) {
    case "acquire":
    case "refer":
      if (!mayAct(access)) return notFor(access, message.type);
      return isWithin(access, message.resource) ? undefined : outside(access);
    case "release":
    case "cancel":
    case "extend":
    case "progress":
      return mayAct(access) || isFollowUp ? undefined : notFor(access, message.type);
    case "watch":
      if (!mayView(access)) return notFor(access, message.type);
      // Of many, those within the prefixes are shown, as in every list.
      return message.resource === undefined || isWithin(access, message.resource) ? undefined : outside(access);
    case "unwatch":
    case "hello":
    case "authorize":
    case "pong":
    case "ping":
    case "bye":
      return undefined;
    default:
      return assertNever(message);
  }
}

/** The command for what a caller says: a node may clear the references of what it holds alone, which the engine decides; and
 * what has ended, whatever is under way, has no outcome that a journal need keep [H3]. */
export function commandOf(
  socket: string,
  message: RequestMessage,
  access: Access | undefined,
  { sessionOfSocket }: Pick<LockTable, "sessionOfSocket">,
): Command {
  if (message.type === "release" && (message.result ?? message.error) !== undefined) {
    const { type, id, outcome, retry } = message;
    const { lastId = 0, requests } = sessionOfSocket.get(socket) ?? {};
    if (id <= lastId && requests?.has(id) === false) {
      return { type: "message", socket, message: { type, id, outcome, retry } };
    }
  }
  const isBound = message.type === "refer" && message.action === "clear" && access?.role === "node";
  return isBound ? { type: "message", socket, message, mustHold: true } : { type: "message", socket, message };
}

function notFor({ role }: Access, what: string): string {
  return `a token of role ${role} may not ${what}`;
}

function outside({ prefixes }: Access): string {
  const shown = prefixes.slice(0, 3).map((prefix) => JSON.stringify(prefix));
  return `the token is for resources that begin with ${shown.join(", ")}${prefixes.length > 3 ? ", …" : ""} alone`;
}
