import { expect } from 'chai';
import { Catalog } from '../../../lib/catalog/catalog.ts';
import { endpoint, service, servicePort, slice, slicePort } from '../fixtures.ts';

const key = 'ns1/svc1';

/** A catalog that holds `ns1/svc1` with one slice of one endpoint, with nothing left to take. */
function settled(): Catalog {
  const catalog = new Catalog();
  catalog.setService(service());
  catalog.setSlice(slice([endpoint('10.1.1.1')]));
  catalog.takeChanged();
  return catalog;
}

describe('Catalog', () => {
  describe('services (TestBuildServiceMap)', () => {
    it('AddRemove: reports what came and what went, and forgets it', () => {
      const catalog = new Catalog();
      catalog.setService(service());
      catalog.setService(service({ name: 'svc2', clusterIPs: ['172.16.55.5'] }));
      expect([...catalog.takeChanged()]).to.deep.equal([key, 'ns1/svc2']);
      expect([...catalog.keys()]).to.deep.equal([key, 'ns1/svc2']);
      expect(catalog.size).to.equal(2);

      catalog.deleteService(key);
      expect([...catalog.takeChanged()]).to.deep.equal([key]);
      expect(catalog.get(key)).to.equal(undefined);
      expect([...catalog.keys()]).to.deep.equal(['ns1/svc2']);
      expect(catalog.size).to.equal(1);
    });

    it('ServiceUpdate: reports a service that became another and no other', () => {
      const catalog = settled();
      catalog.setService(service({ name: 'svc2' }));
      catalog.takeChanged();

      catalog.setService(service({ ports: [servicePort({ port: 8080 })] }));
      expect([...catalog.takeChanged()]).to.deep.equal([key]);
      expect(catalog.get(key)?.service.ports[0]?.port).to.equal(8080);
      expect(catalog.get(key)?.slices).to.have.lengthOf(1);
      expect(catalog.size).to.equal(2);
    });

    it('does not report a service that is written again as it was', () => {
      const catalog = settled();
      catalog.setService(structuredClone(service()));

      expect([...catalog.takeChanged()]).to.deep.equal([]);
    });

    it('does not report the removal of a service that is not there', () => {
      const catalog = settled();
      catalog.deleteService('ns1/other');

      expect([...catalog.takeChanged()]).to.deep.equal([]);
      expect(catalog.size).to.equal(1);
    });
  });

  describe('slices', () => {
    it('are given sorted by name, in whatever order they came', () => {
      const catalog = settled();
      for (const name of ['svc1-9', 'svc1-0', 'svc1-10', 'svc1-5']) {
        catalog.setSlice(slice([endpoint('10.1.1.2')], { name }));
      }

      const names = catalog.get(key)?.slices.map(({ name }) => name);
      expect(names).to.deep.equal(['svc1-0', 'svc1-1', 'svc1-10', 'svc1-5', 'svc1-9']);
    });

    it('wait for their service without being reported', () => {
      const catalog = new Catalog();
      catalog.setSlice(slice([endpoint('10.1.1.1')]));
      expect([...catalog.takeChanged()]).to.deep.equal([]);
      expect(catalog.get(key)).to.equal(undefined);
      expect([...catalog.keys()]).to.deep.equal([]);
      expect(catalog.size).to.equal(0);

      catalog.setService(service());
      expect([...catalog.takeChanged()]).to.deep.equal([key]);
      expect(catalog.get(key)?.slices).to.have.lengthOf(1);
    });

    it('outlive their service, for it may come back', () => {
      const catalog = settled();
      catalog.deleteService(key);
      catalog.setService(service());

      expect(catalog.get(key)?.slices).to.have.lengthOf(1);
    });

    it('change both services when they move from one to the other', () => {
      const catalog = settled();
      catalog.setService(service({ name: 'svc2' }));
      catalog.takeChanged();

      catalog.setSlice(slice([endpoint('10.1.1.1')], { service: 'svc2' }));
      expect([...catalog.takeChanged()].sort()).to.deep.equal([key, 'ns1/svc2']);
      expect(catalog.get(key)?.slices).to.deep.equal([]);
      expect(catalog.get('ns1/svc2')?.slices).to.have.lengthOf(1);

      catalog.deleteSlice('ns1', 'svc1-1');
      expect([...catalog.takeChanged()]).to.deep.equal(['ns1/svc2']);
    });

    it('are told apart by their namespace', () => {
      const catalog = settled();
      catalog.setService(service({ namespace: 'ns2' }));
      catalog.setSlice(slice([endpoint('10.1.1.1')], { namespace: 'ns2' }));
      catalog.takeChanged();

      catalog.deleteSlice('ns1', 'svc1-1');
      expect([...catalog.takeChanged()]).to.deep.equal([key]);
      expect(catalog.get('ns2/svc1')?.slices).to.have.lengthOf(1);
    });

    it('are not reported for the time of their trigger alone, which is kept', () => {
      const catalog = settled();
      catalog.setSlice(slice([endpoint('10.1.1.1')], { triggered: 5 }));

      expect([...catalog.takeChanged()]).to.deep.equal([]);
      expect(catalog.get(key)?.slices[0]?.triggered).to.equal(5);
    });

    it('are not reported when they are removed and were not there', () => {
      const catalog = settled();
      catalog.deleteSlice('ns1', 'other');
      catalog.deleteSlice('ns2', 'svc1-1');

      expect([...catalog.takeChanged()]).to.deep.equal([]);
    });

    it('leave a state that was given out as it is', () => {
      const catalog = settled();
      const before = catalog.get(key);
      const copy = structuredClone(before);
      catalog.setSlice(slice([endpoint('10.1.1.9')]));
      catalog.setSlice(slice([endpoint('10.1.1.9')], { name: 'svc1-0' }));
      catalog.deleteSlice('ns1', 'svc1-1');

      expect(before).to.deep.equal(copy);
    });

    const changes = {
      nothing: { to: slice([endpoint('10.1.1.1')]), reported: false },
      'an endpoint is added': { to: slice([endpoint('10.1.1.1'), endpoint('10.1.1.2')]), reported: true },
      'the last endpoint is removed': { to: slice([], { family: 'IPv4' }), reported: true },
      'an endpoint becomes unready': { to: slice([endpoint('10.1.1.1', { ready: false })]), reported: true },
      'an endpoint moves to this node': {
        to: slice([endpoint('10.1.1.1', { nodeName: 'this-node' })]),
        reported: true,
      },
      'a port is added': {
        to: slice([endpoint('10.1.1.1')], { ports: [slicePort(), slicePort({ name: 'p81', port: 81 })] }),
        reported: true,
      },
      'a port is renumbered': {
        to: slice([endpoint('10.1.1.1')], { ports: [slicePort({ port: 81 })] }),
        reported: true,
      },
      'a port is renamed': {
        to: slice([endpoint('10.1.1.1')], { ports: [slicePort({ name: 'p81' })] }),
        reported: true,
      },
    };
    for (const [name, { to, reported }] of Object.entries(changes)) {
      it(`${reported ? 'are' : 'are not'} reported when this changes: ${name} (TestEsInfoChanged)`, () => {
        const catalog = settled();
        catalog.setSlice(to);

        expect([...catalog.takeChanged()]).to.deep.equal(reported ? [key] : []);
        expect(catalog.get(key)?.slices).to.deep.equal([to]);
      });
    }
  });

  describe('listeners', () => {
    it('are called once a burst, while it is under way', () => {
      const catalog = new Catalog();
      let calls = 0;
      catalog.onChange(() => (calls += 1));

      catalog.setService(service());
      expect(calls).to.equal(1);
      catalog.setService(service({ affinityTimeout: 5 }));
      catalog.setSlice(slice([endpoint('10.1.1.1')]));
      catalog.setService(service({ name: 'svc2' }));
      expect(calls).to.equal(1);

      catalog.takeChanged();
      catalog.setSlice(slice([endpoint('10.1.1.2')]));
      expect(calls).to.equal(2);
    });

    it('are not called for what is no change', () => {
      const catalog = settled();
      catalog.onChange(() => expect.fail('called'));

      catalog.setService(service());
      catalog.setSlice(slice([endpoint('10.1.1.1')]));
      catalog.deleteSlice('ns1', 'other');
    });

    it('are called when the catalog becomes synced, even with nothing in it', () => {
      const catalog = new Catalog();
      const seen: boolean[] = [];
      catalog.onChange(() => seen.push(catalog.synced));
      expect(catalog.synced).to.equal(false);

      catalog.markSynced();
      catalog.markSynced();
      expect(seen).to.deep.equal([true]);
    });

    it('are called no more once they have ended it', () => {
      const catalog = new Catalog();
      const end = catalog.onChange(() => expect.fail('called'));
      end();

      catalog.setService(service());
    });
  });
});
