import { setImmediate } from 'node:timers/promises';
import { hasCode, NetlinkError } from '../../native-bindings/error.ts';
import type { Keyed } from '../model/keyed.ts';
import { type Change, type Refusal, type Refusals, TableError } from './table.ts';

/** What is done to one entry. */
export type Verb = 'create' | 'change' | 'delete';

/** A batch of a netlink family, in terms of entries. */
export interface EntryBatch<Entry> {
  /** Throws a `NetlinkError` where the entry cannot be put into a message. */
  add(verb: Verb, entry: Entry): void;
  /** Sends everything. The batch is empty afterwards and is used again. */
  run(): readonly (NetlinkError | undefined)[];
}

/** How one table writes. */
export interface BatchRules<Entry extends Keyed> {
  /** The table's name. */
  readonly table: string;
  readonly begin: () => EntryBatch<Entry>;
  /**
   * What a refusal means: another verb to try, because the kernel held something else than was believed; `done` where
   * what was wanted is so already; `undefined` where it is a refusal.
   */
  readonly correct: (verb: Verb, error: NetlinkError) => Verb | 'done' | undefined;
  /** One sentence for a person. */
  readonly explain: (verb: Verb, entry: Entry, error: NetlinkError) => string;
}

/** Commands between two turns of the event loop: about a millisecond of the kernel's time. */
const commandsAtOnce = 256;

/** Times that a verb is corrected; more means that someone else keeps changing the same entry. */
const corrections = 2;

/**
 * Brings the changes about in batches, letting the event loop turn between them. Rejects with a `TableError` where the
 * kernel's state is not known afterwards or nothing may be written at all; see `Table.apply`.
 */
export async function writeInBatches<Entry extends Keyed>(
  changes: readonly Change<Entry>[],
  rules: BatchRules<Entry>,
): Promise<Refusals> {
  const refusals = new Map<string, Refusal>();
  // One batch for all: the memory of its messages is used again.
  const batch = rules.begin();
  for (let from = 0; from < changes.length; from += commandsAtOnce) {
    if (from > 0) await setImmediate();
    let pending: readonly Change<Entry>[] = changes.slice(from, from + commandsAtOnce);
    for (let left = corrections; pending.length > 0; left -= 1) {
      pending = runOnce(batch, pending, left > 0, rules, refusals);
    }
  }
  return refusals;
}

function verbOf({ before, after }: Change<Keyed>): Verb {
  if (after === undefined) return 'delete';
  return before === undefined ? 'create' : 'change';
}

/** Gives the changes to try next: the refused ones whose verb was corrected, with the belief that goes with that verb. */
function runOnce<Entry extends Keyed>(
  batch: EntryBatch<Entry>,
  changes: readonly Change<Entry>[],
  mayCorrect: boolean,
  rules: BatchRules<Entry>,
  refusals: Map<string, Refusal>,
): Change<Entry>[] {
  const sent = changes.filter((change) => addTo(batch, change, refusals));
  const next: Change<Entry>[] = [];
  orTableError(rules.table, () => batch.run()).forEach((error, index) => {
    const change = sent[index];
    if (error === undefined || change === undefined) return;
    if (hasCode(error, 'EPERM')) throw tableError(rules.table, error);
    const verb = rules.correct(verbOf(change), error);
    if (verb === 'done') return;
    if (verb !== undefined && mayCorrect) next.push(corrected(change, verb));
    else refuse(change, error, rules, refusals);
  });
  return next;
}

/** False where there is nothing to be sent: nothing is wanted, or the entry cannot be put into a message. */
function addTo<Entry extends Keyed>(
  batch: EntryBatch<Entry>,
  change: Change<Entry>,
  refusals: Map<string, Refusal>,
): boolean {
  const entry = change.after ?? change.before;
  if (entry === undefined) return false;
  try {
    batch.add(verbOf(change), entry);
    return true;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    refusals.set(change.key, { code: error.code, operation: error.operation, message: error.message });
    return false;
  }
}

function corrected<Entry extends Keyed>(change: Change<Entry>, verb: Verb): Change<Entry> {
  const { key, before, after } = change;
  const entry = after ?? before;
  return { key, before: verb === 'create' ? undefined : entry, after: verb === 'delete' ? undefined : entry };
}

function refuse<Entry extends Keyed>(
  change: Change<Entry>,
  error: NetlinkError,
  rules: BatchRules<Entry>,
  refusals: Map<string, Refusal>,
): void {
  const entry = change.after ?? change.before;
  if (entry === undefined) return;
  const message = rules.explain(verbOf(change), entry, error);
  refusals.set(change.key, { code: error.code, operation: error.operation, message });
}

/** Runs a kernel operation; a `NetlinkError` of it is thrown as the table's error. */
export function orTableError<Value>(table: string, operation: () => Value): Value {
  try {
    return operation();
  } catch (error) {
    throw error instanceof NetlinkError ? tableError(table, error) : error;
  }
}

function tableError(table: string, error: NetlinkError): TableError {
  const advice = hasCode(error, 'EPERM') ? '; run as root or with the capability CAP_NET_ADMIN' : '';
  return new TableError(table, error.code, `${error.message}${advice}`, { cause: error });
}
