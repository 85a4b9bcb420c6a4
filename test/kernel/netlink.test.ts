import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { ByteWriter } from '../../native-bindings/byte-writer.ts';
import { connect } from '../../native-bindings/connection.ts';
import { NetlinkError } from '../../native-bindings/error.ts';
import { Ipvs } from '../../native-bindings/ipvs.ts';
import type { IpvsService } from '../../native-bindings/ipvs-values.ts';
import { lookUpFamily } from '../../native-bindings/generic.ts';
import { writeRequest } from '../../native-bindings/message.ts';
import { routeTypes } from '../../native-bindings/route-attributes.ts';
import { type RouteEvent, RouteMonitor } from '../../native-bindings/route-monitor.ts';
import { writeLinkHeader } from '../../native-bindings/route-values.ts';
import { Route } from '../../native-bindings/route.ts';
import { NetlinkSocket, protocols } from '../../native-bindings/socket.ts';
import { enterOwnNamespace, output } from './own-namespace.ts';

function failure(operation: () => unknown): NetlinkError {
  try {
    operation();
  } catch (error) {
    if (error instanceof NetlinkError) return error;
    throw error;
  }
  throw new Error('expected a NetlinkError, got none');
}

/** Waits until the condition holds; the test's own time-out ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const service: IpvsService = {
  protocol: 6,
  address: '10.96.0.1',
  port: 80,
  scheduler: 'rr',
  flags: 0,
  timeout: 0,
  netmask: 32,
};

describe('netlink on a real kernel', () => {
  beforeEach(() => {
    enterOwnNamespace();
  });

  it('tells the kernel’s own text where it gives one', () => {
    const connection = connect(protocols.route);
    const error = failure(() => {
      connection.execute({
        operation: 'read interface',
        type: routeTypes.GETLINK,
        // The strict check of a GET refuses header fields that it has no use for.
        write: (writer) => {
          writeLinkHeader(writer, 1, 0x1, 0);
        },
      });
    });
    connection.close();
    expect(error).to.include({ code: 'EINVAL', operation: 'read interface' });
    expect(error.kernelText).to.be.a('string').and.not.equal('');
    expect(error.message).to.include('the kernel says: ');
  });

  it('names a generic family that the kernel does not have', () => {
    const connection = connect(protocols.generic);
    const error = failure(() => lookUpFamily(connection, 'NO_SUCH_FAMILY', 'load it'));
    connection.close();
    expect(error.code).to.equal('family-missing');
    expect(error.message).to.include('NO_SUCH_FAMILY').and.include('load it');
  });

  it('reports an overrun and not success where replies were dropped', () => {
    const socket = new NetlinkSocket({ protocol: protocols.route, receiveBuffer: 4096 });
    const writer = new ByteWriter();
    const request = {
      operation: 'delete interface',
      type: routeTypes.DELLINK,
      write: (into: ByteWriter) => {
        writeLinkHeader(into, 9999, 0, 0);
      },
    };
    for (let sequence = 1; sequence <= 100; sequence += 1) writeRequest(writer, request, 0, sequence);
    socket.send(writer.copy());
    const error = failure(() => socket.receive(Buffer.alloc(65536)));
    socket.close();
    expect(error.code).to.equal('overrun');
  });

  it('keeps every result apart in a batch whose every request is refused, with the smallest buffer', () => {
    const route = Route.open({ receiveBuffer: 4096 });
    const batch = route.batch();
    for (let index = 0; index < 500; index += 1) batch.deleteLink(100 + index);
    const outcomes = batch.run();
    route.close();
    expect(outcomes).to.have.length(500);
    expect(new Set(outcomes.map((outcome) => outcome?.code))).to.deep.equal(new Set(['ENODEV']));
  });

  it('asks for one acknowledgement a write and knows the result of each request', () => {
    const lines: string[] = [];
    const ipvs = Ipvs.open({ trace: (line) => lines.push(...line.split('\n')) });
    const batch = ipvs.batch();
    for (let port = 1; port <= 2000; port += 1)
      batch.newService({ ...service, port: port === 777 ? 776 : port });
    lines.length = 0;
    const outcomes = batch.run();
    const acknowledgements = lines.filter((line) => line.startsWith('< ack'));
    expect(
      outcomes.flatMap((outcome, index) => (outcome === undefined ? [] : [[index, outcome.code]])),
    ).to.deep.equal([[776, 'EEXIST']]);
    expect(lines.filter((line) => line.startsWith('> '))).to.have.length(2000);
    expect(acknowledgements.length).to.be.lessThan(10);
    expect(ipvs.services()).to.have.length(1999);
    ipvs.close();
  });

  it('leaves the socket usable after a batch that could not be sent', () => {
    const ipvs = Ipvs.open();
    const batch = ipvs.batch();
    expect(
      failure(() => {
        batch.newService({ ...service, address: '10.96.0' });
      }).code,
    ).to.equal('invalid-argument');
    expect(batch.size).to.equal(0);
    expect(batch.run()).to.deep.equal([]);
    expect(ipvs.services()).to.deep.equal([]);
    ipvs.close();
  });

  it('reads and sets the time-outs of IPVS', () => {
    const ipvs = Ipvs.open();
    const before = ipvs.timeouts();
    ipvs.setTimeouts({ tcp: 800, udp: 200 });
    expect(ipvs.timeouts()).to.deep.equal({ tcp: 800, tcpFin: before.tcpFin, udp: 200 });
    expect(output('ipvsadm -L --timeout')).to.include(`800 ${before.tcpFin} 200`);
    expect(ipvs.info()).to.deep.include({ version: '1.2.1' });
    ipvs.close();
  });

  it('gives nothing for a service that is not there', () => {
    const ipvs = Ipvs.open();
    expect(ipvs.service(service)).to.equal(undefined);
    expect(ipvs.destinations(service)).to.deep.equal([]);
    ipvs.close();
  });

  it('reads a service with the counters of the kernel', () => {
    const ipvs = Ipvs.open();
    const batch = ipvs.batch();
    batch.newService(service);
    batch.run();
    const found = ipvs.service(service, { stats: true });
    expect(found).to.deep.include(service);
    expect(found?.stats).to.include({ connections: 0, inBytes: 0, outByteRate: 0 });
    ipvs.close();
  });

  it('tells of links and addresses as they change', async () => {
    const events: RouteEvent[] = [];
    const monitor = new RouteMonitor({
      onEvent: (event) => events.push(event),
      onError: (error) => {
        throw error;
      },
      closeWithin: 50,
    });
    output('ip link add watched type dummy');
    output('ip addr add 192.0.2.1/32 dev watched');
    output('ip addr del 192.0.2.1/32 dev watched');
    output('ip link del watched');
    await until(() => events.some((event) => event.kind === 'link-removed'));
    await monitor.close();
    const kinds = events.map((event) => event.kind);
    expect(kinds).to.include.members(['link-changed', 'address-changed', 'address-removed', 'link-removed']);
    expect(events.find((event) => event.kind === 'address-changed')).to.deep.nested.include({
      'address.address': '192.0.2.1',
      'address.prefix': 32,
    });
  });

  it('tells of links after the process was stopped and went on, which interrupts whoever waits', async () => {
    const errors: unknown[] = [];
    const events: RouteEvent[] = [];
    const monitor = new RouteMonitor({
      onEvent: (event) => events.push(event),
      onError: (error) => errors.push(error),
      closeWithin: 10_000,
    });
    execFileSync('sh', ['-c', `kill -STOP ${process.pid}; kill -CONT ${process.pid}`]);
    output('ip link add watched type dummy');
    output('ip link del watched');
    await until(() => errors.length > 0 || events.some((event) => event.kind === 'link-removed'));
    expect(errors).to.deep.equal([]);
    // It ends with the next thing that it hears of.
    const closed = monitor.close();
    output('ip link add watched type dummy');
    output('ip link del watched');
    await closed;
  });

  it('lists the default routes of the main table, and tells where one changes', async () => {
    const route = Route.open();
    const families: string[] = [];
    const monitor = new RouteMonitor({
      onEvent: (event) => {
        if (event.kind === 'default-route-changed') families.push(event.family);
      },
      onError: (error) => {
        throw error;
      },
      closeWithin: 50,
    });
    try {
      expect(route.defaultRoutes()).to.deep.equal([]);
      for (const command of [
        'link add ways type dummy',
        'link set ways up',
        'address add 192.0.2.10/24 dev ways',
        'address add 2001:db8::10/64 dev ways nodad',
        'route add 198.51.100.0/24 via 192.0.2.7',
        'route add default via 192.0.2.8 table 100',
        'route add unreachable default metric 9999',
      ])
        output(`ip ${command}`);
      expect(route.defaultRoutes()).to.deep.equal([]);
      output('ip route add default nexthop via 192.0.2.1 nexthop via 192.0.2.2');
      output('ip -6 route add default via 2001:db8::1');
      await until(() => families.length >= 2);
      expect(route.defaultRoutes()).to.deep.equal([
        { family: 'IPv4', gateways: ['192.0.2.1', '192.0.2.2'] },
        { family: 'IPv6', gateways: ['2001:db8::1'] },
      ]);
      expect(families).to.deep.equal(['IPv4', 'IPv6']);
      output('ip route delete default metric 0');
      await until(() => families.length >= 3);
      expect(route.defaultRoutes().map(({ family }) => family)).to.deep.equal(['IPv6']);
    } finally {
      await monitor.close();
      route.close();
      output('ip link delete ways');
      output('ip route delete unreachable default metric 9999');
    }
  });

  it('tells an overrun where more changed than the buffer holds', async () => {
    const route = Route.open();
    const made = route.batch();
    made.addDummy('busy');
    made.run();
    const index = route.link('busy')?.index ?? 0;
    const kinds = new Set<string>();
    const monitor = new RouteMonitor({
      onEvent: (event) => kinds.add(event.kind),
      onError: (error) => {
        throw error;
      },
      closeWithin: 50,
      receiveBuffer: 4096,
    });
    const batch = route.batch();
    for (let host = 0; host < 2000; host += 1) {
      batch.addAddress({ index, address: `10.9.${host >> 8}.${host & 255}`, prefix: 32 });
    }
    batch.run();
    await until(() => kinds.has('overrun'));
    await monitor.close();
    route.close();
  });
});
