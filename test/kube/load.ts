import { type JsonObject, listIn, objectIn } from './object.ts';
import { type Random, seededRandom } from './random.ts';
import type { NewObject, Store } from './store.ts';

/** How much there is. */
export interface LoadSize {
  readonly services: number;
  /** Of each service. */
  readonly endpoints: number;
}

/** How fast endpoints are replaced, and how long. */
export interface ChurnOptions {
  /** Endpoints replaced each second; 0 for none. */
  readonly perSecond: number;
  /** For ever unless told. */
  readonly seconds?: number;
  /** How many in all; without end unless told. */
  readonly count?: number;
  readonly seed?: number;
}

/** As many endpoints as Kubernetes puts in one slice. */
const mostInSlice = 100;

/** Fills a store with services in the namespace default and their slices. */
export function load(store: Store, size: LoadSize): void {
  for (let number = 0; number < size.services; number += 1) {
    store.put(serviceOf(number));
    for (let first = 0; first < size.endpoints; first += mostInSlice) {
      store.put(sliceOf(number, first, size.endpoints));
    }
  }
}

/** Replaces endpoints of a load at an even rate, bounded in count and time. */
export class Churn {
  readonly #store: Store;
  readonly #size: LoadSize;
  readonly #options: ChurnOptions;
  readonly #random: Random;
  #timer: NodeJS.Timeout | undefined;
  #replaced = 0;

  constructor(store: Store, size: LoadSize, options: ChurnOptions) {
    this.#store = store;
    this.#size = size;
    this.#options = options;
    this.#random = seededRandom(options.seed ?? 1);
  }

  /** How many endpoints were replaced. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Begins; a load of nothing is left alone. */
  start(): void {
    const { perSecond, seconds = Infinity } = this.#options;
    if (perSecond === 0 || this.#size.services === 0 || this.#size.endpoints === 0) return;
    const ticks = Math.min(perSecond, 50);
    let due = 0;
    let left = seconds * ticks;
    this.#timer = setInterval(() => {
      due += perSecond / ticks;
      for (; due >= 1; due -= 1) this.replaceOne();
      left -= 1;
      if (left <= 0) this.stop();
    }, 1000 / ticks);
  }

  /** Ends. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Replaces one endpoint of one service by one of another address, unless the count is reached. */
  replaceOne(): void {
    if (this.#replaced >= (this.#options.count ?? Infinity)) {
      this.stop();
      return;
    }
    const service = Math.floor(this.#random() * this.#size.services);
    const endpoint = Math.floor(this.#random() * this.#size.endpoints);
    const name = sliceName(service, endpoint - (endpoint % mostInSlice));
    const slice = this.#store.get('endpointslices', 'default', name);
    if (!slice) throw new Error(`expected the slice ${name} of the load, got nothing`);
    const endpoints = [...listIn(slice['endpoints'])];
    const last = this.#size.services * this.#size.endpoints + 1;
    endpoints[endpoint % mostInSlice] = {
      ...objectIn(endpoints[endpoint % mostInSlice]),
      addresses: [addressOf(10, last + this.#replaced)],
    };
    this.#store.update({ ...slice, endpoints });
    this.#replaced += 1;
  }
}

function serviceOf(number: number): NewObject {
  const clusterIP = addressOf(11, number + 1);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: serviceName(number), namespace: 'default' },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      selector: { app: serviceName(number) },
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
    },
    status: { loadBalancer: {} },
  };
}

function sliceOf(service: number, first: number, ofEach: number): NewObject {
  const count = Math.min(mostInSlice, ofEach - first);
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: sliceName(service, first),
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': serviceName(service) },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: Array.from({ length: count }, (_, index) => endpointOf(service, first + index, ofEach)),
  };
}

function endpointOf(service: number, index: number, ofEach: number): JsonObject {
  return {
    addresses: [addressOf(10, service * ofEach + index + 1)],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: `node-${index % 3}`,
  };
}

function serviceName(number: number): string {
  return `load-${String(number).padStart(5, '0')}`;
}

function sliceName(service: number, first: number): string {
  return `${serviceName(service)}-${first / mostInSlice}`;
}

/** The n-th address of a network of 16 million; it begins anew behind the last. */
function addressOf(network: number, number: number): string {
  return [network, (number >> 16) & 255, (number >> 8) & 255, number & 255].join('.');
}
