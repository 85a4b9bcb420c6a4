import type { NftPlace } from '../kernel/nft-table.ts';
import type { IpFamily } from '../model/family.ts';
import type { Target } from '../trace/rule.ts';
import { every, isWithin, type Likelihood, negate, type Reading, told } from './likelihood.ts';
import type { Sample } from './sample.ts';

/** The families of IP whose packets a table of nf_tables sees. */
export const nftFamilies: Readonly<Record<NftPlace['family'], readonly IpFamily[]>> = {
  ip: ['IPv4'],
  ip6: ['IPv6'],
  inet: ['IPv4', 'IPv6'],
};

/** Statements that change nothing of where a packet goes. */
const notes = new Set(['counter', 'log', 'mangle', 'notrack', 'ct helper', 'ct timeout', 'flow', 'last']);

/** Statements that end what a table does with a packet, in words of `Target`. */
const verdicts: Readonly<Record<string, Target>> = {
  accept: { kind: 'accept' },
  drop: { kind: 'drop' },
  reject: { kind: 'reject', with: '' },
  return: { kind: 'return' },
};

/** Statements of which it is not known what becomes of the packet. */
const unknown = new Set([
  'queue',
  'fwd',
  'dup',
  'tproxy',
  'snat',
  'dnat',
  'masquerade',
  'redirect',
  'synproxy',
]);

/** An object of nft's JSON by its only name: `{"match": {…}}`. */
type Named = Readonly<Record<string, unknown>>;

/**
 * Reads a rule of nf_tables for a packet of which not everything is known: one reading, or with a map of verdicts one for
 * each that may be meant. What is not known here counts as something that may be so.
 *
 * @param statements in the JSON of nft (libnftables-json(5))
 */
export function readNftRule(sample: Sample, statements: readonly unknown[]): readonly Reading[] {
  const likelihoods: Likelihood[] = [];
  for (const statement of statements) {
    const [name = '', body] = only(statement);
    const target = targetOf(name, body);
    if (target !== undefined) return [{ matches: every(likelihoods), target }];
    if (name === 'vmap') return byMap(sample, body as VerdictMap, every(likelihoods));
    if (name === 'match') likelihoods.push(judge(sample, body as NftMatch));
    else if (!notes.has(name)) likelihoods.push('maybe');
  }
  return [];
}

function only(object: unknown): readonly [name?: string, body?: unknown] {
  return typeof object === 'object' && object !== null ? (Object.entries(object)[0] ?? []) : [];
}

function targetOf(name: string, body: unknown): Target | 'unknown' | undefined {
  if (name === 'jump' || name === 'goto') {
    const { target: chain } = body as { readonly target: string };
    return { kind: 'chain', chain, ...(name === 'goto' && { goto: true }) };
  }
  return unknown.has(name) ? 'unknown' : verdicts[name];
}

/** `ct state vmap { invalid : drop }`. */
interface VerdictMap {
  readonly key: Named;
  readonly data: string | { readonly set: readonly (readonly [key: unknown, verdict: unknown])[] };
}

function byMap(sample: Sample, { key, data }: VerdictMap, matches: Likelihood): readonly Reading[] {
  if (typeof data === 'string') return [{ matches: every([matches, 'maybe']), target: 'unknown' }];
  return data.set.map(([element, verdict]) => ({
    matches: every([matches, isOneOf(known(sample, key), [element])]),
    target: targetOf(...(only(verdict) as [string, unknown])),
  }));
}

/** `tcp dport 80`. */
interface NftMatch {
  readonly op: string;
  readonly left: Named;
  readonly right: unknown;
}

function judge(sample: Sample, { op, left, right }: NftMatch): Likelihood {
  const test = known(sample, left);
  if (test === 'never') return 'no';
  if (op !== '==' && op !== 'in' && op !== '!=') return 'maybe';
  const [name, set] = only(right);
  return negate(isOneOf(test, [name === 'set' ? set : right].flat()), op === '!=');
}

/** Whether what a packet has is an element of nft's: a word, a number, an address, a prefix or a range. */
type Test = (element: unknown) => Likelihood;

/** `never` where the packet has nothing of the kind, so that no rule that asks for it matches. */
type Known = Test | 'never' | undefined;

/** What is asked of a packet: `{"meta": {"key": "l4proto"}}`, `{"payload": {"protocol": "tcp", "field": "dport"}}`. */
interface Fields {
  readonly key: string;
  readonly protocol: string;
  readonly field: string;
}

function known(sample: Sample, expression: Named): Known {
  const [name = '', fields] = only(expression);
  return kinds[name]?.(sample, fields as Fields);
}

const kinds: Readonly<Record<string, (sample: Sample, fields: Fields) => Known>> = {
  meta: (sample, { key }) => metas[key]?.(sample),
  ct: (sample, { key }) => tracked[key]?.(sample),
  payload: (sample, { protocol, field }) => payload(sample, protocol, field),
};

/** Protocols by the names and numbers of nft. */
const protocols = { TCP: ['tcp', 6], UDP: ['udp', 17], SCTP: ['sctp', 132] } as const;

function among(...words: readonly unknown[]): Test {
  return (element) => told(words.includes(element));
}

function butNot(word: string): Test {
  return (element) => (element === word ? 'no' : 'maybe');
}

/** What a node sends to itself is none of the packets that samples are taken of. */
const notItself = (): Test => butNot('lo');

const metas: Readonly<Record<string, (sample: Sample) => Test>> = {
  l4proto: ({ protocol }) => among(...protocols[protocol]),
  nfproto: ({ family }) => (family === 'IPv4' ? among('ipv4', 2) : among('ipv6', 10)),
  protocol: ({ family }) => among(family === 'IPv4' ? 'ip' : 'ip6'),
  ...{ iif: notItself, iifname: notItself, oif: notItself, oifname: notItself },
};

const tracked: Readonly<Record<string, (sample: Sample) => Test>> = {
  state: ({ state }) => among(state.toLowerCase()),
  // What IPVS translates is no DNAT to conntrack.
  status: () => butNot('dnat'),
};

function payload(sample: Sample, protocol: string, field: string): Known {
  if (protocol === 'ether' || protocol === 'vlan') return undefined;
  const isIp = protocol === 'ip' || protocol === 'ip6';
  const own = isIp ? { IPv4: 'ip', IPv6: 'ip6' }[sample.family] : protocols[sample.protocol][0];
  if (protocol !== 'th' && protocol !== own) return 'never';
  return isIp ? inIpHeader(sample, field) : inHeader(sample, field);
}

function inIpHeader({ source, destination, protocol }: Sample, field: string): Known {
  if (field === 'protocol' || field === 'nexthdr') return among(...protocols[protocol]);
  const address = { daddr: destination, saddr: source }[field]?.address;
  return address === undefined ? undefined : (element) => isAddress(address, element);
}

function inHeader({ source, destination }: Sample, field: string): Known {
  const port = { dport: destination, sport: source }[field]?.port;
  return port === undefined ? undefined : (element) => isPort(port, element);
}

/** Whether something is one of some elements; it may be one that is not understood. */
function isOneOf(test: Known, elements: readonly unknown[]): Likelihood {
  if (test === 'never') return 'no';
  const all = elements.map((element) => isElement(test, element));
  if (all.includes('yes')) return 'yes';
  return all.includes('maybe') ? 'maybe' : 'no';
}

function isElement(test: Test | undefined, element: unknown): Likelihood {
  const [name, body] = only(element);
  if (name === 'elem') return isElement(test, (body as { readonly val: unknown }).val);
  // The name of a set, whose elements are not read.
  const isSet = typeof element === 'string' && element.startsWith('@');
  return test === undefined || isSet ? 'maybe' : test(element);
}

function isAddress(address: string, element: unknown): Likelihood {
  const [name, body] = only(element);
  if (name === undefined) return told(element === address);
  if (name !== 'prefix') return 'maybe';
  const { addr, len } = body as { readonly addr: string; readonly len: number };
  return isWithin(`${addr}/${len}`, address);
}

function isPort(port: number, element: unknown): Likelihood {
  const [name, body] = only(element);
  if (name === undefined) return told(element === port);
  if (name !== 'range') return 'maybe';
  const [low = 0, high = 0] = body as readonly number[];
  return told(port >= low && port <= high);
}
