import { setImmediate } from 'node:timers/promises';
import { isNotFound } from '../../native-bindings/error.ts';
import type { IpSetBatch } from '../../native-bindings/ipset-batch.ts';
import type { IpSets, KernelSet } from '../../native-bindings/ipset.ts';

/** The set that the content of another is moved into. There is at most one at a time. */
const temporaryName = 'KUBE-IPVS-GROWING';

/** Elements copied between two turns of the event loop: a few milliseconds. */
const elementsAtOnce = 2048;

/** Most buckets to begin with; the kernel adds more by itself. */
const largestHashSize = 1 << 20;

/**
 * Gives a hash set room for `needed` elements. The kernel cannot enlarge a set, so a larger one is filled with the same
 * elements and takes its place in one step: rules that refer to the name never meet an empty set. A set that has the
 * room, one without a limit, and one that does not exist are left alone. Throws the kernel's refusal; then the set is as
 * it was.
 */
export async function growSet(sets: IpSets, name: string, needed: number): Promise<void> {
  const set = sets.list().find((candidate) => candidate.name === name);
  if (set?.maximumElements === undefined || set.maximumElements >= needed) return;
  try {
    await fillTemporary(sets, set, Math.max(2 * set.maximumElements, powerOfTwo(needed)));
    const batch = sets.batch();
    batch.swap(temporaryName, name);
    runAll(batch);
  } finally {
    destroyTemporary(sets);
  }
}

/** Makes the larger set with the elements of the present one. */
async function fillTemporary(sets: IpSets, set: KernelSet, maximumElements: number): Promise<void> {
  // One that a process left behind when it was killed.
  destroyTemporary(sets);
  const batch = sets.batch();
  batch.create({
    name: temporaryName,
    type: set.type,
    family: set.family ?? 'IPv4',
    revision: set.revision,
    hashSize: Math.min(powerOfTwo(maximumElements / 2), largestHashSize),
    maximumElements,
  });
  runAll(batch);
  const elements = sets.members(set.name);
  for (let from = 0; from < elements.length; from += elementsAtOnce) {
    if (from > 0) await setImmediate();
    for (const element of elements.slice(from, from + elementsAtOnce)) batch.add(temporaryName, element);
    runAll(batch);
  }
}

/** Removes the temporary set, which after a swap is the old one. */
function destroyTemporary(sets: IpSets): void {
  const batch = sets.batch();
  batch.destroy(temporaryName);
  const [error] = batch.run();
  if (error !== undefined && !isNotFound(error)) throw error;
}

function runAll(batch: IpSetBatch): void {
  const error = batch.run().find((outcome) => outcome !== undefined);
  if (error !== undefined) throw error;
}

/** The smallest power of two that is not below the number. */
function powerOfTwo(number: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, number)));
}
