// A hub that asks for tokens, and the list of them. Knows how a token is shown, not what it allows.
import { tokenList, type Rights, type TokenList } from "../../support/token-list.ts";
import type { Wire } from "../../support/wire.ts";
import { hubWith, type HubInProcess, type Settings } from "./hub-in-process.ts";

type Hello = Parameters<Wire["hello"]>[1];

/** A hub with a file of tokens. */
export type GuardedHub = AsyncDisposable & {
  readonly hub: HubInProcess;
  readonly list: TokenList;
  /** A socket that was welcomed by the token of that name, as a node of that name unless another is given. */
  wire(token: string, node?: string, fields?: Hello): Promise<Wire>;
};

const everyRole: Record<string, Rights> = {
  node: { role: "node" },
  viewer: { role: "viewer" },
  admin: { role: "admin" },
};

/** Starts a hub with one token for each name; one of each role, named after it, unless others are given. */
export async function guarded(entries = everyRole, settings: Settings = {}): Promise<GuardedHub> {
  const list = await tokenList(entries);
  const hub = await hubWith({ tokens: list.file, ...settings });
  return {
    hub,
    list,
    wire: (name, node = name, fields = {}) => hub.node(node, { token: list.token(name), ...fields }),
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await list[Symbol.asyncDispose]();
    },
  };
}
