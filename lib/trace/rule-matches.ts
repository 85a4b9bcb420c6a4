import type { Protocol } from '../model/protocol.ts';
import type { Condition, Match, Side, UnknownPart } from './rule.ts';

/** How an option of a match is read. */
interface OptionReader {
  readonly values: number;
  /** `undefined` for values that are not known, `always` for an option that asks for nothing. */
  readonly read: (...values: string[]) => Condition | 'always' | undefined;
}

const protocols: Readonly<Record<string, Protocol>> = {
  ...{ tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' },
  ...{ '6': 'TCP', '17': 'UDP', '132': 'SCTP' },
};

/** Matches whose options are known. Options of others say nothing here, even those that have the name of a known one. */
const modules = new Set([
  ...[
    'comment',
    'set',
    'addrtype',
    'mark',
    'conntrack',
    'state',
    'physdev',
    'tcp',
    'udp',
    'sctp',
    'multiport',
  ],
]);

const optionReaders: ReadonlyMap<string, OptionReader> = new Map<string, OptionReader>([
  ['--comment', { values: 1, read: () => 'always' }],
  ['-s', { values: 1, read: (cidr = '') => ({ kind: 'address', side: 'src', cidr: asCidr(cidr) }) }],
  ['-d', { values: 1, read: (cidr = '') => ({ kind: 'address', side: 'dst', cidr: asCidr(cidr) }) }],
  ['-i', { values: 1, read: (pattern = '') => ({ kind: 'interface', way: 'in', pattern }) }],
  ['-o', { values: 1, read: (pattern = '') => ({ kind: 'interface', way: 'out', pattern }) }],
  ['-p', { values: 1, read: readProtocol }],
  ['--match-set', { values: 2, read: readSet }],
  ['--src-type', { values: 1, read: (type) => readAddressType('src', type) }],
  ['--dst-type', { values: 1, read: (type) => readAddressType('dst', type) }],
  ['--mark', { values: 1, read: readMark }],
  ['--ctstate', { values: 1, read: readStates }],
  ['--state', { values: 1, read: readStates }],
  ['--physdev-is-in', { values: 0, read: () => ({ kind: 'bridged' }) }],
  // What is routed is not bridged through.
  ['--physdev-is-bridged', { values: 0, read: () => ({ kind: 'never' }) }],
  ['--sport', { values: 1, read: (ports) => readPorts('src', ports) }],
  ['--dport', { values: 1, read: (ports) => readPorts('dst', ports) }],
  ['--sports', { values: 1, read: (ports) => readPorts('src', ports) }],
  ['--dports', { values: 1, read: (ports) => readPorts('dst', ports) }],
  ['--tcp-flags', { values: 2, read: readTcpFlags }],
  ['--syn', { values: 0, read: () => readTcpFlags('FIN,SYN,RST,ACK', 'SYN') }],
]);

/** The matches of a rule, of which one part may not be known: it says what can be told of the others all the same. */
export interface ReadMatches {
  readonly matches: readonly Match[];
  /** The first that is not known. */
  readonly unknown?: UnknownPart;
}

/** Reads the words of a rule before its target. */
export function readMatches(words: readonly string[]): ReadMatches {
  const matches: Match[] = [];
  let unknown: UnknownPart | undefined;
  let module = '';
  for (let index = 0; index < words.length;) {
    const option = readOption(words, index, module);
    index += option.length;
    module = option.module;
    const { condition, text, negated } = option;
    if (condition === undefined) unknown ??= { unknown: 'match', text };
    else if (condition !== 'always') matches.push({ text, negated, condition });
  }
  return { matches, ...(unknown && { unknown }) };
}

/** An option of a match, with what negates it and its values. */
interface MatchOption {
  readonly text: string;
  readonly negated: boolean;
  /** In words. */
  readonly length: number;
  /** The match that is being read behind it. */
  readonly module: string;
  readonly condition: Condition | 'always' | undefined;
}

function readOption(words: readonly string[], index: number, module: string): MatchOption {
  const negated = words[index] === '!';
  const at = negated ? index + 1 : index;
  if (words[at] === '-m') return moduleOption(words, index, at);
  const reader = readerOf(words[at], module);
  const end = reader === undefined ? endOfValues(words, at + 1) : at + 1 + reader.values;
  const option = words.slice(index, end);
  const condition = end > words.length ? undefined : reader?.read(...words.slice(at + 1, end));
  return { text: option.join(' '), negated, length: option.length, module, condition };
}

/** Options of a match that is not known are not known, whatever they are called. */
function readerOf(name = '', module: string): OptionReader | undefined {
  return module === '' || modules.has(module) ? optionReaders.get(name) : undefined;
}

function moduleOption(words: readonly string[], index: number, at: number): MatchOption {
  const module = words[at + 1] ?? '';
  const option = words.slice(index, at + 2);
  const condition = modules.has(module) ? 'always' : undefined;
  return { text: option.join(' '), negated: false, length: option.length, module, condition };
}

/** Where the next option begins, behind one that is not known. */
function endOfValues(words: readonly string[], from: number): number {
  const next = words.findIndex((word, index) => index >= from && (word === '!' || /^-[-a-z]/.test(word)));
  return next < 0 ? words.length : next;
}

function asCidr(text: string): string {
  if (text.includes('/')) return text;
  return `${text}/${text.includes(':') ? 128 : 32}`;
}

/** A protocol that no connection of a Service has matches none of its packets. */
function readProtocol(name = ''): Condition | 'always' | undefined {
  if (name === 'all' || name === '0') return 'always';
  const protocol = protocols[name];
  return protocol === undefined ? { kind: 'never' } : { kind: 'protocol', protocol };
}

function readSet(set = '', directions = ''): Condition | undefined {
  const sides = directions.split(',');
  const known = sides.every((side): side is Side => side === 'src' || side === 'dst');
  return known ? { kind: 'set', set, sides } : undefined;
}

/** Addresses that connections are opened to and from are of one host each, the node's or another's. */
function readAddressType(side: Side, type = ''): Condition | undefined {
  if (type === 'LOCAL') return { kind: 'local', side };
  return type === 'BROADCAST' || type === 'MULTICAST' || type === 'ANYCAST' ? { kind: 'never' } : undefined;
}

function readMark(text = ''): Condition | undefined {
  const [value, mask = 0xffffffff] = text.split('/').map(Number);
  const known = Number.isInteger(value) && Number.isInteger(mask);
  return known ? { kind: 'mark', value: Number(value) >>> 0, mask: mask >>> 0 } : undefined;
}

/** `DNAT` and `SNAT` are no states but what was done to the connection. */
function readStates(text = ''): Condition | undefined {
  const states = text.split(',');
  return states.some((state) => state === 'DNAT' || state === 'SNAT') ? undefined : { kind: 'state', states };
}

/** `80`, `1024:65535`, or a list of these. */
function readPorts(side: Side, text = ''): Condition | undefined {
  const ranges = text.split(',').map((range) => {
    const [first = '', last = first] = range.split(':');
    return [first === '' ? 0 : Number(first), last === '' ? 65535 : Number(last)] as const;
  });
  const known = ranges.every((range) => range.every((port) => Number.isInteger(port)));
  return known ? { kind: 'port', side, ranges } : undefined;
}

function readTcpFlags(mask = '', set = ''): Condition {
  const flags = (text: string): string[] =>
    text === 'ALL' ? ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] : text === 'NONE' ? [] : text.split(',');
  return { kind: 'tcp-flags', mask: flags(mask), set: flags(set) };
}
