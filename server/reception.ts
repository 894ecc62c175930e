// Who is let in and for how long: from a token to what its bearer may do, looked at again for as long as the session lives.
// Knows no form of token, no lock and no node.
import { closeCodes } from "../shared/errors.ts";
import type { HubMessage } from "../shared/protocol.ts";
import { anybody, type Access, type Gate } from "./access.ts";
import type { Clock } from "./clock.ts";

/** One who asks to come in, or is in. */
export type Guest = {
  /** What it may do; undefined until its token was looked at. */
  access: Access | undefined;
  announce(message: HubMessage): void;
  close(code: number, reason: string): void;
};

// What has expired is found this much too late at most; one timer looks after all sessions.
const lookMs = 500;

/** All who are in, and those whose token is being looked at. */
export class Reception<One extends Guest> {
  readonly #gate: Gate;
  readonly #clock: Clock;
  readonly #guests = new Set<One>();
  /** Those whose token is being looked at. */
  readonly #asking = new Set<One>();
  #cancel: (() => void) | undefined;

  constructor(gate: Gate, clock: Clock) {
    this.#gate = gate;
    this.#clock = clock;
  }

  /** Looks at the token of a hello and calls back once the guest has its access; turns it away with 4401 if it gets none. */
  receive(guest: One, token: string | undefined, welcome: (access: Access) => void): void {
    this.#ask(guest, token, {
      known: (access) => {
        if (access === undefined)
          return guest.close(closeCodes.UNAUTHORIZED, "the token lets nobody in, or there is none");
        this.#guests.add(guest);
        this.#entitle(guest, access);
        welcome(access);
      },
      unknown: () => guest.close(closeCodes.TRY_AGAIN_LATER, "tokens cannot be looked at just now"),
    });
  }

  /** Renews the rights of a guest by another token of the same name; with any other nothing changes. */
  renew(guest: One, token: string): void {
    const refuse = (code: "FORBIDDEN" | "TOO_MANY_REQUESTS" | "UNAVAILABLE", message: string) =>
      guest.announce({ type: "error", code, message });
    if (this.#asking.has(guest)) return refuse("TOO_MANY_REQUESTS", "an earlier token is still being looked at");
    this.#ask(guest, token, {
      known: (access) => {
        if (access === undefined) return refuse("FORBIDDEN", "the token lets nobody in");
        if (access.name !== guest.access?.name) return refuse("FORBIDDEN", "the session is another token's");
        this.#entitle(guest, access);
        guest.announce({ type: "authorized", ...this.expiryOf(access) });
      },
      unknown: () => refuse("UNAVAILABLE", "tokens cannot be looked at just now"),
    });
  }

  /** Has all guests keep what their tokens allow by now: those whose token is good no longer are closed with 4401. */
  review(): void {
    for (const guest of this.#guests) {
      if (guest.access === undefined) continue;
      const access = this.#gate.present(guest.access);
      if (access !== undefined) this.#entitle(guest, access);
      else {
        guest.announce({ type: "error", code: "FORBIDDEN", message: "the token has expired, or is revoked" });
        guest.close(closeCodes.UNAUTHORIZED, "the token has expired, or is revoked");
      }
    }
  }

  /** What a welcome says of the time that is left to a token, in milliseconds. */
  expiryOf({ expiresAtMs }: Access): { tokenExpiresInMs?: number } {
    if (expiresAtMs === undefined) return {};
    const leftMs = Math.max(0, Math.floor(expiresAtMs - this.#clock.nowMs()));
    return { tokenExpiresInMs: Math.min(leftMs, Number.MAX_SAFE_INTEGER) };
  }

  /** The guest has left. */
  remove(guest: One): void {
    this.#asking.delete(guest);
    this.#guests.delete(guest);
  }

  stop(): void {
    this.#cancel?.();
  }

  #ask(
    guest: One,
    token: string | undefined,
    answer: { known: (access: Access | undefined) => void; unknown: () => void },
  ): void {
    // Without a promise: whoever needs no token waits for no other turn.
    if (this.#gate.isOpen) return answer.known(anybody);
    this.#asking.add(guest);
    const inTime = (act: () => void) => () => {
      if (this.#asking.delete(guest)) act();
    };
    this.#gate.identify(token).then((access) => inTime(() => answer.known(access))(), inTime(answer.unknown));
  }

  #entitle(guest: One, access: Access): void {
    guest.access = access;
    if (access.expiresAtMs !== undefined) this.#cancel ??= this.#clock.after(lookMs, this.#look);
  }

  readonly #look = (): void => {
    this.#cancel = undefined;
    // Whoever's token may expire has the next look arranged.
    this.review();
  };
}
