import { expect } from 'chai';
import { SetEntries } from '../../../lib/kernel/set-entries.ts';
import { Sets } from '../../../lib/kernel/sets.ts';
import { TableError } from '../../../lib/kernel/table.ts';
import type { IpSet, SetEntry } from '../../../lib/model/ip-set.ts';
import { setEntry } from '../../../lib/model/ip-set.ts';
import { IpSets } from '../../../native-bindings/ipset.ts';
import { ipsetCommands } from '../../../native-bindings/ipset-attributes.ts';
import { IpSetKernel } from '../native-bindings/ip-set-kernel.ts';

const clusterIp: IpSet = {
  key: 'KUBE-CLUSTER-IP',
  name: 'KUBE-CLUSTER-IP',
  type: 'hash:ip,port',
  family: 'IPv4',
};
const nodePort6: IpSet = {
  key: 'KUBE-6-NODE-PORT-TCP',
  name: 'KUBE-6-NODE-PORT-TCP',
  type: 'bitmap:port',
  family: 'IPv6',
};

const make = (after: IpSet) => ({ key: after.key, before: undefined, after });
const destroy = (before: IpSet) => ({ key: before.key, before, after: undefined });
const add = (entries: readonly SetEntry[]) =>
  entries.map((after) => ({ key: after.key, before: undefined, after }));
const remove = (entries: readonly SetEntry[]) =>
  entries.map((before) => ({ key: before.key, before, after: undefined }));

describe('the table of sets', () => {
  let kernel: IpSetKernel;
  let sets: Sets;

  beforeEach(() => {
    kernel = new IpSetKernel();
    sets = new Sets(IpSets.open({ transport: kernel.transport }));
  });

  it('reads back what was made, the family of a set without addresses too', async () => {
    expect((await sets.apply([make(clusterIp), make(nodePort6)])).size).to.equal(0);
    expect([...(await sets.read()).values()]).to.deep.equal([clusterIp, nodePort6]);
  });

  it('makes a set in a revision that older programs can read, or in the newest that there is', async () => {
    kernel.types.set('bitmap:port', 1);
    await sets.apply([make(clusterIp), make(nodePort6)]);
    expect([...kernel.sets.values()].map((set) => set.revision)).to.deep.equal([5, 1]);
  });

  it('leaves sets of types that it does not know out', async () => {
    const held = {
      type: 'hash:mac',
      family: 2,
      revision: 0,
      maximumElements: 1,
      elements: new Set<string>(),
    };
    kernel.sets.set('KUBE-CLUSTER-IP', held);
    expect((await sets.read()).size).to.equal(0);
  });

  it('refuses a set that exists with another family, and makes the others', async () => {
    await sets.apply([make({ ...clusterIp, family: 'IPv6' })]);
    const refusals = await sets.apply([make(clusterIp), make(nodePort6)]);
    expect([...refusals].map(([key, { code }]) => [key, code])).to.deep.equal([
      ['KUBE-CLUSTER-IP', 'set-type'],
    ]);
    expect(refusals.get('KUBE-CLUSTER-IP')?.message).to.contain('got hash:ip,port of IPv6');
    expect(kernel.sets.has('KUBE-6-NODE-PORT-TCP')).to.equal(true);
  });

  it('says which module a kernel without the type needs', async () => {
    kernel.types.delete('hash:ip,port');
    const refusal = (await sets.apply([make(clusterIp)])).get('KUBE-CLUSTER-IP');
    expect(refusal?.code).to.equal('IPSET_ERR_FIND_TYPE');
    expect(refusal?.message).to.contain('modprobe ip_set_hash_ipport');
  });

  it('removes sets, and does not mind that one is gone', async () => {
    await sets.apply([make(clusterIp)]);
    expect((await sets.apply([destroy(clusterIp), destroy(nodePort6)])).size).to.equal(0);
    expect(kernel.sets.size).to.equal(0);
  });

  it('refuses to remove a set in use', async () => {
    await sets.apply([make(clusterIp)]);
    kernel.busy.add('KUBE-CLUSTER-IP');
    const refusal = (await sets.apply([destroy(clusterIp)])).get('KUBE-CLUSTER-IP');
    expect(refusal?.code).to.equal('IPSET_ERR_BUSY');
  });

  it('rejects where nothing may be read', async () => {
    kernel.refusal = 1;
    const errors = await Promise.all([sets.read(), sets.apply([make(clusterIp)])].map(rejection));
    for (const error of errors) {
      expect(error).to.be.instanceOf(TableError).and.include({ table: 'sets', code: 'EPERM' });
    }
  });
});

describe('the table of set entries', () => {
  let kernel: IpSetKernel;
  let sets: Sets;
  let entries: SetEntries;

  const services = Array.from({ length: 2000 }, (_, index) =>
    setEntry('KUBE-CLUSTER-IP', `10.0.${index >> 8}.${index & 255},tcp:80`),
  );
  const held = (): number | undefined => kernel.sets.get('KUBE-CLUSTER-IP')?.elements.size;

  beforeEach(async () => {
    kernel = new IpSetKernel();
    const ipSets = IpSets.open({ transport: kernel.transport });
    sets = new Sets(ipSets);
    entries = new SetEntries(ipSets);
    await sets.apply([make(clusterIp), make(nodePort6)]);
  });

  /** Makes the set of the services again, as small as that. */
  function shrink(maximumElements: number): void {
    const set = kernel.sets.get('KUBE-CLUSTER-IP')!;
    kernel.sets.set('KUBE-CLUSTER-IP', { ...set, maximumElements });
  }

  it('reads back the keys that were written', async () => {
    const written = [...services.slice(0, 3), setEntry('KUBE-6-NODE-PORT-TCP', '30080')];
    expect((await entries.apply(add(written))).size).to.equal(0);
    expect([...(await entries.read()).values()]).to.have.deep.members(written);
  });

  it('reads only the sets that it was told', async () => {
    await entries.apply(add(services.slice(0, 3)));
    const other = new SetEntries(IpSets.open({ transport: kernel.transport }), ['KUBE-6-NODE-PORT-TCP']);
    expect((await other.read()).size).to.equal(0);
  });

  it('are not those of a set that has one of our names and another type', async () => {
    await entries.apply(add(services.slice(0, 3)));
    expect((await entries.read()).size).to.equal(3);
    const set = kernel.sets.get('KUBE-CLUSTER-IP')!;
    kernel.sets.set('KUBE-CLUSTER-IP', { ...set, type: 'hash:ip' });
    expect((await entries.read()).size).to.equal(0);
  });

  it('writes mixed changes with one message for each set and verb', async () => {
    await entries.apply(add(services.slice(0, 50)));
    const ports = Array.from({ length: 50 }, (_, index) => setEntry('KUBE-6-NODE-PORT-TCP', String(index)));
    const changes = [...remove(services.slice(0, 50)), ...add(services.slice(50, 100)), ...add(ports)];
    const before = kernel.commands.length;
    await entries.apply(changes.toSorted((a, b) => (a.key.slice(-3) < b.key.slice(-3) ? -1 : 1)));
    expect(kernel.commands.slice(before)).to.have.deep.members([
      [ipsetCommands.DEL, 50],
      [ipsetCommands.ADD, 50],
      [ipsetCommands.ADD, 50],
    ]);
  });

  it('refuses what is no element and what has no set, and writes the rest', async () => {
    const bad = [setEntry('KUBE-CLUSTER-IP', '10.0.0.1,tcp'), setEntry('KUBE-NOWHERE', '80')];
    const refusals = await entries.apply(add([...services.slice(0, 5), ...bad, ...services.slice(5, 10)]));
    expect([...refusals].map(([key, { code }]) => [key, code])).to.have.deep.members([
      [bad[0]?.key, 'invalid-argument'],
      [bad[1]?.key, 'ENOENT'],
    ]);
    expect(held()).to.equal(10);
  });

  it('takes the removal from a set that is gone for done', async () => {
    expect((await entries.apply(remove([setEntry('KUBE-NOWHERE', '80')]))).size).to.equal(0);
  });

  it('enlarges a set before many elements are written that it has no room for', async () => {
    shrink(1024);
    expect((await entries.apply(add(services))).size).to.equal(0);
    expect(held()).to.equal(2000);
    expect(kernel.sets.get('KUBE-CLUSTER-IP')?.maximumElements).to.equal(2048);
    expect([...kernel.sets.keys()]).to.have.members(['KUBE-CLUSTER-IP', 'KUBE-6-NODE-PORT-TCP']);
  });

  it('enlarges a set that turns out to be full', async () => {
    shrink(10);
    await entries.apply(add(services.slice(0, 10)));
    expect((await entries.apply(add(services.slice(9, 12)))).size).to.equal(0);
    expect(held()).to.equal(12);
    expect(kernel.sets.get('KUBE-CLUSTER-IP')?.maximumElements).to.equal(20);
  });

  it('refuses what does not fit where the set cannot be enlarged, and keeps what is in it', async () => {
    shrink(10);
    kernel.sets.set('KUBE-IPVS-GROWING', { ...kernel.sets.get('KUBE-CLUSTER-IP')!, elements: new Set() });
    kernel.busy.add('KUBE-IPVS-GROWING');
    const refusals = await entries.apply(add(services.slice(0, 12)));
    expect([...refusals.keys()]).to.deep.equal(services.slice(10, 12).map((entry) => entry.key));
    expect([...refusals.values()][0]?.message).to.contain('could not be enlarged');
    expect(held()).to.equal(10);
  });

  it('rejects where nothing may be written', async () => {
    kernel.refusal = 1;
    const errors = await Promise.all(
      [entries.read(), entries.apply(add(services.slice(0, 2)))].map(rejection),
    );
    for (const error of errors) {
      expect(error).to.be.instanceOf(TableError).and.include({ table: 'set-entries', code: 'EPERM' });
    }
  });
});

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
