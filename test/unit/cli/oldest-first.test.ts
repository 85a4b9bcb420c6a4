import { expect } from 'chai';
import { Catalog } from '../../../lib/catalog/catalog.ts';
import { oldestFirst } from '../../../lib/cli/oldest-first.ts';
import { service } from '../fixtures.ts';

describe('services in the order of their age', () => {
  it('come the oldest first, those of one age by their keys', () => {
    const catalog = new Catalog();
    for (const [namespace, name, created] of [
      ['b', 'young', 3],
      ['b', 'middle', 2],
      ['a', 'middle', 2],
      ['z', 'old', 1],
    ] as const) {
      catalog.setService(service({ namespace, name, created }));
    }
    expect(oldestFirst(catalog)).to.deep.equal(['z/old', 'a/middle', 'b/middle', 'b/young']);
  });

  it('are none where there are none', () => {
    expect(oldestFirst(new Catalog())).to.deep.equal([]);
  });
});
