import { ConfigurationError } from '../config/configuration-error.ts';
import type { IpvsConnection, Place } from '../kernel/ipvs-connections.ts';
import { parseAddress, parseCidr } from '../model/address.ts';
import { cidrContains } from '../model/cidr.ts';
import type { Protocol } from '../model/protocol.ts';
import { virtualServerKey } from '../model/virtual-server.ts';
import { readPlace } from './place.ts';
import type { ServiceName } from './service-names.ts';
import { isSelected, type KnownNames, type Selection } from './service-selection.ts';
import { nameless } from './services-view.ts';

/** A connection, as it is shown. */
export interface ConnectionView {
  /** `null` where Kubernetes' names are not known, or its virtual server is foreign. */
  readonly namespace: string | null;
  readonly name: string | null;
  readonly portName: string | null;
  /** Whether Kubernetes' names are known and its virtual server is none of them. */
  readonly foreign: boolean;
  readonly protocol: string;
  /** Whether this is no connection, but where those of a client go. */
  readonly affinity: boolean;
  /** `port` is `null` where this is an affinity. */
  readonly client: { readonly address: string; readonly port: number | null };
  readonly virtualServer: Place;
  readonly endpoint: Place;
  readonly state: string;
  /** Seconds until it is forgotten unless a packet comes. */
  readonly expires: number;
  readonly persistenceEngine: string | null;
}

/** Whether an address and port are meant. */
export type PlaceFilter = (place: Place) => boolean;

/** Which connections are shown; all where nothing is given. */
export interface ConnectionSelection extends Selection {
  readonly client?: PlaceFilter | undefined;
  readonly endpoint?: PlaceFilter | undefined;
  /** How many are shown at most. */
  readonly limit: number;
}

/** The first connections that are selected, and how many more there are. What is not shown is only counted. */
export async function selectConnections(
  connections: AsyncIterable<IpvsConnection>,
  names: KnownNames,
  selection: ConnectionSelection,
): Promise<{ readonly views: readonly ConnectionView[]; readonly rest: number }> {
  const { limit } = selection;
  const views: ConnectionView[] = [];
  let rest = 0;
  for await (const connection of connections) {
    if (!isShown(connection, names?.get(keyOf(connection)), selection)) continue;
    if (views.length >= limit) rest += 1;
    else views.push(connectionView(connection, names));
  }
  return { views: views.sort(compare), rest };
}

function isShown(
  connection: IpvsConnection,
  known: ServiceName | undefined,
  selection: ConnectionSelection,
): boolean {
  const { client, endpoint } = selection;
  return (
    isSelected(known, selection) &&
    client?.(connection.client) !== false &&
    endpoint?.(connection.endpoint) !== false
  );
}

/**
 * Reads what a flag selects by: an address, a network, or an address with a port.
 * @throws ConfigurationError where it is none of these
 */
export function readAddressFilter(flag: string, text: string | undefined): PlaceFilter | undefined {
  if (text === undefined) return undefined;
  const address = parseAddress(text);
  if ('address' in address) return (place) => place.address === address.address;
  const cidr = parseCidr(text);
  if ('cidr' in cidr) return (place) => cidrContains(cidr.cidr, place.address);
  const wanted = readPlace(text);
  if (wanted !== undefined) return (place) => place.address === wanted.address && place.port === wanted.port;
  throw new ConfigurationError([
    {
      where: flag,
      expected: 'an address, a network or ADDRESS:PORT',
      got: JSON.stringify(text),
      hint: 'write it as 10.0.0.1, 10.0.0.0/8, 10.0.0.1:80, fd00::1 or [fd00::1]:80',
      severity: 'error',
    },
  ]);
}

function keyOf({ protocol, virtualServer }: IpvsConnection): string {
  return virtualServerKey({ protocol: protocol as Protocol, ...virtualServer });
}

function connectionView(connection: IpvsConnection, names: KnownNames): ConnectionView {
  const { protocol, client, virtualServer, endpoint, state, expires, engine } = connection;
  const known = names?.get(keyOf(connection));
  const affinity = client.port === 0;
  return {
    ...(known ?? nameless),
    foreign: names !== undefined && known === undefined,
    ...{ protocol, affinity, client: affinity ? { ...client, port: null } : client },
    ...{ virtualServer, endpoint, state, expires, persistenceEngine: engine === '' ? null : engine },
  };
}

/** By virtual server, endpoint and client, as text. */
function compare(a: ConnectionView, b: ConnectionView): number {
  const [first, second] = [sortText(a), sortText(b)];
  if (first === second) return 0;
  return first < second ? -1 : 1;
}

function sortText({ namespace, name, virtualServer, endpoint, client }: ConnectionView): string {
  const places = [virtualServer, endpoint, client].map(({ address, port }) => `${address} ${port ?? 0}`);
  return [namespace === null ? '~' : `${namespace}/${name ?? ''}`, ...places].join(' ');
}
