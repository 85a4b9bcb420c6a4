import { Counter, type Registry } from 'prom-client';
import type { Watches } from './watch-metrics.ts';

/** What the program works at, in the order in which a change passes through; the last two read the kernel. */
export const phases = ['decode', 'plan', 'diff', 'write', 'audit', 'statistics'] as const;

/** One of them. */
export type Phase = (typeof phases)[number];

/** `kube_ipvs_phase_seconds_total`: where the program's time goes. */
export class PhaseMetrics {
  readonly #seconds = new Map<Phase, number>(phases.map((phase) => [phase, 0]));
  /** Milliseconds of planning within the pass under way. */
  #planned = 0;

  /** @param watches tell how long decoding took */
  constructor(registry: Registry, watches: Watches) {
    const seconds = this.#seconds;
    const decoding = (): number =>
      Object.values(watches()).reduce((sum, figures) => sum + (figures.decoding ?? 0), 0);
    new Counter({
      name: 'kube_ipvs_phase_seconds_total',
      help: 'Time that went into each phase of the work.',
      ...{ registers: [registry], labelNames: ['phase'] as const },
      collect() {
        this.reset();
        seconds.set('decode', decoding() / 1000);
        for (const [phase, amount] of seconds) this.inc({ phase }, amount);
      },
    });
  }

  /** One service was planned. */
  planned(milliseconds: number): void {
    this.#planned += milliseconds;
    this.#add('plan', milliseconds);
  }

  /**
   * A pass has ended.
   * @param planning milliseconds that it took to plan its services and to find out what is different with them
   */
  passed(planning: number, writing: number): void {
    this.#add('diff', Math.max(0, planning - this.#planned));
    this.#planned = 0;
    this.#add('write', writing);
  }

  /** The kernel was read, for so many milliseconds. */
  read(phase: 'audit' | 'statistics', milliseconds: number): void {
    this.#add(phase, milliseconds);
  }

  #add(phase: Phase, milliseconds: number): void {
    this.#seconds.set(phase, (this.#seconds.get(phase) ?? 0) + milliseconds / 1000);
  }
}
