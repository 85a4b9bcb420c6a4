import { setTimeout as sleep } from 'node:timers/promises';
import type { PrometheusServer } from './server.ts';

/** Milliseconds between two looks. */
const pause = 500;

/** Milliseconds between two looks at everything: a hundred questions take a while. */
const longPause = 5000;

/** Somebody who looks at a Prometheus again and again, and remembers which alerts fired and which expressions came to something. */
export class Watcher {
  /** What Prometheus could not make anything of. */
  readonly errors: string[] = [];
  /** Alerts that were seen to fire, ever. */
  readonly fired = new Set<string>();
  readonly #firedNow = new Set<string>();
  readonly #server: PrometheusServer;
  readonly #unanswered: Set<string>;
  #lookedAtAll = -Infinity;

  constructor(server: PrometheusServer, expressions: readonly string[]) {
    this.#server = server;
    this.#unanswered = new Set(expressions);
  }

  /** Expressions that have come to no number yet. */
  get unanswered(): readonly string[] {
    return [...this.#unanswered];
  }

  /** Looks until alerts have fired from now on. Fails where they do not for long. */
  async untilFired(...names: readonly string[]): Promise<void> {
    this.#firedNow.clear();
    await this.#until(`${names.join(' and ')} to fire`, () =>
      names.every((name) => this.#firedNow.has(name)),
    );
  }

  /** Looks until every expression has come to a number. */
  async untilAnswered(): Promise<void> {
    await this.#until('an answer', () => this.#unanswered.size === 0);
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    const deadline = performance.now() + 120_000;
    for (;;) {
      await this.#look();
      if (holds()) return;
      if (performance.now() > deadline)
        throw new Error(
          `expected ${what}; fired until now: ${[...this.#firedNow].join(', ')}; without answer: ${this.unanswered.join('\n')}`,
        );
      await sleep(pause);
    }
  }

  async #look(): Promise<void> {
    const due = performance.now() - this.#lookedAtAll > longPause;
    const expressions = due ? this.unanswered : [];
    const [firing, ...answers] = await this.#server.ask(['ALERTS{alertstate="firing"}', ...expressions]);
    for (const {
      metric: { alertname = '' },
    } of firing?.result ?? []) {
      this.#firedNow.add(alertname);
      this.fired.add(alertname);
    }
    for (const [index, { error, result = [] }] of answers.entries()) {
      const expression = expressions[index] ?? '';
      if (error !== undefined) this.errors.push(`${expression}: ${error}`);
      if (result.some(({ value: [, number] }) => number !== 'NaN')) this.#unanswered.delete(expression);
    }
    if (due) this.#lookedAtAll = performance.now();
  }
}
