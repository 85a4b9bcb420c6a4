import { apiOperations } from './api-operations.ts';
import type { Dice } from './dice.ts';
import { kernelOperations } from './kernel-operations.ts';
import { serverOperations } from './server-operations.ts';

/** What ends a controller's life, or has a server go back in time in sight of its clients. */
export const specialKinds = ['kill', 'restore'] as const;

/** The name of everything that can happen in a run. */
export const everyKind: readonly string[] = [
  ...[...apiOperations, ...serverOperations, ...kernelOperations].map(({ kind }) => kind),
  ...specialKinds,
];

/** The troubles of one run: most kinds, so that runs differ in what they combine. Those of the API are always there. */
export function chooseKinds(dice: Dice): Set<string> {
  const troubles = [...serverOperations, ...kernelOperations].filter((operation) =>
    dice.chance('loses' in operation ? 0.3 : 0.85),
  );
  return new Set([...apiOperations, ...troubles].map(({ kind }) => kind).concat(specialKinds));
}

/**
 * Whether clients may have missed something without any sign that they did: events were lost, or came late and
 * the connection broke before. No client can mend that before it lists again.
 */
export function mayLose(kinds: ReadonlySet<string>): boolean {
  const troubles = serverOperations.filter(({ kind }) => kinds.has(kind));
  return troubles.some(
    ({ loses }) =>
      loses === 'always' || (loses === 'broken' && troubles.some(({ breaks }) => breaks === true)),
  );
}

/** Whether a streamed list may lack something without any sign, so that clients take it for gone. */
export function mayOmit(kinds: ReadonlySet<string>): boolean {
  return serverOperations.some(({ kind, loses }) => kinds.has(kind) && loses !== undefined);
}
