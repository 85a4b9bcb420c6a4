import { markChange, splitRule } from '../kernel/iptables-rule.ts';
import type { Protocol } from '../model/protocol.ts';

/** Which end of a packet is meant. */
export type Side = 'src' | 'dst';

/** What a match asks for. */
export type Condition =
  | { readonly kind: 'address'; readonly side: Side; readonly cidr: string }
  | { readonly kind: 'protocol'; readonly protocol: Protocol }
  /** The interface that the packet came in on. A `+` at the end stands for anything. */
  | { readonly kind: 'interface'; readonly pattern: string }
  | { readonly kind: 'set'; readonly set: string; readonly sides: readonly Side[] }
  /** The address is one of the node. */
  | { readonly kind: 'local'; readonly side: Side }
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  /** The state of the connection that the packet belongs to: `NEW`, `ESTABLISHED`. */
  | { readonly kind: 'state'; readonly states: readonly string[] }
  /** The packet came in over a port of a bridge. */
  | { readonly kind: 'bridged' };

/** One match of a rule. */
export interface Match {
  /** As it is written, with the negation. */
  readonly text: string;
  readonly negated: boolean;
  readonly condition: Condition;
}

/** What a rule does with a packet that it matches. */
export type Target =
  /** Ends what the table does at this hook. */
  | { readonly kind: 'accept' }
  /** Ends the chain. */
  | { readonly kind: 'return' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'reject'; readonly with: string }
  /** Clears bits of the firewall mark, then flips some. */
  | { readonly kind: 'mark'; readonly clear: number; readonly flip: number }
  | { readonly kind: 'masquerade' }
  | { readonly kind: 'chain'; readonly chain: string };

/** A rule that was read. Without a target it does nothing. */
export interface Rule {
  readonly matches: readonly Match[];
  readonly target?: Target;
}

/** The part of a rule that nothing here knows. */
export interface UnknownPart {
  readonly unknown: 'match' | 'target';
  /** As it is written. */
  readonly text: string;
}

/**
 * Reads a rule in the notation of iptables-save. Only what the rules of this project hold is known; a rule with
 * anything else in it is not read at all, for what it matches could not be told.
 */
export function readRule(text: string): Rule | UnknownPart {
  const words = splitRule(text);
  const jump = words.findIndex((word) => word === '-j' || word === '-g');
  const matches = readMatches(jump < 0 ? words : words.slice(0, jump));
  if ('unknown' in matches) return matches;
  if (jump < 0) return { matches };
  const [option, name = '', ...options] = words.slice(jump);
  const target = option === '-j' ? readTarget(name, options) : undefined;
  const written = words.slice(jump).join(' ');
  return target === undefined ? { unknown: 'target', text: written } : { matches, target };
}

/** How an option of a match is read. */
interface OptionReader {
  readonly values: number;
  /** `undefined` for values that are not known, `always` for an option that asks for nothing. */
  readonly read: (...values: string[]) => Condition | 'always' | undefined;
}

/** Nearly every option has one value, which then shows in what is said of it. */
const unknownOption: OptionReader = { values: 1, read: () => undefined };

const protocols: Readonly<Record<string, Protocol>> = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' };

/** Modules that match nothing without an option. */
const modules = new Set(['comment', 'set', 'addrtype', 'mark', 'conntrack', 'physdev', 'tcp', 'udp', 'sctp']);

const optionReaders: ReadonlyMap<string, OptionReader> = new Map<string, OptionReader>([
  ['-m', { values: 1, read: (module) => (modules.has(module) ? 'always' : undefined) }],
  ['--comment', { values: 1, read: () => 'always' }],
  ['-s', { values: 1, read: (cidr = '') => ({ kind: 'address', side: 'src', cidr: asCidr(cidr) }) }],
  ['-d', { values: 1, read: (cidr = '') => ({ kind: 'address', side: 'dst', cidr: asCidr(cidr) }) }],
  ['-i', { values: 1, read: (pattern = '') => ({ kind: 'interface', pattern }) }],
  ['-p', { values: 1, read: readProtocol }],
  ['--match-set', { values: 2, read: readSet }],
  [
    '--src-type',
    { values: 1, read: (type) => (type === 'LOCAL' ? { kind: 'local', side: 'src' } : undefined) },
  ],
  [
    '--dst-type',
    { values: 1, read: (type) => (type === 'LOCAL' ? { kind: 'local', side: 'dst' } : undefined) },
  ],
  ['--mark', { values: 1, read: readMark }],
  ['--ctstate', { values: 1, read: (states = '') => ({ kind: 'state', states: states.split(',') }) }],
  ['--physdev-is-in', { values: 0, read: () => ({ kind: 'bridged' }) }],
]);

function readMatches(words: readonly string[]): Match[] | UnknownPart {
  const matches: Match[] = [];
  for (let index = 0; index < words.length;) {
    const { text, negated, length, condition } = readOption(words, index);
    if (condition === undefined) return { unknown: 'match', text };
    if (condition !== 'always') matches.push({ text, negated, condition });
    index += length;
  }
  return matches;
}

/** An option of a match, with what negates it and its values. */
interface MatchOption {
  readonly text: string;
  readonly negated: boolean;
  /** In words. */
  readonly length: number;
  readonly condition: Condition | 'always' | undefined;
}

function readOption(words: readonly string[], index: number): MatchOption {
  const negated = words[index] === '!';
  const at = negated ? index + 1 : index;
  const { values: count, read } = optionReaders.get(words[at] ?? '') ?? unknownOption;
  const values = words.slice(at + 1, at + 1 + count);
  const option = words.slice(index, at + 1 + values.length);
  const condition = values.length < count ? undefined : read(...values);
  return { text: option.join(' '), negated, length: option.length, condition };
}

function asCidr(text: string): string {
  if (text.includes('/')) return text;
  return `${text}/${text.includes(':') ? 128 : 32}`;
}

function readProtocol(name = ''): Condition | undefined {
  const protocol = protocols[name];
  return protocol && { kind: 'protocol', protocol };
}

function readSet(set = '', directions = ''): Condition | undefined {
  const sides = directions.split(',');
  const known = sides.every((side): side is Side => side === 'src' || side === 'dst');
  return known ? { kind: 'set', set, sides } : undefined;
}

function readMark(text = ''): Condition | undefined {
  const [value, mask = 0xffffffff] = text.split('/').map(Number);
  const known = Number.isInteger(value) && Number.isInteger(mask);
  return known ? { kind: 'mark', value: Number(value) >>> 0, mask: mask >>> 0 } : undefined;
}

const plainTargets: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['ACCEPT', { kind: 'accept' }],
  ['RETURN', { kind: 'return' }],
  ['DROP', { kind: 'drop' }],
]);

/** A name that is none of the kernel's targets known here is taken for a chain's. */
function readTarget(name: string, options: readonly string[]): Target | undefined {
  switch (name) {
    case 'MARK':
      return readMarkTarget(options);
    case 'MASQUERADE':
      return options.every((option) => option === '--random-fully') ? { kind: 'masquerade' } : undefined;
    case 'REJECT':
      return readReject(options);
    default:
      if (options.length > 0) return undefined;
      return plainTargets.get(name) ?? { kind: 'chain', chain: name };
  }
}

function readMarkTarget([option = '', value = '', ...rest]: readonly string[]): Target | undefined {
  const change = rest.length === 0 ? markChange(option, value) : undefined;
  return change && { kind: 'mark', ...change };
}

function readReject([option, ...values]: readonly string[]): Target | undefined {
  if (option === undefined) return { kind: 'reject', with: 'port-unreachable' };
  const [how, ...rest] = values;
  const known = option === '--reject-with' && how !== undefined && rest.length === 0;
  return known ? { kind: 'reject', with: how } : undefined;
}
