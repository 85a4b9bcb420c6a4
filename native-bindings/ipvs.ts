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
import { IpvsBatch, type IpvsCommandValues, ipvsRequest, ipvsServiceRequest } from './ipvs-batch.ts';
import { IpvsDecoder, type IpvsReadOptions } from './ipvs-decoding.ts';
import { isIpv6Service } from './ipvs-encoding.ts';
import type { IpvsDestination, IpvsService, IpvsServiceId } from './ipvs-values.ts';
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
  readonly #decoder = new IpvsDecoder();

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
  services(options?: IpvsReadOptions): IpvsService[] {
    const request = this.#request('list virtual servers', ipvsCommands.GET_SERVICE);
    return this.#connection.dump(request, (frame, message) => this.#service(frame, message, options));
  }

  /** One service, `undefined` where there is none. */
  service(id: IpvsServiceId, options?: IpvsReadOptions): IpvsService | undefined {
    const request = ipvsServiceRequest('read virtual server', this.#type, ipvsCommands.GET_SERVICE, id);
    try {
      return this.#connection.request(request, (frame, message) => this.#service(frame, message, options))[0];
    } catch (error) {
      if (hasCode(error, 'ESRCH')) return undefined;
      throw error;
    }
  }

  /** The destinations behind a service; none where there is no such service. */
  destinations(id: IpvsServiceId, options?: IpvsReadOptions): IpvsDestination[] {
    const isIpv6 = isIpv6Service(id);
    const request = ipvsServiceRequest('list real servers', this.#type, ipvsCommands.GET_DEST, id);
    return this.#connection.dump(request, (frame, message) =>
      this.#decoder.destination(frame, attributesOf(frame, message), message.end, isIpv6, options),
    );
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

  #service(frame: Frame, message: Message, options: IpvsReadOptions | undefined): IpvsService {
    return this.#decoder.service(frame, attributesOf(frame, message), message.end, options);
  }

  #request(operation: string, command: number, values?: IpvsCommandValues): ReturnType<typeof ipvsRequest> {
    return ipvsRequest(operation, this.#type, command, values);
  }
}

/** Where the attributes of a message begin. Throws `malformed` where it is too short to have any. */
function attributesOf(frame: Frame, message: Message): number {
  genericCommand(frame, message);
  return message.payload + genericHeader;
}

function decodeCommand(frame: Frame, message: Message): IpvsCommandValues {
  return ipvsCommandAttributes.decode(frame, attributesOf(frame, message), message.end);
}

function decodeInfo(frame: Frame, message: Message): IpvsInfo {
  const values = ipvsInfoAttributes.decode(frame, attributesOf(frame, message), message.end);
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
