import type { IpFamily } from '../model/family.ts';
import { ipFamilies } from '../model/family.ts';
import type { IpSet, KubeSet } from '../model/ip-set.ts';
import { kubeSets, setName } from '../model/ip-set.ts';
import type { Protocol } from '../model/protocol.ts';

const kubeSetNames = Object.keys(kubeSets) as KubeSet[];

/** The kernel's name of each set, by family. */
export const setNames = Object.fromEntries(
  ipFamilies.map((family) => [
    family,
    Object.fromEntries(kubeSetNames.map((set) => [set, setName(set, family)])),
  ]),
) as Readonly<Record<IpFamily, Readonly<Record<KubeSet, string>>>>;

/** Protocols as ipset(8) writes them. */
const setProtocols: Readonly<Record<Protocol, string>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };

/** The sets of a family. They exist whether or not anything is in them, so that the rules that name them can stand. */
export function setsOf(family: IpFamily): IpSet[] {
  return kubeSetNames.map((set) => {
    const name = setNames[family][set];
    return { key: name, name, type: kubeSets[set], family };
  });
}

/** An element of a `hash:ip,port` set: `10.96.0.10,tcp:80`. */
export function addressPortElement(address: string, protocol: Protocol, port: number): string {
  return `${address},${setProtocols[protocol]}:${port}`;
}

/** An element of a `hash:ip,port,ip` set that stands for an endpoint reaching itself: `10.1.0.7,tcp:80,10.1.0.7`. */
export function loopBackElement(address: string, protocol: Protocol, port: number): string {
  return `${address},${setProtocols[protocol]}:${port},${address}`;
}
