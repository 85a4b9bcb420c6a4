import { expect } from 'chai';
import { RealServers } from '../../lib/kernel/real-servers.ts';
import type { Change } from '../../lib/kernel/table.ts';
import { type RealServer, realServerKey } from '../../lib/model/real-server.ts';
import { virtualServerKey } from '../../lib/model/virtual-server.ts';
import { Ipvs } from '../../native-bindings/ipvs.ts';
import { enterOwnNamespace, output, sortedLines } from './own-namespace.ts';

const webId = { protocol: 'TCP', address: '10.96.0.1', port: 80 } as const;
const web = { ...webId, key: virtualServerKey(webId) };
const dnsId = { protocol: 'UDP', address: 'fd00:10:96::a', port: 53 } as const;
const dns = { ...dnsId, key: virtualServerKey(dnsId) };

function realServer(
  virtualServer: RealServer['virtualServer'],
  address: string,
  port: number,
  rest: Partial<RealServer> = {},
): RealServer {
  return {
    virtualServer,
    address,
    port,
    weight: 1,
    forwarding: 'masquerade',
    upperThreshold: 0,
    lowerThreshold: 0,
    ...rest,
    key: realServerKey(virtualServer.key, address, port),
  };
}

function create(after: RealServer): Change<RealServer> {
  return { key: after.key, before: undefined, after };
}

function change(before: RealServer, after: RealServer): Change<RealServer> {
  return { key: after.key, before, after };
}

function remove(before: RealServer): Change<RealServer> {
  return { key: before.key, before, after: undefined };
}

function destinationLines(): string[] {
  return sortedLines('ipvsadm -Sn').filter((line) => line.startsWith('-a'));
}

describe('real servers on a real kernel', () => {
  let ipvs: Ipvs;
  let table: RealServers;

  before(() => {
    enterOwnNamespace();
    ipvs = Ipvs.open();
    table = new RealServers(ipvs);
  });

  beforeEach(() => {
    ipvs.flush();
    output('ipvsadm -A -t 10.96.0.1:80 -s wlc');
    output('ipvsadm -A -u [fd00:10:96::a]:53 -s rr');
  });

  after(() => {
    ipvs.close();
  });

  /** Writes, insists that nothing is refused, and gives what the table then reads. */
  async function written(...changes: Change<RealServer>[]): Promise<RealServer[]> {
    expect([...(await table.apply(changes))]).to.deep.equal([]);
    return [...(await table.read()).values()];
  }

  it('are none behind fresh virtual servers', async () => {
    expect((await table.read()).size).to.equal(0);
  });

  it('stand behind virtual servers of both families, as ipvsadm shows them', async () => {
    const servers = [
      realServer(web, '10.1.0.1', 8080),
      realServer(web, '10.1.0.2', 8080, { weight: 65535 }),
      realServer(web, '10.1.0.2', 8081, { weight: 0 }),
      realServer(dns, 'fd00::1:2', 5353, { weight: 3 }),
    ];
    expect(await written(...servers.map(create))).to.have.deep.members(servers);
    expect(destinationLines()).to.deep.equal([
      '-a -t 10.96.0.1:80 -r 10.1.0.1:8080 -m -w 1',
      '-a -t 10.96.0.1:80 -r 10.1.0.2:8080 -m -w 65535',
      '-a -t 10.96.0.1:80 -r 10.1.0.2:8081 -m -w 0',
      '-a -u [fd00:10:96::a]:53 -r [fd00::1:2]:5353 -m -w 3',
    ]);
  });

  it('are reached by every method of forwarding', async () => {
    const servers = (['masquerade', 'tunnel', 'route', 'local', 'bypass'] as const).map((forwarding, index) =>
      realServer(web, `10.1.0.${index + 1}`, 80, { forwarding }),
    );
    expect(await written(...servers.map(create))).to.have.deep.members(servers);
    expect(output('ipvsadm -Sn')).to.include('10.1.0.2:80 -i -w 1').and.include('10.1.0.3:80 -g -w 1');
  });

  it('keep their thresholds', async () => {
    const server = realServer(web, '10.1.0.1', 8080, { upperThreshold: 1000, lowerThreshold: 500 });
    expect(await written(create(server))).to.deep.equal([server]);
    expect(output('ipvsadm -Ln --thresholds')).to.match(/10\.1\.0\.1:8080\s+1000\s+500/);
  });

  it('are changed in place', async () => {
    const before = realServer(web, '10.1.0.1', 8080);
    await written(create(before));
    const after = { ...before, weight: 0, upperThreshold: 5 };
    expect(await written(change(before, after))).to.deep.equal([after]);
  });

  it('are brought about although the kernel held something else than was believed', async () => {
    const present = realServer(web, '10.1.0.1', 8080, { weight: 7 });
    const absent = realServer(web, '10.1.0.2', 8080);
    const gone = realServer(web, '10.1.0.3', 8080);
    output('ipvsadm -a -t 10.96.0.1:80 -r 10.1.0.1:8080 -m -w 1');
    const servers = await written(create(present), change(absent, absent), remove(gone));
    expect(servers).to.have.deep.members([present, absent]);
  });

  it('without a virtual server are refused, and their removal is not', async () => {
    const otherId = { protocol: 'TCP', address: '10.96.0.9', port: 9 } as const;
    const other = { ...otherId, key: virtualServerKey(otherId) };
    const orphan = realServer(other, '10.1.0.1', 1);
    const gone = realServer(other, '10.1.0.2', 1);
    const fine = realServer(web, '10.1.0.3', 1);
    const refusals = await table.apply([create(orphan), remove(gone), create(fine)]);
    expect([...refusals.keys()]).to.deep.equal([orphan.key]);
    expect(refusals.get(orphan.key)).to.include({ code: 'ESRCH', operation: 'add real server' });
    expect(refusals.get(orphan.key)?.message).to.include(
      'expected the virtual server TCP 10.96.0.9:9 to exist',
    );
    expect([...(await table.read()).keys()]).to.deep.equal([fine.key]);
  });

  it('with thresholds that contradict each other are refused by the kernel, and only they', async () => {
    const wrong = realServer(web, '10.1.0.1', 1, { upperThreshold: 1, lowerThreshold: 2 });
    const fine = realServer(web, '10.1.0.2', 1);
    const refusals = await table.apply([create(wrong), create(fine)]);
    expect([...refusals].map(([key, { code }]) => [key, code])).to.deep.equal([[wrong.key, 'ERANGE']]);
    expect(refusals.get(wrong.key)?.message).to.include(
      'got weight 1, lower threshold 2 and upper threshold 1',
    );
    expect([...(await table.read()).keys()]).to.deep.equal([fine.key]);
  });

  it('at an address that nothing can be sent to are refused, and only they', async () => {
    const wrong = realServer(web, '224.0.0.1', 1);
    const fine = realServer(web, '10.1.0.2', 1);
    const refusals = await table.apply([create(wrong), create(fine)]);
    expect([...refusals].map(([key, { code }]) => [key, code])).to.deep.equal([[wrong.key, 'EINVAL']]);
  });

  it('are told with their connections', async () => {
    const server = realServer(web, '10.1.0.1', 8080);
    await written(create(server));
    expect(table.readUse(web)).to.deep.equal([{ server, active: 0, inactive: 0 }]);
    const otherId = { ...webId, port: 81 };
    expect(table.readUse({ ...otherId, key: virtualServerKey(otherId) })).to.deep.equal([]);
  });

  it('are written two thousand at a time with a refused one in the middle', async () => {
    const servers = Array.from({ length: 2000 }, (_, index) =>
      realServer(web, `10.1.${index >> 8}.${index & 255}`, 8080, { weight: index % 100 }),
    );
    const wrong = realServer(web, '10.2.0.1', 8080, { weight: -1 });
    const changes = servers.map(create);
    changes.splice(1000, 0, create(wrong));
    const refusals = await table.apply(changes);
    expect([...refusals.keys()]).to.deep.equal([wrong.key]);
    expect([...(await table.read()).values()]).to.have.deep.members(servers);
    expect(destinationLines()).to.deep.equal(
      servers.map(({ address, weight }) => `-a -t 10.96.0.1:80 -r ${address}:8080 -m -w ${weight}`).sort(),
    );
    expect(await written(...servers.map(remove))).to.have.length(0);
  });
});
