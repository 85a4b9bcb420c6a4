import type { EndpointSlice } from '../../model/endpoint-slice.ts';
import type { Service, ServiceKey } from '../../model/service.ts';
import type { ServiceState } from '../../model/service-state.ts';
import type { Clock } from '../clock.ts';
import { decodeEndpointSlice } from '../objects/endpoint-slice-decoder.ts';
import { decodeService } from '../objects/service-decoder.ts';
import type { Api } from './api.ts';
import { decoding, labelSelector } from './kubernetes-source.ts';
import { listPages } from './page-list.ts';

/** What it takes to read one service ahead of all. */
export interface ServiceAheadOptions {
  readonly api: Api;
  readonly clock: Clock;
  readonly service: ServiceKey;
  readonly signal: AbortSignal;
}

/** Which objects are listed. */
interface Selection {
  readonly what: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

/** Milliseconds without a byte after which an answer is given up. */
const idleTime = 10_000;

/** The server may answer from its memory, be it a little behind: everything is read again by the lists. */
const fromMemory = { resourceVersion: '0' };

/**
 * Reads one service with its slices, without the others there are; by lists with selectors, for these are allowed to
 * whoever may list all of them. Undefined where there is no such service, it is not meant for this program, or not all
 * of it can be used: the lists tell of that. Rejects with Trouble, or as the API does, where it cannot be read.
 */
export async function readServiceAhead(options: ServiceAheadOptions): Promise<ServiceState | undefined> {
  const [namespace = '', name = ''] = options.service.split('/');
  const [services, slices] = await Promise.all([
    readAll(options, {
      what: 'Services',
      path: `/api/v1/namespaces/${namespace}/services`,
      query: { ...fromMemory, labelSelector, fieldSelector: `metadata.name=${name}` },
    }),
    readAll(options, {
      what: 'EndpointSlices',
      path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      query: { ...fromMemory, labelSelector: `${labelSelector},kubernetes.io/service-name=${name}` },
    }),
  ]);
  return stateOf(
    services.map((object) => decodeService(object, decoding).value),
    slices.map((object) => decodeEndpointSlice(object, decoding).value),
  );
}

function stateOf(
  [service]: readonly (Service | undefined)[],
  decoded: readonly (EndpointSlice | undefined)[],
): ServiceState | undefined {
  const slices = decoded.filter((slice) => slice !== undefined);
  if (service === undefined || slices.length < decoded.length) return undefined;
  return { service, slices: slices.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

async function readAll(
  { api, clock, signal }: ServiceAheadOptions,
  selection: Selection,
): Promise<readonly unknown[]> {
  const objects: unknown[] = [];
  for await (const { items, restarted } of listPages({
    ...{ api, clock, signal, ...selection },
    idleTime: () => idleTime,
  })) {
    if (restarted) objects.length = 0;
    objects.push(...items);
  }
  return objects;
}
