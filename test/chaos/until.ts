import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosFailure } from './failure.ts';

/** Milliseconds for anything to come about, on a machine that has other things to do. */
const limit = 60_000;

/** Waits until something holds. Rejects with the failure that `explain` gives where it does not come to hold. */
export async function until(
  holds: () => Promise<boolean> | boolean,
  explain: () => Promise<ChaosFailure> | ChaosFailure,
): Promise<void> {
  const deadline = performance.now() + limit;
  while (!(await holds())) {
    if (performance.now() > deadline) throw await explain();
    await sleep(10);
  }
}
