import { pino, type Logger } from 'pino';
import type { KernelTables } from '../../lib/kernel/kernel-tables.ts';
import type { PlannerOptions } from '../../lib/model/planner-options.ts';
import { Controller } from './controller.ts';
import { Dice } from './dice.ts';
import type { KernelTroubles } from './tap.ts';
import { Tap } from './tap.ts';
import type { TroubledServer } from './troubled-server.ts';
import type { Witness } from './witness.ts';

/** What the lives of a controller have in common. */
export interface LivesOptions {
  readonly server: TroubledServer;
  readonly kernel: KernelTables;
  readonly troubles: KernelTroubles;
  readonly planner: PlannerOptions;
  /** See ControllerOptions. */
  readonly haste: number;
  readonly seed: number;
  /** Told of what no log of a sound controller says. */
  readonly fault: (text: string) => void;
}

/** What a log says only where the program itself is wrong. */
const faults = /step of the reconciler failed|report this as a fault|cannot be planned/;

/** Log lines that are kept for the report of a failure. */
const longestTail = 40;

/** A controller that is killed now and then, and its next life over the same kernel. */
export class Lives {
  readonly #options: LivesOptions;
  readonly #log: Logger;
  readonly #tail: string[] = [];
  #controller: Controller | undefined;
  #tap: Tap | undefined;
  #count = 0;

  constructor(options: LivesOptions) {
    this.#options = options;
    this.#log = pino(
      { level: 'warn', base: null, timestamp: false },
      {
        write: (line: string) => {
          this.#read(line);
        },
      },
    );
  }

  /** The controller that lives now. */
  get controller(): Controller {
    if (this.#controller === undefined) throw new Error('expected a controller that lives, got none');
    return this.#controller;
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** The last lines of the log. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  /** Begins a life. */
  begin(witness: Witness): void {
    const { server, kernel, troubles, planner, haste, seed } = this.#options;
    const dice = new Dice(seed, -1, this.#count);
    this.#count += 1;
    witness.begins();
    this.#tap = new Tap(kernel, troubles, witness);
    this.#controller = new Controller({
      server: server.api.url,
      directory: server.directory,
      tables: this.#tap.tables,
      planner,
      haste,
      random: () => dice.next(),
      log: this.#log,
      listener: {
        repaired: (drift) => {
          witness.repaired(drift);
        },
      },
    });
    this.#controller.start();
  }

  /** Ends a life in the middle of what it does: so many writes still reach the kernel. */
  async end(writes = 0): Promise<void> {
    this.#tap?.kill(writes);
    await this.#controller?.stop();
    this.#controller = undefined;
  }

  #read(line: string): void {
    this.#tail.push(line.trim().slice(0, 300));
    if (this.#tail.length > longestTail) this.#tail.shift();
    if (faults.test(line)) this.#options.fault(line.trim().slice(0, 1000));
  }
}
