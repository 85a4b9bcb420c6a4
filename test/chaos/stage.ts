import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Authority } from '../kube/certificates.ts';
import { ApiServer } from '../kube/server.ts';
import type { ChaosKernel } from './chaos-kernel.ts';
import { firstObjects } from './cluster.ts';
import { ChaosFailure } from './failure.ts';
import type { TroubledKernel } from './kernel-operations.ts';
import { mayOmit } from './kinds.ts';
import { Lives } from './lives.ts';
import { KernelTroubles } from './tap.ts';
import { TroubledServer } from './troubled-server.ts';
import { makeForeign, Witness } from './witness.ts';

/** What a stage is set up with. */
export interface StageOptions {
  readonly seed: number;
  /** The kernel that the controllers work on, with nothing in it. */
  readonly kernel: ChaosKernel;
  readonly kinds: ReadonlySet<string>;
  /** Of the server; one is made where none is given, which takes some time. */
  readonly authority?: Authority;
}

/** Ports that no connection of this machine begins at, so that a server finds its own free when it comes back. */
const lowestPort = 20_000;
const ports = 12_000;

/** An API server, a kernel, the controllers between them, and who watches them. */
export class Stage {
  readonly server: TroubledServer;
  readonly kernel: TroubledKernel;
  readonly ground: ChaosKernel;
  readonly witness: Witness;
  readonly lives: Lives;
  /** What was written to the kernel and done to it, each with the number of the operation. */
  readonly history: string[] = [];
  /** The number of the operation. */
  step = 0;
  readonly #uncaught = (error: unknown): void => {
    this.witness.violations.push({
      line: `uncaught: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
    });
  };

  private constructor(options: StageOptions, server: TroubledServer) {
    const { kernel, kinds, seed } = options;
    const { tables, planner, haste, held, connect } = kernel;
    this.server = server;
    this.ground = kernel;
    this.witness = new Witness({
      informed: () => this.lives.controller.informed,
      held,
      equals: (table, a, b) => (tables[table].equals as (a: unknown, b: unknown) => boolean)(a, b),
      untold: mayOmit(kinds),
      tell: (line) => this.history.push(`${this.step}: ${line}`),
    });
    const troubles = new KernelTroubles();
    const adopted = (): boolean => this.lives.controller.adopted;
    this.kernel = { tables, troubles, witness: this.witness, connect, gaps: false, adopted };
    this.lives = new Lives({
      server,
      kernel: tables,
      troubles,
      planner,
      haste,
      seed,
      fault: (line) => this.witness.violations.push({ line }),
    });
    process.on('unhandledRejection', this.#uncaught);
    process.on('uncaughtException', this.#uncaught);
  }

  /** Starts the server and the first controller. */
  static async open(options: StageOptions): Promise<Stage> {
    const { seed, authority, kernel } = options;
    let second = Date.UTC(2026, 0, 1);
    const api = await serverOnFreePort({
      seed,
      bookmarkMs: 50,
      historyLimit: 400,
      // Objects are of the same age in every replay, and some are of one age.
      now: () => new Date((second += 400)),
      ...(authority && { authority }),
    });
    for (const object of firstObjects()) api.store.put(object);
    // No backup is older than this, and no server that lags behind is.
    api.compact();
    const directory = await mkdtemp(join(tmpdir(), 'kube-ipvs-chaos-'));
    const stage = new Stage(options, new TroubledServer(api, directory));
    await makeForeign(kernel.tables);
    stage.lives.begin(stage.witness);
    return stage;
  }

  /** Throws ChaosFailure where something was seen that must not be. */
  check(): void {
    const { violations } = this.witness;
    if (violations.length === 0) return;
    throw new ChaosFailure(
      violations.map(({ line }) => line),
      violations[0]?.key,
    );
  }

  /** Has the controller mend what tells ours from foreign. False where there is none that could. */
  async mendRecords(): Promise<boolean> {
    const { controller } = this.lives;
    this.kernel.troubles.heal();
    if (!controller.informed || controller.reconciler.status().lastAudit === undefined) return false;
    const { failures } = await controller.reconciler.audit();
    await controller.reconciler.settled();
    const { pending } = controller.reconciler.status();
    const waiting = Object.values(pending).some((count) => count > 0);
    this.kernel.gaps = failures.length > 0 || waiting || controller.troubles.length > 0;
    return !this.kernel.gaps;
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await this.lives.end();
    await this.server.heal();
    await this.server.api.stop();
    await rm(this.server.directory, { recursive: true });
    process.off('unhandledRejection', this.#uncaught);
    process.off('uncaughtException', this.#uncaught);
  }
}

async function serverOnFreePort(options: Parameters<typeof ApiServer.start>[0]): Promise<ApiServer> {
  for (;;) {
    try {
      return await ApiServer.start({ ...options, port: lowestPort + Math.floor(Math.random() * ports) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}
