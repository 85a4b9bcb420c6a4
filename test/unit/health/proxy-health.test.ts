import { expect } from 'chai';
import fc from 'fast-check';
import { Backlog } from '../../../lib/health/backlog.ts';
import { ProxyHealth } from '../../../lib/health/proxy-health.ts';
import { ManualClock, MemoryLog } from '../reconciler/world.ts';

const syncPeriod = 30_000;

describe('ProxyHealth', () => {
  let clock: ManualClock;
  let log: MemoryLog;
  let health: ProxyHealth;

  beforeEach(() => {
    clock = new ManualClock();
    log = new MemoryLog();
    health = new ProxyHealth({ clock, log, syncPeriod });
  });

  it('is healthy while it starts, however long', () => {
    clock.advance(3_600_000);
    expect(health.state).to.deep.equal({ healthy: true, reasons: [], lastPass: undefined });
  });

  it('knows whether everything has been written once', () => {
    health.queued(1);
    expect(health.programmed).to.equal(false);
    health.written(1);
    health.settled();
    expect(health.programmed).to.equal(true);
  });

  it('is not when the first change has waited for two sync periods', () => {
    health.queued(1);
    clock.advance(2 * syncPeriod - 1);
    expect(health.state.healthy).to.equal(true);
    clock.advance(1);
    expect(health.state.reasons).to.deep.equal(['a change has waited for 60 s to be written']);
    health.written(1);
    expect(health.state).to.deep.equal({ healthy: true, reasons: [], lastPass: clock.now() });
  });

  it('counts from the oldest change that waits', () => {
    health.queued(1);
    health.written(1);
    clock.advance(syncPeriod);
    health.queued(2);
    clock.advance(syncPeriod);
    health.queued(3);
    health.written(2);
    clock.advance(2 * syncPeriod - 1);
    expect(health.state.healthy).to.equal(true);
    clock.advance(1);
    expect(health.state.healthy).to.equal(false);
  });

  it('is not satisfied by passes that write something else', () => {
    health.queued(1);
    health.written(1);
    health.queued(2);
    for (let passes = 0; passes < 6; passes += 1) {
      clock.advance(10_000);
      health.written(1);
    }
    expect(health.state.healthy).to.equal(false);
  });

  it('is not when nothing is written or read back for two sync periods', () => {
    health.queued(1);
    health.written(1);
    clock.advance(2 * syncPeriod);
    expect(health.state.healthy).to.equal(true);
    clock.advance(1);
    expect(health.state.reasons).to.deep.equal(['the kernel has not been written or read back for 60 s']);
    health.audited(10);
    expect(health.state.healthy).to.equal(true);
  });

  it('gives an audit that takes long the time for it', () => {
    health.audited(40_000);
    clock.advance(2 * (syncPeriod + 40_000));
    expect(health.state.healthy).to.equal(true);
    clock.advance(1);
    expect(health.state.healthy).to.equal(false);
  });

  it('is not when a trouble of the whole node lasts for half a sync period, and is when it is over', () => {
    const trouble = { of: 'firewall', text: 'expected iptables-restore to succeed' };
    health.troubled([trouble]);
    clock.advance(syncPeriod / 2 - 1);
    health.troubled([{ ...trouble, text: 'got "locked"' }]);
    expect(health.state.healthy).to.equal(true);
    clock.advance(1);
    expect(health.state.reasons).to.deep.equal(['firewall: got "locked"']);
    health.troubled([{ of: 'sets', text: 'others' }]);
    expect(health.state.healthy).to.equal(true);
  });

  it('says in the log once when it turns unhealthy, and once when it is over', () => {
    health.queued(1);
    for (let seconds = 0; seconds < 100; seconds += 1) {
      clock.advance(1000);
      expect(health.state.healthy).to.equal(seconds < 59);
    }
    health.written(1);
    expect([health.state.healthy, health.state.healthy]).to.deep.equal([true, true]);
    expect(log.lines.map(({ level, message }) => `${level} ${message}`)).to.deep.equal([
      'error unhealthy: health checks get 503',
      'info healthy again',
    ]);
  });
});

describe('Backlog', () => {
  it('has a change waiting exactly while one is not written, and none that is younger than it says', () => {
    // A step is a change, the begin of a pass, or its end.
    const steps = fc.array(fc.constantFrom('change', 'begin', 'end'), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (all) => {
        const backlog = new Backlog();
        const queuedAt: number[] = [];
        let written = 0;
        let under: number | undefined;
        all.forEach((step, now) => {
          if (step === 'change') backlog.queued(queuedAt.push(now), now);
          else if (step === 'begin') under ??= queuedAt.length;
          else if (under !== undefined) {
            written = under;
            under = undefined;
            backlog.written(written);
          }
          const waiting = queuedAt[written];
          if (waiting === undefined) expect(backlog.oldest).to.equal(undefined);
          else expect(backlog.oldest).to.be.a('number').and.to.be.at.most(waiting);
        });
      }),
    );
  });
});
