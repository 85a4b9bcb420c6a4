import { expect } from 'chai';
import fc from 'fast-check';
import { packService } from '../../../lib/catalog/packed-service.ts';
import { SharedValues } from '../../../lib/catalog/shared-values.ts';
import { familiesArbitrary, serviceArbitrary } from '../arbitraries.ts';
import { service, servicePort } from '../fixtures.ts';

describe('a packed service', () => {
  it('is what it was, whatever it shares with others', () => {
    const services = familiesArbitrary.chain((families) => fc.array(serviceArbitrary(families)));
    fc.assert(
      fc.property(services, fc.integer({ min: 1, max: 50 }), (all, most) => {
        const shared = new SharedValues(most);
        expect(all.map((one) => packService(structuredClone(one), shared))).to.deep.equal(all);
      }),
    );
  });

  it('shares ports with others, but not those with a node port', () => {
    const shared = new SharedValues();
    const packed = (nodePort: number): ReturnType<typeof packService> =>
      packService(service({ ports: [servicePort({ nodePort })] }), shared);
    expect(packed(0).ports).to.equal(packed(0).ports);
    expect(packed(30_080).ports).to.deep.equal(packed(30_080).ports);
    expect(packed(30_080).ports).not.to.equal(packed(30_080).ports);
  });
});
