import { expect } from 'chai';
import { rateOf } from '../../lab/stream.ts';

describe("the lab's streams of connections", () => {
  it('have a rate of those that began and ended well, over the whole time', () => {
    const report = { begun: 500, slowest: 3, names: { 'web-1': 400 }, errors: { refused: 100 } };

    expect(rateOf({ ...report, seconds: 2, well: 400 })).to.equal(200);
    expect(rateOf({ ...report, seconds: 0, well: 0 }), 'before the first report').to.equal(0);
  });
});
