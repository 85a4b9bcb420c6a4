import { fnv1a } from '../model/fnv.ts';

/** Every so-manieth of many things that have keys: part `part`, counted from 0, of `of` parts of about the same size. */
export interface Share {
  readonly part: number;
  readonly of: number;
}

/** The share that has everything. */
export const everything: Share = { part: 0, of: 1 };

/**
 * Whether a thing is in a share, by its key: in one part of each division, whatever else there is. That is asked of a hash
 * of the key (FNV-1a), so that things that come and go shift no others from a part that is to come into one that has been.
 */
export function isIn({ part, of }: Share, key: string): boolean {
  if (of === 1) return true;
  return (fnv1a(key) >>> 0) % of === part;
}
