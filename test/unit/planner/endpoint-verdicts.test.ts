import { expect } from 'chai';
import type { Endpoint } from '../../../lib/model/endpoint-slice.ts';
import type { NodeFacts } from '../../../lib/model/node-facts.ts';
import type { PortEndpoint } from '../../../lib/planner/endpoints.ts';
import { judgeEndpoints } from '../../../lib/planner/endpoint-verdicts.ts';
import { endpoint } from '../fixtures.ts';

const node: NodeFacts = { name: 'this-node', addresses: [], zone: 'zone-a' };

function one(address: string, more: Partial<Endpoint> = {}): PortEndpoint {
  const made = { ...endpoint(address), ...more };
  return { endpoint: made, port: 80, local: made.nodeName === 'this-node' };
}

const gone = { ready: false, serving: true, terminating: true };

describe('what is said of endpoints', () => {
  it('is why policy Cluster chooses each or does not', () => {
    const all = [one('10.1.0.1'), one('10.1.0.2', { ready: false, serving: false }), one('10.1.0.3', gone)];
    expect(judgeEndpoints(all, 'Cluster', node).map(({ verdict }) => verdict)).to.deep.equal([
      'chosen',
      'not-ready',
      'terminating',
    ]);
  });

  it('is that those which terminate are the last resort', () => {
    const verdicts = judgeEndpoints([one('10.1.0.3', gone)], 'Cluster', node);
    expect(verdicts.map(({ verdict }) => verdict)).to.deep.equal(['last-resort']);
  });

  it('is that policy Local wants those of this node', () => {
    const all = [one('10.1.0.1', { nodeName: 'this-node' }), one('10.1.0.2', { nodeName: 'another' })];
    expect(judgeEndpoints(all, 'Local', node).map(({ verdict }) => verdict)).to.deep.equal([
      'chosen',
      'other-node',
    ]);
  });

  it('is that others are hinted for here', () => {
    const all = [one('10.1.0.1', { zoneHints: ['zone-a'] }), one('10.1.0.2', { zoneHints: ['zone-b'] })];
    expect(judgeEndpoints(all, 'Cluster', node).map(({ verdict }) => verdict)).to.deep.equal([
      'chosen',
      'hinted-elsewhere',
    ]);
  });
});
