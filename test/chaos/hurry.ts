import type { Clock as ReconcilerClock } from '../../lib/model/clock.ts';
import type { Clock as SourceClock } from '../../lib/sources/clock.ts';

/** The clocks of a controller whose time runs faster than the machine's. */
export interface HastyClocks {
  readonly source: SourceClock;
  readonly reconciler: ReconcilerClock;
}

/**
 * Clocks that run so many times as fast: with 100, a back-off of 30 s takes 0.3 s. Timers are real, and so may be late,
 * as on any machine. Time never goes back while the process lives.
 */
export function hastyClocks(haste: number): HastyClocks {
  const now = (): number => (performance.timeOrigin + performance.now()) * haste;
  return {
    source: {
      now,
      setTimeout: (call, milliseconds) => setTimeout(call, milliseconds / haste),
      clearTimeout: (timer) => {
        clearTimeout(timer as NodeJS.Timeout);
      },
    },
    reconciler: {
      now,
      after: (milliseconds, action) => {
        const timer = setTimeout(action, milliseconds / haste);
        return () => {
          clearTimeout(timer);
        };
      },
    },
  };
}
