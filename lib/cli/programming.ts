import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import type { KernelTables } from '../kernel/kernel-tables.ts';
import { systemClock } from '../reconciler/clock.ts';
import type { ProgrammerOptions } from '../reconciler/programmer.ts';
import type { Planning } from './planning.ts';

/** What the reconciler works on, for a configuration. */
export function programmerOptions(
  tables: KernelTables,
  planning: Planning,
  configuration: Pick<Configuration, 'excludeCidrs' | 'drainTimeout'>,
  log: Logger,
): ProgrammerOptions {
  return {
    tables,
    base: planning.base,
    plan: (service) => planning.plan(service),
    log,
    clock: systemClock,
    random: Math.random,
    excludeCIDRs: configuration.excludeCidrs,
    drainTimeout: configuration.drainTimeout,
  };
}
