import { expect } from 'chai';
import fc from 'fast-check';
import { parseWeights, type Weights, weightOf } from '../../../lib/planner/weights.ts';
import { planService } from '../../../lib/planner/service-plan.ts';
import { endpoint, node, plannerOptions, service, slice, state } from '../fixtures.ts';

function weights(text: string): Weights {
  const read = parseWeights(text);
  if (typeof read === 'string') throw new Error(`expected weights, got the hint "${read}"`);
  return read;
}

describe('weights', () => {
  /** Endpoints as seen from `this-node` in `zone-a`. */
  const places = {
    here: {
      endpoint: endpoint('10.1.0.1', { nodeName: 'this-node', zone: 'zone-a' }),
      port: 80,
      local: true,
    },
    near: { endpoint: endpoint('10.1.0.2', { nodeName: 'node-2', zone: 'zone-a' }), port: 80, local: false },
    far: { endpoint: endpoint('10.1.0.3', { nodeName: 'node-3', zone: 'zone-b' }), port: 80, local: false },
    unknown: { endpoint: endpoint('10.1.0.4', { nodeName: '', zone: '' }), port: 80, local: false },
  };
  const seen = (text: string, zone = 'zone-a'): number[] =>
    Object.values(places).map((place) => weightOf(weights(text), place, zone));

  const cases: readonly (readonly [
    text: string,
    here: number,
    near: number,
    far: number,
    unknown: number,
  ])[] = [
    ['same-node=8,same-zone=4,other=2', 8, 4, 2, 2],
    ['same-node=8', 8, 1, 1, 1],
    ['same-zone=4', 4, 4, 1, 1],
    ['other=7', 7, 7, 7, 7],
    ['node/node-3=9,same-node=3', 3, 1, 9, 1],
    ['node/this-node=5,same-node=3,same-zone=2', 5, 2, 1, 1],
    [' same-node = 1000 , node/node-2=6 ', 1000, 6, 1, 1],
    ['node/constructor=6', 1, 1, 1, 1],
  ];
  for (const [text, ...expected] of cases) {
    it(`${text} for an endpoint on the node, in its zone, in another and anywhere`, () => {
      expect(seen(text)).to.deep.equal(expected);
    });
  }

  it('of a zone are those of no endpoint where the zone of the node is not known', () => {
    expect(seen('same-zone=4,other=2', '')).to.deep.equal([4, 2, 2, 2]);
  });

  for (const text of [
    '',
    'same-node',
    'same-node=0',
    'same-node=-1',
    'other=1.5',
    'other=1001',
    'zone=3',
    'node/=3',
    'node/A=3',
    'other=1;same-node=2',
    'other=1,',
  ]) {
    it(`cannot be "${text}"`, () => {
      expect(parseWeights(text)).to.equal('write WHO=WEIGHT, with commas between: same-node=4,other=1');
    });
  }

  it('are not told twice of one place', () => {
    expect(parseWeights('other=1, other=2')).to.equal('write other once');
  });

  it('are read or refused, whatever is written', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = parseWeights(text);
        expect(typeof read === 'string' || read.other >= 1).to.equal(true);
      }),
    );
  });

  it('are those of the real servers, larger where these start slowly', () => {
    const endpoints = Object.values(places).map((place) => place.endpoint);
    const planned = (annotations: Readonly<Record<string, string>>): (readonly (string | number)[])[] =>
      planService(
        state(service({ annotations }), slice(endpoints)),
        node,
        plannerOptions(),
      ).virtualServers.map(({ server, realServers }) => [
        server.scheduler,
        ...realServers.toSorted((a, b) => (a.address < b.address ? -1 : 1)).map(({ weight }) => weight),
      ]);
    const written = { 'kube-ipvs.io/weights': 'same-node=4,same-zone=2' };
    expect(planned(written)).to.deep.equal([['wrr', 4, 2, 1, 1]]);
    expect(planned({ ...written, 'kube-ipvs.io/slow-start': '10s' })).to.deep.equal([
      ['wrr', 40, 20, 10, 10],
    ]);
    expect(planned({ ...written, 'kube-ipvs.io/scheduler': 'mh' })).to.deep.equal([['mh', 4, 2, 1, 1]]);
  });
});
