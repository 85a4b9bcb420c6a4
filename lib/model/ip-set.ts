import { type IpFamily, ipFamilies } from './family.ts';
import type { Keyed } from './keyed.ts';
import { wholeText } from './whole-text.ts';

/** The kernel's set types that are used here, as ipset(8) names them. */
export type SetType = 'hash:ip' | 'hash:ip,port' | 'hash:ip,port,ip' | 'hash:ip,port,net' | 'bitmap:port';

/**
 * The sets by their IPv4 name, with their type: the 17 of kube-proxy's IPVS mode (its pkg/proxy/ipvs/ipset.go), and three
 * of ours: of the addresses and ports that nobody, or nobody outside of the cluster, is served on, and of the node's
 * addresses that its node ports of TCP and UDP are served on. No rule asks for that last one: it is a record.
 */
export const kubeSets = {
  'KUBE-LOOP-BACK': 'hash:ip,port,ip',
  'KUBE-CLUSTER-IP': 'hash:ip,port',
  'KUBE-EXTERNAL-IP': 'hash:ip,port',
  'KUBE-EXTERNAL-IP-LOCAL': 'hash:ip,port',
  'KUBE-LOAD-BALANCER': 'hash:ip,port',
  'KUBE-LOAD-BALANCER-LOCAL': 'hash:ip,port',
  'KUBE-LOAD-BALANCER-FW': 'hash:ip,port',
  'KUBE-LOAD-BALANCER-SOURCE-CIDR': 'hash:ip,port,net',
  'KUBE-LOAD-BALANCER-SOURCE-IP': 'hash:ip,port,ip',
  'KUBE-NODE-PORT-TCP': 'bitmap:port',
  'KUBE-NODE-PORT-UDP': 'bitmap:port',
  'KUBE-NODE-PORT-LOCAL-TCP': 'bitmap:port',
  'KUBE-NODE-PORT-LOCAL-UDP': 'bitmap:port',
  'KUBE-NODE-PORT-SCTP-HASH': 'hash:ip,port',
  'KUBE-NODE-PORT-LOCAL-SCTP-HASH': 'hash:ip,port',
  'KUBE-HEALTH-CHECK-NODE-PORT': 'bitmap:port',
  'KUBE-IPVS-IPS': 'hash:ip',
  'KUBE-NO-ENDPOINTS': 'hash:ip,port',
  'KUBE-NO-LOCAL-ENDPOINTS': 'hash:ip,port',
  'KUBE-NODE-PORT-IPS': 'hash:ip',
} as const satisfies Record<string, SetType>;

/** A set by its IPv4 name, whatever the family. */
export type KubeSet = keyof typeof kubeSets;

/** Longest name of a set: IPSET_MAXNAMELEN (32, linux/netfilter/ipset/ip_set.h) less the terminating zero. */
const longestSetName = 31;

/** The kernel's name of a set: as it is for IPv4, with `KUBE-6-` and cut at 31 characters for IPv6, as kube-proxy does. */
export function setName(set: KubeSet, family: IpFamily): string {
  return family === 'IPv4' ? set : `KUBE-6-${set.slice('KUBE-'.length)}`.slice(0, longestSetName);
}

/** Type and family of each of our sets, by the kernel's name of it. */
export const kubeSetsByName: ReadonlyMap<string, { readonly type: SetType; readonly family: IpFamily }> =
  new Map(
    ipFamilies.flatMap((family) =>
      (Object.keys(kubeSets) as KubeSet[]).map(
        (set) => [setName(set, family), { type: kubeSets[set], family }] as const,
      ),
    ),
  );

/** An IP set that must exist. The key is its name. */
export interface IpSet extends Keyed {
  readonly name: string;
  readonly type: SetType;
  /** Of the addresses in it. A `bitmap:port` set has none in the kernel; here it is the family that it serves. */
  readonly family: IpFamily;
}

/** One element of a set. The key is the set's name, a space and the element. */
export interface SetEntry extends Keyed {
  /** The kernel's name of the set. */
  readonly set: string;
  /** In the notation of ipset(8): `10.96.0.10,udp:53`, `10.1.0.7,tcp:80,10.1.0.7`, `30080`. */
  readonly element: string;
}

/** Makes the entry of an element. */
export function setEntry(set: string, element: string): SetEntry {
  return { key: wholeText(set, ' ', element), set, element };
}
