import type { Keyed } from './keyed.ts';

/** A kernel setting. The key is its path under /proc/sys, with slashes: `net/ipv4/vs/conntrack`. */
export interface Sysctl extends Keyed {
  /** As the file under /proc/sys shows it, without white space around it. */
  readonly value: string;
  /** The value is a number and the least that will do: a greater one is left alone. */
  readonly atLeast?: true;
}
