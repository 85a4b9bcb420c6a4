import {
  everywhere,
  programmingDuration,
  programmingRecord,
  quantile,
  slowShare,
  slowShareRecord,
  slowWindows,
} from '../dashboards/queries.ts';
import type { Recording } from './rule.ts';

const labels = ['cluster', 'job'] as const;

/** Without what is no number, where nothing was programmed: percentiles over a day would be none either. */
function known(expression: string): string {
  return `${expression} >= 0`;
}

/** What is recorded for the objective of programming, because it is looked at over hours and days. */
export const recordings: readonly Recording[] = [
  {
    record: programmingRecord,
    expression: known(quantile(0.99, programmingDuration, everywhere, '5m', labels)),
  },
  ...slowWindows.map((window) => ({
    record: slowShareRecord(window),
    // Rounding may leave less than nothing.
    expression: known(`clamp_min(${slowShare(everywhere, window, labels)}, 0)`),
  })),
];
