import { expect } from 'chai';
import { factsOf } from '../../../lib/cli/examination/daemon-facts.ts';
import type { DaemonStatus, ProgrammingStatus, WatchStatus } from '../../../lib/socket/status.ts';

const watch: WatchStatus = {
  ...{ resource: 'services', synced: true, open: true, events: 1, lists: 1, relists: {}, troubles: {} },
  ...{ lastEvent: '2026-01-02T03:04:00Z', lastList: '2026-01-02T03:00:00Z', trouble: null },
};

const programming: ProgrammingStatus = {
  ...{ services: 1, pendingServices: 0, revision: 1, programmed: 1, tables: [] },
  ...{ refusedCount: 0, refused: [], conflictCount: 0, conflicts: [], planFailureCount: 0, planFailures: [] },
  ...{ drainingCount: 0, draining: [], lastSync: null, lastWrite: null, lastAudit: null },
  latency: { count: 0, meanMilliseconds: null, last: null },
};

/** The status of one that is well. */
const quiet = {
  time: '2026-01-02T03:04:05Z',
  source: {
    ...{ kind: 'kubernetes', place: 'https://api', synced: true, services: 1 },
    trouble: null,
    watches: [],
  },
  health: { healthy: true, reasons: [], lastPass: null },
  programming,
} as unknown as DaemonStatus;

describe('what a running kube-ipvs tells of itself', () => {
  it('is nothing where it is well', () => {
    expect(factsOf(quiet, '/x.sock')).to.deep.equal({
      ...{ state: 'answers', asked: '/x.sock', watches: [], refusals: [], unhealthy: [] },
    });
    expect(factsOf({ ...quiet, programming: null }, 'x')).to.deep.include({ refusals: [] });
  });

  it('is how long each watch has been silent, and what keeps it from hearing', () => {
    const others = { resource: 'nodes', lastEvent: null, lastList: null, trouble: 'forbidden' };
    const watches = [watch, { ...watch, ...others }];
    expect(factsOf({ ...quiet, source: { ...quiet.source, watches } }, 'x')).to.deep.include({
      watches: [
        { resource: 'services', synced: true, silentFor: 5, trouble: undefined },
        { resource: 'nodes', synced: true, silentFor: undefined, trouble: 'forbidden' },
      ],
    });
  });

  it('is the trouble with the API server, where no watch has told it', () => {
    expect(factsOf({ ...quiet, source: { ...quiet.source, trouble: 'no answer' } }, 'x')).to.deep.include({
      watches: [{ resource: 'https://api', synced: true, silentFor: undefined, trouble: 'no answer' }],
    });
  });

  it('is what the kernel refuses, tables out of reach, and Services that cannot be served', () => {
    const refused = [
      {
        ...{ table: 'virtualServers', key: 'TCP 10.96.0.1:80', services: ['a/web'], code: 'ENOENT' },
        ...{ operation: 'add virtual server', reason: 'no scheduler', attempts: 1, nextTry: quiet.time },
      },
    ];
    const ofNoService = {
      ...refused[0]!,
      ...{ key: 'IPv4', services: [], operation: 'write firewall rules' },
    };
    const table = { ...{ entries: 0, pending: 0, refused: 0, writes: 0, drift: 0 }, trouble: null };
    const tables = [
      { ...table, table: 'firewall', trouble: 'the lock is held' },
      { ...table, table: 'sets' },
    ];
    const planFailures = [{ service: 'a/bad', reason: 'a fault' }];
    const conflicts = [{ key: 'TCP 10.96.0.9:80', winner: 'a/old', losers: ['b/new'] }];
    const told = { ...programming, refused: [...refused, ofNoService], tables, planFailures, conflicts };
    expect(factsOf({ ...quiet, programming: told }, 'x')).to.deep.include({
      refusals: [
        'add virtual server TCP 10.96.0.1:80 (a/web): no scheduler',
        'write firewall rules IPv4: no scheduler',
        'table firewall: the lock is held',
        'a/bad cannot be planned: a fault',
        'TCP 10.96.0.9:80 is wanted by b/new too, and served for a/old',
      ],
    });
  });

  it('is why its health check fails', () => {
    const health = { healthy: false, reasons: ['no pass for long'], lastPass: null };
    expect(factsOf({ ...quiet, health }, 'x')).to.deep.include({ unhealthy: ['no pass for long'] });
  });
});
