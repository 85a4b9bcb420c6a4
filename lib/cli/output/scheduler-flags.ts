import { virtualServerFlags } from '../../model/virtual-server.ts';

/**
 * What the three flags of a scheduler are called, as ipvsadm prints them: first SCHED1, then SCHED2, then SCHED3. `sh`
 * and `mh` have names of their own and no third one.
 */
const names: Readonly<Record<string, readonly string[]>> = {
  sh: ['sh-fallback', 'sh-port'],
  mh: ['mh-fallback', 'mh-port'],
};

const otherNames = ['flag-1', 'flag-2', 'flag-3'];

const bits = [
  virtualServerFlags.schedulerFlag1,
  virtualServerFlags.schedulerFlag2,
  virtualServerFlags.schedulerFlag3,
];

/** The names of the scheduler's flags that are set, in ipvsadm's words and order. */
export function flagNames(scheduler: string, flags: number): string[] {
  return (names[scheduler] ?? otherNames).filter((_name, index) => (flags & (bits[index] ?? 0)) !== 0);
}
