import { addressFamilies } from './address.ts';
import type { Frame } from './byte-writer.ts';
import { connect, type Connection, type OpenOptions } from './connection.ts';
import { NetlinkError } from './error.ts';
import {
  ipsetCommandAttributes,
  ipsetCommands,
  type IpsetCommandValues,
  listHeaderFlag,
} from './ipset-attributes.ts';
import { IpSetBatch, ipsetRequest } from './ipset-batch.ts';
import { formatElement } from './ipset-element.ts';
import { explainIpset } from './ipset-error.ts';
import type { Message, Request } from './message.ts';
import { netfilterCommand, netfilterHeader } from './nfnetlink.ts';
import { protocols } from './socket.ts';
import type { Dialect } from './trace.ts';

/** A set that the kernel holds, without its elements. */
export interface KernelSet {
  readonly name: string;
  /** `hash:ip,port`, `bitmap:port`, … */
  readonly type: string;
  readonly revision: number;
  /** `undefined` for types without addresses. */
  readonly family: 'IPv4' | 'IPv6' | undefined;
  /** Hash types: buckets now. */
  readonly hashSize: number | undefined;
  /** Hash types: most elements that it takes. */
  readonly maximumElements: number | undefined;
  /** Elements in it, `undefined` where the kernel (before 4.9) does not tell. */
  readonly elements: number | undefined;
  /** Rules and sets that refer to it. */
  readonly references: number;
}

/** The revisions of a set type that the kernel has. */
export interface TypeRevisions {
  readonly lowest: number;
  readonly highest: number;
}

/** The IP sets of the current network namespace. Every method throws a `NetlinkError` where the kernel refuses. */
export class IpSets {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Opens a socket. A kernel without ip sets refuses the first request with `EINVAL`. */
  static open(options: OpenOptions = {}): IpSets {
    return new IpSets(connect(protocols.netfilter, { ...options, dialect: ipsetDialect }));
  }

  /** Every set, in the kernel's order. */
  list(): KernelSet[] {
    const request = ipsetRequest('list sets', ipsetCommands.LIST, { flags: listHeaderFlag });
    return explained(() => this.#connection.dump(request, decodeSet));
  }

  /** The elements of a set in the notation of ipset(8), see `formatElement`. `ENOENT` where there is no such set. */
  members(name: string): string[] {
    const request = ipsetRequest(`list set ${name}`, ipsetCommands.LIST, { name });
    return explained(() => this.#connection.dump(request, decodeMembers)).flat();
  }

  /** The revisions that the kernel has of a set type. Throws where it does not have the type. */
  typeRevision(type: string, family: 'IPv4' | 'IPv6'): TypeRevisions {
    const request = ipsetRequest(`read revisions of set type ${type}`, ipsetCommands.TYPE, {
      type,
      family: addressFamilies[family],
    });
    const [reply] = explained(() => this.#connection.request(request, decodeCommand));
    const highest = reply?.revision ?? missing('revision', request);
    return { highest, lowest: reply?.lowestRevision ?? highest };
  }

  /** A new, empty batch. */
  batch(): IpSetBatch {
    return new IpSetBatch(this.#connection.batch());
  }

  close(): void {
    this.#connection.close();
  }
}

/** Names what the kernel refused. */
function explained<Value>(operation: () => Value): Value {
  try {
    return operation();
  } catch (error) {
    throw error instanceof NetlinkError ? explainIpset(error, false) : error;
  }
}

function decodeCommand(frame: Frame, message: Message): IpsetCommandValues {
  return ipsetCommandAttributes.decode(frame, message.payload + netfilterHeader, message.end);
}

/** A set whose list takes several messages has its header in the first. */
function decodeSet(frame: Frame, message: Message): KernelSet | undefined {
  const { name, type, revision = 0, family, header = {} } = decodeCommand(frame, message);
  if (name === undefined || type === undefined) return undefined;
  const { hashSize, maximumElements, elements, references = 0 } = header;
  return { name, type, revision, family: familyOf(family), hashSize, maximumElements, elements, references };
}

function familyOf(family: number | undefined): KernelSet['family'] {
  if (family === addressFamilies.IPv4) return 'IPv4';
  return family === addressFamilies.IPv6 ? 'IPv6' : undefined;
}

function decodeMembers(frame: Frame, message: Message): string[] {
  return (decodeCommand(frame, message).elements ?? []).map(formatElement);
}

function missing(attribute: string, request: Request): never {
  throw new NetlinkError({
    code: 'malformed',
    operation: request.operation,
    message: `expected attribute ${attribute}, got none`,
  });
}

const commandNames = new Map<number, string>(
  Object.entries(ipsetCommands).map(([name, number]) => [number, name]),
);

/** How a trace shows messages of ip sets. */
const ipsetDialect: Dialect = {
  name: 'ipset',
  describe: (_frame, message) => ({
    name: commandNames.get(netfilterCommand(message.type)) ?? `command ${netfilterCommand(message.type)}`,
    fixedPart: netfilterHeader,
    attributes: ipsetCommandAttributes,
  }),
};
