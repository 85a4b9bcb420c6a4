import { expect } from 'chai';
import { frameOf } from '../../../native-bindings/byte-writer.ts';
import { NetlinkError } from '../../../native-bindings/error.ts';
import { messageFlags, readMessage } from '../../../native-bindings/message.ts';
import {
  interfaceAddressAttributes,
  linkAttributes,
  routeTypes,
} from '../../../native-bindings/route-attributes.ts';
import {
  decodeInterfaceAddress,
  decodeLink,
  writeInterfaceAddressHeader,
  writeLinkHeader,
} from '../../../native-bindings/route-values.ts';
import { Route } from '../../../native-bindings/route.ts';
import {
  done,
  message,
  obedient,
  outcome,
  type Received,
  ScriptedKernel,
  written,
} from './scripted-kernel.ts';

function linkMessage(sequence: number, index: number, name: string, kind?: string): Buffer {
  const body = written((writer) => {
    writeLinkHeader(writer, index, 0x82, 0);
    linkAttributes.encode(writer, { name, mtu: 1500, info: kind === undefined ? undefined : { kind } });
  });
  return message(routeTypes.NEWLINK, sequence, body, messageFlags.multi);
}

function addressMessage(sequence: number, index: number, address: string, local?: string): Buffer {
  const family = address.includes(':') ? 10 : 2;
  const body = written((writer) => {
    writeInterfaceAddressHeader(writer, { family, prefix: family === 2 ? 32 : 128, scope: 0, index });
    interfaceAddressAttributes.encode(writer, { address, local, flags: 0x80 });
  });
  return message(routeTypes.NEWADDR, sequence, body, messageFlags.multi);
}

/** A message about a route: the first eight bytes of `struct rtmsg`, whose flags are 0, and its attributes. */
function routeMessage(sequence: number, header: string, attributes: string): Buffer {
  const body = Buffer.from(`${header}00000000${attributes}`, 'hex');
  return message(routeTypes.NEWROUTE, sequence, body, messageFlags.multi);
}

function kernelGot(use: (route: Route) => void): Received[] {
  const kernel = new ScriptedKernel(obedient);
  use(Route.open({ transport: kernel }));
  return kernel.writes.flat();
}

describe('the route family', () => {
  it('makes a dummy byte for byte as linux/if_link.h has it', () => {
    const [got] = kernelGot((route) => {
      const batch = route.batch();
      batch.addDummy('kube-ipvs0', { mtu: 1400 });
      batch.run();
    });
    expect(got).to.include({ type: 16, flags: 0x605 });
    expect(got?.bytes.toString('hex', 16)).to.equal(
      [
        '00000000' + '00000000', // AF_UNSPEC, no type, no index
        '80000000' + '81000000', // IFF_NOARP, of IFF_NOARP | IFF_UP
        '0f000300' + '6b7562652d69707673300000', // IFLA_IFNAME "kube-ipvs0"
        '08000400' + '78050000', // IFLA_MTU 1400
        '10001280' + '0a000100' + '64756d6d79000000', // IFLA_LINKINFO { IFLA_INFO_KIND "dummy" }
      ].join(''),
    );
  });

  it('adds and deletes addresses byte for byte as linux/if_addr.h has it', () => {
    const [added, deleted] = kernelGot((route) => {
      const batch = route.batch();
      batch.addAddress({ index: 2, address: 'fd00::1', prefix: 128, flags: 2 });
      batch.deleteAddress({ index: 2, address: '10.96.0.1', prefix: 32 });
      batch.run();
    });
    expect(added).to.include({ type: 20, flags: 0x601 });
    const ipv6 = 'fd00' + '00'.repeat(13) + '01';
    expect(added?.bytes.toString('hex', 16)).to.equal(
      '0a800000' + '02000000' + '14000100' + ipv6 + '14000200' + ipv6 + '08000800' + '02000000',
    );
    expect(deleted).to.include({ type: 21, flags: 0x5 });
    expect(deleted?.bytes.toString('hex', 16)).to.equal(
      '02200000' + '02000000' + '08000100' + '0a600001' + '08000200' + '0a600001',
    );
  });

  it('sets flags and deletes links by index', () => {
    const [set, deleted] = kernelGot((route) => {
      const batch = route.batch();
      batch.setLinkFlags(3, 0x80, 0x81);
      batch.deleteLink(3);
      expect(batch).to.include({ size: 2, bytes: 64 });
      batch.run();
    });
    expect(set?.bytes.toString('hex', 16)).to.equal('00000000' + '03000000' + '80000000' + '81000000');
    expect(deleted?.bytes.toString('hex', 16)).to.equal('00000000' + '03000000' + '00000000' + '00000000');
    expect([set?.type, deleted?.type]).to.deep.equal([16, 17]);
  });

  it('lists links with their kind', () => {
    const kernel = new ScriptedKernel(([got]) => [
      Buffer.concat([
        linkMessage(got!.sequence, 1, 'lo'),
        linkMessage(got!.sequence, 2, 'kube-ipvs0', 'dummy'),
      ]),
      done(got!.sequence),
    ]);
    expect(Route.open({ transport: kernel }).links()).to.deep.equal([
      { index: 1, name: 'lo', kind: undefined, flags: 0x82, mtu: 1500, master: 0 },
      { index: 2, name: 'kube-ipvs0', kind: 'dummy', flags: 0x82, mtu: 1500, master: 0 },
    ]);
  });

  it('gives undefined for a link that is missing, and throws any other refusal', () => {
    const refusing = (errno: number): Route =>
      Route.open({ transport: new ScriptedKernel(([got]) => [outcome(got!.sequence, errno)]) });
    expect(refusing(19).link('nope')).to.equal(undefined);
    expect(refusing(19).addresses({ index: 9 })).to.deep.equal([]);
    expect(() => refusing(1).link('nope')).to.throw(NetlinkError, 'read interface nope: EPERM');
  });

  it('lists the addresses of one interface although an old kernel sends all, the local one of a pair', () => {
    const kernel = new ScriptedKernel(([got]) => [
      Buffer.concat([
        addressMessage(got!.sequence, 1, '127.0.0.1'),
        addressMessage(got!.sequence, 2, '10.0.0.2', '10.0.0.1'),
        addressMessage(got!.sequence, 2, 'fd00::1'),
      ]),
      done(got!.sequence),
    ]);
    expect(Route.open({ transport: kernel }).addresses({ index: 2 })).to.deep.equal([
      { index: 2, family: 'IPv4', address: '10.0.0.1', prefix: 32, scope: 0, flags: 0x80 },
      { index: 2, family: 'IPv6', address: 'fd00::1', prefix: 128, scope: 0, flags: 0x80 },
    ]);
  });

  it('passes over addresses of other families, and refuses messages without their fixed part', () => {
    const mpls = frameOf(message(routeTypes.NEWADDR, 1, Buffer.from('1c00000001000000', 'hex')));
    expect(decodeInterfaceAddress(mpls, readMessage(mpls, 0, mpls.bytes.length))).to.equal(undefined);
    const short = frameOf(message(routeTypes.NEWLINK, 1, Buffer.alloc(12)));
    const read = readMessage(short, 0, short.bytes.length);
    expect(() => decodeLink(short, read)).to.throw(NetlinkError, 'expected 16 bytes of ifinfomsg, got 12');
  });

  it('refuses an address message without an address', () => {
    const empty = frameOf(message(routeTypes.NEWADDR, 1, Buffer.from('0220000001000000', 'hex')));
    const read = readMessage(empty, 0, empty.bytes.length);
    expect(() => decodeInterfaceAddress(empty, read)).to.throw(NetlinkError, 'local or address, got neither');
  });

  it('asks for the main table byte for byte as linux/rtnetlink.h has it, once a family', () => {
    const kernel = new ScriptedKernel(([got]) => [done(got!.sequence)]);
    expect(Route.open({ transport: kernel }).defaultRoutes()).to.deep.equal([]);
    expect(kernel.writes.flat().map(({ type, bytes }) => [type, bytes.toString('hex', 16)])).to.deep.equal([
      [26, '02000000' + 'fe000001' + '00000000'],
      [26, '0a000000' + 'fe000001' + '00000000'],
    ]);
  });

  it('lists default routes with the gateways of all next hops, and no other route', () => {
    const hop = (index: string, attribute: string): string => '10000000' + index + attribute;
    const multipath = hop('02000000', '08000500' + '0a000001') + hop('03000000', '08000500' + '0a000002');
    const viaIPv6 = '16001200' + '0a00' + 'fe80' + '00'.repeat(13) + '01' + '0000';
    const routes = (sequence: number): Buffer =>
      Buffer.concat([
        routeMessage(sequence, '02180000fe030001', '08000500' + 'c0a80001'), // 24 bits
        routeMessage(sequence, '02000000ff030001', '08000500' + 'c0a80002'), // RT_TABLE_LOCAL
        routeMessage(sequence, '02000000fe030007', ''), // RTN_UNREACHABLE
        routeMessage(sequence, '02000000fe030001', '08000500' + 'c0a80003'),
        routeMessage(sequence, '02000000fe030001', '24000900' + multipath),
        routeMessage(sequence, '02000000fe030001', viaIPv6),
        routeMessage(sequence, '02000000fe030001', '08000400' + '05000000'), // by a point-to-point link
      ]);
    // Told of the same in answer to the question for IPv6, too.
    const kernel = new ScriptedKernel(([got]) => [routes(got!.sequence), done(got!.sequence)]);
    expect(Route.open({ transport: kernel }).defaultRoutes()).to.deep.equal([
      { family: 'IPv4', gateways: ['192.168.0.3'] },
      { family: 'IPv4', gateways: ['10.0.0.1', '10.0.0.2'] },
      { family: 'IPv4', gateways: ['fe80::1'] },
      { family: 'IPv4', gateways: [] },
    ]);
  });

  it('has no default routes where the table is not there, and refuses next hops that end too early', () => {
    const missing = new ScriptedKernel(([got]) => [outcome(got!.sequence, 2)]);
    expect(Route.open({ transport: missing }).defaultRoutes()).to.deep.equal([]);
    const broken = new ScriptedKernel(([got]) => [
      routeMessage(got!.sequence, '02000000fe030001', '0c000900' + '1000000002000000'),
      done(got!.sequence),
    ]);
    expect(() => Route.open({ transport: broken }).defaultRoutes()).to.throw(
      NetlinkError,
      'expected a next hop of 8 to 8 bytes, got 16',
    );
  });

  it('asks for the way to an address byte for byte as linux/rtnetlink.h has it', () => {
    const asked = ['192.168.0.9', 'fd00::9'].map((address) => {
      const [got] = kernelGot((route) => route.lookUp(address));
      return [got?.type, got?.bytes.toString('hex', 16)];
    });
    expect(asked).to.deep.equal([
      [26, '02200000' + '00000000' + '00000000' + '08000100' + 'c0a80009'],
      [26, '0a800000' + '00000000' + '00000000' + '14000100' + 'fd00000000000000' + '0000000000000009'],
    ]);
  });

  const ways: readonly (readonly [title: string, header: string, attributes: string, way: object])[] = [
    [
      'over a gateway',
      '02200000fe000001',
      '08000400' + '02000000' + '08000500' + 'c0a80001' + '08000700' + 'c0a80002',
      { type: 1, index: 2, gateway: '192.168.0.1', source: '192.168.0.2' },
    ],
    [
      'to the host itself',
      '02200000ff000002',
      '08000400' + '01000000' + '08000700' + 'c0a80002',
      { type: 2, index: 1, gateway: undefined, source: '192.168.0.2' },
    ],
    [
      'of IPv6 to a neighbour, of which the kernel tells no source',
      '0a800000fe000001',
      '08000400' + '03000000',
      { type: 1, index: 3, gateway: undefined, source: undefined },
    ],
  ];
  for (const [title, header, attributes, way] of ways) {
    it(`reads a way ${title}`, () => {
      const kernel = new ScriptedKernel(([got]) => [
        routeMessage(got!.sequence, header, attributes),
        outcome(got!.sequence),
      ]);
      expect(Route.open({ transport: kernel }).lookUp('192.168.0.9')).to.deep.equal(way);
    });
  }

  for (const [errno, code] of [
    [101, 'ENETUNREACH'],
    [113, 'EHOSTUNREACH'],
    [13, 'EACCES'],
  ] as const) {
    it(`refuses with ${code} where the kernel knows no way, and names the address`, () => {
      const kernel = new ScriptedKernel(([got]) => [outcome(got!.sequence, errno)]);
      expect(() => Route.open({ transport: kernel }).lookUp('192.168.0.9'))
        .to.throw(NetlinkError, 'look up the route to 192.168.0.9')
        .with.property('code', code);
    });
  }

  it('is traced in words', () => {
    const lines: string[] = [];
    const kernel = new ScriptedKernel(obedient);
    const batch = Route.open({ transport: kernel, trace: (line) => lines.push(...line.split('\n')) }).batch();
    batch.addDummy('kube-ipvs0');
    batch.addAddress({ index: 2, address: '10.96.0.1', prefix: 32 });
    batch.run();
    expect(lines).to.deep.equal([
      '> route NEWLINK #1 index=0 flags=0x80/0x81 name=kube-ipvs0 info{kind=dummy}',
      '> route NEWADDR #2 ack index=2 family=2 prefix=32 scope=0 address=10.96.0.1 local=10.96.0.1',
      '< ack #2',
    ]);
  });
});
