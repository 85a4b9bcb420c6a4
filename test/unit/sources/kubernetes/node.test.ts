import { expect } from 'chai';
import type { ApiResponse } from '../../../../lib/sources/kubernetes/api.ts';
import { NodeWatch, type NodeWatchOptions, readNode } from '../../../../lib/sources/kubernetes/node.ts';
import { Answer, failure, ManualClock, recordingLog, ScriptedApi, turn } from './scripted-api.ts';

const node = (version: number, fields: object = {}): object => ({
  metadata: {
    name: 'worker',
    resourceVersion: String(version),
    labels: { 'topology.kubernetes.io/zone': 'a' },
  },
  spec: {
    podCIDR: '10.1.0.0/24',
    podCIDRs: ['10.1.0.0/24', 'fd00::/64'],
    taints: [{ key: 'slow', effect: 'NoSchedule' }],
  },
  status: {
    addresses: [
      { type: 'InternalIP', address: '192.0.2.1' },
      { type: 'Hostname', address: 'worker' },
    ],
  },
  ...fields,
});

describe('readNode', () => {
  it('reads what is needed', () => {
    expect(readNode('worker', node(1))).to.deep.equal({
      name: 'worker',
      labels: { 'topology.kubernetes.io/zone': 'a' },
      zone: 'a',
      addresses: ['192.0.2.1'],
      podCIDRs: ['10.1.0.0/24', 'fd00::/64'],
      taints: ['slow'],
      deleting: false,
    });
  });

  it('takes the one podCIDR of an old server', () => {
    expect(readNode('worker', { spec: { podCIDR: '10.1.0.0/24' } }).podCIDRs).to.deep.equal(['10.1.0.0/24']);
  });

  it('reads nothing from an object that has nothing, or nonsense', () => {
    const empty = {
      name: 'n',
      labels: {},
      zone: '',
      addresses: [],
      podCIDRs: [],
      taints: [],
      deleting: false,
    };
    expect(readNode('n', {})).to.deep.equal(empty);
    expect(
      readNode('n', { metadata: 1, spec: { taints: 'x' }, status: { addresses: [null] } }),
    ).to.deep.equal(empty);
  });

  it('sees that a node is being deleted', () => {
    expect(readNode('n', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }).deleting).to.equal(
      true,
    );
  });
});

describe('NodeWatch', () => {
  let clock: ManualClock;
  let api: ScriptedApi;
  let watch: NodeWatch;
  let lines: { level: number; msg: string }[];

  function create(first: ApiResponse | Partial<NodeWatchOptions>, ...others: ApiResponse[]): NodeWatch {
    const changes = 'body' in first ? {} : first;
    const script = 'body' in first ? [first, ...others] : others;
    clock = new ManualClock();
    api = new ScriptedApi(...script);
    const recording = recordingLog();
    lines = recording.lines;
    watch = new NodeWatch({
      api,
      name: 'worker',
      log: recording.log,
      clock,
      random: () => 0.5,
      limit: 60_000,
      ...changes,
    });
    return watch;
  }

  afterEach(() => watch.stop());

  it('watches the one node, and tells of its changes and its end', async () => {
    const answer = new Answer().event('ADDED', node(3)).bookmark(5, true);
    create(answer);
    expect((await watch.start()).zone).to.equal('a');
    expect(api.queries[0]?.['fieldSelector']).to.equal('metadata.name=worker');
    const seen: (readonly string[] | undefined)[] = [];
    watch.onChange((changed) => seen.push(changed?.podCIDRs));
    answer.event('MODIFIED', node(6, { spec: { podCIDRs: ['10.2.0.0/24'] } })).event('DELETED', node(7));
    await clock.advance(0);
    await turn();
    expect(seen).to.deep.equal([['10.2.0.0/24'], undefined]);
    expect(watch.current).to.equal(undefined);
  });

  it('waits for a node that is not there yet, and says so', async () => {
    const answer = new Answer().bookmark(5, true);
    create(answer);
    const started = watch.start();
    await clock.advance(1000);
    expect(lines.map(({ msg }) => msg)).to.deep.equal([
      'expected a Node named worker, got none; it is waited for up to 60 s',
    ]);
    answer.event('ADDED', node(6));
    expect((await started).name).to.equal('worker');
  });

  it('gives up when it is ended, and leaves no timer', async () => {
    create(new Answer().bookmark(5, true));
    let error: unknown;
    void watch.start().catch((reason: unknown) => (error = reason));
    await watch.stop();
    expect(error).to.have.property('code', 'node-missing');
    expect(clock.next).to.equal(Infinity);
  });

  it('gives up after its limit where there is none, and says what to do', async () => {
    create(new Answer().bookmark(5, true));
    let error: unknown;
    void watch.start().catch((reason: unknown) => (error = reason));
    await clock.advance(60_000);
    expect(error).to.have.property('code', 'node-missing');
    expect(error)
      .to.have.property('message')
      .that.matches(/got none; start the kubelet/);
    expect(lines.some(({ level }) => level >= 40)).to.equal(true);
  });

  it('waits without end where it may not be read, and says so', async () => {
    create(failure(403));
    let error: unknown;
    void watch.start().catch((reason: unknown) => (error = reason));
    await clock.advance(600_000);
    expect(error).to.equal(undefined);
    expect(watch.trouble).to.match(/expected Node worker, got 403; allow /);
  });

  it('waits for pod CIDRs where they are needed', async () => {
    const answer = new Answer().event('ADDED', node(3, { spec: {} })).bookmark(5, true);
    create({ needsPodCIDRs: true }, answer);
    const started = watch.start();
    await clock.advance(1000);
    expect(lines.map(({ msg }) => msg)).to.deep.equal([
      'expected spec.podCIDRs of Node worker, got none; it is waited for up to 60 s',
    ]);
    answer.event('MODIFIED', node(6));
    expect((await started).podCIDRs).to.have.length(2);
  });
});
