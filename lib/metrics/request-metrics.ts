import { Counter, Histogram, type Registry } from 'prom-client';

/** A request to the API server that has been answered, or not. */
export interface RequestFigures {
  readonly method: string;
  /** With its port. */
  readonly host: string;
  /** Undefined where no answer came. */
  readonly status: number | undefined;
  /** From the request to the head of the answer. */
  readonly milliseconds: number;
}

/** client-go's (component-base/metrics/prometheus/restclient). */
const buckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** What client-go counts of requests to the API server, by its names and with its buckets. */
export class RequestMetrics {
  readonly #requests: Counter<'code' | 'method' | 'host'>;
  readonly #durations: Histogram<'verb' | 'host'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'rest_client_requests_total',
      help: 'Requests to the API server, by the status of the answer, or <error> where there was none.',
      ...{ registers, labelNames: ['code', 'method', 'host'] as const },
    });
    this.#durations = new Histogram({
      name: 'rest_client_request_duration_seconds',
      help: 'From a request to the API server to the head of its answer.',
      ...{ registers, buckets, labelNames: ['verb', 'host'] as const },
    });
  }

  /** A request has been answered, or failed. */
  requested({ method, host, status, milliseconds }: RequestFigures): void {
    this.#requests.inc({ method, host, code: status === undefined ? '<error>' : String(status) });
    this.#durations.observe({ verb: method, host }, milliseconds / 1000);
  }
}
