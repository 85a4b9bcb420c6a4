import { expect } from 'chai';
import { type EndpointTraits, SharedValues } from '../../../lib/catalog/shared-values.ts';
import type { Endpoint } from '../../../lib/model/endpoint-slice.ts';
import { endpoint, slicePort } from '../fixtures.ts';

function traitsOf({ address, ...traits }: Endpoint): EndpointTraits {
  expect(address).to.match(/^10/);
  return traits;
}

describe('SharedValues', () => {
  it('gives what endpoints have in common as the same value', () => {
    const shared = new SharedValues();
    const one = shared.traits(endpoint('10.1.1.1', { zoneHints: ['a'] }));
    expect(one).to.deep.equal(traitsOf(endpoint('10.1.1.1', { zoneHints: ['a'] })));
    expect(shared.traits(endpoint('10.1.1.2', { zoneHints: ['a'] }))).to.equal(one);
  });

  const different: readonly Partial<Endpoint>[] = [
    { ready: false },
    { serving: false },
    { terminating: true },
    { nodeName: 'third-node' },
    { zone: 'zone-b' },
    { zoneHints: ['b'] },
    { zoneHints: ['a', 'b'] },
    { nodeHints: ['n'] },
  ];
  for (const change of different) {
    it(`tells endpoints apart by ${JSON.stringify(change)}`, () => {
      const shared = new SharedValues();
      shared.traits(endpoint('10.1.1.1', { zoneHints: ['a'] }));
      const other = endpoint('10.1.1.1', { zoneHints: ['a'], ...change });
      expect(shared.traits(other)).to.deep.equal(traitsOf(other));
    });
  }

  it('gives equal lists of ports as the same list, and others as they are', () => {
    const shared = new SharedValues();
    const one = shared.ports([slicePort()]);
    expect(shared.ports([slicePort()])).to.equal(one);
    expect(shared.ports([slicePort({ port: 81 })])).to.deep.equal([slicePort({ port: 81 })]);
    expect(shared.ports([slicePort({ protocol: 'UDP' })])).to.deep.equal([slicePort({ protocol: 'UDP' })]);
    expect(shared.ports([])).to.deep.equal([]);
  });

  it('forgets what it has when it is full', () => {
    const shared = new SharedValues(2);
    const one = shared.traits(endpoint('10.1.1.1'));
    shared.ports([slicePort()]);
    shared.text('a');
    const again = shared.traits(endpoint('10.1.1.1'));
    expect(again).to.deep.equal(one);
    expect(again).not.to.equal(one);
    expect(shared.traits(endpoint('10.1.1.2'))).to.equal(again);
  });
});
