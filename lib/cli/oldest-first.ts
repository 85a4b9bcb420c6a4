import type { Catalog } from '../catalog/catalog.ts';
import type { ServiceKey } from '../model/service.ts';

/**
 * The keys of all services, the oldest first and those of one age by their keys: the order in which the reconciler is to
 * be started with them, so that none of two that want one address is served for a moment by the one that loses it.
 */
export function oldestFirst(catalog: Pick<Catalog, 'keys' | 'get'>): ServiceKey[] {
  const aged = [...catalog.keys()].map((key) => ({ key, created: catalog.get(key)?.service.created ?? 0 }));
  aged.sort((a, b) => a.created - b.created || (a.key < b.key ? -1 : 1));
  return aged.map(({ key }) => key);
}
