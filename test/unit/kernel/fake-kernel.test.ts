import { expect } from 'chai';
import { fakeKernel } from '../../../lib/kernel/fake-kernel.ts';
import { type Change, TableError } from '../../../lib/kernel/table.ts';
import type { Keyed } from '../../../lib/model/keyed.ts';
import type { RealServer } from '../../../lib/model/real-server.ts';
import { realServerKey } from '../../../lib/model/real-server.ts';
import type { VirtualServer } from '../../../lib/model/virtual-server.ts';
import { virtualServerKey } from '../../../lib/model/virtual-server.ts';

const id = { protocol: 'TCP', address: '10.96.0.10', port: 53 } as const;
const web: VirtualServer = {
  ...id,
  key: virtualServerKey(id),
  scheduler: 'rr',
  flags: 0,
  timeout: 0,
  persistencePrefix: 32,
};
const pod: RealServer = {
  key: realServerKey(web.key, '10.1.0.7', 53),
  virtualServer: web,
  address: '10.1.0.7',
  port: 53,
  weight: 1,
  forwarding: 'masquerade',
  upperThreshold: 0,
  lowerThreshold: 0,
};

function upsert<Entry extends Keyed>(after: Entry): Change<Entry> {
  return { key: after.key, before: undefined, after };
}

function remove<Entry extends Keyed>(before: Entry): Change<Entry> {
  return { key: before.key, before, after: undefined };
}

describe('the fake kernel', () => {
  it('holds what was written and counts it', async () => {
    const { virtualServers } = fakeKernel();
    expect([...(await virtualServers.apply([upsert(web)]))]).to.deep.equal([]);
    expect([...(await virtualServers.read()).values()]).to.deep.equal([web]);
    expect(virtualServers).to.include({ writes: 1, applies: 1, reads: 1 });
    virtualServers.resetCounts();
    expect(virtualServers).to.include({ writes: 0, applies: 0, reads: 0 });
  });

  it('gives a copy on reading, so that later writes do not show in it', async () => {
    const { virtualServers } = fakeKernel();
    const before = await virtualServers.read();
    await virtualServers.apply([upsert(web)]);
    expect(before.size).to.equal(0);
  });

  it('refuses a real server without its virtual server, and only that', async () => {
    const { realServers } = fakeKernel();
    const refusals = await realServers.apply([upsert(pod)]);
    expect(refusals.get(pod.key)).to.include({ code: 'ESRCH', operation: 'add real server' });
    expect(realServers).to.include({ writes: 0, applies: 1 });
  });

  it('drops the real servers of a virtual server that goes', async () => {
    const { virtualServers, realServers } = fakeKernel();
    await virtualServers.apply([upsert(web)]);
    await realServers.apply([upsert(pod)]);
    await virtualServers.apply([remove(web)]);
    expect(realServers.entries.size).to.equal(0);
  });

  it('drops them as well when another program takes the virtual server away', () => {
    const { virtualServers, realServers } = fakeKernel();
    virtualServers.load([web]);
    realServers.load([pod]);
    virtualServers.unload([web.key]);
    expect(realServers.entries.size).to.equal(0);
    expect(virtualServers.writes).to.equal(0);
  });

  it('keeps real servers when their virtual server is changed', async () => {
    const { virtualServers, realServers } = fakeKernel();
    virtualServers.load([web]);
    realServers.load([pod]);
    await virtualServers.apply([{ key: web.key, before: web, after: { ...web, scheduler: 'lc' } }]);
    expect(realServers.entries.has(pod.key)).to.equal(true);
  });

  it('takes the removal of what is not there', async () => {
    const { realServers } = fakeKernel();
    expect((await realServers.apply([remove(pod)])).size).to.equal(0);
  });

  it('refuses a key on demand, writes the others, and accepts it again', async () => {
    const { addresses } = fakeKernel();
    addresses.refuse('10.96.0.1', { code: 'ENOSPC' });
    const changes = ['10.96.0.1', '10.96.0.2'].map((address) => upsert({ key: address, address }));
    const refusals = await addresses.apply(changes);
    expect([...refusals].map(([key, { code }]) => [key, code])).to.deep.equal([['10.96.0.1', 'ENOSPC']]);
    expect([...addresses.entries.keys()]).to.deep.equal(['10.96.0.2']);
    addresses.accept('10.96.0.1');
    expect((await addresses.apply(changes)).size).to.equal(0);
  });

  it('fails whole on demand and writes nothing', async () => {
    const { addresses } = fakeKernel();
    const lost = new TableError('addresses', 'overrun', 'a reply was lost');
    addresses.failApply(lost);
    addresses.failRead(lost);
    const change = upsert({ key: '10.96.0.1', address: '10.96.0.1' });
    expect(await addresses.apply([change]).catch((error: unknown) => error)).to.equal(lost);
    expect(await addresses.read().catch((error: unknown) => error)).to.equal(lost);
    addresses.failApply(undefined);
    addresses.failRead(undefined);
    expect((await addresses.read()).size).to.equal(0);
    expect(addresses).to.include({ applies: 0, writes: 0 });
  });

  it('refuses an element without its set and drops the elements of a set that goes', async () => {
    const { sets, setEntries } = fakeKernel();
    const set = { key: 'KUBE-IPVS-IPS', name: 'KUBE-IPVS-IPS', type: 'hash:ip', family: 'IPv4' } as const;
    const entry = { key: 'KUBE-IPVS-IPS 10.96.0.1', set: 'KUBE-IPVS-IPS', element: '10.96.0.1' };
    expect((await setEntries.apply([upsert(entry)])).size).to.equal(1);
    await sets.apply([upsert(set)]);
    expect((await setEntries.apply([upsert(entry)])).size).to.equal(0);
    await sets.apply([remove(set)]);
    expect(setEntries.entries.size).to.equal(0);
  });

  it('counts the connections of real servers, which go with them', async () => {
    const { virtualServers, realServers } = fakeKernel();
    expect(realServers.readUse(web), 'no such virtual server').to.deep.equal([]);
    virtualServers.load([web]);
    realServers.load([pod]);
    realServers.connect(pod.key, 2, 1);
    const drained = { ...pod, weight: 0 };
    await realServers.apply([{ key: pod.key, before: pod, after: drained }]);
    expect(realServers.readUse(web)).to.deep.equal([{ server: drained, active: 2, inactive: 1 }]);
    await virtualServers.apply([remove(web), upsert(web)]);
    await realServers.apply([upsert(pod)]);
    expect(realServers.readUse(web)).to.deep.equal([{ server: pod, active: 0, inactive: 0 }]);
    expect(realServers.useReads).to.equal(3);
    const lost = new TableError('real-servers', 'ENOBUFS', 'lost');
    realServers.failRead(lost);
    expect(() => realServers.readUse(web)).to.throw(TableError, 'lost');
  });

  it('judges equality by what the kernel sees', () => {
    const { virtualServers, realServers, sysctls } = fakeKernel();
    expect(virtualServers.equals(web, { ...web })).to.equal(true);
    expect(virtualServers.equals(web, { ...web, timeout: 10 })).to.equal(false);
    expect(realServers.equals(pod, { ...pod })).to.equal(true);
    expect(realServers.equals(pod, { ...pod, weight: 0 })).to.equal(false);
    expect(sysctls.equals({ key: 'a', value: '1' }, { key: 'a', value: '0' })).to.equal(false);
  });
});
