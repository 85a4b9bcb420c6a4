import type { Problem } from '../../model/problem.ts';
import type { ManifestFile, ManifestObject } from './manifest-file.ts';

/** A file as far as it is in force, and what was last read of it. */
interface Entry {
  /** The objects in force, by id: the last good version of each. */
  readonly accepted: Map<string, ManifestObject>;
  /** What was last read; undefined where the file is gone. */
  latest: ManifestFile | undefined;
  problems: readonly Problem[];
  /** When everything of `latest` comes into force, in milliseconds; undefined where it has. */
  settlesAt: number | undefined;
  /** Since when there has been no such moment. */
  unsettledSince: number;
}

/** A file that never stands still for the settle time is taken as it is after this many of them. */
const mostSettleTimes = 10;

/**
 * The manifest files of a directory, and which version of every object in them is in force. A file may be read while
 * somebody writes it, so what is read comes into force in two steps:
 *
 * - at once, every good object that cannot be the cut-off end of a file that is still being written;
 * - once the file has stood still for the settle time, the rest of them, and whatever is no longer in it is withdrawn,
 *   unless the file is damaged: an object that is missing from it may stand in the part that could not be read.
 *
 * An object that became invalid keeps its last good version. Times are given by the caller, in milliseconds.
 */
export class ManifestSet {
  readonly #settleTime: number;
  readonly #entries = new Map<string, Entry>();
  #revision = 0;

  /** @param settleTime how long a file stands still before it counts as completely written */
  constructor(settleTime: number) {
    this.#settleTime = settleTime;
  }

  /** Grows whenever something was read or came into force. */
  get revision(): number {
    return this.#revision;
  }

  /** The names of the files that are known, whether or not they are still there. */
  get files(): string[] {
    return [...this.#entries.keys()];
  }

  /** Takes a file as it was just read. `since` is when it last changed. */
  update(file: string, latest: ManifestFile, since: number): void {
    const entry = this.#entryOf(file, since);
    entry.latest = latest;
    this.#unsettle(entry, since);
    for (const object of latest.objects) {
      if (object.complete && object.valid) entry.accepted.set(object.id, object);
    }
  }

  /** Takes note that a file is gone. Nothing happens where it was not known, or known to be gone. */
  remove(file: string, since: number): void {
    const entry = this.#entries.get(file);
    if (entry === undefined || (entry.latest === undefined && entry.settlesAt !== undefined)) return;
    entry.latest = undefined;
    this.#unsettle(entry, since);
  }

  /** Takes note that a file is there but cannot be read. What was in force of it stays so. */
  fail(file: string, problem: Problem, since: number): void {
    this.update(file, { objects: [], problems: [problem], ignoredKinds: new Set(), damaged: true }, since);
  }

  /** Takes note that a file is being written at this moment, so that nothing of it settles yet. */
  defer(file: string, since: number): void {
    this.#unsettle(this.#entryOf(file, since), since);
  }

  /** Brings into force what has stood still for long enough. */
  settle(now: number): void {
    for (const [file, entry] of this.#entries) {
      if (entry.settlesAt === undefined || entry.settlesAt > now) continue;
      const stoodStill = entry.settlesAt < entry.unsettledSince + mostSettleTimes * this.#settleTime;
      entry.settlesAt = undefined;
      this.#revision += 1;
      if (entry.latest !== undefined) settleEntry(entry, entry.latest, stoodStill);
      else if (stoodStill) this.#entries.delete(file);
      else this.#unsettle(entry, now);
    }
  }

  /** When `settle` should next be called; undefined where everything is in force. */
  get settlesAt(): number | undefined {
    let earliest: number | undefined;
    for (const { settlesAt } of this.#entries.values()) {
      if (settlesAt !== undefined && (earliest === undefined || settlesAt < earliest)) earliest = settlesAt;
    }
    return earliest;
  }

  /** The objects in force, in the order of the files' names and, within a file, of their coming. */
  *accepted(): IterableIterator<ManifestObject> {
    for (const [, entry] of this.#inOrder()) yield* entry.accepted.values();
  }

  /** The ids of everything that is in force or written in a file, be it invalid. */
  mentioned(): Set<string> {
    const ids = new Set<string>();
    for (const { accepted, latest } of this.#entries.values()) {
      for (const id of accepted.keys()) ids.add(id);
      for (const { id } of latest?.objects ?? []) ids.add(id);
    }
    return ids;
  }

  /** What is wrong with each file by itself, as it last stood still. */
  problems(): Problem[] {
    return this.#inOrder().flatMap(([, { problems }]) => problems);
  }

  #entryOf(file: string, now: number): Entry {
    const known = this.#entries.get(file);
    if (known !== undefined) return known;
    const entry: Entry = {
      accepted: new Map(),
      latest: undefined,
      problems: [],
      settlesAt: undefined,
      unsettledSince: now,
    };
    this.#entries.set(file, entry);
    return entry;
  }

  #unsettle(entry: Entry, since: number): void {
    this.#revision += 1;
    if (entry.settlesAt === undefined) entry.unsettledSince = since;
    const latest = entry.unsettledSince + mostSettleTimes * this.#settleTime;
    entry.settlesAt = Math.min(since + this.#settleTime, latest);
  }

  #inOrder(): [string, Entry][] {
    return [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function settleEntry(entry: Entry, latest: ManifestFile, stoodStill: boolean): void {
  const written = new Set(latest.objects.map(({ id }) => id));
  for (const object of latest.objects) {
    if (object.valid) entry.accepted.set(object.id, object);
  }
  entry.problems = latest.problems;
  if (latest.damaged || !stoodStill) return;
  for (const id of entry.accepted.keys()) {
    if (!written.has(id)) entry.accepted.delete(id);
  }
}
