import type { NodeFacts } from '../model/node-facts.ts';
import type { ServiceHealth } from '../model/plan.ts';
import type { ServiceState } from '../model/service-state.ts';
import { ipFamilies, type IpFamily } from '../model/family.ts';

/**
 * What the health check server of a service answers, where it is to have one. A pod with an address in each family is
 * one endpoint: the family that has more counts.
 */
export function healthOf(state: ServiceState, node: NodeFacts): ServiceHealth | undefined {
  const port = state.service.healthCheckNodePort;
  if (port === 0) return undefined;
  const counts = ipFamilies.map((family) => readyHere(state, family, node).size);
  return { port, localEndpoints: Math.max(...counts) };
}

function readyHere({ slices }: ServiceState, family: IpFamily, { name }: NodeFacts): ReadonlySet<string> {
  const here = slices
    .filter((slice) => slice.family === family)
    .flatMap(({ endpoints }) => endpoints)
    .filter(({ ready, nodeName }) => ready && nodeName === name);
  return new Set(here.map(({ address }) => address));
}
