import type { EndpointTraffic, ServiceMetricsLevel, ServiceTraffic, Traffic } from '../model/traffic.ts';
import { wholeText } from '../model/whole-text.ts';
import { FigureRows } from './figure-rows.ts';
import { endpointFamilies, endpointLabel, serviceFamilies, seriesOf } from './service-families.ts';

/** What a reading keeps. */
export interface ServiceReadingOptions {
  readonly level: Exclude<ServiceMetricsLevel, 'off'>;
  /** Series at most. */
  readonly limit: number;
}

const seriesOfService = seriesOf(serviceFamilies);
const seriesOfEndpoint = seriesOf(endpointFamilies);

/** The metric that tells how much there is no room for. */
export const droppedMetric = {
  name: 'kube_ipvs_service_metrics_dropped',
  type: 'gauge',
  help: 'Series of services and endpoints that are left out, for there are more than --service-metrics-limit.',
  labels: [],
} as const;

/**
 * What has gone through virtual and real servers, as it was read for one scrape or for several at a time. A virtual server
 * has all its series in it or none.
 */
export class ServiceReading {
  readonly #options: ServiceReadingOptions;
  readonly #services = new FigureRows(serviceFamilies, seriesOfService);
  readonly #endpoints = new FigureRows(endpointFamilies, seriesOfEndpoint);
  /** The labels of each row of services. */
  readonly #labels: string[] = [];
  /** Where each row of endpoints is, and the row of services that it belongs to: its labels are not kept as a whole. */
  readonly #places: string[] = [];
  readonly #owners: number[] = [];
  #series = 0;
  #dropped = 0;

  constructor(options: ServiceReadingOptions) {
    this.#options = options;
  }

  /**
   * Whether there is room for a virtual server with so many endpoints; where there is none, it counts as left out. For
   * not reading it in vain: what it has by then may be more.
   */
  hasRoom(endpoints: number): boolean {
    const series = this.#seriesWith(endpoints);
    if (this.#series + series <= this.#options.limit) return true;
    this.#dropped += series;
    return false;
  }

  /** Adds a virtual server, where there is room for it. */
  add(service: ServiceTraffic): void {
    const { endpoints } = service;
    if (!this.hasRoom(endpoints.length)) return;
    this.#series += this.#seriesWith(endpoints.length);
    const row = this.#labels.push(labelsOf(service)) - 1;
    this.#services.add([...valuesOf(service), ...sums(endpoints)]);
    if (this.#options.level === 'service') return;
    for (const endpoint of endpoints) this.#addEndpoint(row, endpoint);
  }

  /** Everything in Prometheus' text format, in pieces. */
  *text(): Generator<string, void> {
    yield* this.#services.text((row) => this.#labels[row] ?? '');
    if (this.#options.level === 'endpoint') yield* this.#endpoints.text((row) => this.#endpointLabels(row));
    const { name, type, help } = droppedMetric;
    yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${this.#dropped}\n`;
  }

  #addEndpoint(service: number, endpoint: EndpointTraffic): void {
    const { address, port, active, inactive, weight } = endpoint;
    this.#owners.push(service);
    this.#places.push(
      address.includes(':') ? wholeText('[', address, ']:', port) : wholeText(address, ':', port),
    );
    this.#endpoints.add([...valuesOf(endpoint), active, inactive, weight]);
  }

  #endpointLabels(row: number): string {
    const service = this.#labels[this.#owners[row] ?? 0] ?? '';
    return `${service},${endpointLabel}="${this.#places[row] ?? ''}"`;
  }

  #seriesWith(endpoints: number): number {
    return seriesOfService + (this.#options.level === 'endpoint' ? endpoints * seriesOfEndpoint : 0);
  }
}

function labelsOf({ namespace, name, protocol, address, port }: ServiceTraffic): string {
  return wholeText(
    ...['namespace="', escaped(namespace), '",service="', escaped(name)],
    ...['",protocol="', protocol, '",address="', address, '",port="', port, '"'],
  );
}

/** Kubernetes allows nothing in names that has to be escaped; a directory of manifests might be less strict one day. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function valuesOf({ connections, inPackets, outPackets, inBytes, outBytes }: Traffic): number[] {
  return [connections, inPackets, outPackets, inBytes, outBytes];
}

function sums(endpoints: readonly EndpointTraffic[]): number[] {
  let [active, inactive, ready] = [0, 0, 0];
  for (const endpoint of endpoints) {
    active += endpoint.active;
    inactive += endpoint.inactive;
    if (endpoint.weight > 0) ready += 1;
  }
  return [active, inactive, ready, endpoints.length - ready];
}
