import { expect } from 'chai';
import { mirrorEndpoints } from '../../../lib/sources/endpoints-mirroring.ts';
import { decodeEndpoints } from '../../../lib/sources/objects/endpoints-decoder.ts';

/** Mirrors an Endpoints object and shows each slice as `name family ports → endpoints`, a `!` before what is not ready. */
function mirror(subsets: object[]): string[] {
  const { value, problems } = decodeEndpoints({ metadata: { name: 'db', namespace: 'shop' }, subsets });
  expect(problems).to.deep.equal([]);
  return mirrorEndpoints(value!).map((slice) => {
    const ports = slice.ports.map(({ name, protocol, port }) => `${name}:${protocol}:${port}`);
    const endpoints = slice.endpoints.map(({ ready, address }) => `${ready ? '' : '!'}${address}`);
    return `${slice.name} ${slice.family} ${ports.join(',')} → ${endpoints.join(' ')}`;
  });
}

const at = (...addresses: string[]): object[] => addresses.map((ip) => ({ ip }));
const http = [{ port: 80 }];

describe('mirrorEndpoints', () => {
  const cases: [title: string, subsets: object[], slices: string[]][] = [
    ['gives nothing for no subsets', [], []],
    ['gives nothing for a subset without addresses', [{ ports: http }], []],
    [
      'makes one slice of one subset',
      [{ addresses: at('10.0.0.1', '10.0.0.2'), ports: http }],
      ['db-mirrored-1 IPv4 :TCP:80 → 10.0.0.1 10.0.0.2'],
    ],
    [
      'keeps the names of ports',
      [
        {
          addresses: at('10.0.0.1'),
          ports: [
            { name: 'a', port: 80 },
            { name: 'b', port: 53, protocol: 'UDP' },
          ],
        },
      ],
      ['db-mirrored-1 IPv4 a:TCP:80,b:UDP:53 → 10.0.0.1'],
    ],
    [
      'takes notReadyAddresses for endpoints that are not ready',
      [{ addresses: at('10.0.0.1'), notReadyAddresses: at('10.0.0.2'), ports: http }],
      ['db-mirrored-1 IPv4 :TCP:80 → 10.0.0.1 !10.0.0.2'],
    ],
    [
      'makes a slice for each family',
      [{ addresses: at('10.0.0.1', 'fd00::1', '10.0.0.2'), ports: http }],
      ['db-mirrored-1 IPv4 :TCP:80 → 10.0.0.1 10.0.0.2', 'db-mirrored-2 IPv6 :TCP:80 → fd00::1'],
    ],
    [
      'makes a slice for each set of ports',
      [
        { addresses: at('10.0.0.1'), ports: http },
        { addresses: at('10.0.0.1', '10.0.0.2'), ports: [{ port: 8080 }] },
      ],
      ['db-mirrored-1 IPv4 :TCP:80 → 10.0.0.1', 'db-mirrored-2 IPv4 :TCP:8080 → 10.0.0.1 10.0.0.2'],
    ],
    [
      'joins subsets with the same ports, in whatever order these stand',
      [
        {
          addresses: at('10.0.0.1'),
          ports: [
            { name: 'a', port: 80 },
            { name: 'b', port: 81 },
          ],
        },
        {
          addresses: at('10.0.0.2'),
          ports: [
            { name: 'b', port: 81 },
            { name: 'a', port: 80 },
          ],
        },
      ],
      ['db-mirrored-1 IPv4 a:TCP:80,b:TCP:81 → 10.0.0.1 10.0.0.2'],
    ],
    [
      'lists an address once, ready where it is ready once',
      [
        { addresses: at('10.0.0.1'), notReadyAddresses: at('10.0.0.1', '10.0.0.2'), ports: http },
        { addresses: at('10.0.0.2'), ports: http },
      ],
      ['db-mirrored-1 IPv4 :TCP:80 → 10.0.0.1 10.0.0.2'],
    ],
  ];
  for (const [title, subsets, slices] of cases) {
    it(title, () => {
      expect(mirror(subsets)).to.deep.equal(slices);
    });
  }

  it('mirrors the first thousand addresses of a subset, ready ones before the others', () => {
    const many = Array.from({ length: 1500 }, (_, n) => `10.1.${n >> 8}.${n & 255}`);
    const [line] = mirror([
      { notReadyAddresses: at('10.9.9.9'), addresses: at(...many.slice(0, 999)), ports: http },
    ]);
    expect(line).to.match(/ 10\.1\.3\.230 !10\.9\.9\.9$/);
    const slice = mirror([{ addresses: at(...many), notReadyAddresses: at('10.9.9.9'), ports: http }])[0];
    expect(slice?.split(' ')).to.have.length(4 + 1000);
  });

  it('says whose the slices are, where endpoints run and when the change began', () => {
    const { value } = decodeEndpoints({
      metadata: {
        name: 'db',
        namespace: 'shop',
        annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-31T12:00:00Z' },
      },
      subsets: [{ addresses: [{ ip: '10.0.0.1', nodeName: 'worker' }], ports: http }],
    });
    expect(mirrorEndpoints(value!)).to.deep.equal([
      {
        namespace: 'shop',
        name: 'db-mirrored-1',
        service: 'db',
        family: 'IPv4',
        ports: [{ name: '', protocol: 'TCP', port: 80 }],
        endpoints: [
          {
            address: '10.0.0.1',
            ready: true,
            serving: true,
            terminating: false,
            nodeName: 'worker',
            zone: '',
            zoneHints: [],
            nodeHints: [],
          },
        ],
        triggered: Date.UTC(2026, 0, 31, 12),
      },
    ]);
  });
});
