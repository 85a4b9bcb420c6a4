import { expect } from 'chai';
import fc from 'fast-check';
import { durationHint, formatDuration, parseDuration } from '../../../lib/config/duration.ts';

describe('a duration in the notation of Go', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['0s', 0],
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['500ms', 500],
    ['250us', 0.25],
    ['250µs', 0.25],
    ['1000ns', 0.001],
    [' 2m ', 120_000],
  ];
  for (const [text, milliseconds] of cases) {
    it(`reads ${JSON.stringify(text)} as ${milliseconds} ms`, () => {
      expect(parseDuration(text)).to.be.closeTo(milliseconds, 1e-9);
    });
  }

  for (const text of [
    '',
    ' ',
    '5',
    's',
    '1x',
    '-1s',
    '+1s',
    '1e3s',
    '1m 30s',
    '1m30',
    '1..5s',
    'NaN',
    '0x1s',
  ]) {
    it(`does not take ${JSON.stringify(text)} for one`, () => {
      expect(parseDuration(text)).to.equal(undefined);
    });
  }

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000_000 }), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).to.be.closeTo(milliseconds, 1e-6);
      }),
    );
  });

  it('is written in the largest units', () => {
    expect([0, 500, 30_000, 90_000, 3_600_000].map(formatDuration)).to.deep.equal([
      '0s',
      '500ms',
      '30s',
      '1m30s',
      '1h0m0s',
    ]);
  });

  it('that lacks its unit is answered with the unit', () => {
    expect(durationHint('30')).to.equal('give it a unit: 30s for seconds');
  });

  it('below zero is answered with the bound', () => {
    expect(durationHint('-1s')).to.equal('write a duration of 0 or more');
  });
});
