import type { Configuration } from '../config/configuration.ts';
import type { Run } from '../kernel/command.ts';
import { TableError } from '../kernel/table.ts';
import type { Kernel } from './kernel.ts';
import { checkScheduler } from './scheduler-check.ts';

/** Failures that pass by themselves: the program starts all the same and tries again. */
const passing: readonly string[] = ['xtables-lock', 'iptables-timeout'];

/**
 * Sees that this machine has what it takes, so that what can never work is told at once and not at every try: the
 * scheduler, iptables, and a kube-ipvs0 that is ours.
 *
 * @throws AggregateError with a `Failure` or `TableError` for each thing that is missing
 */
export async function checkKernel(
  kernel: Pick<Kernel, 'ipvs' | 'firewall' | 'addresses'>,
  { scheduler }: Pick<Configuration, 'scheduler'>,
  run: Run,
): Promise<void> {
  const outcomes = await Promise.allSettled([
    checkScheduler(kernel.ipvs, scheduler, run),
    kernel.firewall.readAhead(),
    kernel.addresses.apply([]),
  ]);
  const reasons = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map(({ reason }): unknown => reason)
    .filter((reason) => !(reason instanceof TableError && passing.includes(reason.code)));
  if (reasons.length > 0) throw new AggregateError(reasons);
}
