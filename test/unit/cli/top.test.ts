import { expect } from 'chai';
import type { IpvsService, IpvsStats } from '../../../native-bindings/ipvs-values.ts';
import { topTable } from '../../../lib/cli/output/top-table.ts';
import { type Counted, countedServers, serviceRates } from '../../../lib/cli/service-rates.ts';

function counted(connections: number, active: number, bytes: number, packets: number): Counted {
  return { connections, active, bytes, packets };
}

const web = 'TCP 10.0.0.1:80';
const dns = 'UDP 10.0.0.2:53';
const other = 'TCP 10.0.0.3:443';
const names = new Map([
  [web, { namespace: 'shop', name: 'web', portName: 'http' }],
  [dns, { namespace: 'kube-system', name: 'kube-dns', portName: '' }],
]);
const before = new Map([
  [web, counted(100, 1, 5000, 50)],
  [dns, counted(900, 0, 90_000, 900)],
]);
const after = new Map([
  [web, counted(140, 7, 3_005_000, 450)],
  [dns, counted(200, 0, 20_000, 200)],
  [other, counted(2, 0, 0, 0)],
]);

describe('kube-ipvs top', () => {
  it('tells what went through between two readings, the busiest first', () => {
    const [first, second, third] = serviceRates(before, after, 4, names, 'connections');
    expect(second).to.deep.equal({
      ...{ virtualServer: web, namespace: 'shop', name: 'web', portName: 'http' },
      ...{ connections: 10, active: 7, bytes: 750_000, packets: 100 },
    });
    // Its counters were set to zero meanwhile: it has counted from there.
    expect(first).to.include({ virtualServer: dns, connections: 50, bytes: 5000 });
    expect(third).to.include({ virtualServer: other, namespace: null, name: null, connections: 0.5 });
  });

  it('is sorted by what is asked for', () => {
    const order = (sort: 'active' | 'bytes'): string[] =>
      serviceRates(before, after, 4, names, sort).map(({ virtualServer }) => virtualServer);
    expect(order('active')[0]).to.equal(web);
    expect(order('bytes')).to.deep.equal([web, dns, other]);
  });

  it('is a table that says by what it is sorted', () => {
    expect(topTable(serviceRates(before, after, 4, names, 'bytes'), 'bytes')).to.equal(
      [
        'NAMESPACE    NAME       VIRTUAL-SERVER    CONN/S  ACTIVE  BYTES/S*  PACKETS/S',
        'shop         web        TCP 10.0.0.1:80   10      7       750k      100',
        'kube-system  kube-dns   UDP 10.0.0.2:53   50      0       5.0k      50',
        '<unknown>    <unknown>  TCP 10.0.0.3:443  0.5     0       0         0',
        '',
      ].join('\n'),
    );
  });

  it('has the names of ports too where it is wide', () => {
    const [headings, first] = topTable(serviceRates(before, after, 4, names, 'bytes'), 'bytes', true).split(
      '\n',
    );
    expect(headings).to.match(/^NAMESPACE +NAME +PORT-NAME +VIRTUAL-SERVER /);
    expect(first).to.match(/^shop +web +http +TCP 10\.0\.0\.1:80 /);
  });

  it('asks for the real servers of those alone that have had connections', () => {
    const server = (port: number, connections: number): IpvsService => ({
      ...{ protocol: 6, address: '10.0.0.1', port, scheduler: 'rr', flags: 0, timeout: 0, netmask: 32 },
      stats: { connections, inBytes: 3, outBytes: 4, inPackets: 1, outPackets: 2 } as IpvsStats,
    });
    const asked: number[] = [];
    const read = countedServers({
      services: () => [server(80, 0), server(81, 5)],
      destinations: ({ port }) => {
        asked.push(port);
        const real = {
          address: '10.1.0.1',
          port: 8080,
          weight: 1,
          forwarding: 0,
          upperThreshold: 0,
          lowerThreshold: 0,
        };
        return [
          { ...real, activeConnections: 2 },
          { ...real, activeConnections: 3 },
        ];
      },
    });
    expect(asked).to.deep.equal([81]);
    expect(read.get('TCP 10.0.0.1:81')).to.deep.equal(counted(5, 5, 7, 3));
    expect(read.get('TCP 10.0.0.1:80')).to.deep.equal(counted(0, 0, 7, 3));
  });
});
