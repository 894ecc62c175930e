// One entry into the journal in etcd, or the news that it must not go there. Knows keys and transactions; no command.
import type { EtcdClient } from "./etcd-client.ts";
import type { Bytes, EtcdKeys } from "./etcd-keys.ts";

/** Who appends what. `claim` is the revision in which the hub's key was made: without that key nothing goes in. `seen` says
 * which cluster the hub has joined, and what it has heard of it. */
export type Appending = {
  readonly seen: { readonly clusterId: bigint; readonly revision: bigint };
  readonly hub: string;
  readonly claim: bigint;
  readonly number: number;
  readonly value: Bytes;
};

const createRevision = 1;
const notEqual = 3;

/**
 * Appends one entry if the hub still lives, its entry before is there and this one is not; so that a hub whose lease has
 * lapsed appends nothing, and asking again after a lost answer is harmless.
 * @returns why it is not there, and the hub one no longer; undefined when it is
 * @throws when etcd does not answer within that time
 */
export async function appendEntry(
  client: EtcdClient,
  keys: EtcdKeys,
  { hub, claim, number, value, seen }: Appending,
  withinMs: number,
): Promise<string | undefined> {
  const key = keys.entry(hub, number);
  const living = { target: createRevision, ...keyIs(keys.hub(hub), "createRevision", claim) };
  const before = { result: notEqual, ...keyIs(keys.entry(hub, number - 1), "version", 0n) };
  const compare = [living, keyIs(key, "version", 0n), ...(number === 1 ? [] : [before])];
  const failure = [keys.hub(hub), key].map((key) => ({ request: { case: "requestRange" as const, value: { key } } }));
  const { revision, clusterId } = seen;
  const { succeeded, responses, header } = await client.call(
    ({ kv }, options) => kv.txn({ compare, success: [putOf(key, value)], failure }, options),
    withinMs,
  );
  if (header?.clusterId !== clusterId || header.revision < revision) {
    return "etcd was replaced, or put back from a copy";
  }
  if (succeeded) return undefined;
  const [hubKey, entry] = responses.map(({ response }) =>
    response.case === "responseRange" ? response.value.kvs[0] : undefined,
  );
  // It was put by an attempt whose answer was lost: a hub's name is never used twice.
  if (entry !== undefined) return undefined;
  return hubKey?.createRevision === claim ? "its last entry was removed by hand" : "its lease has lapsed";
}

/** Compares that a key has this version, 0 for one that is not there, or was made or changed in this revision. */
export function keyIs(key: Bytes, what: "version" | "createRevision" | "modRevision", value: bigint) {
  return { key, targetUnion: { case: what, value } };
}

/** Puts a key, on a lease if one is given. */
export function putOf(key: Bytes, value: Bytes, lease = 0n) {
  return { request: { case: "requestPut" as const, value: { key, value, lease } } };
}
