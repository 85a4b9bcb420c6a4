import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import type { KernelTables } from '../kernel/kernel-tables.ts';
import { systemClock } from '../reconciler/clock.ts';
import type { ProgrammerOptions } from '../reconciler/programmer.ts';
import { localAddressesOf } from '../planner/addresses.ts';
import type { Planning } from './planning.ts';
import { ServiceFindings, type ServiceFindingsOptions } from './service-findings.ts';

/**
 * What the reconciler works on, for a configuration. What is written in services and not followed is logged when these
 * are planned.
 *
 * @param found told of it as well
 */
export function programmerOptions(
  tables: KernelTables,
  planning: Planning,
  configuration: Pick<Configuration, 'excludeCidrs' | 'drainTimeout'>,
  log: Logger,
  found?: ServiceFindingsOptions['found'],
): ProgrammerOptions {
  const findings = new ServiceFindings({ planning, log, found });
  return {
    tables,
    base: planning.base,
    plan: (service) => {
      findings.look(service);
      return planning.plan(service);
    },
    log,
    clock: systemClock,
    random: Math.random,
    excludeCIDRs: configuration.excludeCidrs,
    nodeAddresses: () => localAddressesOf(planning.node),
    drainTimeout: configuration.drainTimeout,
  };
}
