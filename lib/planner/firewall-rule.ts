import type { IpFamily } from '../model/family.ts';
import type { KubeSet } from '../model/ip-set.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import { setNames } from './sets.ts';

/** The parts of a packet that a set's element is compared with, in the element's order. */
export type SetDirection = 'dst' | 'dst,dst' | 'src,dst' | 'dst,dst,src' | 'dst,dst,dst';

/** The match of a packet against a set: `-m set --match-set KUBE-CLUSTER-IP dst,dst`. */
export function inSet(set: KubeSet, family: IpFamily, direction: SetDirection): string {
  return `-m set --match-set ${setNames[family][set]} ${direction}`;
}

/** The match of a packet that is not in a set. */
export function notInSet(set: KubeSet, family: IpFamily, direction: SetDirection): string {
  return `-m set ! --match-set ${setNames[family][set]} ${direction}`;
}

/** `-m comment --comment "…"`. */
export function comment(text: string): string {
  return `-m comment --comment "${text}"`;
}

/** The bit of the firewall mark that asks for masquerading, as iptables-save writes it: `0x4000`. */
export function masqueradeMark(options: PlannerOptions): string {
  return `0x${(2 ** options.masqueradeBit).toString(16)}`;
}
