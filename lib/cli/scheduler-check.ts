import { hasCode } from '../../native-bindings/error.ts';
import type { NetlinkError } from '../../native-bindings/error.ts';
import type { IpvsBatch } from '../../native-bindings/ipvs-batch.ts';
import type { Run } from '../kernel/command.ts';
import { protocolNumbers } from '../model/protocol.ts';
import { Failure } from './failure.ts';

/** A virtual server that nothing can ask for: its address is for documentation (RFC 5737). kube-proxy's own probe. */
const probe = { protocol: protocolNumbers.TCP, address: '198.51.100.0', port: 20_000 };

/** What is used of the IPVS client. */
export interface SchedulerProber {
  batch(): Pick<IpvsBatch, 'newService' | 'deleteService' | 'run'>;
}

/**
 * Sees that the kernel has a scheduler, by making a virtual server with it and removing that again. One that is missing
 * is loaded where that can be done.
 *
 * @throws Failure where the kernel does not have it
 */
export async function checkScheduler(ipvs: SchedulerProber, scheduler: string, run: Run): Promise<void> {
  if (!isMissing(tryScheduler(ipvs, scheduler))) return;
  await run('modprobe', [`ip_vs_${scheduler}`]);
  const refusal = tryScheduler(ipvs, scheduler);
  if (!isMissing(refusal)) return;
  throw schedulerFailure(scheduler, refusal);
}

/** What is wrong where the kernel does not have the configured scheduler. */
export function schedulerFailure(scheduler: string, cause?: unknown): Failure {
  return new Failure(
    'no-scheduler',
    `--ipvs-scheduler: expected a scheduler that the kernel has, got "${scheduler}"`,
    `load its module on the node (modprobe ip_vs_${scheduler}), or choose another scheduler`,
    { cause },
  );
}

/**
 * Whether the kernel has a scheduler or loads it when it is asked for it; also where it says something else than that it
 * has none, so that this is found out where it matters.
 */
export function hasScheduler(ipvs: SchedulerProber, scheduler: string): boolean {
  return !isMissing(tryScheduler(ipvs, scheduler));
}

function tryScheduler(ipvs: SchedulerProber, scheduler: string): NetlinkError | undefined {
  const batch = ipvs.batch();
  batch.newService({ ...probe, scheduler, flags: 0, timeout: 0, netmask: 32 });
  const [refusal] = batch.run();
  batch.deleteService(probe);
  batch.run();
  return refusal;
}

/** IPVS says ENOENT of a new virtual server for one reason only: it finds no such scheduler. */
function isMissing(refusal: NetlinkError | undefined): boolean {
  return hasCode(refusal, 'ENOENT');
}
