import { markChange } from '../kernel/iptables-rule.ts';
import { parseAddress } from '../model/address.ts';
import type { Target } from './rule.ts';

const plainTargets: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['ACCEPT', { kind: 'accept' }],
  ['RETURN', { kind: 'return' }],
  ['DROP', { kind: 'drop' }],
  ['NOTRACK', { kind: 'untrack' }],
]);

/** Targets that change nothing of where a packet goes. */
const notes = new Set([
  ...['LOG', 'NFLOG', 'ULOG', 'TRACE', 'AUDIT', 'CONNMARK', 'TCPMSS', 'TTL', 'HL', 'DSCP', 'TOS', 'CLASSIFY'],
  ...['SET', 'CHECKSUM', 'CONNSECMARK', 'SECMARK', 'LED', 'RATEEST', 'IDLETIMER'],
]);

/** Reads `-j NAME …` or `-g CHAIN`. A name that is none of the kernel's targets known here is taken for a chain's. */
export function readTarget(option: string, name: string, options: readonly string[]): Target | undefined {
  if (option === '-g') return { kind: 'chain', chain: name, goto: true };
  const reader = readers.get(name);
  if (reader !== undefined) return reader(options);
  if (notes.has(name)) return { kind: 'note' };
  if (options.length > 0) return undefined;
  return plainTargets.get(name) ?? { kind: 'chain', chain: name };
}

const readers: ReadonlyMap<string, (options: readonly string[]) => Target | undefined> = new Map([
  ['MARK', readMarkTarget],
  ['REJECT', readReject],
  [
    'MASQUERADE',
    (options) =>
      options.every((option) => option === '--random-fully') ? { kind: 'masquerade' } : undefined,
  ],
  ['CT', (options) => (options.join() === '--notrack' ? { kind: 'untrack' } : undefined)],
  ['DNAT', (options) => readTranslation('destination', '--to-destination', options)],
  ['SNAT', (options) => readTranslation('source', '--to-source', options)],
]);

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

/** One address, with a port or without; of several the kernel picks one. */
function readTranslation(
  side: 'source' | 'destination',
  wanted: string,
  [option, value = '', ...rest]: readonly string[],
): Target | undefined {
  const known = option === wanted && rest.every((word) => word === '--random' || word === '--random-fully');
  return known ? translation(side, value) : undefined;
}

/** `10.0.0.1`, `10.0.0.1:80`, `fd00::1`, `[fd00::1]:80`. */
function translation(side: 'source' | 'destination', text: string): Target | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+|.*:.*:.*))(?::(\d+))?$/.exec(text) ?? [];
  const parsed = parseAddress(bracketed ?? plain ?? '');
  if (!('address' in parsed)) return undefined;
  const to = { kind: 'translate', side, address: parsed.address } as const;
  return port === undefined ? to : { ...to, port: Number(port) };
}
