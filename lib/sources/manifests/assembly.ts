import type { EndpointSlice } from '../../model/endpoint-slice.ts';
import type { Problem } from '../../model/problem.ts';
import { type Service, type ServiceKey, serviceKey } from '../../model/service.ts';
import { mirrorEndpoints } from '../endpoints-mirroring.ts';
import type { Endpoints } from '../objects/endpoints-decoder.ts';
import { findConflicts } from './conflicts.ts';
import { type ManifestObject, twinProblem } from './manifest-file.ts';

/** What the manifests ask for together. */
export interface Assembly {
  readonly services: ReadonlyMap<ServiceKey, Service>;
  /** By `namespace/name`. */
  readonly slices: ReadonlyMap<string, EndpointSlice>;
  /** What is wrong between objects, each of which is right by itself. */
  readonly problems: readonly Problem[];
}

interface Assembling {
  readonly services: Map<ServiceKey, Service>;
  readonly slices: Map<string, EndpointSlice>;
  readonly problems: Problem[];
}

/**
 * Puts the objects of all files together: of two with one id the first counts, Endpoints become slices, and endpoints
 * outside any service and contested addresses are found.
 *
 * @param objects in the order of their files
 * @param mentioned the ids of all that is written, be it invalid or skipped
 */
export function assemble(objects: Iterable<ManifestObject>, mentioned: ReadonlySet<string>): Assembly {
  const assembling: Assembling = { services: new Map(), slices: new Map(), problems: [] };
  const chosen = choose(objects, assembling.problems);
  for (const { key, service } of chosen.values()) {
    if (service !== undefined) assembling.services.set(key, service);
  }
  for (const object of chosen.values()) {
    if (object.endpoints !== undefined) addMirrored(assembling, object, object.endpoints, chosen, mentioned);
  }
  for (const object of chosen.values()) {
    if (object.slice !== undefined) addSlice(assembling, object, object.slice, mentioned);
  }
  assembling.problems.push(...findConflicts(chosen.values()));
  return assembling;
}

function choose(objects: Iterable<ManifestObject>, problems: Problem[]): Map<string, ManifestObject> {
  const chosen = new Map<string, ManifestObject>();
  for (const object of objects) {
    const first = chosen.get(object.id);
    if (first === undefined) chosen.set(object.id, object);
    else problems.push(twinProblem(object.id, object.locate([]), first.locate([])));
  }
  return chosen;
}

function addSlice(
  { slices, problems }: Assembling,
  object: ManifestObject,
  slice: EndpointSlice,
  mentioned: ReadonlySet<string>,
): void {
  slices.set(object.key, slice);
  const id = `Service ${serviceKey(slice.namespace, slice.service)}`;
  if (mentioned.has(id)) return;
  const label = ['metadata', 'labels', 'kubernetes.io/service-name'];
  problems.push(outsideAnyService(object, label, 'metadata.labels["kubernetes.io/service-name"]', id));
}

function addMirrored(
  { slices, problems }: Assembling,
  object: ManifestObject,
  endpoints: Endpoints,
  chosen: ReadonlyMap<string, ManifestObject>,
  mentioned: ReadonlySet<string>,
): void {
  const id = `Service ${object.key}`;
  if (!mentioned.has(id)) {
    problems.push(outsideAnyService(object, ['metadata', 'name'], 'metadata.name', id));
  } else if (chosen.get(id)?.selects === true) {
    problems.push(ofSelectingService(object, id));
  } else {
    for (const slice of mirrorEndpoints(endpoints)) {
      slices.set(serviceKey(slice.namespace, slice.name), slice);
    }
  }
}

function outsideAnyService(object: ManifestObject, path: string[], field: string, service: string): Problem {
  return {
    where: object.locate(path),
    object: object.id,
    field,
    expected: 'the name of a service in the same namespace',
    got: `endpoints outside any service: there is no ${service}`,
    hint: 'correct the name or add the service; the endpoints are used as soon as it is there',
    severity: 'warning',
  };
}

function ofSelectingService(object: ManifestObject, service: string): Problem {
  return {
    where: object.locate([]),
    object: object.id,
    expected: 'Endpoints of a service without selector',
    got: `those of ${service}, which has one`,
    hint: 'they are not used; write an EndpointSlice instead, or remove the selector',
    severity: 'warning',
  };
}
