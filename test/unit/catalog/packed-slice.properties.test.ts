import { expect } from 'chai';
import fc from 'fast-check';
import { packSlice, unpackSlice } from '../../../lib/catalog/packed-slice.ts';
import { SharedValues } from '../../../lib/catalog/shared-values.ts';
import { ipFamilies } from '../../../lib/model/family.ts';
import { endpointSliceArbitrary } from '../arbitraries.ts';
import { endpoint, slice } from '../fixtures.ts';

const slices = fc
  .constantFrom(...ipFamilies)
  .chain((family) => fc.string({ minLength: 1 }).chain((name) => endpointSliceArbitrary(family, name)));

describe('a packed slice', () => {
  it('is unpacked to what it was, whatever it shares with others', () => {
    fc.assert(
      fc.property(fc.array(slices, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (all, most) => {
        const shared = new SharedValues(most);
        const packed = all.map((one) => packSlice(structuredClone(one), shared));
        expect(packed.map(unpackSlice)).to.deep.equal(all);
      }),
    );
  });

  it('without endpoints has none', () => {
    expect(unpackSlice(packSlice(slice([]), new SharedValues())).endpoints).to.deep.equal([]);
  });

  it('shares with others all but names and addresses', () => {
    const shared = new SharedValues();
    const one = packSlice(slice([endpoint('10.1.1.1'), endpoint('10.1.1.2')]), shared);
    const other = packSlice(slice([endpoint('10.1.1.3')], { name: 'svc1-2' }), shared);
    expect(new Set([...one.traits, ...other.traits])).to.have.property('size', 1);
    expect(one.ports).to.equal(other.ports);
  });
});
