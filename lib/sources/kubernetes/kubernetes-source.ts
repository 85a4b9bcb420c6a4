import type { Logger } from 'pino';
import type { EndpointSlice } from '../../model/endpoint-slice.ts';
import type { Problem } from '../../model/problem.ts';
import { type Service, type ServiceKey, serviceKey } from '../../model/service.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { ObjectSink } from '../object-sink.ts';
import type { LabelListener } from '../objects/decoded.ts';
import { decodeEndpointSlice } from '../objects/endpoint-slice-decoder.ts';
import { isObject } from '../objects/fields.ts';
import { decodeService } from '../objects/service-decoder.ts';
import type { Api } from './api.ts';
import { ObjectFeed } from './object-feed.ts';
import type { ProblemListener } from './problem-listener.ts';
import { Reflector } from './reflector.ts';
import type { WatchCounters } from './watch-counters.ts';
import { metadataOf } from './watch-event.ts';

/** What a KubernetesSource needs. */
export interface KubernetesSourceOptions {
  readonly api: Api;
  /** Where the objects go. */
  readonly catalog: ObjectSink;
  readonly log: Logger;
  readonly labelled?: LabelListener | undefined;
  readonly clock?: Clock;
  /** A number from 0 up to but not including 1. */
  readonly random?: () => number;
}

/** As kube-proxy has it: what is labelled for another proxy (KEP-2447), or headless, is not read at all. */
export const labelSelector = '!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless';

/** The server has dropped unknown fields, and a newer one has more. */
export const decoding = { unknownFields: 'accept' } as const;

/**
 * Services and EndpointSlices from an API server. The catalog is marked synced when both have been listed, never
 * before; what it holds stays when the server cannot be reached. Nothing that a server does ends it: see Reflector.
 */
export class KubernetesSource {
  readonly #services: ObjectFeed<Service>;
  readonly #slices: ObjectFeed<EndpointSlice>;
  readonly #reflectors: { readonly services: Reflector; readonly endpointSlices: Reflector };
  readonly #unlisted = new Set(['Services', 'EndpointSlices']);

  constructor(options: KubernetesSourceOptions) {
    const { api, catalog, log, labelled } = options;
    const common = {
      api,
      log,
      labelSelector,
      clock: options.clock ?? systemClock,
      random: options.random ?? Math.random,
    };
    const decodingServices = { ...decoding, labelled };
    const services = new ObjectFeed({
      kind: 'Service',
      decode: (object) => decodeService(object, decodingServices),
      serviceOf: (key) => key,
      set: (service) => {
        catalog.setService(service);
      },
      delete: (key) => {
        catalog.deleteService(key);
      },
      synced: () => {
        this.#listed('Services', catalog);
      },
      log,
    });
    const slices = new ObjectFeed({
      kind: 'EndpointSlice',
      decode: (object) => decodeEndpointSlice(object, decoding),
      serviceOf: serviceOfSlice,
      set: (slice) => {
        catalog.setSlice(slice);
      },
      delete: (key) => {
        const [namespace = '', name = ''] = key.split('/');
        catalog.deleteSlice(namespace, name);
      },
      synced: () => {
        this.#listed('EndpointSlices', catalog);
      },
      log,
    });
    this.#services = services;
    this.#slices = slices;
    this.#reflectors = {
      services: new Reflector({ ...common, what: 'Services', path: '/api/v1/services', handler: services }),
      endpointSlices: new Reflector({
        ...common,
        what: 'EndpointSlices',
        path: '/apis/discovery.k8s.io/v1/endpointslices',
        handler: slices,
      }),
    };
  }

  /** What has happened to each watch, for metrics to read. */
  get counters(): { readonly services: WatchCounters; readonly endpointSlices: WatchCounters } {
    const { services, endpointSlices } = this.#reflectors;
    return { services: services.counters, endpointSlices: endpointSlices.counters };
  }

  /** What keeps each watch from going on now, if anything. */
  get troubleOf(): Readonly<Record<'services' | 'endpointSlices', string | undefined>> {
    const { services, endpointSlices } = this.#reflectors;
    return { services: services.trouble, endpointSlices: endpointSlices.trouble };
  }

  /** What keeps the server from being read now, and why what was read is not served: for people and health checks. */
  get troubles(): readonly string[] {
    return Object.values(this.troubleOf).filter((trouble) => trouble !== undefined);
  }

  /** What is wrong with objects now. */
  problems(): readonly Problem[] {
    return [...this.#services.problems, ...this.#slices.problems];
  }

  /** Has a function told of what is wrong with the objects of services now, and of every change of that. */
  followProblems(listener: ProblemListener): void {
    this.#services.follow(listener);
    this.#slices.follow(listener);
  }

  /** Begins to list and watch, in the background. */
  start(): void {
    for (const reflector of Object.values(this.#reflectors)) reflector.start();
  }

  /** Ends all requests. What the catalog holds stays. */
  async stop(): Promise<void> {
    await Promise.all(Object.values(this.#reflectors).map((reflector) => reflector.stop()));
  }

  #listed(what: string, catalog: ObjectSink): void {
    this.#unlisted.delete(what);
    if (this.#unlisted.size === 0) catalog.markSynced();
  }
}

/** What the label says: the slice may not be one that can be decoded. */
function serviceOfSlice(key: string, object: object): ServiceKey | undefined {
  const { labels } = metadataOf(object);
  if (!isObject(labels) || !('kubernetes.io/service-name' in labels)) return undefined;
  const service = labels['kubernetes.io/service-name'];
  const [namespace = ''] = key.split('/');
  return typeof service === 'string' && service !== '' ? serviceKey(namespace, service) : undefined;
}
