// Where the members and the hubs of a fault test stand, and what joins them: hosts of a network of their own or, where there can
// be none, ports of this machine with a proxy between each hub and each member. Knows no fault and starts nothing.
import { etcdPlace, loopback, type EtcdPlace } from "../support/etcd.ts";
import { freePort } from "../support/free-port.ts";
import { Network, networkMissing, type Host, type Link } from "../support/network.ts";
import { Proxy } from "../support/proxy.ts";

/** Where a hub is to be started, and its links to the members in their order: up is from the hub. */
export type HubPlace = {
  readonly host: Host;
  readonly port: number;
  readonly endpoints: readonly string[];
  readonly links: readonly Link[];
};
/** What goes from one member to another (up) and back (down). */
export type PeerLink = Link & { readonly ends: readonly [EtcdPlace, EtcdPlace] };
/** The places, and the links that only a network of its own lets a test cut: between members, of a host to all others, and some of
 * everything. */
export type EtcdSite = AsyncDisposable & {
  readonly members: readonly EtcdPlace[];
  readonly hubs: readonly HubPlace[];
  readonly peers: readonly PeerLink[];
  readonly cables: readonly Link[];
  readonly noise: Link | undefined;
};

/** Lays out so many members and hubs. */
export async function etcdSite(members: number, hubs: number): Promise<EtcdSite> {
  const missing = networkMissing();
  if (missing === undefined) return await onNetwork(await Network.make(), members, hubs);
  console.log(`proxies stand in for the network, and links between members are not cut: ${missing}`);
  return await behindProxies(members, hubs);
}

async function onNetwork(network: Network, memberCount: number, hubCount: number): Promise<EtcdSite> {
  const members: EtcdPlace[] = [];
  const hubs: HubPlace[] = [];
  const peers: PeerLink[] = [];
  for (let place = 0; place < memberCount; place += 1) {
    const member = await etcdPlace(`member-${place}`, await network.host());
    for (const other of members) peers.push({ ends: [member, other], ...network.link(member.host, other.host) });
    members.push(member);
  }
  const endpoints = members.map(({ endpoint }) => endpoint);
  while (hubs.length < hubCount) {
    const host = await network.host();
    const links = members.map((member) => network.link(host, member.host));
    hubs.push({ host, port: await freePort(), endpoints, links });
  }
  const cables = [...members, ...hubs].map(({ host }) => network.cable(host));
  return {
    members,
    hubs,
    peers,
    cables,
    noise: network.noise,
    [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
  };
}

async function behindProxies(memberCount: number, hubCount: number): Promise<EtcdSite> {
  const members: EtcdPlace[] = [];
  const hubs: HubPlace[] = [];
  const proxies: Proxy[] = [];
  while (members.length < memberCount) members.push(await etcdPlace(`member-${members.length}`));
  while (hubs.length < hubCount) {
    const links = await Promise.all(members.map(({ endpoint }) => Proxy.to(endpoint)));
    proxies.push(...links);
    const endpoints = links.map(({ url }) => new URL(url).origin);
    hubs.push({ host: loopback, port: await freePort(), endpoints, links });
  }
  return {
    members,
    hubs,
    peers: [],
    cables: [],
    noise: undefined,
    [Symbol.asyncDispose]: async () => {
      for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
    },
  };
}
