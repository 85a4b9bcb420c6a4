/** Changes that were asked for in a row, the first of them at `since`. */
interface Stretch {
  readonly since: number;
  /** Of the last of them. */
  revision: number;
}

/**
 * Since when changes wait to be written. A pass writes every change that was asked for before it began, so two stretches
 * are enough: the changes that the pass under way began with, and those that came later.
 */
export class Backlog {
  #first: Stretch | undefined;
  #rest: Stretch | undefined;

  /** When the oldest change that waits was asked for; undefined where none waits. */
  get oldest(): number | undefined {
    return this.#first?.since;
  }

  /** A change was asked for. */
  queued(revision: number, now: number): void {
    if (this.#first === undefined) this.#first = { since: now, revision };
    else if (this.#rest === undefined) this.#rest = { since: now, revision };
    else this.#rest.revision = revision;
  }

  /** Every change up to this one is written. */
  written(revision: number): void {
    if (this.#first === undefined || this.#first.revision > revision) return;
    this.#first = this.#rest;
    this.#rest = undefined;
    if (this.#first !== undefined && this.#first.revision <= revision) this.#first = undefined;
  }
}
