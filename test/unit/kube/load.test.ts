import { expect } from 'chai';
import fc from 'fast-check';
import sinon from 'sinon';
import { Churn, load } from '../../kube/load.ts';
import type { KubeObject } from '../../kube/object.ts';
import { resourceNamed } from '../../kube/resource-type.ts';
import { Store } from '../../kube/store.ts';
import { service } from './objects.ts';

function addressesIn(store: Store): string[] {
  return store
    .list(resourceNamed('endpointslices'))
    .flatMap((slice) => slice['endpoints'] as { addresses: string[] }[])
    .flatMap(({ addresses }) => addresses);
}

describe('the load of the API server of the tests', () => {
  it('has as many services and endpoints as asked for, each with an address of its own', () => {
    const store = new Store();
    load(store, { services: 20, endpoints: 150 });
    expect(store.list(resourceNamed('services'))).to.have.lengthOf(20);
    expect(store.list(resourceNamed('endpointslices'))).to.have.lengthOf(40);
    expect(new Set(addressesIn(store)).size).to.equal(3000);
  });

  it('replaces endpoints at its rate for its time', () => {
    const clock = sinon.useFakeTimers();
    try {
      const store = new Store();
      const size = { services: 5, endpoints: 3 };
      load(store, size);
      const churn = new Churn(store, size, { perSecond: 10, seconds: 2 });
      churn.start();
      clock.tick(1000);
      expect(churn.replaced).to.equal(10);
      clock.tick(10_000);
      expect(churn.replaced).to.equal(20);
      expect(new Set(addressesIn(store)).size).to.equal(15);
    } finally {
      clock.restore();
    }
  });

  it('replaces no more endpoints than its count', () => {
    const store = new Store();
    const size = { services: 2, endpoints: 2 };
    load(store, size);
    const churn = new Churn(store, size, { perSecond: 1, count: 3 });
    for (let number = 0; number < 5; number += 1) churn.replaceOne();
    expect(churn.replaced).to.equal(3);
  });
});

describe('the history of the store', () => {
  const services = resourceNamed('services');
  const step = fc.tuple(fc.constantFrom('put', 'delete'), fc.constantFrom('a', 'b', 'c'), fc.nat(3));

  function take(store: Store, [what, name, label]: [string, string, number]): void {
    if (what === 'put') store.put(service(name, { label: String(label) }));
    else if (store.get('services', 'default', name)) store.delete('services', 'default', name);
  }

  it('shows at every revision what was there then, and goes back there', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.nat(20), (steps, back) => {
        const store = new Store();
        const states = new Map<number, readonly KubeObject[]>([[store.revision, []]]);
        for (const one of steps) {
          take(store, one);
          states.set(store.revision, store.list(services));
        }
        for (const [revision, state] of states) {
          expect(store.listAt(services, revision)).to.deep.equal(state);
        }
        const revision = Math.max(store.revision - back, 1000);
        store.restore(revision);
        expect(store.list(services)).to.deep.equal(states.get(revision));
        expect(store.revision).to.equal(revision);
      }),
    );
  });

  it('keeps no more changes than its limit, and answers 410 for those before', () => {
    const store = new Store({ historyLimit: 10 });
    for (let number = 0; number < 200; number += 1) store.put(service('a', { number: String(number) }));
    expect(store.history.oldest).to.be.greaterThan(1100);
    expect(store.history.since(store.revision - 5)).to.have.lengthOf(5);
    expect(() => store.history.since(1000))
      .to.throw('too old resource version')
      .with.property('code', 410);
  });
});
