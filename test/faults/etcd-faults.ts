// What can go wrong with several hubs over one etcd: each fault a function that begins it and lasts as long as it does. Knows no
// node and judges nothing; the crowd heals what is left.
import { setTimeout as pass } from "node:timers/promises";
import type { Way } from "../support/proxy.ts";
import type { EtcdCrowd, FaultyHub, Member } from "./etcd-crowd.ts";

type Fault = (crowd: EtcdCrowd) => Promise<void>;

const checkpoint = "/baton/log/checkpoint";

const hubOf = ({ chance, hubs }: EtcdCrowd): FaultyHub => some(hubs, chance.next());
const memberOf = ({ chance, members }: EtcdCrowd): Member => some(members, chance.next());
const whileMs = ({ chance }: EtcdCrowd) => chance.integer(300, 7_000);

/** The faults by name. */
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
    "a hub is cut off from etcd",
    async (crowd) => {
      for (const link of hubOf(crowd).links) link.stop("up", "down");
      await pass(whileMs(crowd));
    },
  ],
  [
    "a hub hears nothing from etcd",
    async (crowd) => {
      for (const link of hubOf(crowd).links) link.stop("down");
      await pass(whileMs(crowd));
    },
  ],
  [
    "links are cut one by one, and healed in another order",
    async (crowd) => {
      const links = crowd.hubs.flatMap((hub) => hub.links);
      const cut = links.filter(() => crowd.chance.next() < 0.5);
      for (const link of cut) {
        link.stop(...crowd.chance.pick<readonly Way[]>([["up"], ["down"], ["up", "down"]]));
        await pass(crowd.chance.integer(50, 500));
      }
      for (const link of cut.toSorted(() => crowd.chance.next() - 0.5)) {
        await pass(crowd.chance.integer(50, 500));
        link.heal();
      }
    },
  ],
  [
    "history is compacted while a hub is cut off",
    async (crowd) => {
      const { links } = hubOf(crowd);
      for (const link of links) link.stop("up", "down");
      await pass(crowd.chance.integer(500, 2_500));
      crowd.control("compact", String(revisionOf(crowd)));
      for (const link of links) link.heal();
    },
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
  ["the checkpoint is deleted", (crowd) => remove(crowd, checkpoint)],
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
  const before = crowd.control("get", checkpoint, "--write-out=fields");
  if (key !== undefined) crowd.control("del", key);
  await pass(crowd.chance.integer(300, 2_000));
  if (prefix.includes("hub")) return;
  // Until there is a checkpoint that does without what was removed, no hub could join: one that is left has to make it.
  for (
    let tries = 0;
    tries < 25 && modifiedIn(crowd.control("get", checkpoint, "--write-out=fields")) === modifiedIn(before);
    tries += 1
  ) {
    await pass(200);
  }
}

/** The revision in which the checkpoint was put in force. */
function modifiedIn(fields: string): string | undefined {
  return /"ModRevision" : (\d+)/.exec(fields)?.[1];
}

function revisionOf(crowd: EtcdCrowd): number {
  const { header }: { header: { revision: number } } = JSON.parse(crowd.control("get", "/", "--write-out=json"));
  return header.revision;
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

function some<Value>(values: readonly Value[], chance: number): Value {
  const value = values[Math.floor(chance * values.length)];
  if (value === undefined) throw new Error("there is none");
  return value;
}
