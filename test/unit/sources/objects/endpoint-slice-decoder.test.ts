import { expect } from 'chai';
import { formatPath } from '../../../../lib/sources/objects/decoded.ts';
import { decodeEndpointSlice } from '../../../../lib/sources/objects/endpoint-slice-decoder.ts';

type Json = Record<string, unknown>;

function slice(fields: Json = {}, labels: Json = {}, annotations: Json = {}): Json {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'web-x7k2p',
      namespace: 'shop',
      labels: { 'kubernetes.io/service-name': 'web', ...labels },
      annotations,
    },
    addressType: 'IPv4',
    ports: [{ port: 80 }],
    endpoints: [{ addresses: ['10.0.0.1'] }],
    ...fields,
  };
}

function problemsOf(object: unknown): string[] {
  return decodeEndpointSlice(object).problems.map(
    ({ severity, path, expected, got, hint }) =>
      `${severity} ${formatPath(path)}: expected ${expected}, got ${got}; ${hint}`,
  );
}

const endpoint = {
  address: '10.0.0.1',
  ready: true,
  serving: true,
  terminating: false,
  nodeName: '',
  zone: '',
  zoneHints: [],
  nodeHints: [],
};

const plain = {
  namespace: 'shop',
  name: 'web-x7k2p',
  service: 'web',
  family: 'IPv4',
  ports: [{ name: '', protocol: 'TCP', port: 80 }],
  endpoints: [endpoint],
  triggered: 0,
};

describe('decodeEndpointSlice', () => {
  it('gives conditions that are not written the meaning that the API gives to nil', () => {
    expect(decodeEndpointSlice(slice())).to.deep.equal({ value: plain, problems: [] });
  });

  it('reads everything that an endpoint can say', () => {
    const decoded = decodeEndpointSlice(
      slice(
        {
          ports: [
            { name: 'web', port: 80, protocol: 'TCP', appProtocol: 'http' },
            { name: 'dns', port: 53, protocol: 'UDP' },
          ],
          endpoints: [
            {
              addresses: ['10.0.0.1', '10.0.0.2'],
              conditions: { ready: false, serving: true, terminating: true },
              nodeName: 'worker',
              zone: 'a',
              hostname: 'web-0',
              targetRef: { kind: 'Pod' },
              hints: { forZones: [{ name: 'a' }, { name: 'b' }], forNodes: [{ name: 'worker' }] },
            },
          ],
        },
        {},
        { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-31T12:00:00Z' },
      ),
    );
    expect(decoded.problems).to.deep.equal([]);
    expect(decoded.value).to.deep.equal({
      ...plain,
      ports: [
        { name: 'web', protocol: 'TCP', port: 80 },
        { name: 'dns', protocol: 'UDP', port: 53 },
      ],
      endpoints: [
        {
          address: '10.0.0.1',
          ready: false,
          serving: true,
          terminating: true,
          nodeName: 'worker',
          zone: 'a',
          zoneHints: ['a', 'b'],
          nodeHints: ['worker'],
        },
      ],
      triggered: Date.UTC(2026, 0, 31, 12),
    });
  });

  it('takes a slice without endpoints for what it is', () => {
    expect(decodeEndpointSlice(slice({ endpoints: null })).value?.endpoints).to.deep.equal([]);
  });

  it('leaves out a port without a number', () => {
    const decoded = decodeEndpointSlice(slice({ ports: [{ name: 'all' }, { name: 'web', port: 80 }] }));
    expect(decoded.value?.ports).to.deep.equal([{ name: 'web', protocol: 'TCP', port: 80 }]);
    expect(decoded.problems).to.deep.equal([]);
  });

  const skipped: [title: string, object: Json, reason: string][] = [
    ['of host names', slice({ addressType: 'FQDN', endpoints: [{ addresses: ['a.example.com'] }] }), 'FQDN'],
    ['of a headless service', slice({}, { 'service.kubernetes.io/headless': '' }), 'labelled headless'],
    [
      'of a service for another proxy',
      slice({}, { 'service.kubernetes.io/service-proxy-name': 'x' }),
      'labelled for another proxy',
    ],
  ];
  for (const [title, object, reason] of skipped) {
    it(`skips a slice ${title} without a word`, () => {
      expect(decodeEndpointSlice(object)).to.deep.equal({ skipped: reason, problems: [] });
    });
  }

  const invalid: [title: string, object: unknown, problem: string][] = [
    [
      'without the label that names its service',
      slice({}, { 'kubernetes.io/service-name': undefined }),
      'error metadata.labels["kubernetes.io/service-name"]: expected the name of the service that the endpoints belong to, got nothing; write this label; without it these are endpoints outside any service',
    ],
    [
      'without address type',
      slice({ addressType: undefined }),
      'error addressType: expected one of IPv4, IPv6, FQDN, got nothing; write the family of the addresses',
    ],
    [
      'with an unknown address type',
      slice({ addressType: 'ipv4' }),
      'error addressType: expected one of IPv4, IPv6, FQDN, got "ipv4"; did you mean IPv4?',
    ],
    [
      'with an impossible port',
      slice({ ports: [{ port: 65536 }] }),
      'error ports[0].port: expected a whole number from 1 to 65535, got 65536; write a number in this range',
    ],
    [
      'with two ports of one name',
      slice({ ports: [{ port: 80 }, { port: 81 }] }),
      'error ports[1].name: expected a name that no other port of the slice has, got ""; rename one of the two, like the port of the service that it serves',
    ],
    [
      'with endpoints that are no list',
      slice({ endpoints: '10.0.0.1' }),
      'error endpoints: expected a list, got "10.0.0.1"; write items below it, each behind "- "',
    ],
  ];
  for (const [title, object, problem] of invalid) {
    it(`refuses a slice ${title}`, () => {
      expect(problemsOf(object)).to.deep.equal([problem]);
      expect(decodeEndpointSlice(object)).to.have.all.keys('problems');
    });
  }

  const wrongEndpoints: [title: string, endpoint: Json, problem: string][] = [
    [
      'of the wrong family',
      { addresses: ['fd00::1'] },
      'error endpoints[1].addresses[0]: expected an IPv4 address, as addressType says, got "fd00::1"; move it to a slice with addressType IPv6',
    ],
    [
      'with an IPv4-mapped address',
      { addresses: ['::ffff:1.2.3.4'] },
      'error endpoints[1].addresses[0]: expected an IP address, got "::ffff:1.2.3.4", an IPv4-mapped IPv6 address; write the IPv4 address itself: 1.2.3.4',
    ],
    [
      'on the loopback',
      { addresses: ['127.0.0.1'] },
      'error endpoints[1].addresses[0]: expected an address that traffic can be sent to, got "127.0.0.1", a loopback address; write a unicast address that is not special to the node',
    ],
    [
      'with a link-local address',
      { addresses: ['169.254.1.1'] },
      'error endpoints[1].addresses[0]: expected an address that traffic can be sent to, got "169.254.1.1", a link-local address; write a unicast address that is not special to the node',
    ],
    [
      'without address',
      {},
      'error endpoints[1].addresses[0]: expected an IP address, got nothing; write an address in quotes',
    ],
    [
      'with a condition in words',
      { addresses: ['10.0.0.2'], conditions: { ready: 'yes' } },
      'error endpoints[1].conditions.ready: expected true or false, got "yes"; write true or false, without quotes',
    ],
    [
      'with a node name that is a number',
      { addresses: ['10.0.0.2'], nodeName: 7 },
      'error endpoints[1].nodeName: expected a string, got 7; write it in quotes',
    ],
  ];
  for (const [title, wrong, problem] of wrongEndpoints) {
    it(`leaves out an endpoint ${title} and keeps the others`, () => {
      const object = slice({ endpoints: [{ addresses: ['10.0.0.1'] }, wrong] });
      expect(problemsOf(object)).to.deep.equal([problem]);
      expect(decodeEndpointSlice(object).value?.endpoints).to.deep.equal([endpoint]);
    });
  }

  it('refuses a slice of which no endpoint is right, so that the last good version stays', () => {
    const decoded = decodeEndpointSlice(slice({ endpoints: [{ addresses: ['10.0.0.l'] }] }));
    expect(decoded).to.have.all.keys('problems');
    expect(decoded.problems.map(({ path }) => formatPath(path))).to.deep.equal([
      'endpoints[0].addresses[0]',
      'endpoints',
    ]);
  });

  it('reads leading zeros as decimal and says so', () => {
    const object = slice({ endpoints: [{ addresses: ['010.0.0.1'] }] });
    expect(decodeEndpointSlice(object).value?.endpoints).to.deep.equal([endpoint]);
    expect(problemsOf(object)).to.deep.equal([
      'warning endpoints[0].addresses[0]: expected an IP address without leading zeros, got "010.0.0.1"; it is read in decimal as 10.0.0.1; write that',
    ]);
  });

  it('warns of misspelt fields of an endpoint, its conditions and a port', () => {
    const object = slice({
      ports: [{ port: 80, protcol: 'TCP' }],
      endpoints: [{ addresses: ['10.0.0.1'], nodename: 'a', conditions: { redy: false } }],
    });
    expect(decodeEndpointSlice(object).value?.endpoints).to.deep.equal([endpoint]);
    expect(problemsOf(object).map((line) => line.replace(/: expected.*not read;/, ':'))).to.deep.equal([
      'warning ports[0].protcol: did you mean protocol?',
      'warning endpoints[0].nodename: did you mean nodeName?',
      'warning endpoints[0].conditions.redy: did you mean ready?',
    ]);
  });
});
