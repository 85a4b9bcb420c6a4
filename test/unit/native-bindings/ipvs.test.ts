import { expect } from 'chai';
import fc from 'fast-check';
import { hasCode, NetlinkError } from '../../../native-bindings/error.ts';
import { controllerAttributes, writeGenericHeader } from '../../../native-bindings/generic.ts';
import {
  ipvsCommandAttributes,
  ipvsCommands,
  ipvsInfoAttributes,
} from '../../../native-bindings/ipvs-attributes.ts';
import type { Encode } from '../../../native-bindings/attributes.ts';
import { frameOf } from '../../../native-bindings/byte-writer.ts';
import { IpvsDecoder } from '../../../native-bindings/ipvs-decoding.ts';
import { encodeDestination, encodeService } from '../../../native-bindings/ipvs-encoding.ts';
import type { IpvsDestination, IpvsService, IpvsServiceId } from '../../../native-bindings/ipvs-values.ts';
import { Ipvs } from '../../../native-bindings/ipvs.ts';
import { messageFlags } from '../../../native-bindings/message.ts';
import {
  done,
  message,
  obedient,
  outcome,
  type Received,
  ScriptedKernel,
  written,
} from './scripted-kernel.ts';

const family = 0x1c;

const web: IpvsService = {
  protocol: 6,
  address: '10.96.0.1',
  port: 443,
  scheduler: 'rr',
  flags: 1,
  timeout: 10800,
  netmask: 32,
};

const pod: IpvsDestination = {
  address: '10.1.0.7',
  port: 6443,
  weight: 100,
  forwarding: 0,
  upperThreshold: 0,
  lowerThreshold: 0,
};

/** What one change looks like behind the header of its message. */
function bodyOf(change: (batch: ReturnType<Ipvs['batch']>) => void): string {
  const bodies: string[] = [];
  const ipvs = ipvsWith((got) => {
    bodies.push(got.bytes.toString('hex', 16));
    return obedient([got]);
  });
  const batch = ipvs.batch();
  change(batch);
  batch.run();
  return bodies.join();
}

/** The attributes of a command about one entry. */
function command<Entry>(name: 'service' | 'destination', encode: Encode<Entry>, entry: Entry): Buffer {
  return written((writer) => {
    ipvsCommandAttributes.nest(name, encode)(writer, entry);
  });
}

function serviceOf(bytes: Buffer): IpvsService {
  return new IpvsDecoder().service(frameOf(bytes), 0, bytes.length);
}

function destinationOf(bytes: Buffer, serviceIsIpv6 = false): IpvsDestination {
  return new IpvsDecoder().destination(frameOf(bytes), 0, bytes.length, serviceIsIpv6);
}

function reply(
  sequence: number,
  command: number,
  write: (writer: Parameters<Parameters<typeof written>[0]>[0]) => void,
): Buffer {
  const bytes = written((writer) => {
    writeGenericHeader(writer, command, 1);
    write(writer);
  });
  return message(family, sequence, bytes, messageFlags.multi);
}

/** A kernel with IPVS that answers commands by the function. */
function ipvsWith(
  answer: (request: Received, command: number) => Buffer[],
  trace?: (line: string) => void,
): Ipvs {
  const kernel = new ScriptedKernel((requests) => {
    const [request] = requests;
    if (request?.type !== 16) return requests.flatMap((got) => answer(got, got.bytes[16] ?? 0));
    const found = written((writer) => {
      writeGenericHeader(writer, 1, 2);
      controllerAttributes.encode(writer, { familyName: 'IPVS', familyId: family, version: 1 });
    });
    return [message(16, request.sequence, found), outcome(request.sequence)];
  });
  return Ipvs.open({ transport: kernel, trace });
}

describe('the IPVS family', () => {
  it('writes NEW_SERVICE byte for byte as linux/ip_vs.h has it', () => {
    expect(
      bodyOf((batch) => {
        batch.newService(web);
      }),
    ).to.equal(
      [
        '01010000', // IPVS_CMD_NEW_SERVICE, version 1
        '48000180', // IPVS_CMD_ATTR_SERVICE, nested, 72 bytes
        '06000100' + '02000000', // AF: AF_INET, host order
        '06000200' + '06000000', // PROTOCOL: TCP, host order
        '08000300' + '0a600001', // ADDR
        '06000400' + '01bb0000', // PORT, network order
        '07000600' + '72720000', // SCHED_NAME "rr"
        '0c000700' + '01000000' + 'ffffffff', // FLAGS: persistent, all of them meant
        '08000800' + '302a0000', // TIMEOUT: 10800 s
        '08000900' + 'ffffffff', // NETMASK, network order
      ].join(''),
    );
  });

  it('writes NEW_DEST byte for byte as linux/ip_vs.h has it', () => {
    const service: IpvsServiceId = { protocol: 17, address: '101:101:101:101:101:101:101:101', port: 53 };
    expect(
      bodyOf((batch) => {
        batch.newDestination(service, pod);
      }),
    ).to.equal(
      [
        '05010000', // IPVS_CMD_NEW_DEST, version 1
        '30000180', // IPVS_CMD_ATTR_SERVICE, nested, 48 bytes
        '06000100' + '0a000000', // AF: AF_INET6
        '06000200' + '11000000', // PROTOCOL: UDP
        '14000300' + '01'.repeat(16), // ADDR
        '06000400' + '00350000', // PORT
        '3c000280', // IPVS_CMD_ATTR_DEST, nested, 60 bytes
        '08000100' + '0a010007', // ADDR
        '06000200' + '192b0000', // PORT
        '08000300' + '00000000', // FWD_METHOD: masquerade
        '08000400' + '64000000', // WEIGHT
        '08000500' + '00000000', // U_THRESH
        '08000600' + '00000000', // L_THRESH
        '06000b00' + '02000000', // ADDR_FAMILY: AF_INET
      ].join(''),
    );
  });

  it('writes the prefix of IPv4 as a mask in network order and that of IPv6 as a number in host order', () => {
    const masks = (service: IpvsService): string =>
      /08000900(.{8})/.exec(command('service', encodeService, service).toString('hex'))?.[1] ?? '';
    expect(masks({ ...web, netmask: 24 })).to.equal('ffffff00');
    expect(masks({ ...web, netmask: 0 })).to.equal('00000000');
    expect(masks({ ...web, address: 'fd00::1', netmask: 128 })).to.equal('80000000');
    expect(() => masks({ ...web, netmask: 33 })).to.throw(
      NetlinkError,
      'expected a prefix length of 0 to 32, got 33',
    );
  });

  it('names a service by its firewall mark where it has one', () => {
    const marked: IpvsService = { ...web, address: '', fwmark: 7, family: 'IPv6', netmask: 128 };
    const bytes = command('service', encodeService, marked);
    const { service } = ipvsCommandAttributes.decode(frameOf(bytes), 0, bytes.length);
    expect(service).to.include({ family: 10, fwmark: 7 }).and.not.have.property('address');
    expect(serviceOf(bytes)).to.include({ fwmark: 7, family: 'IPv6', address: '', netmask: 128 });
  });

  const octet = fc.nat(255);
  const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
  const ipv6 = fc.integer({ min: 1, max: 0xffff }).map((group) => `fd00::${group.toString(16)}`);

  it('reads a service as it was written, whatever it is', () => {
    const services = fc.oneof(
      fc.record({ address: ipv4, netmask: fc.nat(32), family: fc.constant('IPv4' as const) }),
      fc.record({
        address: ipv6,
        netmask: fc.integer({ min: 1, max: 128 }),
        family: fc.constant('IPv6' as const),
      }),
    );
    const rest = fc.record({
      protocol: fc.constantFrom(6, 17, 132),
      port: fc.nat(65535),
      scheduler: fc.constantFrom('rr', 'mh', 'lblcr'),
      flags: fc.nat(0x3f).map((flags) => flags & ~2),
      timeout: fc.nat(86400),
    });
    fc.assert(
      fc.property(services, rest, (identity, others) => {
        const bytes = command('service', encodeService, { ...identity, ...others });
        expect(serviceOf(bytes)).to.deep.equal({
          ...identity,
          ...others,
        });
      }),
    );
  });

  it('reads a destination as it was written, whatever it is', () => {
    const destinations = fc.record({
      address: fc.oneof(ipv4, ipv6),
      port: fc.nat(65535),
      weight: fc.nat(65535),
      forwarding: fc.nat(4),
      upperThreshold: fc.nat(),
      lowerThreshold: fc.nat(),
      tunnelType: fc.nat(2),
      tunnelPort: fc.nat(65535),
      tunnelFlags: fc.nat(3),
    });
    fc.assert(
      fc.property(destinations, (destination) => {
        const bytes = command('destination', encodeDestination, destination);
        expect(destinationOf(bytes)).to.deep.include(destination);
      }),
    );
  });

  it('takes the family of a destination from its service where an old kernel does not tell it', () => {
    const told = command('destination', encodeDestination, { ...pod, address: 'fd00::7' });
    const { destination } = ipvsCommandAttributes.decode(frameOf(told), 0, told.length);
    const untold = written((writer) => {
      ipvsCommandAttributes.encode(writer, { destination: { ...destination, family: undefined } });
    });
    expect(destinationOf(untold, true).address).to.equal('fd00::7');
  });

  it('tells by name what a reply lacks', () => {
    const replyOf = (values: Parameters<typeof ipvsCommandAttributes.encode>[1]): Buffer =>
      written((writer) => {
        ipvsCommandAttributes.encode(writer, values);
      });
    const lacks = (name: string): string => `expected attribute ${name}, got none`;
    const service = { family: 2, protocol: 6, port: 80 };
    expect(() => serviceOf(replyOf({ service }))).to.throw(NetlinkError, lacks('address'));
    expect(() => serviceOf(replyOf({}))).to.throw(NetlinkError, lacks('service'));
    expect(() => destinationOf(replyOf({ destination: {} }))).to.throw(NetlinkError, lacks('address'));
    expect(() => destinationOf(replyOf({}))).to.throw(NetlinkError, lacks('destination'));
  });

  it('tells by name and place what is damaged in a reply', () => {
    const bytes = command('destination', encodeDestination, pod);
    bytes.writeUInt16LE(5, bytes.indexOf('06000200', 'hex'));
    expect(() => destinationOf(bytes)).to.throw(
      NetlinkError,
      'attribute port at offset 12: expected u16 in network order, got 1 bytes',
    );
  });
});

describe('an IPVS client', () => {
  it('asks the controller for its number, and says what to do where there is none', () => {
    const kernel = new ScriptedKernel(([got]) => [outcome(got!.sequence, 2)]);
    try {
      Ipvs.open({ transport: kernel });
      throw new Error('expected an error');
    } catch (error) {
      expect(hasCode(error, 'family-missing')).to.equal(true);
      expect(String(error))
        .to.include('expected a kernel with the family IPVS')
        .and.include('modprobe ip_vs');
    }
    expect(kernel.closed).to.equal(true);
    expect(kernel.writes[0]?.[0]?.bytes.toString('hex', 16)).to.equal(
      '03010000' + '09000200' + '4950565300000000',
    );
  });

  it('lists services as the kernel sends them: sixteen bytes of address, HASHED set', () => {
    const sent = {
      family: 2,
      protocol: 6,
      address: Uint8Array.of(10, 96, 0, 1, ...Array<number>(12).fill(0)),
      port: 443,
      scheduler: 'rr',
      flags: 3,
      timeout: 10800,
      netmask: 0xffffffff,
    };
    const ipvs = ipvsWith((got, command) => {
      expect([command, got.flags & messageFlags.dump]).to.deep.equal([
        ipvsCommands.GET_SERVICE,
        messageFlags.dump,
      ]);
      return [
        reply(got.sequence, 1, (writer) => {
          ipvsCommandAttributes.encode(writer, {
            service: { ...sent, stats: { connections: 5, inBytes: 2 ** 40 } },
          });
        }),
        done(got.sequence),
      ];
    });
    expect(ipvs.services()).to.deep.equal([{ ...web, family: 'IPv4' }]);
    expect(ipvs.services({ stats: true })[0]?.stats).to.include({
      connections: 5,
      inBytes: 2 ** 40,
      outBytes: 0,
    });
  });

  it('gives undefined for a service that is missing, and throws any other refusal', () => {
    expect(ipvsWith((got) => [outcome(got.sequence, 3)]).service(web)).to.equal(undefined);
    expect(() => ipvsWith((got) => [outcome(got.sequence, 1)]).service(web)).to.throw(NetlinkError, 'EPERM');
  });

  it('reads version and time-outs', () => {
    const info = ipvsWith((got) => [
      reply(got.sequence, ipvsCommands.SET_INFO, (writer) => {
        ipvsInfoAttributes.encode(writer, { version: 0x010201, connectionTableSize: 4096 });
      }),
      outcome(got.sequence),
    ]).info();
    expect(info).to.deep.equal({ version: '1.2.1', connectionTableSize: 4096 });
    const timeouts = ipvsWith((got) => [
      reply(got.sequence, ipvsCommands.SET_CONFIG, (writer) => {
        ipvsCommandAttributes.encode(writer, { tcpTimeout: 900, tcpFinTimeout: 120, udpTimeout: 300 });
      }),
      outcome(got.sequence),
    ]).timeouts();
    expect(timeouts).to.deep.equal({ tcp: 900, tcpFin: 120, udp: 300 });
  });

  it('sends each change as its command', () => {
    const commands: number[] = [];
    const ipvs = ipvsWith((got, command) => {
      commands.push(command);
      return obedient([got]);
    });
    const batch = ipvs.batch();
    batch.newService(web);
    batch.setService(web);
    batch.newDestination(web, pod);
    batch.setDestination(web, pod);
    batch.deleteDestination(web, pod);
    batch.deleteService(web);
    expect(batch.size).to.equal(6);
    expect(batch.run()).to.deep.equal(Array(6).fill(undefined));
    expect(commands).to.deep.equal([1, 2, 5, 6, 7, 3]);
  });

  it('prints every message readably where a trace is asked for', () => {
    const lines: string[] = [];
    const ipvs = ipvsWith(
      (got) => (messageFlags.acknowledge & got.flags ? [outcome(got.sequence, 17)] : []),
      (line) => lines.push(...line.split('\n')),
    );
    const batch = ipvs.batch();
    batch.newDestination(web, pod);
    batch.newService({ ...web, address: 'fd00::1', netmask: 128 });
    batch.run();
    expect(lines).to.deep.equal([
      '> ipvs CONTROLLER 3 #1 ack familyName=IPVS',
      '< ipvs CONTROLLER 1 #1 familyId=28 familyName=IPVS version=1',
      '< ack #1',
      '> ipvs NEW_DEST #2 service{family=2 protocol=6 address=10.96.0.1 port=443} ' +
        'destination{address=10.1.0.7 port=6443 forwarding=0 weight=100 upperThreshold=0 lowerThreshold=0 family=2}',
      '> ipvs NEW_SERVICE #3 ack service{family=10 protocol=6 address=fd00::1 port=443 scheduler=rr flags=1 ' +
        'timeout=10800 netmask=128.0.0.0}',
      '< error #3 EEXIST',
    ]);
  });
});
