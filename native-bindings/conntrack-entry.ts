import { addressFamilies } from './address.ts';
import {
  conntrackFilterFlags,
  type ConntrackTupleValues,
  type ConntrackValues,
} from './conntrack-attributes.ts';

/** One direction of a connection: what its packets look like. */
export interface ConntrackTuple {
  readonly source: string;
  readonly destination: string;
  /** 0 for protocols without ports. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** A connection that the kernel keeps track of. */
export interface ConntrackEntry {
  readonly family: 'IPv4' | 'IPv6';
  /** `IPPROTO_*`: 6 for TCP, 17 for UDP, 132 for SCTP. */
  readonly protocol: number;
  /** Packets of the side that began, before any translation. */
  readonly original: ConntrackTuple;
  /** Packets that answer, as they arrive: with the translated addresses. */
  readonly reply: ConntrackTuple;
  readonly mark: number;
  /** Bits of `conntrackStatus`. */
  readonly status: number;
  /** Seconds until it goes, unless a packet comes; 0 where the kernel does not tell. */
  readonly timeout: number;
  /** Tells it from a later connection with the same tuples. */
  readonly id: number;
  readonly zone: number;
}

/** What entries must be like; what is left out may be anything. Addresses and ports are those of the original direction. */
export interface ConntrackFilter {
  readonly family?: 'IPv4' | 'IPv6';
  readonly protocol?: number;
  readonly source?: string;
  readonly destination?: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** What a request to remove an entry says of it: the original tuple is always there, as without one everything goes. */
export function idValues({ original, protocol, id, zone }: ConntrackEntry): ConntrackValues {
  return { original: tupleValues({ ...original, protocol }), id, zone: zone === 0 ? undefined : zone };
}

/** The number of a family; 0, which means any, where neither it nor an address is told. */
export function familyNumber({ family, source, destination }: ConntrackFilter): number {
  if (family !== undefined) return addressFamilies[family];
  const address = source ?? destination;
  if (address === undefined) return 0;
  return address.includes(':') ? addressFamilies.IPv6 : addressFamilies.IPv4;
}

/**
 * As much of a filter as the kernel can be asked for. It compares tuples only where it knows the family, and it gives
 * just the entries whose IPv6 addresses differ from those asked for (ctnetlink_filter_match_tuple, at least up to 6.18).
 */
export function filterValues(filter: ConntrackFilter): ConntrackValues {
  const family = familyNumber(filter);
  if (family === 0) return {};
  const asked: ConntrackTupleFilter = family === addressFamilies.IPv6 ? withoutAddresses(filter) : filter;
  let flags = 0;
  for (const [part, flag] of Object.entries(conntrackFilterFlags)) {
    if (asked[part as keyof typeof conntrackFilterFlags] !== undefined) flags |= flag;
  }
  return flags === 0 ? {} : { original: tupleValues(asked), filter: { original: flags } };
}

function withoutAddresses({ protocol, sourcePort, destinationPort }: ConntrackFilter): ConntrackTupleFilter {
  return { protocol, sourcePort, destinationPort };
}

/** The parts of a filter that a tuple has. */
type ConntrackTupleFilter = {
  readonly [Part in keyof Omit<ConntrackFilter, 'family'>]: ConntrackFilter[Part] | undefined;
};

function tupleValues(tuple: ConntrackTupleFilter): ConntrackTupleValues {
  const { source, destination, protocol, sourcePort, destinationPort } = tuple;
  const addresses =
    (source ?? destination)?.includes(':') === true
      ? { source6: source, destination6: destination }
      : { source4: source, destination4: destination };
  return { addresses, protocol: { number: protocol, sourcePort, destinationPort } };
}

/** A number that the kernel leaves out where it is zero or has no meaning. */
function orZero(value: number | undefined): number {
  return value ?? 0;
}

/** The entry that the kernel's attributes tell of; `undefined` for one without addresses. */
export function entryOf(family: number, values: ConntrackValues): ConntrackEntry | undefined {
  const original = tupleOf(values.original);
  const reply = tupleOf(values.reply);
  if (original === undefined || reply === undefined) return undefined;
  return {
    family: family === addressFamilies.IPv6 ? 'IPv6' : 'IPv4',
    protocol: orZero(values.original?.protocol?.number),
    original,
    reply,
    mark: orZero(values.mark),
    status: orZero(values.status),
    timeout: orZero(values.timeout),
    id: orZero(values.id),
    zone: orZero(values.zone),
  };
}

function tupleOf({ addresses, protocol }: ConntrackTupleValues = {}): ConntrackTuple | undefined {
  const ends = endsOf(addresses);
  return (
    ends && {
      ...ends,
      sourcePort: orZero(protocol?.sourcePort),
      destinationPort: orZero(protocol?.destinationPort),
    }
  );
}

function endsOf(
  addresses: ConntrackTupleValues['addresses'] = {},
): Pick<ConntrackTuple, 'source' | 'destination'> | undefined {
  const source = addresses.source4 ?? addresses.source6;
  const destination = addresses.destination4 ?? addresses.destination6;
  return source === undefined || destination === undefined ? undefined : { source, destination };
}

/** Whether an entry is as the filter wants it. */
export function passes(entry: ConntrackEntry, filter: ConntrackFilter): boolean {
  const present = { family: entry.family, protocol: entry.protocol, ...entry.original };
  return (Object.keys(present) as (keyof typeof present)[]).every(
    (part) => filter[part] === undefined || filter[part] === present[part],
  );
}
