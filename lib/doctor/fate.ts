import type { Reading } from './likelihood.ts';

/** What can become of a packet in a chain. */
export type Fate = 'taken' | 'accepted' | 'through';

/** A rule, as it reads for a packet, and where it stands. */
export interface Step<Place> {
  readonly place: Place;
  readonly reading: Reading;
}

/** A rule that a packet may meet, and that drops or rejects it. */
export interface Taking<Place> {
  readonly place: Place;
  /** Whether it matches for certain where the packet gets to it. */
  readonly sure: boolean;
}

/** Follows a packet of which not everything is known through chains of rules: on every way that it may take. */
export class FateFinder<Place> {
  /** The rules that may take the packet, in the order in which they are met. */
  readonly takings: Taking<Place>[] = [];
  readonly #stepsOf: (chain: string) => readonly Step<Place>[];
  readonly #known = new Map<string, ReadonlySet<Fate>>();

  /** @param stepsOf the rules of a chain; none of one that is to be passed over */
  constructor(stepsOf: (chain: string) => readonly Step<Place>[]) {
    this.#stepsOf = stepsOf;
  }

  /** All that can become of the packet in a chain, and in those that it leads to. */
  of(chain: string): ReadonlySet<Fate> {
    const known = this.#known.get(chain);
    if (known !== undefined) return known;
    // A chain that leads back to itself, which the kernel refuses, ends nothing.
    this.#known.set(chain, new Set(['through']));
    const fates = this.#walk(chain);
    this.#known.set(chain, fates);
    return fates;
  }

  #walk(chain: string): ReadonlySet<Fate> {
    const fates = new Set<Fate>();
    for (const { place, reading } of this.#stepsOf(chain)) {
      const { own, comesBack } = this.#take(place, reading);
      for (const fate of own) if (fate !== 'through' || !comesBack) fates.add(fate);
      if (reading.matches === 'yes' && !(comesBack && own.has('through'))) return fates;
    }
    return fates.add('through');
  }

  /** What a rule may do, and whether a packet that comes through what it does goes on behind the rule. */
  #take(place: Place, { matches, target }: Reading): { own: ReadonlySet<Fate>; comesBack: boolean } {
    if (matches === 'no' || target === undefined) return { own: goesOn, comesBack: true };
    const comesBack = target === 'unknown' || !isLeaving(target);
    return { own: this.#fatesBy(target, place, matches === 'yes'), comesBack };
  }

  #fatesBy(target: NonNullable<Reading['target']>, place: Place, sure: boolean): ReadonlySet<Fate> {
    if (target === 'unknown') return new Set(['accepted', 'through']);
    switch (target.kind) {
      case 'drop':
      case 'reject':
        this.takings.push({ place, sure });
        return new Set(['taken']);
      case 'accept':
        return new Set(['accepted']);
      case 'chain':
        return this.of(target.chain);
      default:
        return new Set(['through']);
    }
  }
}

/** Of a rule that does nothing. */
const goesOn: ReadonlySet<Fate> = new Set(['through']);

/** Whether a packet that comes through a target does not come back to this chain. */
function isLeaving(target: Exclude<Reading['target'], 'unknown' | undefined>): boolean {
  return target.kind === 'return' || (target.kind === 'chain' && target.goto === true);
}
