import { cidrContains } from '../model/cidr.ts';
import { kubeSetsByName } from '../model/ip-set.ts';
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
  if (condition.kind === 'interface' && interfaceOf(flight, condition.way) === undefined)
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
  // What is in sets of others is not read.
  if (!kubeSetsByName.has(name))
    throw new Undecidable({ kind: 'unknown-match', place, match: `--match-set ${name}` });
  return lookUp(set, sides, flight, tables);
}

type Plain = Exclude<Condition, { kind: 'set' }>;

/** How each kind of condition is judged. */
const judges: {
  readonly [Kind in Plain['kind']]: (
    condition: Extract<Plain, { kind: Kind }>,
    flight: Flight,
    around: Surroundings,
  ) => boolean;
} = {
  address: ({ side, cidr }, flight) => cidrContains(cidr, addressOf(flight, side)),
  protocol: ({ protocol }, flight) => flight.protocol === protocol,
  interface: ({ way, pattern }, flight) => isInterface(interfaceOf(flight, way) ?? '', pattern),
  port: ({ side, ranges }, { port, sourcePort }) =>
    ranges.some(([first, last]) => {
      const asked = side === 'src' ? sourcePort : port;
      return asked >= first && asked <= last;
    }),
  local: ({ side }, flight, around) => around.isLocal(addressOf(flight, side)),
  mark: ({ value, mask }, flight) => (flight.mark & mask) >>> 0 === value,
  state: ({ states }, flight) => states.includes(stateOf(flight)),
  bridged: (_condition, { bridged }) => bridged,
  'tcp-flags': ({ mask, set }, flight) => flight.protocol === 'TCP' && hasFlags(flight, mask, set),
  never: () => false,
};

function isSo(condition: Plain, flight: Flight, around: Surroundings): boolean {
  const judgeOf = judges[condition.kind] as (of: Plain, flight: Flight, around: Surroundings) => boolean;
  return judgeOf(condition, flight, around);
}

/** The state of the connection of a packet, as conntrack tells it. */
function stateOf({ tracked, state }: Flight): string {
  return tracked ? state : 'UNTRACKED';
}

/** What opens a connection of TCP has SYN alone, and the answer ACK beside it. */
function hasFlags({ state }: Flight, mask: readonly string[], set: readonly string[]): boolean {
  const own = state === 'NEW' ? ['SYN'] : ['SYN', 'ACK'];
  return mask.every((flag) => own.includes(flag) === set.includes(flag));
}

function addressOf({ source, destination }: Flight, side: Side): string {
  return side === 'src' ? source : destination;
}

function interfaceOf({ inInterface, outInterface }: Flight, way: 'in' | 'out'): string | undefined {
  return way === 'in' ? inInterface : outInterface;
}

function isInterface(name: string, pattern: string): boolean {
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
