import type { IpFamily } from '../model/family.ts';
import { ipFamilies } from '../model/family.ts';
import type { IpSet, KubeSet } from '../model/ip-set.ts';
import { kubeSets, setName } from '../model/ip-set.ts';
import type { Protocol } from '../model/protocol.ts';
import { wholeText } from '../model/whole-text.ts';

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
  return wholeText(address, ',', setProtocols[protocol], ':', port);
}

/** An element of a `hash:ip,port,ip` set: `10.1.0.7,tcp:80,10.1.0.7` for an endpoint that reaches itself. */
export function addressPortAddressElement(
  address: string,
  protocol: Protocol,
  port: number,
  source: string,
): string {
  return wholeText(address, ',', setProtocols[protocol], ':', port, ',', source);
}

/**
 * An element of a `hash:ip,port,net` set: `192.0.2.1,tcp:80,10.0.0.0/8`. A network of one address is written without its
 * prefix length, as the kernel gives it back.
 */
export function addressPortNetElement(
  address: string,
  protocol: Protocol,
  port: number,
  cidr: string,
): string {
  return `${address},${setProtocols[protocol]}:${port},${cidr.replace(singleAddress, '')}`;
}

/** A prefix length that leaves one address. `/32` is one for IPv4 alone. */
const singleAddress = /(?<=\.\d+)\/32$|\/128$/;
