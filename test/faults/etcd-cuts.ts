// How the links between hubs, members and nodes can be cut: each fault a function that cuts and waits. Knows no process and
// judges nothing; the crowd heals what is left.
import { setTimeout as pass } from "node:timers/promises";
import type { Link } from "../support/network.ts";
import type { Way } from "../support/proxy.ts";
import type { EtcdCrowd } from "./etcd-crowd.ts";
import type { Fault } from "./etcd-faults.ts";

type Cut = { readonly link: Link; readonly ways: readonly Way[] };

const both: readonly Way[] = ["up", "down"];
const anyWays = ({ chance }: EtcdCrowd) => chance.pick<readonly Way[]>([["up"], ["down"], both]);
const linksOfHub = ({ chance, site }: EtcdCrowd) => chance.some(site.hubs).links;
const cutAll = (links: readonly Link[], ways: readonly Way[]): Cut[] => links.map((link) => ({ link, ways }));

/** The cuts between hubs and members, by name. */
export const hubCuts: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ["a hub is cut off from etcd", (crowd) => cut(crowd, cutAll(linksOfHub(crowd), both))],
  ["a hub hears nothing from etcd", (crowd) => cut(crowd, cutAll(linksOfHub(crowd), ["down"]))],
  ["etcd hears nothing from a hub", (crowd) => cut(crowd, cutAll(linksOfHub(crowd), ["up"]))],
  [
    "a hub is cut off from one member",
    (crowd) => cut(crowd, [{ link: crowd.chance.some(linksOfHub(crowd)), ways: anyWays(crowd) }]),
  ],
  [
    "links are cut one by one, and healed in another order",
    async (crowd) => {
      const links = crowd.links.filter(() => crowd.chance.next() < 0.5);
      for (const link of links) {
        link.stop(...anyWays(crowd));
        await pass(crowd.chance.integer(50, 500));
      }
      for (const link of links.toSorted(() => crowd.chance.next() - 0.5)) {
        await pass(crowd.chance.integer(50, 500));
        link.heal();
      }
    },
  ],
  [
    "history is compacted while a hub is cut off",
    async (crowd) => {
      const links = linksOfHub(crowd);
      for (const link of links) link.stop(...both);
      await pass(crowd.chance.integer(500, 2_500));
      crowd.control("compact", String(revisionOf(crowd)));
      for (const link of links) link.heal();
    },
  ],
]);

/** The cuts between members, and of a host from all others, by name: for a network that can have them. */
export const peerCuts: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  [
    "two members are cut off from each other",
    (crowd) => cut(crowd, cutAll([crowd.chance.some(crowd.site.peers)], both)),
  ],
  [
    "a member hears nothing from another",
    (crowd) => cut(crowd, cutAll([crowd.chance.some(crowd.site.peers)], [crowd.chance.pick(["up", "down"])])),
  ],
  ["the leader is cut off from a follower", (crowd) => cut(crowd, ofLeader(crowd, both).slice(0, 1))],
  ["the leader is cut off from all followers", (crowd) => cut(crowd, ofLeader(crowd, both))],
  ["the leader hears nothing from its followers", (crowd) => cut(crowd, ofLeader(crowd, ["up"]))],
  ["the followers hear nothing from their leader", (crowd) => cut(crowd, ofLeader(crowd, ["down"]))],
  ["packets are lost by chance", (crowd) => cut(crowd, cutAll(crowd.site.noise ? [crowd.site.noise] : [], both))],
  ["a host is cut off from all others", (crowd) => cut(crowd, cutAll([crowd.chance.some(crowd.site.cables)], both))],
]);

async function cut({ chance }: EtcdCrowd, cuts: readonly Cut[]): Promise<void> {
  for (const { link, ways } of cuts) link.stop(...ways);
  await pass(chance.integer(300, 7_000));
}

/** The links of the leader; up is to the leader. */
function ofLeader(crowd: EtcdCrowd, ways: readonly Way[]): Cut[] {
  const { place } = crowd.leader();
  const turned = ways.map((way): Way => (way === "up" ? "down" : "up"));
  return crowd.site.peers
    .filter(({ ends }) => ends.includes(place))
    .map((link) => ({ link, ways: link.ends[1] === place ? ways : turned }));
}

function revisionOf(crowd: EtcdCrowd): number {
  const { header }: { header: { revision: number } } = JSON.parse(crowd.control("get", "/", "--write-out=json"));
  return header.revision;
}
