import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import type { Catalog } from '../catalog/catalog.ts';
import type { Configuration } from '../config/configuration.ts';
import { json } from '../health/reply.ts';
import { router, type Routes } from '../health/router.ts';
import type { BuildFacts } from '../metrics/node-metrics.ts';
import type { IpFamily } from '../model/family.ts';
import { systemClock } from '../reconciler/clock.ts';
import type { ReconcilerListener } from '../reconciler/reports.ts';
import { total } from '../reconciler/sync-tally.ts';
import { perTable } from '../reconciler/table-name.ts';
import { EventStream } from '../socket/event-stream.ts';
import { SocketServer } from '../socket/socket-server.ts';
import type { DaemonStatus, PassStatus } from '../socket/status.ts';
import { type DaemonFacts, daemonStatus, passStatus, type ProgrammingFacts } from './daemon-status.ts';
import { EntryOwners } from './entry-owners.ts';
import { EventFeed } from './event-feed.ts';
import { portNameOf } from './service-names.ts';
import type { ServiceSource } from './service-source.ts';
import { type Verbosity, verbosityRoute } from './verbosity.ts';

/** What a DaemonSocket needs. */
export interface DaemonSocketOptions {
  readonly configuration: Configuration;
  readonly catalog: Catalog;
  readonly source: Pick<ServiceSource, 'cluster' | 'node'>;
  readonly build: BuildFacts;
  /** The families that are served. */
  readonly families: readonly IpFamily[];
  readonly health: () => DaemonFacts['health'];
  readonly verbosity: Verbosity;
  readonly log: Logger;
}

/** What a daemon tells the other commands of this program, from its start to its end. */
export class DaemonSocket {
  /** For whoever knows what becomes of changes. */
  readonly events: EventFeed;
  readonly #options: DaemonSocketOptions;
  readonly #started = systemClock.now();
  readonly #drift = perTable(() => 0);
  readonly #owners: EntryOwners;
  readonly #server: SocketServer | undefined;
  readonly #stream = new EventStream(() => systemClock.now());
  #programming: (() => Pick<ProgrammingFacts, 'reconciler' | 'node'>) | undefined;
  #lastWrite: PassStatus | null = null;
  /** Why it could not listen when it was last tried. */
  #trouble: string | undefined;

  constructor(options: DaemonSocketOptions) {
    this.#options = options;
    this.events = new EventFeed({
      stream: this.#stream,
      now: () => systemClock.now(),
      portName: (key, server) => portNameOf(options.catalog.get(key)?.service.ports ?? [], server),
    });
    this.#owners = new EntryOwners(options.catalog);
    this.#server = this.#makeServer();
  }

  /** Begins to listen, which is told in the log, and never keeps services from being programmed. */
  async listen(): Promise<void> {
    await this.#server?.start();
  }

  /** Says where to read how the kernel stands. */
  follow(programming: () => Pick<ProgrammingFacts, 'reconciler' | 'node'>): void {
    this.#programming = programming;
  }

  /** For the reconciler. */
  get listener(): ReconcilerListener {
    return {
      audited: ({ drift }) => {
        for (const { table } of drift) this.#drift[table] += 1;
      },
      synced: (report) => {
        if (total(report.writes) > 0) this.#lastWrite = passStatus(report);
      },
    };
  }

  /** Closes the socket and every connection at once. */
  close(): void {
    this.#server?.close();
  }

  #makeServer(): SocketServer | undefined {
    const { configuration, log } = this.#options;
    const { socket: path } = configuration;
    if (path === 'off') return undefined;
    return new SocketServer({
      path,
      answer: this.#answer(),
      clock: systemClock,
      told: (error) => {
        if (error === undefined) log.info({ socket: path }, 'other commands of kube-ipvs are answered');
        else if (error.message !== this.#trouble)
          log.warn({ code: error.code }, `${error.message}; until then no command is answered`);
        this.#trouble = error?.message;
      },
    });
  }

  #answer(): RequestListener {
    const { verbosity, log } = this.#options;
    const routes: Routes = {
      '/v1/status': () => json(this.#status()),
      '/v1/services': () => ({ status: 200, type: 'application/x-ndjson', pieces: this.events.services() }),
      // Who may use the socket may do all that the program may.
      '/debug/flags/v': verbosityRoute(verbosity, () => true),
    };
    const routed = router(routes, log);
    return (request, response) => {
      if (request.method === 'GET' && request.url === '/v1/events') this.#stream.add(response);
      else routed(request, response);
    };
  }

  #status(): DaemonStatus {
    const { configuration, source, build, families, health, catalog, verbosity } = this.#options;
    return daemonStatus({
      ...{ configuration, source, build, families, health: health() },
      now: systemClock.now(),
      started: this.#started,
      verbosity: verbosity.value,
      catalog: { synced: catalog.synced, services: catalog.size },
      programming: this.#facts(),
    });
  }

  #facts(): ProgrammingFacts | undefined {
    if (this.#programming === undefined) return undefined;
    const owners = (keys: readonly string[]): ReturnType<EntryOwners['of']> => this.#owners.of(keys);
    return { ...this.#programming(), drift: this.#drift, lastWrite: this.#lastWrite, owners };
  }
}
