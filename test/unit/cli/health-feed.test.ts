import { expect } from 'chai';
import { combinedListener } from '../../../lib/cli/combined-listener.ts';
import { HealthFeed } from '../../../lib/cli/health-feed.ts';
import { isCommon } from '../../../lib/cli/kernel-health.ts';
import type { Trouble } from '../../../lib/health/proxy-health.ts';
import type { ServiceHealth, ServicePlan } from '../../../lib/model/plan.ts';
import type { AuditReport, ReconcilerStatus, SyncReport } from '../../../lib/reconciler/reports.ts';
import type { RefusedEntry } from '../../../lib/reconciler/retry.ts';
import type { TableName } from '../../../lib/reconciler/table-name.ts';

const report = {} as SyncReport;

const untroubled = { refused: [], failed: [], lastAudit: undefined };

function refused(table: TableName, key: string): RefusedEntry {
  return { table, key, refusal: { code: 'EPERM', operation: 'add', message: 'no' }, attempts: 1, due: 0 };
}

/** A plan of which only the health matters. */
function plan(health?: ServiceHealth): ServicePlan {
  return { service: 'a/web', created: 0, virtualServers: [], setEntries: [], addresses: [], health };
}

describe('HealthFeed', () => {
  let status: Pick<ReconcilerStatus, 'refused' | 'failed' | 'lastAudit'>;
  let looks: number;
  let troubles: (readonly Trouble[])[];
  let written: number[];
  let served: Map<string, ServiceHealth | undefined>;
  let feed: HealthFeed;

  beforeEach(() => {
    status = { ...untroubled };
    looks = 0;
    troubles = [];
    written = [];
    served = new Map();
    feed = new HealthFeed({
      health: {
        queued: () => undefined,
        settled: () => undefined,
        written: (revision) => written.push(revision),
        audited: () => undefined,
        troubled: (all) => troubles.push(all),
      },
      servers: {
        has: (service) => served.has(service),
        set: (service, health) => served.set(service, health),
      },
      reconciler: () => ({
        written: 7,
        status: () => {
          looks += 1;
          return status;
        },
      }),
    });
  });

  const synced = (): void => feed.listener.synced?.(report);
  const audited = (...failures: AuditReport['failures']): void => {
    const lastAudit = { drift: [], failures, milliseconds: 1, worked: 1, ended: 0 };
    status = { ...status, lastAudit };
    feed.listener.audited?.(lastAudit);
    synced();
  };

  it('has a health check port answer what was planned when it is written, and not before', () => {
    feed.planned('a/web', plan({ port: 30000, localEndpoints: 1 }));
    expect(served).to.have.property('size', 0);
    synced();
    expect(served.get('a/web')).to.deep.equal({ port: 30000, localEndpoints: 1 });
    feed.planned('a/web', undefined);
    synced();
    expect(served.get('a/web')).to.equal(undefined);
  });

  it('keeps nothing of services without such a port, but that a service has lost it', () => {
    feed.planned('a/web', plan());
    synced();
    expect([...served]).to.deep.equal([]);
    feed.planned('a/web', plan({ port: 30000, localEndpoints: 1 }));
    feed.planned('a/web', plan());
    synced();
    expect([...served]).to.deep.equal([['a/web', undefined]]);
  });

  it('says up to which change everything is written', () => {
    synced();
    expect(written).to.deep.equal([7]);
  });

  it('does not ask for the status while nothing is in trouble', () => {
    feed.listener.refused?.(refused('virtualServers', 'TCP 10.0.0.1:80'));
    synced();
    audited();
    expect(looks).to.equal(0);
  });

  it('tells what is refused of what every service needs, until it is not', () => {
    status = {
      ...untroubled,
      refused: [refused('firewall', 'IPv4'), refused('virtualServers', 'TCP 10.0.0.1:80')],
    };
    feed.listener.refused?.(refused('firewall', 'IPv4'));
    synced();
    expect(troubles.at(-1)).to.deep.equal([{ of: 'firewall', text: 'no' }]);
    status = untroubled;
    synced();
    expect(troubles.at(-1)).to.deep.equal([]);
    synced();
    expect(looks).to.equal(2);
  });

  it('tells of tables that cannot be read or written, of any kind', () => {
    const failed = { table: 'realServers', error: new Error('lost'), attempts: 1, due: 0 } as const;
    status = { ...untroubled, failed: [failed] };
    feed.listener.tableFailed?.(failed);
    synced();
    expect(troubles.at(-1)).to.deep.equal([{ of: 'realServers', text: 'lost' }]);
  });

  it('tells of tables that an audit cannot read, until one can', () => {
    audited({ table: 'sets', error: new Error('unreadable') });
    expect(troubles.at(-1)).to.deep.equal([{ of: 'sets', text: 'unreadable' }]);
    audited();
    expect(troubles.at(-1)).to.deep.equal([]);
  });
});

describe('isCommon', () => {
  const cases = [
    ['firewall', 'IPv6', true],
    ['sets', 'KUBE-CLUSTER-IP', true],
    ['sysctls', 'net/ipv4/vs/conntrack', true],
    ['sysctls', 'net/netfilter/nf_conntrack_max', false],
    ['setEntries', 'KUBE-CLUSTER-IP 10.0.0.1,tcp:80', false],
    ['virtualServers', 'TCP 10.0.0.1:80', false],
  ] as const;
  for (const [table, key, common] of cases) {
    it(`is ${common} for ${key} of ${table}`, () => {
      expect(isCommon({ table, key })).to.equal(common);
    });
  }
});

describe('combinedListener', () => {
  it('tells everyone who listens, in their order', () => {
    const told: string[] = [];
    const listener = combinedListener(
      { synced: () => told.push('first') },
      {},
      { synced: (given) => told.push(given === report ? 'second' : 'something else') },
    );
    listener.synced(report);
    listener.refused(refused('sets', 'a'));
    expect(told).to.deep.equal(['first', 'second']);
  });
});
