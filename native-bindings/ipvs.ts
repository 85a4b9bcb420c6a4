import type { Frame } from './byte-writer.ts';
import { connect, type Connection, type OpenOptions } from './connection.ts';
import { hasCode, malformed } from './error.ts';
import {
  controllerAttributes,
  controllerType,
  genericCommand,
  genericHeader,
  lookUpFamily,
} from './generic.ts';
import { ipvsCommandAttributes, ipvsCommands, ipvsFamily, ipvsInfoAttributes } from './ipvs-attributes.ts';
import { IpvsBatch, type IpvsCommandValues, ipvsRequest } from './ipvs-batch.ts';
import {
  destinationOf,
  idValues,
  type IpvsDestination,
  type IpvsService,
  type IpvsServiceId,
  serviceOf,
} from './ipvs-values.ts';
import type { Message } from './message.ts';
import { protocols } from './socket.ts';
import type { Dialect } from './trace.ts';

/** Seconds that IPVS keeps an idle connection. */
export interface IpvsTimeouts {
  readonly tcp: number;
  /** After a FIN. */
  readonly tcpFin: number;
  readonly udp: number;
}

/** What IPVS says of itself. */
export interface IpvsInfo {
  /** `1.2.1` */
  readonly version: string;
  /** Buckets of the connection table. */
  readonly connectionTableSize: number;
}

const advice = 'load the module (modprobe ip_vs), or run on a kernel that has IPVS';

/** The IPVS tables of the current network namespace. Every method throws a `NetlinkError` where the kernel refuses. */
export class Ipvs {
  readonly #connection: Connection;
  readonly #type: number;

  private constructor(connection: Connection, type: number) {
    this.#connection = connection;
    this.#type = type;
  }

  /**
   * Opens a socket and asks for the family, which makes a privileged caller's kernel load ip_vs where it can. Throws
   * `family-missing` where the kernel has no IPVS, and what `NetlinkSocket` throws.
   */
  static open(options: OpenOptions = {}): Ipvs {
    const connection = connect(protocols.generic, { ...options, dialect: ipvsDialect });
    try {
      return new Ipvs(connection, lookUpFamily(connection, ipvsFamily.name, advice).id);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  info(): IpvsInfo {
    const request = ipvsRequest('read IPVS version', this.#type, ipvsCommands.GET_INFO);
    const [info] = this.#connection.request(request, decodeInfo);
    return info ?? missing('a reply to GET_INFO');
  }

  /** Every service, in the kernel's order. */
  services(): IpvsService[] {
    return this.#connection.dump(
      this.#request('list virtual servers', ipvsCommands.GET_SERVICE),
      decodeService,
    );
  }

  /** One service, `undefined` where there is none. */
  service(id: IpvsServiceId): IpvsService | undefined {
    const request = this.#request('read virtual server', ipvsCommands.GET_SERVICE, { service: idValues(id) });
    try {
      return this.#connection.request(request, decodeService)[0];
    } catch (error) {
      if (hasCode(error, 'ESRCH')) return undefined;
      throw error;
    }
  }

  /** The destinations behind a service; none where there is no such service. */
  destinations(id: IpvsServiceId): IpvsDestination[] {
    const isIpv6 = id.fwmark === undefined ? id.address.includes(':') : id.family === 'IPv6';
    const request = this.#request('list real servers', ipvsCommands.GET_DEST, { service: idValues(id) });
    return this.#connection.dump(request, (frame, message) => {
      const { destination } = decodeCommand(frame, message);
      return destinationOf(destination ?? missing('attribute destination'), isIpv6);
    });
  }

  timeouts(): IpvsTimeouts {
    const request = this.#request('read IPVS time-outs', ipvsCommands.GET_CONFIG);
    const [values] = this.#connection.request(request, decodeCommand);
    return { tcp: values?.tcpTimeout ?? 0, tcpFin: values?.tcpFinTimeout ?? 0, udp: values?.udpTimeout ?? 0 };
  }

  /** Sets those that are given; 0 leaves one as it is. */
  setTimeouts(timeouts: Partial<IpvsTimeouts>): void {
    this.#connection.execute(
      this.#request('set IPVS time-outs', ipvsCommands.SET_CONFIG, {
        tcpTimeout: timeouts.tcp,
        tcpFinTimeout: timeouts.tcpFin,
        udpTimeout: timeouts.udp,
      }),
    );
  }

  /** Removes every service, whoever made it. */
  flush(): void {
    this.#connection.execute(this.#request('remove every virtual server', ipvsCommands.FLUSH));
  }

  /** A new, empty batch. */
  batch(): IpvsBatch {
    return new IpvsBatch(this.#connection.batch(), this.#type);
  }

  close(): void {
    this.#connection.close();
  }

  #request(operation: string, command: number, values?: IpvsCommandValues): ReturnType<typeof ipvsRequest> {
    return ipvsRequest(operation, this.#type, command, values);
  }
}

function decodeCommand(frame: Frame, message: Message): IpvsCommandValues {
  genericCommand(frame, message);
  return ipvsCommandAttributes.decode(frame, message.payload + genericHeader, message.end);
}

function decodeService(frame: Frame, message: Message): IpvsService {
  return serviceOf(decodeCommand(frame, message).service ?? missing('attribute service'));
}

function decodeInfo(frame: Frame, message: Message): IpvsInfo {
  genericCommand(frame, message);
  const values = ipvsInfoAttributes.decode(frame, message.payload + genericHeader, message.end);
  const version = values.version ?? missing('attribute version');
  return {
    version: `${(version >> 16) & 0xff}.${(version >> 8) & 0xff}.${version & 0xff}`,
    connectionTableSize: values.connectionTableSize ?? 0,
  };
}

function missing(what: string): never {
  throw malformed(`expected ${what}, got none`, 0);
}

const commandNames = new Map<number, string>(
  Object.entries(ipvsCommands).map(([name, command]) => [command, name]),
);

/** How a trace shows the messages of an IPVS connection. */
export const ipvsDialect: Dialect = {
  name: 'ipvs',
  describe(frame, message) {
    const command = genericCommand(frame, message);
    if (message.type === controllerType) {
      return {
        name: `CONTROLLER ${command}`,
        fixedPart: genericHeader,
        fixed: '',
        attributes: controllerAttributes,
      };
    }
    return {
      name: commandNames.get(command) ?? `command ${command}`,
      fixedPart: genericHeader,
      fixed: '',
      attributes: command === ipvsCommands.SET_INFO ? ipvsInfoAttributes : ipvsCommandAttributes,
    };
  },
};
