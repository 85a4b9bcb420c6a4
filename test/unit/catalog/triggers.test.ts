import { expect } from 'chai';
import { Catalog } from '../../../lib/catalog/catalog.ts';
import { endpoint, service, slice } from '../fixtures.ts';

const created = service().created;
const early = slice([endpoint('10.1.1.1')], { triggered: created + 1000 });

/** The slice with another endpoint, triggered so many milliseconds after the service's creation; 0 for not told. */
function changed(address: string, after: number, name = early.name): typeof early {
  return { ...early, name, endpoints: [endpoint(address)], triggered: after === 0 ? 0 : created + after };
}

/** What is told for each service, in milliseconds after the service's creation. */
function taken(catalog: Catalog): Record<string, number[]> {
  return Object.fromEntries(
    [...catalog.takeTriggers()].map(([key, times]) => [key, [...times].map((time) => time - created)]),
  );
}

interface Case {
  readonly title: string;
  readonly steps: (catalog: Catalog) => void;
  readonly expected: Record<string, number[]>;
}

const cases: readonly Case[] = [
  {
    title: 'each change of a burst, in order',
    steps: (catalog) => {
      for (const after of [2000, 3000, 4000]) catalog.setSlice(changed(`10.1.2.${after / 1000}`, after));
    },
    expected: { 'ns1/svc1': [2000, 3000, 4000] },
  },
  {
    title: 'one time of several slices once',
    steps: (catalog) => {
      catalog.setSlice(changed('10.1.1.2', 2000));
      catalog.setSlice(changed('10.1.1.3', 2000, 'svc1-2'));
    },
    expected: { 'ns1/svc1': [2000] },
  },
  {
    title: 'nothing where the annotation alone is another',
    steps: (catalog) => {
      catalog.setSlice({ ...early, triggered: created + 2000 });
    },
    expected: {},
  },
  {
    title: 'nothing where a slice changes and keeps the time of the change before',
    steps: (catalog) => {
      catalog.setSlice(changed('10.1.1.2', 1000));
    },
    expected: {},
  },
  {
    title: 'nothing where the change does not say when it began',
    steps: (catalog) => {
      catalog.setSlice(changed('10.1.1.2', 0));
    },
    expected: {},
  },
  {
    title: 'nothing where a slice goes, and what was told of it before',
    steps: (catalog) => {
      catalog.setSlice(changed('10.1.1.2', 2000));
      catalog.deleteSlice('ns1', early.name);
    },
    expected: { 'ns1/svc1': [2000] },
  },
  {
    title: 'nothing of a service that goes',
    steps: (catalog) => {
      catalog.setSlice(changed('10.1.1.2', 2000));
      catalog.deleteService('ns1/svc1');
      catalog.setSlice(changed('10.1.1.3', 3000));
    },
    expected: {},
  },
  {
    title: 'only what came after its creation of a service that came after its slices',
    steps: (catalog) => {
      catalog.setSlice({ ...changed('10.1.1.2', 2000, 'svc2-1'), service: 'svc2' });
      catalog.setSlice({ ...changed('10.1.1.3', 5000, 'svc2-2'), service: 'svc2' });
      catalog.setService(service({ name: 'svc2', created: created + 5000 }));
    },
    expected: { 'ns1/svc2': [5000] },
  },
  {
    title: 'a slice that moves for the service that it comes to',
    steps: (catalog) => {
      catalog.setService(service({ name: 'svc2', clusterIPs: ['172.16.55.5'] }));
      catalog.setSlice({ ...changed('10.1.1.1', 2000), service: 'svc2' });
    },
    expected: { 'ns1/svc2': [2000] },
  },
];

describe('Catalog.takeTriggers', () => {
  for (const { title, steps, expected } of cases) {
    it(`tells ${title}`, () => {
      const catalog = new Catalog();
      catalog.setService(service());
      catalog.setSlice(early);
      catalog.markSynced();
      steps(catalog);
      expect(taken(catalog)).to.deep.equal(expected);
      expect(taken(catalog), 'a second time').to.deep.equal({});
    });
  }

  it('tells nothing of what came with the first lists', () => {
    const catalog = new Catalog();
    catalog.setSlice(early);
    catalog.setService(service());
    catalog.setSlice(changed('10.1.1.2', 2000));
    catalog.markSynced();
    expect(taken(catalog)).to.deep.equal({});
  });

  it('keeps a hundred times of a service that changes without end', () => {
    const catalog = new Catalog();
    catalog.setService(service());
    catalog.markSynced();
    for (let after = 1; after <= 200; after += 1) catalog.setSlice(changed(`10.1.1.${after}`, after));
    expect(taken(catalog)['ns1/svc1']).to.deep.equal(Array.from({ length: 100 }, (_, index) => index + 1));
  });
});
