import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import { plannerOptions } from '../config/planning.ts';
import { Sysctls } from '../kernel/sysctls.ts';
import { planBase } from '../planner/base-plan.ts';
import { exitStatus } from './failure.ts';
import { hostFacts } from './host.ts';
import { openIpvs } from './kernel.ts';

/**
 * Does what takes more than the capability NET_ADMIN: has the kernel load IPVS, and sets the kernel settings that are
 * configured. Gives the exit status.
 */
export async function initialize(configuration: Configuration, log: Logger): Promise<number> {
  // Its settings are there as soon as it is loaded.
  openIpvs(undefined).close();
  const host = await hostFacts(false);
  const { sysctls } = planBase(plannerOptions(configuration, { ...host, podCidrs: [] }));
  const table = new Sysctls({ keys: sysctls.map(({ key }) => key) });
  const refusals = await table.apply(sysctls.map((after) => ({ key: after.key, before: undefined, after })));
  for (const { message } of refusals.values()) log.error({}, message);
  log.info({ settings: sysctls.length - refusals.size }, 'the kernel settings are set');
  return refusals.size === 0 ? exitStatus.success : exitStatus.failure;
}
