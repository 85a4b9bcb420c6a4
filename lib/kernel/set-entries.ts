import { setImmediate } from 'node:timers/promises';
import { hasCode, isNotFound, NetlinkError } from '../../native-bindings/error.ts';
import type { IpSetBatch } from '../../native-bindings/ipset-batch.ts';
import type { IpSets, KernelSet } from '../../native-bindings/ipset.ts';
import { kubeSetsByName, type SetEntry, setEntry } from '../model/ip-set.ts';
import { type BatchRules, type EntryBatch, orTableError, type Verb, writeInBatches } from './batch-write.ts';
import { alwaysSame } from './equality.ts';
import { growSet } from './set-growth.ts';
import type { Change, Refusal, Refusals, Table } from './table.ts';

/** Additions to one set from which on it is made sure beforehand that there is room for them. */
const manyAdditions = 256;

/**
 * The elements of our sets, and not those of a set that bears one of our names and is of another type, in the notation of ipset(8): IPv6 addresses without brackets, `/32` and `/128` left out. A
 * set that becomes full is replaced by a larger one of the same elements in one step, see `growSet`.
 */
export class SetEntries implements Table<SetEntry> {
  readonly name = 'set-entries';
  readonly #sets: IpSets;
  readonly #names: readonly string[];
  readonly #rules: BatchRules<SetEntry>;

  /** @param names the sets to read, ours unless told otherwise */
  constructor(sets: IpSets, names: readonly string[] = [...kubeSetsByName.keys()]) {
    this.#sets = sets;
    this.#names = names;
    this.#rules = { table: this.name, begin: () => new SetEntryBatch(sets.batch()), correct, explain };
  }

  async read(): Promise<ReadonlyMap<string, SetEntry>> {
    const found = new Map<string, SetEntry>();
    const present = new Map(orTableError(this.name, () => this.#sets.list()).map((set) => [set.name, set]));
    for (const name of this.#names) {
      if (isForeign(present.get(name))) continue;
      for (const element of this.#members(name)) {
        const entry = setEntry(name, element);
        found.set(entry.key, entry);
      }
      await setImmediate();
    }
    return found;
  }

  async apply(changes: readonly Change<SetEntry>[]): Promise<Refusals> {
    const ordered = inOrderOfSets(changes);
    await this.#makeRoom(ordered);
    const refusals = await writeInBatches(ordered, this.#rules);
    const full = ordered.filter((change) => refusals.get(change.key)?.code === fullCode);
    if (full.length === 0) return refusals;
    const failures = await this.#growFor(additionsOf(full));
    const again = full.filter((change) => !failures.has(change.after?.set ?? ''));
    return merged(refusals, full, await writeInBatches(again, this.#rules), failures);
  }

  equals(): boolean {
    return alwaysSame();
  }

  #members(name: string): string[] {
    return orTableError(this.name, () => {
      try {
        return this.#sets.members(name);
      } catch (error) {
        if (isNotFound(error)) return [];
        throw error;
      }
    });
  }

  /** Enlarges sets that much is added to while there is still little to copy; what fails here shows when it is added. */
  async #makeRoom(changes: readonly Change<SetEntry>[]): Promise<void> {
    const many = [...additionsOf(changes)].filter(([, additions]) => additions >= manyAdditions);
    if (many.length > 0) await this.#growFor(new Map(many));
  }

  /** Gives each set room for so many more elements. The result has the sets for which that failed, and why. */
  async #growFor(additions: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, NetlinkError>> {
    const failures = new Map<string, NetlinkError>();
    const present = new Map(orTableError(this.name, () => this.#sets.list()).map((set) => [set.name, set]));
    for (const [name, count] of additions) {
      try {
        const elements = present.get(name)?.elements ?? this.#members(name).length;
        await growSet(this.#sets, name, elements + count);
      } catch (error) {
        if (!(error instanceof NetlinkError)) throw error;
        failures.set(name, error);
      }
    }
    return failures;
  }
}

/** Whether a set has one of our names and cannot be ours. Types without addresses have no family. */
function isForeign(set: KernelSet | undefined): boolean {
  const ours = set && kubeSetsByName.get(set.name);
  return ours !== undefined && (ours.type !== set?.type || ours.family !== (set.family ?? ours.family));
}

const fullCode = 'IPSET_ERR_HASH_FULL';

class SetEntryBatch implements EntryBatch<SetEntry> {
  readonly #batch: IpSetBatch;

  constructor(batch: IpSetBatch) {
    this.#batch = batch;
  }

  add(verb: Verb, { set, element }: SetEntry): void {
    if (verb === 'delete') this.#batch.delete(set, element);
    else this.#batch.add(set, element);
  }

  run(): readonly (NetlinkError | undefined)[] {
    return this.#batch.run();
  }
}

/** The changes with those of one set and one direction behind each other: many go into one message. */
function inOrderOfSets(changes: readonly Change<SetEntry>[]): Change<SetEntry>[] {
  const groups = new Map<string, Change<SetEntry>[]>();
  for (const change of changes) {
    const place = change.after === undefined ? `- ${change.before?.set ?? ''}` : `+ ${change.after.set}`;
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [change]);
    else group.push(change);
  }
  return [...groups.values()].flat();
}

/** How many elements the changes add to each set at most. */
function additionsOf(changes: readonly Change<SetEntry>[]): Map<string, number> {
  const additions = new Map<string, number>();
  for (const { after } of changes) {
    if (after !== undefined) additions.set(after.set, (additions.get(after.set) ?? 0) + 1);
  }
  return additions;
}

/** The refusals of the first try, with those of full sets replaced by what came of the second. */
function merged(
  first: Refusals,
  retried: readonly Change<SetEntry>[],
  second: Refusals,
  failures: ReadonlyMap<string, NetlinkError>,
): Refusals {
  const all = new Map(first);
  for (const { key, after } of retried) {
    const failure = failures.get(after?.set ?? '');
    const refusal = second.get(key) ?? (failure && growthRefusal(key, failure));
    if (refusal === undefined) all.delete(key);
    else all.set(key, refusal);
  }
  return all;
}

function growthRefusal(key: string, error: NetlinkError): Refusal {
  const message = `${key}: the set is full and could not be enlarged: ${error.message}`;
  return { code: error.code, operation: error.operation, message };
}

/** The kernel takes additions of what is there and deletions of what is gone; a set that is gone has nothing in it. */
function correct(verb: Verb, error: NetlinkError): 'done' | undefined {
  return verb === 'delete' && isNotFound(error) ? 'done' : undefined;
}

function explain(_verb: Verb, entry: SetEntry, error: NetlinkError): string {
  const advice = hasCode(error, 'ENOENT') ? '; make the set first' : '';
  return `${entry.key}: ${error.message}${advice}`;
}
