// Who somebody is and what that allows: the name, role and resource prefixes of a token, and the gate that tells them.
// Knows no form of token and no socket.
import { assertNever } from "../shared/errors.ts";

/** What kind of thing a token may do; see "Rights" in PROTOCOL.md. */
export type Role = "node" | "viewer" | "admin";

/** The rights of one caller. A prefix of "" covers everything. */
export type Access = {
  /** The name of the token; a session belongs to it, and an admin's actions are signed with it. */
  readonly name: string;
  readonly role: Role;
  readonly prefixes: readonly string[];
  /** Until when the token is good, in milliseconds of the hub's clock; for ever unless said. */
  readonly expiresAtMs?: number;
};

/** The most bytes of UTF-8 that the name of a token may have. */
export const accessNameBytesMax = 128;

/** Everybody, on a hub that asks for no token. */
export const anybody: Access = { name: "anybody", role: "admin", prefixes: [""] };

/** Who tells whose token it is. */
export type Gate = {
  /** Whether nobody is asked for a token. */
  readonly isOpen: boolean;
  /** What a token, or having none, allows; undefined when it lets nobody in. Rejects when that cannot be told just now. */
  identify(token: string | undefined): Promise<Access | undefined>;
  /** What an access that was given out before is by now; undefined once it is revoked or has expired. */
  present(access: Access): Access | undefined;
};

/** The gate of a hub that asks for no token. */
export const openGate: Gate = {
  isOpen: true,
  identify: () => Promise.resolve(anybody),
  present: (access) => access,
};

/** Whether that resource, or all that begins with that prefix, is within the caller's prefixes. */
export function isWithin({ prefixes }: Access, name: string): boolean {
  for (const prefix of prefixes) if (name.startsWith(prefix)) return true;
  return false;
}

/** Whether the caller may ask for locks and for what follows on its own requests. */
export function mayAct({ role }: Access): boolean {
  switch (role) {
    case "node":
    case "admin":
      return true;
    case "viewer":
      return false;
    default:
      return assertNever(role);
  }
}

/** Whether the caller may watch and read views. */
export function mayView({ role }: Access): boolean {
  switch (role) {
    case "viewer":
    case "admin":
      return true;
    case "node":
      return false;
    default:
      return assertNever(role);
  }
}

/** Whether the caller may release by force, forget and kick. */
export function mayRule({ role }: Access): boolean {
  return role === "admin";
}
