import type { Batch, Outcomes } from './batch.ts';
import type { ByteWriter } from './byte-writer.ts';
import { writeGenericHeader } from './generic.ts';
import { ipvsCommandAttributes, ipvsCommands, ipvsFamily } from './ipvs-attributes.ts';
import {
  encodeDestination,
  encodeDestinationId,
  encodeService,
  encodeServiceId,
  type IpvsDestinationId,
} from './ipvs-encoding.ts';
import type { IpvsDestination, IpvsService, IpvsServiceId } from './ipvs-values.ts';
import type { Request } from './message.ts';
import type { Encode, ValuesOf } from './attributes.ts';

/** What follows the generic header of an IPVS message. */
export type IpvsCommandValues = ValuesOf<typeof ipvsCommandAttributes>;

/** One kind of change: what it is called, its number, and how its parts are written. */
interface ChangeKind<Service, Destination> {
  readonly operation: string;
  readonly command: number;
  readonly service: Encode<Service>;
  readonly destination?: Encode<Destination>;
}

const wholeService = ipvsCommandAttributes.nest('service', encodeService);
const namedService = ipvsCommandAttributes.nest('service', encodeServiceId);
const wholeDestination = ipvsCommandAttributes.nest('destination', encodeDestination);
const namedDestination = ipvsCommandAttributes.nest('destination', encodeDestinationId);

const changes = {
  newService: {
    operation: 'add virtual server',
    command: ipvsCommands.NEW_SERVICE,
    service: wholeService,
  },
  setService: {
    operation: 'change virtual server',
    command: ipvsCommands.SET_SERVICE,
    service: wholeService,
  },
  deleteService: {
    operation: 'delete virtual server',
    command: ipvsCommands.DEL_SERVICE,
    service: namedService,
  },
  newDestination: {
    operation: 'add real server',
    command: ipvsCommands.NEW_DEST,
    service: namedService,
    destination: wholeDestination,
  },
  setDestination: {
    operation: 'change real server',
    command: ipvsCommands.SET_DEST,
    service: namedService,
    destination: wholeDestination,
  },
  deleteDestination: {
    operation: 'delete real server',
    command: ipvsCommands.DEL_DEST,
    service: namedService,
    destination: namedDestination,
  },
} as const;

/** The request of an IPVS command that is no change. `type` is the number that the kernel gave to the family. */
export function ipvsRequest(
  operation: string,
  type: number,
  command: number,
  values: IpvsCommandValues = {},
): Request {
  return {
    operation,
    type,
    write(writer) {
      writeGenericHeader(writer, command, ipvsFamily.version);
      ipvsCommandAttributes.encode(writer, values);
    },
  };
}

/** The request of a command about one service. */
export function ipvsServiceRequest(
  operation: string,
  type: number,
  command: number,
  id: IpvsServiceId,
): Request {
  return {
    operation,
    type,
    write(writer) {
      writeGenericHeader(writer, command, ipvsFamily.version);
      namedService(writer, id);
    },
  };
}

/**
 * Changes of the IPVS tables, sent together. Adding throws `invalid-argument` for what cannot be put into a message;
 * what the kernel says to each is in the result of `run`.
 *
 * Codes to expect: a service that is missing is `ESRCH`, that exists `EEXIST`; a destination that is missing `ENOENT`,
 * that exists `EEXIST`; a scheduler or a persistence engine that the kernel does not have is `ENOENT` from
 * `newService` and `setService`.
 */
export class IpvsBatch {
  readonly #batch: Batch;
  readonly #type: number;

  constructor(batch: Batch, type: number) {
    this.#batch = batch;
    this.#type = type;
  }

  /** Commands in it. */
  get size(): number {
    return this.#batch.size;
  }

  /** Bytes that they take. */
  get bytes(): number {
    return this.#batch.bytes;
  }

  /** Makes a service. */
  newService(service: IpvsService): void {
    this.#add(changes.newService, service);
  }

  /** Changes everything but the identity of a service. Connections and destinations stay. */
  setService(service: IpvsService): void {
    this.#add(changes.setService, service);
  }

  /** Removes a service with its destinations. */
  deleteService(id: IpvsServiceId): void {
    this.#add(changes.deleteService, id);
  }

  /** Puts a destination behind a service. */
  newDestination(id: IpvsServiceId, destination: IpvsDestination): void {
    this.#add(changes.newDestination, id, destination);
  }

  /** Changes everything but the identity of a destination. */
  setDestination(id: IpvsServiceId, destination: IpvsDestination): void {
    this.#add(changes.setDestination, id, destination);
  }

  /** Removes a destination. */
  deleteDestination(id: IpvsServiceId, destination: IpvsDestinationId): void {
    this.#add(changes.deleteDestination, id, destination);
  }

  /** Sends everything; see `Batch.run`. */
  run(): Outcomes {
    return this.#batch.run();
  }

  #add<Service, Destination>(
    kind: ChangeKind<Service, Destination>,
    service: Service,
    destination?: Destination,
  ): void {
    this.#batch.add(new ChangeRequest(this.#type, kind, service, destination));
  }
}

/** A change as a request. A class and no closure: full syncs make a hundred thousand of them. */
class ChangeRequest<Service, Destination> implements Request {
  readonly type: number;
  readonly #kind: ChangeKind<Service, Destination>;
  readonly #service: Service;
  readonly #destination: Destination | undefined;

  constructor(
    type: number,
    kind: ChangeKind<Service, Destination>,
    service: Service,
    destination: Destination | undefined,
  ) {
    this.type = type;
    this.#kind = kind;
    this.#service = service;
    this.#destination = destination;
  }

  get operation(): string {
    return this.#kind.operation;
  }

  write(writer: ByteWriter): void {
    const kind = this.#kind;
    writeGenericHeader(writer, kind.command, ipvsFamily.version);
    kind.service(writer, this.#service);
    if (this.#destination !== undefined) kind.destination?.(writer, this.#destination);
  }
}
