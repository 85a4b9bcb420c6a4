import { expect } from 'chai';
import { Backoff, pause } from '../../../../lib/sources/kubernetes/backoff.ts';
import { ManualClock, turn } from './scripted-api.ts';

describe('Backoff', () => {
  it('doubles the longest wait up to the cap', () => {
    const backoff = new Backoff({ clock: new ManualClock(), random: () => 1, base: 1000, cap: 5000 });
    expect([1, 2, 3, 4, 5].map(() => backoff.next())).to.deep.equal([1000, 2000, 4000, 5000, 5000]);
  });

  it('waits any part of it', () => {
    const backoff = new Backoff({ clock: new ManualClock(), random: () => 0 });
    expect(backoff.next()).to.equal(0);
  });

  it('adds to what the server asks for, so that clients come back apart', () => {
    const backoff = new Backoff({ clock: new ManualClock(), random: () => 0.5, base: 1000 });
    expect(backoff.next(7000)).to.equal(7500);
  });

  it('starts anew only after a time without failures', async () => {
    const clock = new ManualClock();
    const backoff = new Backoff({ clock, random: () => 1, base: 1000, cap: 5000 });
    backoff.next();
    await clock.advance(11_000);
    expect(backoff.next()).to.equal(2000);
    await clock.advance(2000 + 10_001);
    expect(backoff.next()).to.equal(1000);
  });
});

describe('pause', () => {
  it('ends with the time', async () => {
    const clock = new ManualClock();
    let over = false;
    void pause(clock, 100, new AbortController().signal).then(() => (over = true));
    await clock.advance(99);
    expect(over).to.equal(false);
    await clock.advance(1);
    expect(over).to.equal(true);
  });

  it('ends at once when it is aborted, and leaves no timer', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    let over = false;
    void pause(clock, 100, stop.signal).then(() => (over = true));
    stop.abort();
    await turn();
    expect(over).to.equal(true);
    expect(clock.next).to.equal(Infinity);
  });
});
