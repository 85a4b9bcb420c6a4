import { setImmediate as breathe } from 'node:timers/promises';
import type { ServerStatistics } from '../kernel/server-statistics.ts';
import { ServiceReading, type ServiceReadingOptions } from '../metrics/service-reading.ts';
import type { Clock } from '../model/clock.ts';
import type { ServiceKey } from '../model/service.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import type { Log } from '../reconciler/log.ts';

/** Milliseconds that reading goes on before the event loop turns: so long may a change have to wait, at each of its steps. */
const longestSlice = 1;

/** Who has a virtual server, and how many endpoints are wanted behind it. */
export interface Ownership {
  readonly service: ServiceKey;
  readonly endpoints: number;
}

/** Which virtual servers there are, as the reconciler knows it. */
export interface ServedServers {
  /** All that are wanted, those that have been wanted for longer first. */
  virtualServers(): Iterable<VirtualServer>;
  /** Undefined where it is wanted no longer. */
  ownerOf(virtualServer: string): Ownership | undefined;
}

/** What ServiceStatistics need. */
export interface ServiceStatisticsOptions extends ServiceReadingOptions {
  readonly kernel: Pick<ServerStatistics, 'read'>;
  readonly served: ServedServers;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** Told how long each reading worked, in milliseconds. */
  readonly worked: (milliseconds: number) => void;
}

/**
 * Reads from the kernel, by Kubernetes' names, what goes through the virtual servers of services, foreign ones left out. It
 * does so in slices between which everything else goes on, and whoever asks while a reading is under way gets that one.
 */
export class ServiceStatistics {
  readonly #options: ServiceStatisticsOptions;
  #underWay: Promise<ServiceReading | undefined> | undefined;
  #stopped = false;
  /** What was last told of. */
  #trouble: string | undefined;

  constructor(options: ServiceStatisticsOptions) {
    this.#options = options;
  }

  /** Ends: nothing is asked of the kernel after the question under way. */
  stop(): void {
    this.#stopped = true;
  }

  /** Resolves with undefined where the kernel cannot be read, which is logged, and where it was stopped. Never rejects. */
  read(): Promise<ServiceReading | undefined> {
    this.#underWay ??= this.#read().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #read(): Promise<ServiceReading | undefined> {
    try {
      const reading = await this.#readAll();
      this.#trouble = undefined;
      return reading;
    } catch (error) {
      const trouble = error instanceof Error ? error.message : String(error);
      if (trouble !== this.#trouble) {
        this.#options.log.warn(
          { err: error },
          'what goes through services could not be read: it is left out',
        );
      }
      this.#trouble = trouble;
      return undefined;
    }
  }

  async #readAll(): Promise<ServiceReading | undefined> {
    const { level, limit, served, clock, worked } = this.#options;
    const reading = new ServiceReading({ level, limit });
    let began = clock.now();
    // A virtual server that goes and comes back meanwhile must not be met twice.
    for (const server of [...served.virtualServers()]) {
      if (this.#stopped) return undefined;
      this.#take(server, reading);
      const took = clock.now() - began;
      if (took < longestSlice) continue;
      worked(took);
      await breathe();
      began = clock.now();
    }
    worked(clock.now() - began);
    return reading;
  }

  #take(server: VirtualServer, reading: ServiceReading): void {
    const { level, kernel, served } = this.#options;
    const owner = served.ownerOf(server.key);
    if (owner === undefined || !reading.hasRoom(owner.endpoints)) return;
    const traffic = kernel.read(server, level === 'endpoint');
    if (traffic === undefined) return;
    const [namespace = '', name = ''] = owner.service.split('/');
    const { protocol, address, port } = server;
    reading.add({ ...traffic, namespace, name, protocol, address, port });
  }
}
