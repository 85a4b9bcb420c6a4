import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { Sets } from '../../lib/kernel/sets.ts';
import { SetEntries } from '../../lib/kernel/set-entries.ts';
import type { Refusals } from '../../lib/kernel/table.ts';
import { ipFamilies } from '../../lib/model/family.ts';
import { type IpSet, type KubeSet, kubeSets, setEntry, setName } from '../../lib/model/ip-set.ts';
import type { SetEntry, SetType } from '../../lib/model/ip-set.ts';
import { IpSets } from '../../native-bindings/ipset.ts';
import { enterOwnNamespace } from './own-namespace.ts';

function ipset(...args: string[]): string {
  return execFileSync('ipset', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function destroyAll(): void {
  for (const name of ipset('list', '-n')
    .split('\n')
    .filter((line) => line !== ''))
    ipset('destroy', name);
}

/** The elements of a set as ipset(8) writes them. */
function membersOf(name: string): string[] {
  const lines = ipset('save', name).split('\n');
  return lines.filter((line) => line.startsWith('add ')).map((line) => line.split(' ')[2] ?? '');
}

const wanted: readonly IpSet[] = ipFamilies.flatMap((family) =>
  (Object.keys(kubeSets) as KubeSet[]).map((set) => {
    const name = setName(set, family);
    return { key: name, name, type: kubeSets[set], family };
  }),
);

const toMake = wanted.map((after) => ({ key: after.key, before: undefined, after }));

const add = (entries: readonly SetEntry[]) =>
  entries.map((after) => ({ key: after.key, before: undefined, after }));
const remove = (entries: readonly SetEntry[]) =>
  entries.map((before) => ({ key: before.key, before, after: undefined }));
const codes = (refusals: Refusals) => [...refusals].map(([key, refusal]) => [key, refusal.code]);

describe('sets on a real kernel', () => {
  let ipSets: IpSets;
  let sets: Sets;

  before(() => {
    enterOwnNamespace();
    ipSets = IpSets.open();
    sets = new Sets(ipSets);
  });

  afterEach(destroyAll);

  after(() => {
    ipSets.close();
  });

  it('are none where none was made', async () => {
    expect((await sets.read()).size).to.equal(0);
  });

  it('are made, all of both families, and read back as they were asked for', async () => {
    expect(codes(await sets.apply(toMake))).to.deep.equal([]);
    const read = await sets.read();
    expect([...read.values()].sort(byKey)).to.deep.equal([...wanted].sort(byKey));
    expect(ipset('list', '-t', 'KUBE-CLUSTER-IP')).to.contain('hashsize 1024 maxelem 65536');
    expect(ipset('list', '-t', 'KUBE-6-NODE-PORT-LOCAL-SCTP-HAS')).to.contain('family inet6');
  });

  it('are left as they are when they exist, those of kube-proxy too', async () => {
    ipset('create', 'KUBE-CLUSTER-IP', 'hash:ip,port', 'hashsize', '2048', 'maxelem', '70000');
    ipset('create', 'KUBE-NODE-PORT-TCP', 'bitmap:port', 'range', '0-65535');
    ipset('add', 'KUBE-CLUSTER-IP', '10.96.0.1,tcp:443');
    expect(codes(await sets.apply(toMake))).to.deep.equal([]);
    expect(membersOf('KUBE-CLUSTER-IP')).to.deep.equal(['10.96.0.1,tcp:443']);
    expect(ipset('list', '-t', 'KUBE-CLUSTER-IP')).to.contain('hashsize 2048 maxelem 70000');
    const read = await sets.read();
    expect(wanted.every((set) => sets.equals(set, read.get(set.key)!))).to.equal(true);
  });

  it('of another type or family are refused, naming both, and keep what is in them', async () => {
    ipset('create', 'KUBE-CLUSTER-IP', 'hash:ip');
    ipset('create', 'KUBE-EXTERNAL-IP', 'hash:ip,port', 'family', 'inet6');
    ipset('add', 'KUBE-CLUSTER-IP', '10.0.0.1');
    const refusals = await sets.apply(toMake);
    expect(codes(refusals)).to.have.deep.members([
      ['KUBE-CLUSTER-IP', 'set-type'],
      ['KUBE-EXTERNAL-IP', 'set-type'],
    ]);
    expect(refusals.get('KUBE-CLUSTER-IP')?.message).to.match(/hash:ip,port of IPv4, got hash:ip of IPv4/);
    expect(membersOf('KUBE-CLUSTER-IP')).to.deep.equal(['10.0.0.1']);
    expect((await sets.read()).get('KUBE-CLUSTER-IP')?.type).to.equal('hash:ip');
  });

  it('are removed, and one that is gone is a success', async () => {
    await sets.apply(toMake);
    ipset('destroy', 'KUBE-CLUSTER-IP');
    const changes = wanted.map((before) => ({ key: before.key, before, after: undefined }));
    expect(codes(await sets.apply(changes))).to.deep.equal([]);
    expect((await sets.read()).size).to.equal(0);
  });

  it('that rules refer to are not removed', async () => {
    await sets.apply(toMake);
    const rule = ['-m', 'set', '--match-set', 'KUBE-CLUSTER-IP', 'dst,dst', '-j', 'ACCEPT'];
    execFileSync('iptables-legacy', ['-A', 'OUTPUT', ...rule]);
    const before = wanted.find((set) => set.name === 'KUBE-CLUSTER-IP')!;
    const refusals = await sets.apply([{ key: before.key, before, after: undefined }]);
    execFileSync('iptables-legacy', ['-D', 'OUTPUT', ...rule]);
    expect(codes(refusals)).to.deep.equal([['KUBE-CLUSTER-IP', 'IPSET_ERR_BUSY']]);
    expect(refusals.get('KUBE-CLUSTER-IP')?.message).to.contain('rule');
  });
});

describe('set entries on a real kernel', () => {
  let ipSets: IpSets;
  let sets: Sets;
  let entries: SetEntries;

  before(() => {
    enterOwnNamespace();
    ipSets = IpSets.open();
    sets = new Sets(ipSets);
    entries = new SetEntries(ipSets);
  });

  const elements: Readonly<Record<SetType, Readonly<Record<'IPv4' | 'IPv6', readonly string[]>>>> = {
    'hash:ip': { IPv4: ['10.96.0.10', '10.96.0.11'], IPv6: ['fd00::a', 'fd00:0:0:1::'] },
    'hash:ip,port': {
      IPv4: ['10.96.0.10,tcp:80', '10.96.0.10,udp:53', '10.96.0.10,sctp:65535'],
      IPv6: ['fd00::a,tcp:80', 'fd00::a,sctp:1'],
    },
    'hash:ip,port,ip': { IPv4: ['10.244.0.2,tcp:80,10.244.0.2'], IPv6: ['fd00::2,udp:53,fd00::2'] },
    'hash:ip,port,net': {
      IPv4: ['10.0.0.1,tcp:80,192.168.0.0/16', '10.0.0.1,tcp:80,1.2.3.4', '10.0.0.1,tcp:80,128.0.0.0/1'],
      IPv6: ['fd00::1,tcp:80,fd01::/64', 'fd00::1,tcp:80,fd01::1'],
    },
    'bitmap:port': { IPv4: ['30000', '65535', '0'], IPv6: ['30001'] },
  };
  const sample = wanted.flatMap((set) =>
    elements[set.type][set.family].map((element) => setEntry(set.name, element)),
  );

  beforeEach(async () => {
    await sets.apply(toMake);
  });

  afterEach(destroyAll);

  after(() => {
    ipSets.close();
  });

  it('read back by the keys that they were written with, in every set of both families', async () => {
    expect(codes(await entries.apply(add(sample)))).to.deep.equal([]);
    const read = await entries.read();
    expect([...read.values()].sort(byKey)).to.deep.equal([...sample].sort(byKey));
    for (const set of wanted) {
      const ours = sample.filter((entry) => entry.set === set.name).map((entry) => entry.element);
      expect(membersOf(set.name), set.name).to.have.members(ours);
    }
  });

  it('are none in a set that does not exist', async () => {
    destroyAll();
    expect((await entries.read()).size).to.equal(0);
  });

  it('may be added twice and deleted twice, and be deleted from a set that is gone', async () => {
    await entries.apply(add(sample));
    expect(codes(await entries.apply(add(sample)))).to.deep.equal([]);
    expect(codes(await entries.apply(remove(sample)))).to.deep.equal([]);
    expect(codes(await entries.apply(remove(sample)))).to.deep.equal([]);
    expect((await entries.read()).size).to.equal(0);
    destroyAll();
    expect(codes(await entries.apply(remove(sample)))).to.deep.equal([]);
  });

  it('that are refused keep none of their neighbours from being written', async () => {
    const good = Array.from({ length: 600 }, (_, index) =>
      setEntry('KUBE-CLUSTER-IP', `10.1.2.3,tcp:${index + 1}`),
    );
    const bad = ['fd00::1,tcp:80', 'web,tcp:80', '10.0.0.1', '10.0.0.1,tcp:70000'].map((element) =>
      setEntry('KUBE-CLUSTER-IP', element),
    );
    const nowhere = setEntry('KUBE-NOT-THERE', '10.0.0.1,tcp:80');
    const mixed = [...good.slice(0, 100), ...bad, nowhere, ...good.slice(100)];
    const refusals = await entries.apply(add(mixed));
    expect([...refusals.keys()]).to.have.members([...bad, nowhere].map((entry) => entry.key));
    expect(refusals.get(nowhere.key)).to.include({ code: 'ENOENT' });
    expect(membersOf('KUBE-CLUSTER-IP')).to.have.members(good.map((entry) => entry.element));
  });

  describe('in a set that is too small', () => {
    const many = Array.from({ length: 3000 }, (_, index) =>
      setEntry('KUBE-CLUSTER-IP', `10.1.${index >> 8}.${index & 255},tcp:80`),
    );
    const rule = ['-m', 'set', '--match-set', 'KUBE-CLUSTER-IP', 'dst,dst', '-j', 'ACCEPT'];

    beforeEach(() => {
      ipset('destroy', 'KUBE-CLUSTER-IP');
      ipset('create', 'KUBE-CLUSTER-IP', 'hash:ip,port', 'hashsize', '64', 'maxelem', '1024');
      execFileSync('iptables-legacy', ['-A', 'OUTPUT', ...rule]);
    });

    afterEach(() => {
      execFileSync('iptables-legacy', ['-D', 'OUTPUT', ...rule]);
    });

    it('are written after it was enlarged, when they come at once', async () => {
      await entries.apply(add(many.slice(0, 1000)));
      expect(codes(await entries.apply(add(many)))).to.deep.equal([]);
      expect(membersOf('KUBE-CLUSTER-IP')).to.have.members(many.map((entry) => entry.element));
    });

    it('are written after it was enlarged, when they come one by one', async () => {
      await entries.apply(add(many.slice(0, 1020)));
      for (const entry of many.slice(1020, 1030)) {
        expect(codes(await entries.apply(add([entry])))).to.deep.equal([]);
      }
      expect(membersOf('KUBE-CLUSTER-IP')).to.have.members(many.slice(0, 1030).map((entry) => entry.element));
      expect(ipset('list', '-t', 'KUBE-CLUSTER-IP'))
        .to.contain('maxelem 2048')
        .and.contain('References: 1');
    });

    it('are written although an earlier process died while it enlarged the set', async () => {
      ipset('create', 'KUBE-IPVS-GROWING', 'hash:ip');
      expect(codes(await entries.apply(add(many)))).to.deep.equal([]);
      expect(ipset('list', '-n').split('\n')).not.to.include('KUBE-IPVS-GROWING');
    });

    it('are refused, and what was in it stays, when it cannot be enlarged', async () => {
      ipset('create', 'KUBE-IPVS-GROWING', 'hash:ip');
      const busy = ['-m', 'set', '--match-set', 'KUBE-IPVS-GROWING', 'dst', '-j', 'ACCEPT'];
      execFileSync('iptables-legacy', ['-A', 'OUTPUT', ...busy]);
      const refusals = await entries.apply(add(many.slice(0, 1100)));
      execFileSync('iptables-legacy', ['-D', 'OUTPUT', ...busy]);
      expect(refusals.size)
        .to.equal(1100 - membersOf('KUBE-CLUSTER-IP').length)
        .and.to.be.greaterThan(0);
      expect([...refusals.values()][0]?.message)
        .to.contain('could not be enlarged')
        .and.contain('IPSET_ERR_BUSY');
    });
  });
});

function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : 1;
}
