import type { Logger } from 'pino';
import type { Shortfall } from '../reconciler/once.ts';

/** What could not be brought into the kernel, a line of text each. */
export function shortfallLines(shortfall: Shortfall): string[] {
  return [
    ...shortfall.failed.map(({ table, error }) => `${table}: ${error.message}`),
    ...shortfall.refused.map(({ refusal }) => `${refusal.operation}: ${refusal.message}`),
    ...shortfall.planFailures.map(({ service, error }) => `${service}: cannot be planned: ${error.message}`),
  ];
}

/** Logs what could not be brought into the kernel, an error each. */
export function logShortfall(shortfall: Shortfall, log: Logger): void {
  for (const line of shortfallLines(shortfall)) log.error({}, line);
}
