import { expect } from 'chai';
import { columns } from '../../../lib/cli/output/columns.ts';
import { endpointRows, serviceRows } from '../../../lib/cli/output/service-rows.ts';
import { serviceNames } from '../../../lib/cli/service-names.ts';
import type { ServiceName } from '../../../lib/cli/service-names.ts';
import { selectServices, sortByName } from '../../../lib/cli/services-view.ts';
import type { KnownNames, Selection } from '../../../lib/cli/service-selection.ts';
import type { ServiceView } from '../../../lib/cli/services-view.ts';
import type { PlannerOptions } from '../../../lib/model/planner-options.ts';
import type { Service } from '../../../lib/model/service.ts';
import type { HeldVirtualServer } from '../../../lib/cli/held.ts';

const counters = { inPackets: 0, outPackets: 0, connectionRate: 0, inPacketRate: 0, outPacketRate: 0 };
const rates = { inByteRate: 0, outByteRate: 0 };
const common = { scheduler: 'rr', flags: 0, timeout: 0, netmask: 32 };
const real = { weight: 1, forwarding: 0, upperThreshold: 0, lowerThreshold: 0 };

/** A kernel with kube-dns, a web service in Maglev hashing with affinity, and two foreign virtual servers. */
const held: readonly HeldVirtualServer[] = [
  {
    service: {
      ...common,
      protocol: 17,
      address: '10.96.0.10',
      port: 53,
      stats: { ...counters, ...rates, connections: 7, inBytes: 100, outBytes: 200 },
    },
    destinations: [
      { ...real, address: '10.1.0.2', port: 53, activeConnections: 2, inactiveConnections: 3 },
      { ...real, address: '10.1.0.3', port: 53, weight: 0 },
    ],
  },
  {
    service: {
      ...common,
      protocol: 6,
      address: '10.96.0.20',
      port: 80,
      scheduler: 'mh',
      flags: 0x11,
      timeout: 60,
    },
    destinations: [{ ...real, address: '10.1.0.4', port: 8080, upperThreshold: 100, lowerThreshold: 50 }],
  },
  { service: { ...common, protocol: 6, address: '203.0.113.1', port: 443 }, destinations: [] },
  { service: { ...common, protocol: 0, address: '', port: 0, fwmark: 7, family: 'IPv4' }, destinations: [] },
];

const names: ReadonlyMap<string, ServiceName> = new Map([
  ['UDP 10.96.0.10:53', { namespace: 'kube-system', name: 'kube-dns', portName: 'dns' }],
  ['TCP 10.96.0.20:80', { namespace: 'default', name: 'web', portName: '' }],
]);

function viewsOf(known: KnownNames, selection: Selection = {}): ServiceView[] {
  return sortByName(selectServices(held, known, selection).map(({ view }) => view));
}

describe('get services', () => {
  it('shows names first, by namespace, and foreign virtual servers as such', () => {
    expect(columns(serviceRows(viewsOf(names), false))).to.equal(
      [
        'NAMESPACE    NAME       PORT-NAME  ADDRESS      PORT  PROTOCOL  SCHEDULER  ENDPOINTS',
        'default      web                   10.96.0.20   80    TCP       mh         1/1',
        'kube-system  kube-dns   dns        10.96.0.10   53    UDP       rr         1/2',
        '<foreign>    <foreign>             203.0.113.1  443   TCP       rr         0/0',
        '<foreign>    <foreign>             fwmark 7                     rr         0/0',
        '',
      ].join('\n'),
    );
  });

  it('shows no names where none are known', () => {
    const views = viewsOf(undefined);
    expect(
      serviceRows(views, false)
        .slice(1)
        .map(([namespace]) => namespace),
    ).to.deep.equal(Array(4).fill('<unknown>'));
    expect(views.some(({ foreign }) => foreign)).to.equal(false);
  });

  it('selects by namespace and by name', () => {
    expect(viewsOf(names, { namespace: 'default' }).map(({ name }) => name)).to.deep.equal(['web']);
    expect(viewsOf(names, { name: 'kube-dns' }).map(({ namespace }) => namespace)).to.deep.equal([
      'kube-system',
    ]);
    expect(viewsOf(names, { namespace: 'default', name: 'kube-dns' })).to.deep.equal([]);
  });

  it('selects Services with some labels, and leaves out what is of none', () => {
    const services = new Set(['default/web', 'kube-system/other']);
    expect(viewsOf(names, { services }).map(({ name }) => name)).to.deep.equal(['web']);
    expect(viewsOf(names, { services, namespace: 'kube-system' })).to.deep.equal([]);
    expect(viewsOf(undefined, { services })).to.deep.equal([]);
  });

  it('adds flags, affinity and counters when asked for more', () => {
    const [headings, web, dns] = serviceRows(viewsOf(names), true);
    expect(headings?.slice(8)).to.deep.equal([
      ...['FLAGS', 'AFFINITY', 'ACTIVE', 'INACTIVE', 'CONNECTIONS', 'BYTES-IN', 'BYTES-OUT'],
    ]);
    expect(web?.slice(8)).to.deep.equal(['mh-port', '60s', '0', '0', '0', '0', '0']);
    expect(dns?.slice(8)).to.deep.equal(['-', '-', '2', '3', '7', '100', '200']);
  });
});

describe('get endpoints', () => {
  it('shows a line for each real server', () => {
    expect(endpointRows(viewsOf(names), false).slice(1)).to.deep.equal([
      ['default', 'web', '', 'TCP 10.96.0.20:80', '10.1.0.4:8080', '1', '0', '0'],
      ['kube-system', 'kube-dns', 'dns', 'UDP 10.96.0.10:53', '10.1.0.2:53', '1', '2', '3'],
      ['kube-system', 'kube-dns', 'dns', 'UDP 10.96.0.10:53', '10.1.0.3:53', '0', '0', '0'],
    ]);
  });

  it('adds forwarding and limits when asked for more', () => {
    expect(endpointRows(viewsOf(names), true)[1]?.slice(8)).to.deep.equal([
      'masquerade',
      '50-100',
      '0',
      '0',
      '0',
    ]);
  });
});

describe('the names of virtual servers', () => {
  const options: PlannerOptions = {
    families: ['IPv4'],
    scheduler: 'rr',
    masqueradeAll: false,
    masqueradeBit: 14,
    randomFully: true,
    localTraffic: { by: 'nothing' },
    strictArp: false,
    kernel: { major: 6, minor: 1 },
  };
  const web: Service = {
    namespace: 'default',
    name: 'web',
    created: 5,
    type: 'NodePort',
    clusterIPs: ['10.96.0.20'],
    externalIPs: [],
    loadBalancerIngress: [],
    loadBalancerSourceRanges: [],
    ports: [
      { name: 'http', protocol: 'TCP', port: 80, nodePort: 30080 },
      { name: 'dns', protocol: 'UDP', port: 53, nodePort: 30053 },
    ],
    affinityTimeout: 0,
    internalTrafficPolicy: 'Cluster',
    externalTrafficPolicy: 'Cluster',
    healthCheckNodePort: 0,
    annotations: {},
  };
  const node = { name: 'node-a', addresses: ['192.168.1.1'], zone: '' };

  it('are those of the service and of the port, at cluster IPs and at node ports', () => {
    const found = serviceNames([{ service: web, slices: [] }], node, options);
    expect(
      [...found].map(([key, { namespace, name, portName }]) => `${key} ${namespace}/${name}:${portName}`),
    ).to.have.members([
      'TCP 10.96.0.20:80 default/web:http',
      'UDP 10.96.0.20:53 default/web:dns',
      'TCP 192.168.1.1:30080 default/web:http',
      'UDP 192.168.1.1:30053 default/web:dns',
    ]);
  });

  it('are those of the older service where two want one virtual server', () => {
    const older = { ...web, name: 'older', created: 1 };
    const found = serviceNames(
      [
        { service: web, slices: [] },
        { service: older, slices: [] },
      ],
      node,
      options,
    );
    expect(found.get('TCP 10.96.0.20:80')?.name).to.equal('older');
  });
});
