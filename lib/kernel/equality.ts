import { isDeepStrictEqual } from 'node:util';
import type { FirewallProgram } from '../model/firewall-program.ts';
import type { IpSet } from '../model/ip-set.ts';
import type { RealServer } from '../model/real-server.ts';
import type { Sysctl } from '../model/sysctl.ts';
import type { VirtualServer } from '../model/virtual-server.ts';

// What `Table.equals` says, for the real table and the fake of it alike. The keys are known equal everywhere.

/** True where the kernel would treat packets the same. */
export function sameVirtualServer(a: VirtualServer, b: VirtualServer): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.flags === b.flags &&
    a.timeout === b.timeout &&
    a.persistencePrefix === b.persistencePrefix
  );
}

/** True where the kernel would treat packets the same. */
export function sameRealServer(a: RealServer, b: RealServer): boolean {
  return (
    a.weight === b.weight &&
    a.forwarding === b.forwarding &&
    a.upperThreshold === b.upperThreshold &&
    a.lowerThreshold === b.lowerThreshold
  );
}

/** True where the two sets can hold the same elements. */
export function sameSet(a: IpSet, b: IpSet): boolean {
  return a.type === b.type && a.family === b.family;
}

/** True where what the kernel has is what is wanted, or more where that will do. White space counts as one blank. */
export function sameSysctl(held: Sysctl, wanted: Sysctl): boolean {
  if (wanted.atLeast === true) return Number(held.value) >= Number(wanted.value);
  return oneBlank(held.value) === oneBlank(wanted.value);
}

/** `net/ipv4/ip_local_port_range` shows a tab where people write a blank. */
function oneBlank(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}

/** True where every chain, rule and jump is the same, in the same order. */
export function sameFirewall(a: FirewallProgram, b: FirewallProgram): boolean {
  return isDeepStrictEqual(a, b);
}

/** For entries that are nothing but their key: addresses and elements of sets. */
export function alwaysSame(): boolean {
  return true;
}
