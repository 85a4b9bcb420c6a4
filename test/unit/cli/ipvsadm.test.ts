import { expect } from 'chai';
import fc from 'fast-check';
import { readHeld } from '../../../lib/cli/held.ts';
import type { HeldVirtualServer } from '../../../lib/cli/held.ts';
import { formatIpvsadm, formatIpvsadmRealServers, inIpvsadmOrder } from '../../../lib/cli/output/ipvsadm.ts';
import { sortVirtualServers } from '../../../lib/cli/output/ipvsadm-order.ts';
import type { IpvsDestination, IpvsService } from '../../../native-bindings/ipvs-values.ts';

/** A virtual server of the kernel's; TCP with rr unless told otherwise. */
function service(address: string, port: number, rest: Partial<IpvsService> = {}): IpvsService {
  const family = address.includes(':') ? 'IPv6' : 'IPv4';
  return {
    protocol: 6,
    address,
    port,
    family,
    scheduler: 'rr',
    flags: 0,
    timeout: 0,
    netmask: family === 'IPv6' ? 128 : 32,
    ...rest,
  };
}

/** A virtual server that is matched by a firewall mark. */
function marked(fwmark: number, family: 'IPv4' | 'IPv6', rest: Partial<IpvsService> = {}): IpvsService {
  return {
    ...service('', 0, rest),
    protocol: 0,
    fwmark,
    family,
    netmask: family === 'IPv6' ? 128 : 32,
    ...rest,
  };
}

/** A real server; masqueraded with weight 1 unless told otherwise. */
function destination(address: string, port: number, rest: Partial<IpvsDestination> = {}): IpvsDestination {
  return { address, port, weight: 1, forwarding: 0, upperThreshold: 0, lowerThreshold: 0, ...rest };
}

function lines(...held: HeldVirtualServer[]): string[] {
  return formatIpvsadm(inIpvsadmOrder(held)).split('\n').slice(0, -1);
}

function line(only: IpvsService): string {
  return lines({ service: only, destinations: [] }).join('|');
}

// Expected texts were printed by ipvsadm 1.31 for the same tables.
describe('a listing in the form of ipvsadm -Sn', () => {
  const services: readonly (readonly [IpvsService, string])[] = [
    [service('10.96.0.1', 443, { flags: 0x1, timeout: 10_800 }), '-A -t 10.96.0.1:443 -s rr -p 10800'],
    [service('10.96.0.8', 0, { protocol: 17, flags: 0x5, timeout: 30 }), '-A -u 10.96.0.8:0 -s rr -p 30 -o'],
    [
      service('10.96.0.9', 132, { protocol: 132, scheduler: 'wlc' }),
      '-A --sctp-service 10.96.0.9:132 -s wlc',
    ],
    [
      service('100.64.0.1', 53, { scheduler: 'sh', flags: 0x18 }),
      '-A -t 100.64.0.1:53 -s sh -b sh-fallback,sh-port',
    ],
    [service('100.64.0.3', 53, { scheduler: 'mh', flags: 0x10 }), '-A -t 100.64.0.3:53 -s mh -b mh-port'],
    [service('100.64.0.4', 53, { flags: 0x28 }), '-A -t 100.64.0.4:53 -s rr -b flag-1,flag-3'],
    [
      service('fd00::10', 80, { scheduler: 'mh', flags: 0x1, timeout: 100, netmask: 64 }),
      '-A -t [fd00::10]:80 -s mh -p 100 -M 64',
    ],
    [
      service('10.5.5.5', 55, {
        protocol: 17,
        scheduler: 'sh',
        flags: 0x15,
        timeout: 30,
        netmask: 16,
        persistenceEngine: 'sip',
      }),
      '-A -u 10.5.5.5:55 -s sh -p 30 -M 255.255.0.0 --pe sip -o -b sh-port',
    ],
    [
      service('10.5.5.6', 55, { flags: 0x1, timeout: 1, netmask: 9 }),
      '-A -t 10.5.5.6:55 -s rr -p 1 -M 255.128.0.0',
    ],
    [marked(7, 'IPv4', { scheduler: 'lc' }), '-A -f 7 -s lc'],
    [
      marked(8, 'IPv6', { scheduler: 'wlc', flags: 0x1, timeout: 60, netmask: 64 }),
      '-A -f 8 -6 -s wlc -p 60 -M 64',
    ],
    [marked(4_294_967_295, 'IPv4'), '-A -f -1 -s rr'],
  ];
  for (const [held, text] of services) {
    it(`tells "${text}"`, () => {
      expect(line(held)).to.equal(text);
    });
  }

  it('tells real servers with their forwarding', () => {
    const destinations = [
      destination('10.9.9.8', 0, { forwarding: 2, weight: 5, tunnelType: 0 }),
      destination('10.9.9.9', 0, { forwarding: 3, weight: 0, upperThreshold: 100, lowerThreshold: 50 }),
      destination('10.9.9.10', 0, { forwarding: 2, tunnelType: 1, tunnelPort: 6080, tunnelFlags: 0 }),
      destination('10.9.9.11', 0, { forwarding: 2, tunnelType: 2, tunnelFlags: 1 }),
      destination('10.9.9.12', 0, { forwarding: 2, tunnelType: 1, tunnelPort: 6081, tunnelFlags: 2 }),
      destination('10.9.9.13', 0, { forwarding: 2 }),
    ];
    expect(lines({ service: marked(7, 'IPv4'), destinations }).slice(1)).to.deep.equal([
      '-a -f 7 -r 10.9.9.8:0 -i -w 5 --tun-type ipip',
      '-a -f 7 -r 10.9.9.9:0 -g -w 0',
      '-a -f 7 -r 10.9.9.10:0 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum',
      '-a -f 7 -r 10.9.9.11:0 -i -w 1 --tun-type gre --tun-csum',
      '-a -f 7 -r 10.9.9.12:0 -i -w 1 --tun-type gue --tun-port 6081 --tun-remcsum',
      '-a -f 7 -r 10.9.9.13:0 -i -w 1',
    ]);
  });

  it('is empty for an empty table', () => {
    expect(formatIpvsadm([])).to.equal('');
  });

  it('of real servers alone is the lines of the whole that begin with -a', () => {
    const held = inIpvsadmOrder([
      {
        service: service('10.96.0.2', 80),
        destinations: [destination('10.1.0.2', 80), destination('10.1.0.1', 80)],
      },
      { service: service('10.96.0.1', 80), destinations: [destination('10.1.0.3', 80)] },
    ]);
    const whole = formatIpvsadm(held).split('\n').slice(0, -1);
    const some = formatIpvsadmRealServers(held).split('\n').slice(0, -1);
    expect(some).to.have.length(3);
    expect(some).to.deep.equal(whole.filter((rule) => rule.startsWith('-a ')));
  });

  it('has the order of ipvsadm: marks last, IPv4 before IPv6, protocols, and addresses by a signed difference', () => {
    const held = [
      service('fd00::10', 80),
      marked(1, 'IPv4'),
      service('192.168.1.2', 80),
      service('10.96.0.1', 443),
      service('10.96.0.1', 80),
      service('10.96.0.1', 53, { protocol: 17 }),
      marked(4_294_967_295, 'IPv6'),
    ].map((each) => ({ service: each, destinations: [] }));
    expect(lines(...held).map((text) => text.split(' -s ')[0])).to.deep.equal([
      '-A -f -1 -6',
      '-A -t 192.168.1.2:80',
      '-A -t 10.96.0.1:80',
      '-A -t 10.96.0.1:443',
      '-A -u 10.96.0.1:53',
      '-A -t [fd00::10]:80',
      '-A -f 1',
    ]);
  });

  it('has real servers by address and port', () => {
    const destinations = [
      destination('10.0.0.5', 80),
      destination('192.168.1.1', 80),
      destination('10.0.0.5', 79),
    ];
    const [first] = inIpvsadmOrder([{ service: service('10.96.0.1', 80), destinations }]);
    expect(first?.destinations.map(({ address, port }) => `${address}:${port}`)).to.deep.equal([
      '192.168.1.1:80',
      '10.0.0.5:79',
      '10.0.0.5:80',
    ]);
  });

  it('lists everything once, whatever is sorted', () => {
    const key = fc.record({
      mark: fc.constantFrom(0, 1, 0xffffffff),
      family: fc.constantFrom(2, 10),
      protocol: fc.constantFrom(6, 17),
      words: fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 1, maxLength: 1 }),
      port: fc.integer({ min: 0, max: 65535 }),
    });
    fc.assert(
      fc.property(fc.array(key), (keys) => {
        expect(sortVirtualServers(keys, (each) => each)).to.have.members(keys);
      }),
    );
  });
});

describe('what the kernel holds', () => {
  it('is read with the real servers of each virtual server', () => {
    const web = service('10.96.0.1', 80);
    const dns = service('10.96.0.10', 53);
    const held = readHeld({
      services: () => [web, dns],
      destinations: (id) => (id.port === 53 ? [destination('10.1.0.1', 53)] : []),
    });
    expect(held.map(({ destinations }) => destinations.length)).to.deep.equal([0, 1]);
  });
});
