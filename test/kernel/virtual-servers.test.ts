import { expect } from 'chai';
import { VirtualServers } from '../../lib/kernel/virtual-servers.ts';
import { type Change, TableError } from '../../lib/kernel/table.ts';
import type { Protocol } from '../../lib/model/protocol.ts';
import { type VirtualServer, virtualServerFlags, virtualServerKey } from '../../lib/model/virtual-server.ts';
import { Ipvs } from '../../native-bindings/ipvs.ts';
import { enterOwnNamespace, output, sortedLines } from './own-namespace.ts';

const schedulers = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'sed',
  'nq',
  'fo',
  'ovf',
  'mh',
] as const;

function virtualServer(
  address: string,
  port: number,
  rest: Partial<VirtualServer> & { protocol?: Protocol } = {},
): VirtualServer {
  const id = { protocol: rest.protocol ?? 'TCP', address, port } as const;
  return {
    scheduler: 'rr',
    flags: 0,
    timeout: 0,
    persistencePrefix: address.includes(':') ? 128 : 32,
    ...rest,
    ...id,
    key: virtualServerKey(id),
  };
}

function create(after: VirtualServer): Change<VirtualServer> {
  return { key: after.key, before: undefined, after };
}

function change(before: VirtualServer, after: VirtualServer): Change<VirtualServer> {
  return { key: after.key, before, after };
}

function remove(before: VirtualServer): Change<VirtualServer> {
  return { key: before.key, before, after: undefined };
}

const listServices = 'ipvsadm -Sn';

describe('virtual servers on a real kernel', () => {
  let ipvs: Ipvs;
  let table: VirtualServers;

  before(() => {
    enterOwnNamespace();
    ipvs = Ipvs.open();
    table = new VirtualServers(ipvs);
  });

  beforeEach(() => {
    ipvs.flush();
  });

  after(() => {
    ipvs.close();
  });

  /** Writes, insists that nothing is refused, and gives what the table then reads. */
  async function written(...changes: Change<VirtualServer>[]): Promise<VirtualServer[]> {
    expect([...(await table.apply(changes))]).to.deep.equal([]);
    return [...(await table.read()).values()];
  }

  it('are none in a fresh namespace', async () => {
    expect((await table.read()).size).to.equal(0);
  });

  for (const [index, scheduler] of schedulers.entries()) {
    it(`use the scheduler ${scheduler}`, async () => {
      const server = virtualServer('10.96.0.1', 1000 + index, { scheduler });
      expect(await written(create(server))).to.deep.equal([server]);
      expect(sortedLines(listServices)).to.deep.equal([`-A -t 10.96.0.1:${1000 + index} -s ${scheduler}`]);
    });
  }

  it('serve TCP, UDP and SCTP over both families, as ipvsadm shows them', async () => {
    const servers = (['TCP', 'UDP', 'SCTP'] as const).flatMap((protocol) => [
      virtualServer('10.96.0.10', 53, { protocol }),
      virtualServer('fd00:10:96::a', 53, { protocol }),
    ]);
    expect(await written(...servers.map(create))).to.have.deep.members(servers);
    expect(sortedLines(listServices)).to.deep.equal([
      '-A --sctp-service 10.96.0.10:53 -s rr',
      '-A --sctp-service [fd00:10:96::a]:53 -s rr',
      '-A -t 10.96.0.10:53 -s rr',
      '-A -t [fd00:10:96::a]:53 -s rr',
      '-A -u 10.96.0.10:53 -s rr',
      '-A -u [fd00:10:96::a]:53 -s rr',
    ]);
  });

  it('are persistent for a time and a client prefix', async () => {
    const { persistent } = virtualServerFlags;
    const servers = [
      virtualServer('10.96.0.1', 1, { flags: persistent, timeout: 10800 }),
      virtualServer('10.96.0.1', 2, { flags: persistent, timeout: 60, persistencePrefix: 24 }),
      virtualServer('fd00::1', 3, { flags: persistent, timeout: 60, persistencePrefix: 64 }),
    ];
    expect(await written(...servers.map(create))).to.have.deep.members(servers);
    expect(sortedLines(listServices)).to.deep.equal([
      '-A -t 10.96.0.1:1 -s rr -p 10800',
      '-A -t 10.96.0.1:2 -s rr -p 60 -M 255.255.255.0',
      '-A -t [fd00::1]:3 -s rr -p 60 -M 64',
    ]);
  });

  it('carry every flag there is', async () => {
    const { onePacket, schedulerFlag1, schedulerFlag2, schedulerFlag3 } = virtualServerFlags;
    const servers = [
      virtualServer('10.96.0.1', 1, { scheduler: 'mh', flags: schedulerFlag1 }),
      virtualServer('10.96.0.1', 2, { scheduler: 'mh', flags: schedulerFlag2 }),
      virtualServer('10.96.0.1', 3, { flags: schedulerFlag3 }),
      virtualServer('10.96.0.1', 4, { protocol: 'UDP', flags: onePacket }),
    ];
    expect(await written(...servers.map(create))).to.have.deep.members(servers);
    expect(output(listServices)).to.include('-s mh -b mh-port').and.include(':4 -s rr -o');
  });

  it('are changed in place, whatever changes', async () => {
    const before = virtualServer('10.96.0.1', 80);
    await written(create(before));
    output('ipvsadm -a -t 10.96.0.1:80 -r 10.1.0.1:8080 -m');
    const after = { ...before, scheduler: 'wlc', flags: virtualServerFlags.persistent, timeout: 30 };
    expect(await written(change(before, after))).to.deep.equal([after]);
    expect(ipvs.destinations({ protocol: 6, address: '10.96.0.1', port: 80 })).to.have.length(1);
  });

  it('are brought about although the kernel held something else than was believed', async () => {
    const present = virtualServer('10.96.0.1', 1);
    const absent = virtualServer('10.96.0.1', 2);
    const gone = virtualServer('10.96.0.1', 3);
    output('ipvsadm -A -t 10.96.0.1:1 -s wrr');
    const servers = await written(create(present), change(absent, absent), remove(gone));
    expect(servers).to.have.deep.members([present, absent]);
  });

  it('that the kernel refuses are named with the reason and hold up nothing else', async () => {
    const first = virtualServer('10.96.0.1', 1);
    const wrong = virtualServer('10.96.0.1', 2, { scheduler: 'nosuch' });
    const last = virtualServer('10.96.0.1', 3);
    const refusals = await table.apply([first, wrong, last].map(create));
    expect([...refusals.keys()]).to.deep.equal([wrong.key]);
    expect(refusals.get(wrong.key)).to.deep.equal({
      code: 'ENOENT',
      operation: 'add virtual server',
      message:
        'TCP 10.96.0.1:2: the kernel has no scheduler `nosuch`; ' +
        'load ip_vs_nosuch (modprobe ip_vs_nosuch) or choose another scheduler',
    });
    expect([...(await table.read()).values()]).to.have.deep.members([first, last]);
  });

  it('that cannot be put into a message are refused without being sent', async () => {
    const wrong = virtualServer('10.96.0.1', 70000);
    const right = virtualServer('10.96.0.1', 7000);
    const refusals = await table.apply([wrong, right].map(create));
    expect(refusals.get(wrong.key)).to.include({ code: 'invalid-argument', operation: 'add virtual server' });
    expect([...(await table.read()).keys()]).to.deep.equal([right.key]);
  });

  it('are made, changed and removed in one batch around a refused one', async () => {
    const kept = virtualServer('10.96.0.1', 1);
    const removed = virtualServer('10.96.0.1', 2);
    await written(create(kept), create(removed));
    const changed = { ...kept, scheduler: 'lc' };
    const wrong = { ...virtualServer('10.96.0.1', 4), scheduler: 'nosuch' };
    const made = virtualServer('10.96.0.1', 3);
    const refusals = await table.apply([change(kept, changed), create(wrong), remove(removed), create(made)]);
    expect([...refusals.keys()]).to.deep.equal([wrong.key]);
    expect([...(await table.read()).values()]).to.have.deep.members([changed, made]);
  });

  it('matched by a firewall mark are not read, and left alone', async () => {
    output('ipvsadm -A -f 7 -s rr');
    const server = virtualServer('10.96.0.1', 80);
    expect(await written(create(server))).to.deep.equal([server]);
    expect(ipvs.services().filter((service) => service.fwmark === 7)).to.have.length(1);
  });

  it('are written two thousand at a time, every one as ipvsadm shows it', async () => {
    const servers = Array.from({ length: 2000 }, (_, index) => virtualServer('10.96.1.1', index + 1));
    expect(await written(...servers.map(create))).to.have.length(2000);
    expect(sortedLines(listServices)).to.deep.equal(
      servers.map((server) => `-A -t 10.96.1.1:${server.port} -s rr`).sort(),
    );
    expect(await written(...servers.map(remove))).to.have.length(0);
  });

  it('let the event loop turn while many are written', async () => {
    const servers = Array.from({ length: 1000 }, (_, index) => virtualServer('10.96.1.1', index + 1));
    let turns = 0;
    const writing = table.apply(servers.map(create));
    const count = setInterval(() => (turns += 1), 0);
    await writing;
    clearInterval(count);
    expect(turns).to.be.greaterThan(0);
  });

  it('reject with the table’s name where the socket is gone', async () => {
    const closed = Ipvs.open();
    closed.close();
    const error: unknown = await new VirtualServers(closed).read().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(TableError).and.to.include({ table: 'virtual-servers' });
  });
});
