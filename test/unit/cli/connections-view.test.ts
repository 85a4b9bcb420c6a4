import { expect } from 'chai';
import { readAddressFilter, selectConnections } from '../../../lib/cli/connections-view.ts';
import { connectionRows } from '../../../lib/cli/output/connection-rows.ts';
import type { KnownNames } from '../../../lib/cli/service-selection.ts';
import type { IpvsConnection } from '../../../lib/kernel/ipvs-connections.ts';

function connection(client: string, port: number, virtualServer: string, endpoint: string): IpvsConnection {
  return {
    protocol: 'TCP',
    client: { address: client, port },
    virtualServer: { address: virtualServer, port: 80 },
    endpoint: { address: endpoint, port: 8080 },
    ...{ state: 'ESTABLISHED', expires: 900, engine: '' },
  };
}

const held = [
  connection('192.168.7.1', 40_000, '10.96.0.10', '10.1.0.2'),
  connection('192.168.7.1', 0, '10.96.0.10', '10.1.0.2'),
  connection('192.168.8.1', 40_001, '10.96.0.10', '10.1.0.3'),
  connection('192.168.8.1', 40_002, '10.9.9.9', '10.1.0.4'),
];

const known: KnownNames = new Map([
  ['TCP 10.96.0.10:80', { namespace: 'default', name: 'web', portName: 'http' }],
]);

// eslint-disable-next-line @typescript-eslint/require-await -- what the kernel tells comes piece by piece
async function* told(): AsyncGenerator<IpvsConnection> {
  yield* held;
}

/** The clients that are shown, and how many more there are. */
async function selected(
  selection: Partial<Parameters<typeof selectConnections>[2]>,
  names: KnownNames = known,
): Promise<string> {
  const { views, rest } = await selectConnections(told(), names, { limit: Infinity, ...selection });
  return `${views.map(({ client }) => client.port ?? 'affinity').join(' ')} and ${rest} more`;
}

describe('connections', () => {
  it('are all shown, by Service, endpoint and client, foreign ones behind', async () => {
    expect(await selected({})).to.equal('affinity 40000 40001 40002 and 0 more');
  });

  it('are selected by Service, client and endpoint', async () => {
    expect(await selected({ name: 'web', namespace: 'default' })).to.equal('affinity 40000 40001 and 0 more');
    expect(await selected({ name: 'other' })).to.equal(' and 0 more');
    expect(await selected({ client: readAddressFilter('--client', '192.168.8.0/24') })).to.equal(
      '40001 40002 and 0 more',
    );
    expect(await selected({ client: readAddressFilter('--client', '192.168.7.1') })).to.equal(
      'affinity 40000 and 0 more',
    );
    expect(await selected({ endpoint: readAddressFilter('--endpoint', '10.1.0.3:8080') })).to.equal(
      '40001 and 0 more',
    );
    expect(await selected({ endpoint: readAddressFilter('--endpoint', '10.1.0.3:80') })).to.equal(
      ' and 0 more',
    );
  });

  it('beyond a limit are counted', async () => {
    expect(await selected({ limit: 3 })).to.equal('affinity 40000 40001 and 1 more');
  });

  it('have the names of Kubernetes, or say that these are not known, or that they are foreign', async () => {
    const rowsOf = async (names: KnownNames): Promise<readonly (readonly string[])[]> =>
      connectionRows((await selectConnections(told(), names, { limit: Infinity })).views, true);
    const rows = await rowsOf(known);
    expect(rows[1]).to.deep.equal([
      ...['default', 'web', 'http', '192.168.7.1', 'TCP 10.96.0.10:80', '10.1.0.2:8080'],
      ...['ESTABLISHED', '900s', 'affinity', '-'],
    ]);
    expect(rows.at(-1)?.slice(0, 3)).to.deep.equal(['<foreign>', '<foreign>', '']);
    expect((await rowsOf(undefined)).slice(1).map(([namespace]) => namespace)).to.deep.equal(
      Array(4).fill('<unknown>'),
    );
  });

  for (const text of ['ten', '10.0.0.0/33', '10.0.0.1:99999', 'fd00::1:', '[10.0.0.1]:80']) {
    it(`are not selected by ${text}`, () => {
      expect(() => readAddressFilter('--client', text)).to.throw('--client');
    });
  }
});
