import { release } from 'node:os';
import { IpSets } from '../../native-bindings/ipset.ts';
import { Route } from '../../native-bindings/route.ts';
import { procText } from '../metrics/proc-file.ts';
import { serviceInterface } from './node-addresses.ts';

/** What the kernel says at a glance, without anybody's help. `null` is what it does not have, or does not show. */
export interface KernelGlance {
  readonly release: string;
  /** The version of IPVS; `null` where it is not loaded. */
  readonly ipvs: string | null;
  readonly virtualServers: number | null;
  readonly realServers: number | null;
  /** Addresses on `kube-ipvs0`; `null` where there is no such device. */
  readonly addresses: number | null;
  /** IP sets by kube-proxy's names; `null` without the right to list them. */
  readonly sets: number | null;
}

/** How many virtual and real servers a text of `/proc/net/ip_vs` lists, and of which version IPVS is. */
export function ipvsGlance(text: string): Pick<KernelGlance, 'ipvs' | 'virtualServers' | 'realServers'> {
  const lines = text.split('\n');
  return {
    ipvs: /version (\S+)/.exec(lines[0] ?? '')?.[1] ?? null,
    virtualServers: lines.filter((line) => /^(?:TCP|UDP|SCTP|FWM) /.test(line)).length,
    realServers: lines.filter((line) => /^ {2}-> [^R]/.test(line)).length,
  };
}

/** Looks at the kernel of this network namespace. Never throws; it takes some milliseconds. */
export function kernelGlance(): KernelGlance {
  const servers = procText('/proc/net/ip_vs');
  return {
    release: release(),
    ...(servers === undefined
      ? { ipvs: null, virtualServers: null, realServers: null }
      : ipvsGlance(servers)),
    addresses: orNull(countAddresses),
    sets: orNull(countSets),
  };
}

function countAddresses(): number | null {
  const route = Route.open();
  try {
    const own = route.link(serviceInterface)?.index;
    return own === undefined ? null : route.addresses().filter(({ index }) => index === own).length;
  } finally {
    route.close();
  }
}

function countSets(): number {
  const sets = IpSets.open();
  try {
    return sets.list().filter(({ name }) => name.startsWith('KUBE-')).length;
  } finally {
    sets.close();
  }
}

function orNull(count: () => number | null): number | null {
  try {
    return count();
  } catch {
    return null;
  }
}
