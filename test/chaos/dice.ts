import { type Random, seededRandom } from '../kube/random.ts';

/** Random choices that are the same for the same seed. */
export class Dice {
  readonly #random: Random;

  /** @param seed what the choices depend on, all of it: `(seed, 17)` has nothing in common with `(seed, 18)` */
  constructor(...seed: readonly number[]) {
    this.#random = seededRandom(seed.reduce(mixed, 0));
  }

  /** A number from 0 up to 1, exclusive. */
  next(): number {
    return this.#random();
  }

  /** A whole number from 0 up to a limit, exclusive. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** A whole number from one to another, both inclusive. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** So many of a list, in random order; all where there are fewer. */
  some<T>(list: readonly T[], count: number): T[] {
    const left = [...list];
    return Array.from({ length: Math.min(count, list.length) }, () =>
      left.splice(this.below(left.length), 1),
    ).flat();
  }

  /** One of the weighted, each as likely as its weight says. */
  weighted<T extends { readonly weight: number }>(list: readonly T[]): T {
    let left = this.#random() * list.reduce((sum, { weight }) => sum + weight, 0);
    const found = list.find(({ weight }) => (left -= weight) < 0);
    return found ?? list.at(-1)!;
  }
}

/** Spreads seeds that lie side by side (the finalizer of MurmurHash3). */
function mixed(state: number, seed: number): number {
  let hash = Math.imul(state ^ seed ^ 0x9e3779b9, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
