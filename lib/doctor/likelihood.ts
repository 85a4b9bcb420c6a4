import { splitRule } from '../kernel/iptables-rule.ts';
import { cidrContains } from '../model/cidr.ts';
import { type Condition, readRule, type Side, type Target } from '../trace/rule.ts';
import { lookUp } from '../trace/set-lookup.ts';
import type { TracedTables } from '../trace/traced-tables.ts';
import type { Sample } from './sample.ts';

/** Whether something is so, where not everything is known. */
export type Likelihood = 'yes' | 'no' | 'maybe';

/** What a rule does with a packet, and whether it matches. */
export interface Reading {
  readonly matches: Likelihood;
  /** `undefined` where a rule does nothing, or something that ends nothing; `unknown` where it is not known. */
  readonly target: Target | 'unknown' | undefined;
}

/** Targets that let the packet go on to the next rule. */
const passing = new Set(['LOG', 'NFLOG', 'MARK', 'CONNMARK', 'TCPMSS', 'CT', 'NOTRACK', 'TRACE', 'SECMARK']);

/** Reads a rule of anybody, in the notation of iptables-save, for a packet of which not everything is known. */
export function readFor(sample: Sample, text: string, tables: TracedTables): Reading {
  const { rest, likelihoods } = withoutPorts(sample, text);
  const rule = readRule(rest);
  if ('unknown' in rule) return { matches: every([...likelihoods, 'maybe']), target: targetIn(rest) };
  if (rule.matches.some(({ condition, negated }) => condition.kind === 'never' && !negated)) {
    return { matches: 'no', target: rule.target };
  }
  const judged = rule.matches.map(({ condition, negated }) =>
    negate(isSo(condition, sample, tables), negated),
  );
  return { matches: every([...likelihoods, ...judged]), target: rule.target };
}

/** What a rule does of which a match or the target is not known. */
function targetIn(text: string): Reading['target'] {
  const words = splitRule(text);
  const jump = words.findIndex((word) => word === '-j' || word === '-g');
  if (jump < 0 || passing.has(words[jump + 1] ?? '')) return undefined;
  const rule = readRule(words.slice(jump).join(' '));
  return 'unknown' in rule ? 'unknown' : rule.target;
}

/** Whether all of some things are so. */
export function every(all: readonly Likelihood[]): Likelihood {
  if (all.includes('no')) return 'no';
  return all.includes('maybe') ? 'maybe' : 'yes';
}

/** Whether something is not so, where it is `negated`. */
export function negate(likelihood: Likelihood, negated: boolean): Likelihood {
  if (!negated || likelihood === 'maybe') return likelihood;
  return likelihood === 'yes' ? 'no' : 'yes';
}

/** What is known. */
export function told(holds: boolean): Likelihood {
  return holds ? 'yes' : 'no';
}

/** The ports that a rule asks for, which a trace does not know, and the rule without them. */
function withoutPorts(sample: Sample, text: string): { rest: string; likelihoods: readonly Likelihood[] } {
  const likelihoods: Likelihood[] = [];
  const rest = text.replace(
    / ?(! )?--(dport|sport|dports|sports|ports) (\S+)/g,
    (_, negation: string | undefined, option: string, ports: string) => {
      likelihoods.push(negate(portIsIn(sample, option, ports), negation !== undefined));
      return '';
    },
  );
  return { rest: rest.replace(/ ?-m multiport/, '').trim(), likelihoods };
}

function portIsIn({ source, destination }: Sample, option: string, ports: string): Likelihood {
  const port = (option.startsWith('d') ? destination : option.startsWith('s') ? source : undefined)?.port;
  if (port === undefined) return 'maybe';
  return told(
    ports.split(',').some((range) => {
      const [low = 0, high = low] = range.split(':').map(Number);
      return port >= low && port <= high;
    }),
  );
}

function isSo(condition: Condition, sample: Sample, tables: TracedTables): Likelihood {
  switch (condition.kind) {
    case 'address':
      return isWithin(condition.cidr, endOf(sample, condition.side)?.address);
    case 'protocol':
      return told(condition.protocol === sample.protocol);
    case 'state':
      return told(condition.states.includes(sample.state));
    case 'set':
      return isIn(condition.set, condition.sides, sample, tables);
    case 'local':
      return isBound(endOf(sample, condition.side)?.address, tables);
    default:
      return isElsewhere(condition);
  }
}

/** Nothing is known but that what a node sends to itself is none of the packets that samples are taken of. */
function isElsewhere(condition: Condition): Likelihood {
  return condition.kind === 'interface' && condition.pattern === 'lo' ? 'no' : 'maybe';
}

/** Whether an address, where it is known, lies in a CIDR. */
export function isWithin(cidr: string, address: string | undefined): Likelihood {
  if (address !== undefined) return told(cidrContains(cidr, address));
  return cidr.endsWith('/0') ? 'yes' : 'maybe';
}

function isBound(address: string | undefined, { addresses }: TracedTables): Likelihood {
  return address !== undefined && addresses.has(address) ? 'yes' : 'maybe';
}

/** An end of a packet of which nothing is known. */
const nowhere = { address: '', port: 0 };

function endOf({ source, destination }: Sample, side: Side): Sample['source'] {
  return side === 'src' ? source : destination;
}

/** Whether a packet is in a set, where both ends that the set asks for are known. */
function isIn(name: string, sides: readonly Side[], sample: Sample, tables: TracedTables): Likelihood {
  const set = tables.sets.get(name);
  if (set === undefined || sides.some((side) => endOf(sample, side) === undefined)) return 'maybe';
  const { family, protocol, source = nowhere, destination = nowhere } = sample;
  const flight = {
    ...{ family, protocol, mark: 0, inInterface: undefined, bridged: false },
    ...({ outInterface: undefined, state: 'NEW', tracked: true, masqueraded: false } as const),
    ...{ source: source.address, sourcePort: source.port },
    ...{ destination: destination.address, port: destination.port },
  };
  return told(lookUp(set, sides, flight, tables).found !== undefined);
}
