import { cidrContains } from '../model/cidr.ts';
import { Undecidable } from './fault.ts';
import type { Flight } from './flight.ts';
import type { Condition, Match, Side } from './rule.ts';
import { lookUp } from './set-lookup.ts';
import type { RulePlace, SetLookup, Test } from './step.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Judges one match of a rule.
 * @throws {Undecidable} where it asks for what is not there or not known
 */
export function judge(match: Match, place: RulePlace, flight: Flight, around: Surroundings): Test {
  const { condition, negated } = match;
  if (condition.kind === 'set') {
    const lookup = lookUpIn(condition, place, flight, around);
    return { match, lookup, holds: (lookup.found !== undefined) !== negated };
  }
  if (condition.kind === 'interface' && flight.inInterface === undefined)
    throw new Undecidable({ kind: 'missing-interface', place, match: match.text });
  return { match, holds: isSo(condition, flight, around) !== negated };
}

function lookUpIn(
  { set: name, sides }: Extract<Condition, { kind: 'set' }>,
  place: RulePlace,
  flight: Flight,
  { tables }: Surroundings,
): SetLookup {
  const set = tables.sets.get(name);
  if (set === undefined) throw new Undecidable({ kind: 'missing-set', place, set: name });
  return lookUp(set, sides, flight, tables);
}

function isSo(condition: Exclude<Condition, { kind: 'set' }>, flight: Flight, around: Surroundings): boolean {
  switch (condition.kind) {
    case 'address':
      return cidrContains(condition.cidr, addressOf(flight, condition.side));
    case 'protocol':
      return flight.protocol === condition.protocol;
    case 'interface':
      return cameInOn(flight, condition.pattern);
    case 'local':
      return around.isLocal(addressOf(flight, condition.side));
    case 'mark':
      return (flight.mark & condition.mask) >>> 0 === condition.value;
    case 'state':
      return condition.states.includes(stateOf(flight));
    case 'bridged':
      return flight.bridged;
  }
}

/** The state of a connection that a packet opens, as conntrack tells it. */
function stateOf({ tracked }: Flight): string {
  return tracked ? 'NEW' : 'UNTRACKED';
}

function addressOf({ source, destination }: Flight, side: Side): string {
  return side === 'src' ? source : destination;
}

function cameInOn({ inInterface = '' }: Flight, pattern: string): boolean {
  return pattern.endsWith('+') ? inInterface.startsWith(pattern.slice(0, -1)) : inInterface === pattern;
}
