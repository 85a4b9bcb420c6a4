import type { ServiceKey } from '../model/service.ts';

/** The services that a cold node needs before any other: without the API server's address nothing else comes up. */
export const defaultFirstServices: readonly ServiceKey[] = ['default/kubernetes'];

/** Services planned and written at a time; between two batches the event loop and the retries get their turn. */
export const batchSize = 512;

/**
 * Virtual servers that are asked for connections in one step before real servers of theirs are removed. Each costs a
 * request of its own; whatever is to be added need not wait for that.
 */
export const looksPerStep = 256;

/**
 * Cuts services into batches of bounded size. Those of `first` that are among them make the first batch by themselves,
 * which is complete in the kernel before the next is begun. An older service that contends with one of those for a virtual
 * server gets it with its own batch only, so that a start writes it twice; in a cluster `default/kubernetes` has no rival,
 * for nothing else may have its address.
 */
export function* batchesOf(
  services: readonly ServiceKey[],
  first: readonly ServiceKey[],
): Generator<readonly ServiceKey[]> {
  const foremost = new Set(first);
  const early = services.filter((service) => foremost.has(service));
  const rest = early.length === 0 ? services : services.filter((service) => !foremost.has(service));
  if (early.length > 0) yield early;
  for (let start = 0; start < rest.length; start += batchSize) yield rest.slice(start, start + batchSize);
}
