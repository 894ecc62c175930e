// What can go wrong with several hubs over one etcd, and with the keys in it: each fault a function that begins it and lasts as
// long as it does. Knows no link and no node, and judges nothing; the crowd heals what is left.
import { setTimeout as pass } from "node:timers/promises";
import { checkpointKey, type EtcdCrowd, type FaultyHub, type Member } from "./etcd-crowd.ts";

/** Begins, and resolves when it is over or may be healed. */
export type Fault = (crowd: EtcdCrowd) => Promise<void>;

const hubOf = ({ chance, hubs }: EtcdCrowd): FaultyHub => chance.some(hubs);
const memberOf = ({ chance, members }: EtcdCrowd): Member => chance.some(members);
const whileMs = ({ chance }: EtcdCrowd) => chance.integer(300, 7_000);

/** The faults of processes and keys, by name. */
export const faults: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ["a hub is killed", async (crowd) => killHub(hubOf(crowd))],
  [
    "two hubs are killed",
    async (crowd) => {
      for (const hub of crowd.hubs.slice(crowd.chance.integer(0, 1)).slice(0, 2)) await killHub(hub);
    },
  ],
  ["a hub is stopped", (crowd) => stopped(crowd, [hubOf(crowd).process])],
  [
    "all hubs are stopped",
    (crowd) =>
      stopped(
        crowd,
        crowd.hubs.map(({ process }) => process),
      ),
  ],
  ["a member is killed", (crowd) => killMember(crowd, memberOf(crowd))],
  ["the leader is killed", (crowd) => killMember(crowd, crowd.leader())],
  ["a member is stopped", (crowd) => stopped(crowd, [memberOf(crowd).etcd])],
  ["the leader is stopped", (crowd) => stopped(crowd, [crowd.leader().etcd])],
  [
    "the majority is stopped",
    (crowd) =>
      stopped(
        crowd,
        crowd.members.slice(1).map(({ etcd }) => etcd),
      ),
  ],
  [
    "etcd has no space",
    async (crowd) => {
      await alarm(crowd, "ACTIVATE");
      await pass(whileMs(crowd));
      await alarm(crowd, "DEACTIVATE");
    },
  ],
  ["a hub's key is deleted", (crowd) => remove(crowd, "/baton/log/hub/")],
  ["an entry is deleted", (crowd) => remove(crowd, "/baton/log/entry/")],
  ["the checkpoint is deleted", (crowd) => remove(crowd, checkpointKey)],
]);

async function killHub(hub: FaultyHub): Promise<void> {
  hub.isUp = false;
  hub.process.kill("SIGKILL");
  await hub.process.exited;
}

async function killMember(crowd: EtcdCrowd, member: Member): Promise<void> {
  member.isUp = false;
  await member.etcd.end();
  await pass(whileMs(crowd));
}

async function stopped(crowd: EtcdCrowd, some: readonly { kill(signal: NodeJS.Signals): void }[]): Promise<void> {
  for (const one of some) one.kill("SIGSTOP");
  await pass(whileMs(crowd));
  for (const one of some) one.kill("SIGCONT");
}

/** Deletes one of the keys that begin so. */
async function remove(crowd: EtcdCrowd, prefix: string): Promise<void> {
  const keys = crowd.control("get", "--prefix", "--keys-only", prefix).match(/.+/g) ?? [];
  const key = keys[Math.floor(crowd.chance.next() * keys.length)];
  const before = crowd.checkpointRevision();
  if (key !== undefined) crowd.control("del", key);
  await pass(crowd.chance.integer(300, 2_000));
  if (prefix.includes("hub") || key === undefined) return;
  // Until there is a checkpoint that does without what was removed, no hub could join: one that is left has to make it.
  for (let tries = 0; tries < 25 && [before, undefined].includes(crowd.checkpointRevision()); tries += 1)
    await pass(200);
}

/** Raises, or ends, the alarm that a member raises whose quota is used up. */
async function alarm({ members }: EtcdCrowd, action: "ACTIVATE" | "DEACTIVATE"): Promise<void> {
  const endpoint = members[0]?.etcd.endpoint;
  // What JavaScript rounds is the id of no member: it is taken out of the text as it stands there.
  const list = await (await fetch(`${endpoint}/v3/cluster/member/list`, { method: "POST", body: "{}" })).text();
  const [, memberID] = /"ID":"(\d+)"/.exec(list) ?? [];
  const body = JSON.stringify({ action, memberID, alarm: "NOSPACE" });
  const response = await fetch(`${endpoint}/v3/maintenance/alarm`, { method: "POST", body });
  if (!response.ok) throw new Error(`the alarm cannot be set: ${await response.text()}`);
}
