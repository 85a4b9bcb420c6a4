import { editDistance } from '../../config/suggestion.ts';
import type { ServiceState } from '../../model/service-state.ts';
import { serviceKey } from '../../model/service.ts';

/** Names that are told at most. */
const most = 5;

/** Letters that may be wrong in a name that is near to another. */
const nearest = 2;

/** Services whose names are near to one that there is not: the same in another namespace, one within it, or one with a letter wrong. */
export function nearServices(namespace: string, name: string, states: readonly ServiceState[]): string[] {
  return states
    .map(({ service }) => ({
      key: serviceKey(service.namespace, service.name),
      away: distanceTo(service, namespace, name),
    }))
    .filter(({ away }) => away <= nearest + 1)
    .sort((a, b) => a.away - b.away || (a.key < b.key ? -1 : 1))
    .slice(0, most)
    .map(({ key }) => key);
}

function distanceTo(service: ServiceState['service'], namespace: string, name: string): number {
  if (service.name === name) return 0;
  const within = service.name.includes(name) || name.includes(service.name);
  const own = within ? 1 : editDistance(service.name, name);
  return service.namespace === namespace ? own : own + 1;
}
