import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { compactHeap } from '../../../lib/cli/heap.ts';

/** Makes something that nobody holds. */
function forgotten(): WeakRef<object> {
  return new WeakRef({});
}

describe('compactHeap', () => {
  it('collects what nobody holds', async () => {
    const gone = forgotten();
    // A WeakRef holds what it was made of until the turn of the event loop ends.
    await turn();
    compactHeap();
    expect(gone.deref()).to.equal(undefined);
  });
});
