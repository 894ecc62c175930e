// Who somebody is and what that allows: the name, role and resource prefixes of a token. Knows no token and no socket.
import { assertNever } from "../shared/errors.ts";

/** What kind of thing a token may do; see "Rights" in PROTOCOL.md. */
export type Role = "node" | "viewer" | "admin";

/** The rights of one caller. A prefix of "" covers everything. */
export type Access = {
  /** The name of the token; a session belongs to it, and an admin's actions are signed with it. */
  readonly name: string;
  readonly role: Role;
  readonly prefixes: readonly string[];
};

/** Everybody, on a hub that asks for no token. */
export const anybody: Access = { name: "anybody", role: "admin", prefixes: [""] };

/** Whether that resource, or all that begins with that prefix, is within the caller's prefixes. */
export function isWithin({ prefixes }: Access, name: string): boolean {
  return prefixes.some((prefix) => name.startsWith(prefix));
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
