import ipaddr from 'ipaddr.js';
import { familyOf } from '../../lib/model/family.ts';
import type { IpFamily } from '../../lib/model/family.ts';

/** Ports that a server of the lab listens on, over IPv4 and IPv6. See `agent serve` for what each kind answers. */
export interface Serving {
  readonly tcp?: readonly number[];
  readonly udp?: readonly number[];
  readonly sctp?: readonly number[];
  /** Answers an HTTP request with a page, and asking by TCP as a `tcp` port does: one port may be in both lists. */
  readonly http?: readonly number[];
  /** TCP that stays open and answers every line. */
  readonly hold?: readonly number[];
  /** The same by SCTP. */
  readonly sctpHold?: readonly number[];
  /** TCP for clients that send nothing and come by the hundred, as those of `Place.stream`. */
  readonly brief?: readonly number[];
}

/** A node of a cluster. Addresses are of the nodes' network: `192.168.111.128`, or with a prefix length other than 24 or 64. */
export interface NodeSpec {
  readonly name: string;
  readonly addresses: readonly string[];
  /** The networks of its pods; the first address of each is the node's own, on the bridge. */
  readonly podCIDRs?: readonly string[];
}

/** A pod: a network namespace behind a veth pair of its node, with a server in it. */
export interface PodSpec {
  readonly name: string;
  /** Of its node's pod networks, at most one a family. */
  readonly addresses: readonly string[];
  readonly serve?: Serving;
}

/** A machine outside the cluster, attached to the nodes' network. Its addresses need not be of that network. */
export interface HostSpec {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly serve?: Serving;
  /** Name of the node that its default route leads to. Without it, it reaches what is attached to its own link. */
  readonly via?: string;
}

/** Prefix lengths where an address says none. */
const prefixes: Readonly<Record<IpFamily, number>> = { IPv4: 24, IPv6: 64 };

/** The address of `address` or `address/prefix`. */
export function bare(text: string): string {
  return text.split('/')[0] ?? text;
}

/** The same with a prefix length, which by default is that of the lab's networks. */
export function prefixed(text: string): string {
  return text.includes('/') ? text : `${text}/${prefixes[familyOf(text)]}`;
}

/** The first address of a network, for the node: `10.244.0.0/24` → `10.244.0.1/24`. */
export function gatewayOf(cidr: string): string {
  const [network, length] = ipaddr.parseCIDR(cidr);
  const bytes = network.toByteArray();
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 1;
  return `${ipaddr.fromByteArray(bytes).toString()}/${length}`;
}

/** The network of an address with its prefix length, `192.168.111.128/24` → `192.168.111.0/24`. */
export function networkOf(address: string): string {
  const text = prefixed(address);
  const type = familyOf(text) === 'IPv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${type.networkAddressFromCIDR(text).toString()}/${text.split('/')[1] ?? ''}`;
}

/** Whether an address is of a network. */
export function isWithin(address: string, cidr: string): boolean {
  const parsed = ipaddr.parse(bare(address));
  const range = ipaddr.parseCIDR(cidr);
  return parsed.kind() === range[0].kind() && parsed.match(range);
}

/** The one of some addresses that is of a family, without its prefix length. */
export function ofFamily(addresses: readonly string[], family: IpFamily): string | undefined {
  const found = addresses.find((address) => familyOf(address) === family);
  return found === undefined ? undefined : bare(found);
}

/**
 * The hardware address of a machine: made from its IPv4 address, so that one that takes over an address is reached
 * without waiting for its neighbours to forget the old one; from a number where it has none.
 */
export function hardwareAddress(addresses: readonly string[], number: number): string {
  const ipv4 = ofFamily(addresses, 'IPv4');
  const bytes = ipv4?.split('.').map(Number) ?? [0, 0, number >> 8, number & 0xff];
  return ['0a', '58', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** `ip -batch` lines that raise an interface with some addresses. Without duplicate detection they work at once. */
export function interfaceUp(name: string, addresses: readonly string[]): string[] {
  return [
    'link set lo up',
    ...addresses.map(
      (address) =>
        `addr add ${prefixed(address)} dev ${name}${familyOf(address) === 'IPv6' ? ' nodad' : ' broadcast +'}`,
    ),
    `link set ${name} up`,
  ];
}

/** Everything, in each family; unlike the word `default` it says which. */
export const anywhere: Readonly<Record<IpFamily, string>> = { IPv4: '0.0.0.0/0', IPv6: '::/0' };

/** The routes of a node to the pods of the others. */
export function routesToPods(node: NodeSpec, nodes: readonly NodeSpec[]): string[] {
  return nodes
    .filter((other) => other !== node)
    .flatMap((other) =>
      (other.podCIDRs ?? []).flatMap((cidr) => {
        const next = ofFamily(other.addresses, familyOf(cidr));
        return next === undefined ? [] : [`route replace ${cidr} via ${next}`];
      }),
    );
}

/**
 * An `iptables-restore` program by which a node masquerades what its pods send out of the cluster, as the usual
 * network plugins do; traffic to other pods keeps its source.
 */
export function masqueradeProgram(nodes: readonly NodeSpec[], node: NodeSpec, family: IpFamily): string {
  const cidrsOf = (spec: NodeSpec): string[] =>
    (spec.podCIDRs ?? []).filter((cidr) => familyOf(cidr) === family);
  const multicast = family === 'IPv4' ? '224.0.0.0/4' : 'ff00::/8';
  return [
    '*nat',
    ':LAB-POSTROUTING - [0:0]',
    '-A POSTROUTING -m comment --comment "pods to outside" -j LAB-POSTROUTING',
    ...[...nodes.flatMap(cidrsOf), multicast].map((cidr) => `-A LAB-POSTROUTING -d ${cidr} -j RETURN`),
    ...cidrsOf(node).map((cidr) => `-A LAB-POSTROUTING -s ${cidr} -j MASQUERADE`),
    'COMMIT',
    '',
  ].join('\n');
}

/** What `agent serve` calls each kind of port. */
const serveFlags: Readonly<Record<keyof Serving, string>> = {
  tcp: '--tcp',
  udp: '--udp',
  sctp: '--sctp',
  http: '--http',
  hold: '--hold',
  sctpHold: '--sctp-hold',
  brief: '--brief',
};

/** Arguments of `agent serve` for some ports. */
export function serveArguments(name: string, serving: Serving): string[] {
  const http = serving.http ?? [];
  const ports = { ...serving, tcp: (serving.tcp ?? []).filter((port) => !http.includes(port)) };
  return [
    ...['--name', name],
    ...(Object.keys(serveFlags) as (keyof Serving)[]).flatMap((kind) =>
      (ports[kind] ?? []).flatMap((port) => [serveFlags[kind], String(port)]),
    ),
  ];
}
