import type { ServiceHealth } from '../model/plan.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Clock } from '../model/clock.ts';
import { HttpListener, type Place } from './http-listener.ts';
import type { ListenError } from './listen-error.ts';
import { send } from './reply.ts';
import { serviceAnswer } from './service-answer.ts';

/** What a ServiceHealthServer needs. */
export interface ServiceHealthServerOptions {
  readonly service: ServiceKey;
  readonly port: number;
  /** Whether what services ask for reaches the kernel. Asked at every request. */
  readonly healthy: () => boolean;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told when a listener begins to listen, or to try in vain. */
  readonly changed: () => void;
}

/** The health check port of one service, at each host that it is served at. */
export class ServiceHealthServer {
  readonly #options: ServiceHealthServerOptions;
  readonly #listeners = new Map<Place['host'], HttpListener>();
  readonly #errors = new Map<Place['host'], ListenError>();
  /** Ready endpoints of the service on this node. */
  localEndpoints: number;

  constructor(
    options: ServiceHealthServerOptions,
    { localEndpoints }: Pick<ServiceHealth, 'localEndpoints'>,
  ) {
    this.#options = options;
    this.localEndpoints = localEndpoints;
  }

  get port(): number {
    return this.#options.port;
  }

  /** Why it does not listen at one of its hosts, where that is so. */
  get error(): ListenError | undefined {
    return this.#errors.values().next().value;
  }

  /** Listens at these hosts, and at no other any longer. */
  listenAt(hosts: readonly Place['host'][]): void {
    for (const [host, listener] of this.#listeners) {
      if (!hosts.includes(host)) this.#drop(host, listener);
    }
    for (const host of hosts) {
      if (!this.#listeners.has(host)) this.#add(host);
    }
  }

  /** Tries again now where it could not listen. */
  retry(): void {
    for (const host of this.#errors.keys()) this.#listeners.get(host)?.retry();
  }

  close(): void {
    this.listenAt([]);
  }

  #add(host: Place['host']): void {
    const { service, port, healthy, clock, random, changed } = this.#options;
    const listener = new HttpListener({
      place: { host, port },
      answer: (_request, response) => {
        send(response, serviceAnswer(service, this.localEndpoints, healthy()));
      },
      clock,
      random,
      told: (error) => {
        if (error === undefined) this.#errors.delete(host);
        else this.#errors.set(host, error);
        changed();
      },
    });
    this.#listeners.set(host, listener);
    void listener.start();
  }

  #drop(host: Place['host'], listener: HttpListener): void {
    listener.close();
    this.#listeners.delete(host);
    this.#errors.delete(host);
  }
}
