import type { BasePlan } from '../model/plan.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import { firewallProgram } from './firewall-program.ts';
import { setsOf } from './sets.ts';
import { sysctlsOf } from './sysctls.ts';

/** What a node's kernel should hold whatever services there are: kernel settings, empty sets, the iptables program. */
export function planBase(options: PlannerOptions): BasePlan {
  return {
    sysctls: sysctlsOf(options),
    sets: options.families.flatMap(setsOf),
    firewall: options.families.map((family) => firewallProgram(family, options)),
  };
}
