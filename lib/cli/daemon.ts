import type { Logger } from 'pino';
import type { Catalog } from '../catalog/catalog.ts';
import type { Configuration } from '../config/configuration.ts';
import type { KernelTables } from '../kernel/kernel-tables.ts';
import type { ServiceKey } from '../model/service.ts';
import { systemClock } from '../reconciler/clock.ts';
import { Reconciler } from '../reconciler/reconciler.ts';
import type { ManifestSource } from '../sources/manifests/manifest-source.ts';
import { NodeAddressWatch } from './node-address-watch.ts';
import type { AddressReader } from './node-addresses.ts';
import { oldestFirst } from './oldest-first.ts';
import type { Planning } from './planning.ts';
import { programmerOptions } from './programming.ts';

/** The rooms that the daemon ties together. */
export interface DaemonOptions {
  readonly configuration: Configuration;
  readonly tables: KernelTables;
  readonly route: AddressReader;
  readonly catalog: Catalog;
  readonly planning: Planning;
  readonly source: Pick<ManifestSource, 'start' | 'stop'>;
  readonly log: Logger;
}

/** Changes of the source and of the node's addresses on their way to the kernel, until it is stopped. */
export class Daemon {
  readonly #options: DaemonOptions;
  readonly #reconciler: Reconciler;
  readonly #addresses: NodeAddressWatch;
  #stopped = false;

  constructor(options: DaemonOptions) {
    const { configuration, tables, route, planning, log } = options;
    this.#options = options;
    this.#addresses = new NodeAddressWatch({
      reader: route,
      cidrs: configuration.nodePortAddresses,
      clock: systemClock,
      log,
      changed: (addresses) => {
        planning.node = { ...planning.node, addresses };
        this.#reconciler.changed(this.#nodePortServices());
      },
    });
    planning.node = { ...planning.node, addresses: this.#addresses.addresses };
    this.#reconciler = new Reconciler({
      ...programmerOptions(tables, planning, configuration, log),
      syncPeriod: configuration.syncPeriod,
      minSyncPeriod: configuration.minSyncPeriod,
      listener: {
        audited: () => {
          this.#addresses.refresh();
        },
      },
    });
  }

  /** Begins once the source has handed in everything: nothing is written or removed before. */
  async start(): Promise<void> {
    const { source, catalog } = this.#options;
    await source.start();
    catalog.takeChanged();
    catalog.onChange(() => {
      setImmediate(() => {
        this.#reconciler.changed(catalog.takeChanged());
      });
    });
    this.#addresses.start();
    this.#reconciler.start(oldestFirst(catalog));
    void this.#reconciler.settled().then(() => {
      this.#logReady();
    });
  }

  /** Ends, leaving the kernel as it is. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#options.source.stop();
    await this.#addresses.stop();
    await this.#reconciler.stop();
  }

  /** Says once that the kernel is as it should be, and how much of it was not: 0 writes after a restart. */
  #logReady(): void {
    if (this.#stopped) return;
    const { services, writes, refused } = this.#reconciler.status();
    const fields = { services, writes: Object.values(writes).reduce((sum, one) => sum + one, 0) };
    const { log } = this.#options;
    if (refused.length === 0) log.info(fields, 'ready: every service is programmed');
    else log.warn({ ...fields, refused: refused.length }, 'ready, but for what the kernel refused');
  }

  *#nodePortServices(): Generator<ServiceKey> {
    const { catalog } = this.#options;
    for (const key of catalog.keys()) {
      if (catalog.get(key)?.service.ports.some(({ nodePort }) => nodePort > 0) === true) yield key;
    }
  }
}
