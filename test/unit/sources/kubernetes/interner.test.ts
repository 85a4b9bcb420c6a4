import { expect } from 'chai';
import { Interner } from '../../../../lib/sources/kubernetes/interner.ts';

describe('Interner', () => {
  it('gives equal lists of one as the same list', () => {
    const interner = new Interner();
    const first = interner.list(['a']);
    expect(interner.list(['a'])).to.equal(first);
    expect(interner.list(['b'])).to.deep.equal(['b']);
  });

  it('gives every empty list as the same one', () => {
    expect(new Interner().list([])).to.equal(new Interner().list([]));
  });

  it('gives longer lists as they are', () => {
    expect(new Interner().list(['a', 'b'])).to.deep.equal(['a', 'b']);
  });

  it('forgets what it has when it is full', () => {
    const interner = new Interner(2);
    const first = interner.list(['a']);
    interner.list(['b']);
    interner.list(['c']);
    expect(interner.list(['a'])).not.to.equal(first);
  });
});
