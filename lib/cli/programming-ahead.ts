import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import { defaultFirstServices } from '../reconciler/batches.ts';
import { programFirst } from '../reconciler/first-services.ts';
import { ApiServers } from './api-servers.ts';
import { type Kernel, kernelTables } from './kernel.ts';
import { KernelSchedulers } from './kernel-schedulers.ts';
import { hasScheduler } from './scheduler-check.ts';
import { nodeAddresses, nodePortCidrs } from './node-addresses.ts';
import { createPlanning, type Planning } from './planning.ts';
import { programmerOptions } from './programming.ts';
import type { ServiceSource } from './service-source.ts';
import { serviceKey } from '../model/service.ts';
import type { ServiceState } from '../model/service-state.ts';

/** What programming ahead of the lists needs. */
export interface AheadOptions {
  readonly kernel: Kernel;
  readonly configuration: Configuration;
  readonly source: Pick<ServiceSource, 'readAhead' | 'node' | 'cluster'>;
  readonly log: Logger;
  /** Whether this machine's iptables knows `--random-fully`, once it is known that the kernel has what it takes. */
  readonly randomFully: Promise<boolean>;
}

/**
 * Gives a cold node the API server's own service while everything else is still being read: without it nothing else
 * comes up there, and the lists of a large cluster take seconds. Never rejects: what cannot be done ahead is done with
 * the others, in the start that follows. There the services are read, planned and compared again, so that what is
 * written here does not bind it.
 */
export async function programAhead(options: AheadOptions): Promise<void> {
  const { source, randomFully, log } = options;
  try {
    const states = await source.readAhead(defaultFirstServices);
    if (states.length > 0) await program(options, states, await randomFully);
  } catch (error) {
    log.debug({ err: error }, 'no service can be programmed before all are known');
  }
}

async function program(
  options: AheadOptions,
  states: readonly ServiceState[],
  randomFully: boolean,
): Promise<void> {
  const { kernel, configuration, log } = options;
  const known = new Map(states.map((state) => [keyOf(state), state]));
  const planning = await planningFor(options, known, randomFully);
  const tables = kernelTables(kernel, planning.base.sysctls);
  const services = [...known.keys()];
  const report = await programFirst(programmerOptions(tables, planning, configuration, log), services);
  if (report === undefined)
    log.debug({ services }, 'what the kernel has is left until all services are known');
  else log.info({ services, ...report }, 'programmed before all services are known');
}

/** Plans as the start does, so that nothing is written that it would refuse. */
async function planningFor(
  { kernel, configuration, source: { node, cluster }, log }: AheadOptions,
  catalog: ReadonlyMap<string, ServiceState>,
  randomFully: boolean,
): Promise<Planning> {
  const schedulers = new KernelSchedulers((name) => hasScheduler(kernel.ipvs, name));
  const apiServers = new ApiServers({ url: cluster?.server, catalog, log });
  const [planning] = await Promise.all([
    createPlanning({ configuration, catalog, node, randomFully, schedulers }),
    apiServers.resolve(),
  ]);
  const cidrs = nodePortCidrs(configuration.nodePortAddresses, node.primaryAddresses);
  planning.node = { ...planning.node, ...nodeAddresses(kernel.route, cidrs, apiServers.addresses) };
  return planning;
}

const keyOf = ({ service }: ServiceState): string => serviceKey(service.namespace, service.name);
