import type { ServiceHealth } from '../model/plan.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Place } from './http-listener.ts';
import type { Log } from './log.ts';
import { ServiceHealthServer, type ServiceHealthServerOptions } from './service-health-server.ts';

/** What ServiceHealthServers need. */
export interface ServiceHealthServersOptions extends Pick<
  ServiceHealthServerOptions,
  'healthy' | 'clock' | 'random'
> {
  readonly log: Log;
  /** Told why the port of a service is not served, when that becomes another reason, and with undefined when it is. */
  readonly told: (service: ServiceKey, trouble: string | undefined) => void;
}

/**
 * The health check ports of services (`healthCheckNodePort`): load balancers ask them whether the node has endpoints. One
 * that cannot be listened at is told and tried again. Of two services that want one port the first keeps it, and the
 * other has it as soon as the first lets it go.
 */
export class ServiceHealthServers {
  readonly #options: ServiceHealthServersOptions;
  readonly #servers = new Map<ServiceKey, ServiceHealthServer>();
  /** What was last told of services whose port is not served. */
  readonly #troubles = new Map<ServiceKey, string>();
  #hosts: readonly Place['host'][];
  #closed = false;

  /** @param hosts where every port is listened at */
  constructor(options: ServiceHealthServersOptions, hosts: readonly Place['host'][]) {
    this.#options = options;
    this.#hosts = hosts;
  }

  has(service: ServiceKey): boolean {
    return this.#servers.has(service);
  }

  /** What a service's port is to answer now; undefined where it has none. Costs the same however many services there are. */
  set(service: ServiceKey, health: ServiceHealth | undefined): void {
    const known = this.#servers.get(service);
    if (known !== undefined && known.port === health?.port) {
      known.localEndpoints = health.localEndpoints;
      return;
    }
    if (known !== undefined) this.#remove(service, known);
    if (health !== undefined && !this.#closed) this.#add(service, health);
  }

  /** Listens at these hosts instead. */
  listenAt(hosts: readonly Place['host'][]): void {
    if (this.#closed) return;
    this.#hosts = hosts;
    for (const [service, server] of this.#servers) {
      server.listenAt(hosts);
      this.#look(service, server);
    }
  }

  /** Closes every port and connection. */
  close(): void {
    this.#closed = true;
    for (const server of this.#servers.values()) server.close();
    this.#servers.clear();
    this.#troubles.clear();
  }

  #add(service: ServiceKey, health: ServiceHealth): void {
    const { healthy, clock, random } = this.#options;
    const { port } = health;
    const changed = (): void => {
      this.#look(service, server);
    };
    const server = new ServiceHealthServer({ service, port, healthy, clock, random, changed }, health);
    this.#servers.set(service, server);
    server.listenAt(this.#hosts);
  }

  #remove(service: ServiceKey, server: ServiceHealthServer): void {
    this.#servers.delete(service);
    server.close();
    this.#tell(service, undefined);
    // Only those in trouble are looked at: one of them may have been waiting for the port.
    for (const waiting of this.#troubles.keys()) {
      const other = this.#servers.get(waiting);
      if (other?.port === server.port) other.retry();
    }
  }

  #look(service: ServiceKey, server: ServiceHealthServer): void {
    if (this.#servers.get(service) !== server) return;
    const { error } = server;
    this.#tell(service, error && this.#troubleOf(service, server.port, error.message));
  }

  /** Names the service that has the port, where it is one. */
  #troubleOf(service: ServiceKey, port: number, message: string): string {
    for (const [other, server] of this.#servers) {
      if (other !== service && server.port === port && server.error === undefined) {
        return `expected health check port ${port} to be free, but Service ${other} has it; give one of the two another healthCheckNodePort`;
      }
    }
    return message;
  }

  #tell(service: ServiceKey, trouble: string | undefined): void {
    if (this.#troubles.get(service) === trouble) return;
    const { log, told } = this.#options;
    if (trouble === undefined) {
      this.#troubles.delete(service);
      log.info({ service }, 'the health check port of a service is no longer in trouble');
    } else {
      this.#troubles.set(service, trouble);
      log.warn(
        { service },
        `the health check port of a service is not served: ${trouble}; it is tried again`,
      );
    }
    told(service, trouble);
  }
}
