import { familyOf, type IpFamily } from '../model/family.ts';
import type { PlannerOptions } from '../model/planner-options.ts';

/** The match of traffic that does not start on this node's pods, or `undefined` where it cannot be told. */
export function notLocal(family: IpFamily, { localTraffic }: PlannerOptions): string | undefined {
  switch (localTraffic.by) {
    case 'nothing':
      return undefined;
    case 'source': {
      const cidr = localTraffic.cidrs.find((one) => familyOf(one) === family);
      return cidr === undefined ? undefined : `! -s ${cidr}`;
    }
    case 'interface':
      return `! -i ${localTraffic.pattern}`;
  }
}
