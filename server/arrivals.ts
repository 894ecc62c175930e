// From a hello to a welcome, or to the door: the token first, then the session that the engine opens or resumes. Knows no
// lock and no form of token.
import { assertNever, closeCodes } from "../shared/errors.ts";
import { countRefusal } from "../shared/limits.ts";
import type { ClientMessageOf, HubMessage } from "../shared/protocol.ts";
import type { Access } from "./access.ts";
import { admit, welcomeOf, type HubFacts } from "./admission.ts";
import type { Command } from "./core/command.ts";
import type { Effect } from "./core/effect.ts";
import type { LockTable } from "./core/table.ts";
import type { Connection } from "./host.ts";
import type { Guest, Reception } from "./reception.ts";

/** One who has come and is to be welcome. */
type Arriving = Guest & {
  readonly connection: Pick<Connection, "id" | "token">;
  opened(session: string, welcome: HubMessage): void;
};

type ArrivalParts<One extends Arriving> = {
  hub: HubFacts;
  reception: Reception<One>;
  table: LockTable;
  /** Whether new sessions are welcome. */
  isOpen: () => boolean;
  /** Those whose socket is there, by its id. */
  present: ReadonlyMap<string, One>;
  propose: (command: Command) => void;
  /** Somebody's session is open. */
  welcomed: (one: One) => void;
};

type Greeting = { hello: ClientMessageOf<"hello">; secret: string; asked: "open" | "resume" };

/** Those who have said hello and are not welcome yet. */
export class Arrivals<One extends Arriving> {
  readonly #parts: ArrivalParts<One>;
  /** By socket, what each has said, and the secret that it will have. */
  readonly #greetings = new Map<string, Greeting>();
  /** All of them, whatever they wait for. */
  readonly #arriving = new Set<One>();

  constructor(parts: ArrivalParts<One>) {
    this.#parts = parts;
  }

  /** Somebody says hello. */
  greet(one: One, hello: ClientMessageOf<"hello">): void {
    const { reception, table, hub } = this.#parts;
    if (this.#arriving.size >= hub.limits.silentSocketsMax && !this.#arriving.has(one)) {
      countRefusal(table.refusals, "silentSocketsMax");
      return one.close(closeCodes.TRY_AGAIN_LATER, "too many nodes say hello at once");
    }
    this.#arriving.add(one);
    const token = hello.token ?? one.connection.token;
    reception.receive(one, token, (access) => this.#admit(one, hello, access));
  }

  /** The engine has opened or resumed a session: whoever is still there is told. */
  welcome(effect: Extract<Effect, { type: "opened" | "resumed" }>): void {
    const { socket, session, graceMs, lockDelayMs } = effect;
    const one = this.#parts.present.get(socket);
    const greeting = this.#greetings.get(socket);
    if (one?.access === undefined || greeting === undefined) return;
    this.#forget(one);
    const resumed = effect.type === "resumed";
    const lastId = effect.type === "resumed" ? effect.lastId : 0;
    const { reception, hub, welcomed } = this.#parts;
    const expiry = reception.expiryOf(one.access);
    const { secret } = greeting;
    one.opened(session, welcomeOf(hub, { session, secret, resumed, lastId, graceMs, lockDelayMs, ...expiry }));
    welcomed(one);
  }

  /** The engine has let nobody in. */
  deny({ socket, reason }: Extract<Effect, { type: "denied" }>): void {
    const one = this.#parts.present.get(socket);
    if (one === undefined) return;
    if (reason === "session gone") return this.#greetAnew(one);
    const greeting = this.#greetings.get(socket);
    // Opened at another hub, and not heard of here when the hello came; by now it is.
    const isHeardOf =
      greeting?.asked === "open" && this.#parts.table.sessions.has(greeting.hello.resume?.session ?? "");
    if (reason === "node in use" && greeting !== undefined && isHeardOf) return this.greet(one, greeting.hello);
    this.#forget(one);
    switch (reason) {
      case "node in use":
        return refuseName(one);
      case "too many sessions":
        return one.close(closeCodes.TRY_AGAIN_LATER, "as many sessions as the hub allows");
      case "too many of one token":
        return one.close(closeCodes.TRY_AGAIN_LATER, "as many sessions as the hub allows of one token");
      default:
        return assertNever(reason);
    }
  }

  /** Somebody has left; says what the engine may be about to do for it. */
  remove(one: One): Greeting["asked"] | undefined {
    const greeting = this.#greetings.get(one.connection.id);
    this.#parts.reception.remove(one);
    this.#forget(one);
    return greeting?.asked;
  }

  #forget(one: One): void {
    this.#arriving.delete(one);
    this.#greetings.delete(one.connection.id);
  }

  #admit(one: One, hello: ClientMessageOf<"hello">, access: Access): void {
    const { hub, table, present, isOpen, propose } = this.#parts;
    if (!isOpen()) return one.close(closeCodes.HUB_RESTARTING, "the hub is being stopped, or cannot reach its engine");
    const socket = one.connection.id;
    const admission = admit(hello, { socket, owner: access.name }, table, hub);
    if (admission === undefined) {
      return one.close(closeCodes.UNAUTHORIZED, "that secret and that token do not resume that session");
    }
    const { command, secret } = admission;
    const presence = command.type === "open" ? table.sessionOfNode.get(command.node)?.presence : undefined;
    // One whose socket is here is there, whatever is under way; to ask the engine would be rows in its journal.
    if (presence?.state === "attached" && present.has(presence.socket)) return refuseName(one);
    this.#greetings.set(socket, { hello, secret, asked: command.type });
    propose(command);
  }

  /** The session ended in the moment in which it was to be resumed: a new one takes its place [S11]. */
  #greetAnew(one: One): void {
    const greeting = this.#greetings.get(one.connection.id);
    if (greeting === undefined) return;
    const { resume: _, ...hello } = greeting.hello;
    this.greet(one, hello);
  }
}

function refuseName(one: Guest): void {
  one.close(closeCodes.NODE_IN_USE, "the node has a session");
}
