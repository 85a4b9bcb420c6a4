import type { Batch, Outcomes } from './batch.ts';
import { writeGenericHeader } from './generic.ts';
import { ipvsCommandAttributes, ipvsCommands, ipvsFamily } from './ipvs-attributes.ts';
import {
  destinationIdValues,
  destinationValues,
  idValues,
  type IpvsDestination,
  type IpvsService,
  type IpvsServiceId,
  serviceValues,
} from './ipvs-values.ts';
import type { Request } from './message.ts';
import type { ValuesOf } from './attributes.ts';

/** What follows the generic header of an IPVS message. */
export type IpvsCommandValues = ValuesOf<typeof ipvsCommandAttributes>;

/** The request of one IPVS command. `type` is the number that the kernel gave to the family. */
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
    this.#add('add virtual server', ipvsCommands.NEW_SERVICE, { service: serviceValues(service) });
  }

  /** Changes everything but the identity of a service. Connections and destinations stay. */
  setService(service: IpvsService): void {
    this.#add('change virtual server', ipvsCommands.SET_SERVICE, { service: serviceValues(service) });
  }

  /** Removes a service with its destinations. */
  deleteService(id: IpvsServiceId): void {
    this.#add('delete virtual server', ipvsCommands.DEL_SERVICE, { service: idValues(id) });
  }

  /** Puts a destination behind a service. */
  newDestination(id: IpvsServiceId, destination: IpvsDestination): void {
    this.#add('add real server', ipvsCommands.NEW_DEST, {
      service: idValues(id),
      destination: destinationValues(destination),
    });
  }

  /** Changes everything but the identity of a destination. */
  setDestination(id: IpvsServiceId, destination: IpvsDestination): void {
    this.#add('change real server', ipvsCommands.SET_DEST, {
      service: idValues(id),
      destination: destinationValues(destination),
    });
  }

  /** Removes a destination. */
  deleteDestination(id: IpvsServiceId, destination: Pick<IpvsDestination, 'address' | 'port'>): void {
    this.#add('delete real server', ipvsCommands.DEL_DEST, {
      service: idValues(id),
      destination: destinationIdValues(destination),
    });
  }

  /** Sends everything; see `Batch.run`. */
  run(): Outcomes {
    return this.#batch.run();
  }

  #add(operation: string, command: number, values: IpvsCommandValues): void {
    this.#batch.add(ipvsRequest(operation, this.#type, command, values));
  }
}
