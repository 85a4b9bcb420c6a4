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

interface Attempt<Entry> {
  readonly key: string;
  readonly verb: Verb;
  readonly entry: Entry;
}

/**
 * Brings the changes about in batches, letting the event loop turn between them. Rejects with a `TableError` where the
 * kernel's state is not known afterwards or nothing may be written at all; see `Table.apply`.
 */
export async function writeInBatches<Entry extends Keyed>(
  changes: readonly Change<Entry>[],
  rules: BatchRules<Entry>,
): Promise<Refusals> {
  const refusals = new Map<string, Refusal>();
  const attempts = changes.map(firstAttempt).filter((attempt) => attempt !== undefined);
  for (let from = 0; from < attempts.length; from += commandsAtOnce) {
    if (from > 0) await setImmediate();
    let pending = attempts.slice(from, from + commandsAtOnce);
    for (let left = corrections; pending.length > 0; left -= 1) {
      pending = runOnce(pending, left > 0, rules, refusals);
    }
  }
  return refusals;
}

function firstAttempt<Entry extends Keyed>(change: Change<Entry>): Attempt<Entry> | undefined {
  const { key, before, after } = change;
  if (after !== undefined) return { key, verb: before === undefined ? 'create' : 'change', entry: after };
  return before === undefined ? undefined : { key, verb: 'delete', entry: before };
}

/** Gives the attempts to make next: the refused ones whose verb was corrected. */
function runOnce<Entry extends Keyed>(
  attempts: readonly Attempt<Entry>[],
  mayCorrect: boolean,
  rules: BatchRules<Entry>,
  refusals: Map<string, Refusal>,
): Attempt<Entry>[] {
  const batch = rules.begin();
  const sent = attempts.filter((attempt) => addTo(batch, attempt, refusals));
  const outcomes = orTableError(rules.table, () => batch.run());
  const next: Attempt<Entry>[] = [];
  for (const [index, attempt] of sent.entries()) {
    const error = outcomes[index];
    if (error === undefined) continue;
    if (hasCode(error, 'EPERM')) throw tableError(rules.table, error);
    const verb = rules.correct(attempt.verb, error);
    if (verb === 'done') continue;
    if (verb !== undefined && mayCorrect) next.push({ ...attempt, verb });
    else refusals.set(attempt.key, refusalOf(attempt, error, rules));
  }
  return next;
}

function addTo<Entry extends Keyed>(
  batch: EntryBatch<Entry>,
  attempt: Attempt<Entry>,
  refusals: Map<string, Refusal>,
): boolean {
  try {
    batch.add(attempt.verb, attempt.entry);
    return true;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    refusals.set(attempt.key, { code: error.code, operation: error.operation, message: error.message });
    return false;
  }
}

function refusalOf<Entry extends Keyed>(
  attempt: Attempt<Entry>,
  error: NetlinkError,
  rules: BatchRules<Entry>,
): Refusal {
  return {
    code: error.code,
    operation: error.operation,
    message: rules.explain(attempt.verb, attempt.entry, error),
  };
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
