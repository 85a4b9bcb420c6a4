import type { ReconcilerListener } from '../reconciler/reports.ts';

/** One listener that tells several, in their order. */
export function combinedListener(...listeners: readonly ReconcilerListener[]): Required<ReconcilerListener> {
  const tellAll =
    <Name extends keyof ReconcilerListener>(name: Name) =>
    (...told: Parameters<Required<ReconcilerListener>[Name]>): void => {
      for (const listener of listeners) {
        (listener[name] as ((...told: unknown[]) => void) | undefined)?.apply(listener, told);
      }
    };
  return {
    wrote: tellAll('wrote'),
    synced: tellAll('synced'),
    refused: tellAll('refused'),
    tableFailed: tellAll('tableFailed'),
    repaired: tellAll('repaired'),
    audited: tellAll('audited'),
    contended: tellAll('contended'),
    planFailed: tellAll('planFailed'),
    drained: tellAll('drained'),
    flowsLookedAt: tellAll('flowsLookedAt'),
    programmed: tellAll('programmed'),
  };
}
