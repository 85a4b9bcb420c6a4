import type { Replacement } from './control.ts';
import type { BurstResult, OneChangeResult } from './daemon-result.ts';
import type { Note } from './probe.ts';
import { addressBound, type RealServerCommand, realServerCommands } from './probe-notes.ts';
import { percentile } from './sample.ts';

/** What ends the list at the begin of a watch (KEP-3157). */
const listEnd = 'k8s.io/initial-events-end';

/** What is listed before anything but the first service is programmed: services, slices and the node. */
const listCount = 3;

/**
 * Milliseconds from the last byte of the lists to the address of a service bound, which is written last of it; 0 where
 * it was bound before the lists had come.
 * @param bound when that was, where it cannot be seen in the notes
 */
export function usableAfterLists(
  notes: readonly Note[],
  address: string,
  bound = addressBound(notes, address),
): number {
  const ends = notes.filter(isListEnd);
  if (bound === undefined || ends.length < listCount)
    throw new Error(`expected lists and ${address} to be bound, got not both in the notes of the probe`);
  const before = ends.filter(({ at }) => at < bound);
  return before.length < listCount ? 0 : bound - (before.at(-1)?.at ?? bound);
}

/** Whether a note is of a list's end. What is asked for by namespace is no list of all. */
function isListEnd(note: Note): boolean {
  if (note.kind === 'page') return !note.path.includes('/namespaces/');
  return note.kind === 'events' && note.text.includes(listEnd);
}

/** The commands of each address, in order. */
function commandsByAddress(
  notes: readonly Note[],
  from: number,
  until = Infinity,
): Map<string, RealServerCommand[]> {
  const commands = new Map<string, RealServerCommand[]>();
  for (const command of realServerCommands(notes)) {
    if (command.at < from || command.at > until) continue;
    const those = commands.get(command.address);
    if (those) those.push(command);
    else commands.set(command.address, [command]);
  }
  return commands;
}

/** The most commands for one of the real servers that a replacement concerns. */
function mostCommands(
  commands: ReadonlyMap<string, readonly RealServerCommand[]>,
  replacements: readonly Replacement[],
): number {
  return replacements.reduce((most, { before, after }) => {
    const counts = [before, after].map((address) => commands.get(address)?.length ?? 0);
    return Math.max(most, ...counts);
  }, 0);
}

function added(commands: ReadonlyMap<string, readonly RealServerCommand[]>, address: string): number {
  const command = commands.get(address)?.find(({ verb }) => verb === 'new');
  if (command === undefined)
    throw new Error(`expected ${address} to be written to the kernel, but it was not`);
  return command.at;
}

/**
 * From the bytes of an event to the return of the write that has it, for changes that came one by one.
 * @param between when they began and when others did, on this machine's clock
 */
export function oneChangesOf(
  notes: readonly Note[],
  replacements: readonly Replacement[],
  between: readonly [number, number],
): OneChangeResult {
  const events = notes.filter((note) => note.kind === 'events');
  const commands = commandsByAddress(notes, ...between);
  // The last ones may be written when others have begun: on a slow machine an audit takes its time.
  const additions = commandsByAddress(notes, between[0]);
  let next = 0;
  const times = replacements.map(({ after }) => {
    const wanted = `"${after}"`;
    while (next < events.length && events[next]?.text.includes(wanted) !== true) next += 1;
    return added(additions, after) - (events[next]?.at ?? NaN);
  });
  return {
    changes: times.length,
    median: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    mostCommands: mostCommands(commands, replacements),
  };
}

/** When the event that has an address came, by the address; one that was cut in two pieces within it is left out. */
function arrivalsOf(notes: readonly Note[]): Map<string, number> {
  const arrivals = new Map<string, number>();
  for (const note of notes) {
    if (note.kind !== 'events') continue;
    for (const [, address = ''] of note.text.matchAll(/"(\d+\.\d+\.\d+\.\d+)"/g))
      if (!arrivals.has(address)) arrivals.set(address, note.at);
  }
  return arrivals;
}

/**
 * From the server's write of an endpoint to the return of the write that has it.
 * @param offset milliseconds by which the server's clock is ahead
 */
export function burstOf(
  notes: readonly Note[],
  replacements: readonly Replacement[],
  offset: number,
): BurstResult {
  const at = (replacement: Replacement | undefined): number => (replacement?.at ?? NaN) - offset;
  const began = at(replacements[0]);
  const commands = commandsByAddress(notes, began);
  const times = replacements.map((replacement) => added(commands, replacement.after) - at(replacement));
  const ended = began + Math.max(...replacements.map((one) => added(commands, one.after) - began));
  const arrivals = arrivalsOf(notes);
  const underWay = replacements.flatMap((replacement) => {
    const arrived = arrivals.get(replacement.after);
    return arrived === undefined ? [] : [arrived - at(replacement)];
  });
  const writes = notes.filter(
    (note) => (note.kind === 'write' || note.kind === 'servers') && note.at >= began && note.at <= ended,
  );
  return {
    changes: replacements.length,
    wroteIn: at(replacements.at(-1)) - began,
    median: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    worst: Math.max(...times),
    underWay: { median: percentile(underWay, 0.5), p99: percentile(underWay, 0.99) },
    kernel: writes.reduce((sum, note) => sum + (note.kind === 'write' ? note.took : 0), 0),
    writeCalls: writes.length,
    mostCommands: mostCommands(commands, replacements),
  };
}
