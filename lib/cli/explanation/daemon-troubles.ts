import type { Problem } from '../../model/problem.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { DaemonStatus, ProgrammingStatus } from '../../socket/status.ts';
import { refusalWords } from '../refusal-words.ts';
import type { Finding } from '../status-findings.ts';

/**
 * What a running kube-ipvs tells of one Service: entries that the kernel refused, contended ones and failures.
 * @param problems what is told of the Service already, which may be that another one has its virtual server
 */
export function daemonTroubles(
  service: ServiceKey,
  daemon: DaemonStatus | undefined,
  problems: readonly Pick<Problem, 'got'>[],
): Finding[] {
  const programming = daemon?.programming;
  if (daemon === undefined) return [];
  if (programming === null || programming === undefined) {
    const text = 'kube-ipvs has just started and does not know every Service yet';
    return [{ severity: 'warning', text, hint: 'wait a moment' }];
  }
  return [
    ...refusals(service, programming),
    ...conflicts(service, programming, problems),
    ...programming.planFailures
      .filter((one) => one.service === service)
      .map(({ reason }) =>
        error(`it cannot be planned: ${reason}`, 'report that; what was served before stays in force'),
      ),
  ];
}

function refusals(service: ServiceKey, { refused }: ProgrammingStatus): Finding[] {
  return refused
    .filter(({ services }) => services.includes(service))
    .map((refusal) =>
      error(
        `the kernel refuses to ${refusalWords(refusal)}`,
        `mend that; it was tried ${timesText(refusal.attempts)} and is tried again at ${refusal.nextTry}`,
      ),
    );
}

function timesText(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function conflicts(
  service: ServiceKey,
  { conflicts: all }: ProgrammingStatus,
  problems: readonly Pick<Problem, 'got'>[],
): Finding[] {
  const hint = 'give one of the two another address or port';
  return all.flatMap(({ key, winner, losers }) => {
    if (winner === service) {
      const text = `${key} is wanted by ${losers.join(', ')} too, and served for this Service, which is older`;
      return [{ severity: 'warning', text, hint }];
    }
    const isTold = problems.some(({ got }) => got.startsWith(`${key},`));
    return losers.includes(service) && !isTold
      ? [error(`${key} is served for ${winner}, which is older`, hint)]
      : [];
  });
}

function error(text: string, hint: string): Finding {
  return { severity: 'error', text, hint };
}
