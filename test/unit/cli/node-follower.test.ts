import { expect } from 'chai';
import { NodeFollower } from '../../../lib/cli/node-follower.ts';
import type { Failure } from '../../../lib/cli/failure.ts';
import type { SourceNode } from '../../../lib/cli/service-source.ts';
import { sourceNode } from '../../../lib/cli/source-node.ts';
import type { NodeObject } from '../../../lib/sources/kubernetes/node.ts';
import { recordingLog } from '../sources/kubernetes/scripted-api.ts';

const node: NodeObject = {
  name: 'worker',
  labels: {},
  zone: 'a',
  addresses: ['192.0.2.1', '2001:db8:0::1', '192.0.2.2'],
  podCIDRs: ['10.1.0.0/24', 'fd00::/64'],
  taints: [],
  deleting: false,
};

describe('sourceNode', () => {
  it('takes the first address and pod network of each family, in canonical text', () => {
    expect(sourceNode({ ...node, podCIDRs: ['10.1.0.9/24', 'fd00:0::/64', '10.2.0.0/24'] })).to.deep.equal({
      zone: 'a',
      podCidrs: ['10.1.0.0/24', 'fd00::/64'],
      addresses: ['192.0.2.1', '2001:db8::1', '192.0.2.2'],
      primaryAddresses: ['192.0.2.1', '2001:db8::1'],
    });
  });

  it('leaves out what is none', () => {
    const nonsense = { ...node, addresses: ['worker', '10.0.0.0/8'], podCIDRs: ['10.1.0.0', ''] };
    expect(sourceNode(nonsense)).to.deep.equal({
      zone: 'a',
      podCidrs: [],
      addresses: [],
      primaryAddresses: [],
    });
  });
});

describe('NodeFollower', () => {
  let tell: (node: NodeObject | undefined) => void;
  let changes: SourceNode[];
  let failures: Failure[];
  let lines: { msg: string }[];

  function follow(planForPodCidrs = false, current: NodeObject | undefined = node): void {
    changes = [];
    failures = [];
    const recording = recordingLog();
    lines = recording.lines;
    const follower = new NodeFollower({
      watch: {
        current,
        onChange: (listener) => {
          tell = listener;
          return () => undefined;
        },
      },
      log: recording.log,
      known: sourceNode(node),
      planForPodCidrs,
      changed: (changed) => changes.push(changed),
      failed: (failure) => failures.push(failure),
    });
    follower.start();
  }

  it('tells of another zone and of other primary addresses, and of nothing else', () => {
    follow();
    tell({ ...node, labels: { a: 'b' }, taints: ['t'], podCIDRs: ['10.9.0.0/24'] });
    expect(changes).to.deep.equal([]);
    tell({ ...node, zone: 'b' });
    tell({ ...node, zone: 'b', addresses: ['192.0.2.2'] });
    expect(changes.map(({ zone, primaryAddresses }) => [zone, primaryAddresses.join()])).to.deep.equal([
      ['b', '192.0.2.1,2001:db8::1'],
      ['b', '192.0.2.2'],
    ]);
    expect(failures).to.deep.equal([]);
  });

  it('begins with what changed before it began', () => {
    follow(false, { ...node, zone: 'z' });
    expect(changes.map(({ zone }) => zone)).to.deep.equal(['z']);
  });

  it('fails when pod networks that are planned with become others, not when they are missing', () => {
    follow(true);
    tell({ ...node, podCIDRs: [] });
    tell(undefined);
    tell({ ...node, podCIDRs: [] });
    expect(failures).to.deep.equal([]);
    tell({ ...node, podCIDRs: ['10.9.0.0/24'] });
    expect(failures.map(({ code, message }) => [code, message])).to.deep.equal([
      [
        'pod-cidrs-changed',
        'expected spec.podCIDRs of Node worker to stay 10.1.0.0/24,fd00::/64, got 10.9.0.0/24',
      ],
    ]);
  });

  it('says once each that the node goes, is gone, and is there again', () => {
    follow();
    tell({ ...node, deleting: true });
    tell({ ...node, deleting: true, taints: ['t'] });
    tell(undefined);
    tell(node);
    expect(lines.map(({ msg }) => msg)).to.deep.equal([
      'the Node of this machine is being deleted',
      'the Node of this machine is gone: services stay as they are',
      'the Node of this machine is there again',
    ]);
    expect(changes).to.deep.equal([]);
  });
});
