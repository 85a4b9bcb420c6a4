import type { ServiceKey } from '../../model/service.ts';
import type { DaemonStatus, ProgrammingStatus } from '../../socket/status.ts';
import type { Finding } from '../status-findings.ts';

/** What a running kube-ipvs tells of one Service: entries that the kernel refused, contended ones, failures and what drains. */
export function daemonTroubles(service: ServiceKey, daemon: DaemonStatus | undefined): Finding[] {
  const programming = daemon?.programming;
  if (daemon === undefined) return [];
  if (programming === null || programming === undefined) {
    const text = 'kube-ipvs has just started and does not know every Service yet';
    return [{ severity: 'warning', text, hint: 'wait a moment' }];
  }
  return [
    ...refusals(service, programming),
    ...conflicts(service, programming),
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
    .map(({ operation, key, reason, attempts, nextTry }) =>
      error(
        `the kernel refuses to ${operation} ${key}: ${reason}`,
        `mend that; it was tried ${attempts === 1 ? 'once' : `${attempts} times`} and is tried again at ${nextTry}`,
      ),
    );
}

function conflicts(service: ServiceKey, { conflicts: all }: ProgrammingStatus): Finding[] {
  const hint = 'give one of the two another address or port';
  return all.flatMap(({ key, winner, losers }) => {
    if (winner === service) {
      const text = `${key} is wanted by ${losers.join(', ')} too, and served for this Service, which is older`;
      return [{ severity: 'warning', text, hint }];
    }
    return losers.includes(service) ? [error(`${key} is served for ${winner}, which is older`, hint)] : [];
  });
}

function error(text: string, hint: string): Finding {
  return { severity: 'error', text, hint };
}
