import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Metrics, type ProgramFigures } from '../../../lib/metrics/metrics.ts';
import { ServiceReading } from '../../../lib/metrics/service-reading.ts';
import type { WatchFigures, Watches } from '../../../lib/metrics/watch-metrics.ts';

const figures: WatchFigures = {
  ...{ events: 7, bookmarks: 2, duplicates: 1, lists: 3, watching: true },
  troubles: new Map([
    ['cut', 2],
    ['expired', 1],
  ]),
  relists: new Map([['expired', 1]]),
  lastEvent: 1_790_000_000_500,
  lastSync: undefined,
};

const build = { version: '1.2.3', node_version: 'v24.0.0', kernel_release: '6.1.0', ipvs_version: '1.2.1' };

function metricsOf(watches: Watches = () => ({})): Metrics {
  return new Metrics({ watches, build });
}

/** Everything that a scrape gets. */
async function exposition(metrics: Metrics): Promise<string> {
  let text = '';
  for await (const piece of metrics.exposition()) text += piece;
  return text;
}

/** Samples without comments. */
async function samples(metrics: Metrics): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** The value of a sample; undefined where there is none. */
async function valueOf(metrics: Metrics, sample: string): Promise<number | undefined> {
  const line = (await samples(metrics)).find((each) => each.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

describe('the metrics', () => {
  it('tell of each watch what has happened to it, as it is when they are asked for', async () => {
    let watches: Record<string, WatchFigures> = { services: figures };
    const metrics = metricsOf(() => watches);
    expect((await samples(metrics)).filter((line) => line.startsWith('kube_ipvs_watch_'))).to.deep.equal([
      'kube_ipvs_watch_events_total{resource="services"} 7',
      'kube_ipvs_watch_bookmarks_total{resource="services"} 2',
      'kube_ipvs_watch_duplicates_total{resource="services"} 1',
      'kube_ipvs_watch_lists_total{resource="services"} 3',
      'kube_ipvs_watch_troubles_total{resource="services",reason="cut"} 2',
      'kube_ipvs_watch_troubles_total{resource="services",reason="expired"} 1',
      'kube_ipvs_watch_relists_total{resource="services",reason="expired"} 1',
      'kube_ipvs_watch_open{resource="services"} 1',
      'kube_ipvs_watch_last_event_timestamp_seconds{resource="services"} 1790000000.5',
    ]);
    watches = { services: { ...figures, events: 8, watching: false }, nodes: figures };
    const later = await samples(metrics);
    expect(later).to.include('kube_ipvs_watch_events_total{resource="services"} 8');
    expect(later).to.include('kube_ipvs_watch_open{resource="services"} 0');
    expect(later).to.include('kube_ipvs_watch_events_total{resource="nodes"} 7');
  });

  it("measure changes and passes in kube-proxy's buckets", async () => {
    const metrics = metricsOf();
    metrics.rules.programmed(400, ['IPv4', 'IPv6']);
    metrics.rules.programmed(118_000, ['IPv4']);
    metrics.rules.passed(3);
    const lines = await samples(metrics);
    const bucketsOf = (name: string): string[] =>
      lines.filter(
        (line) =>
          line.startsWith(`kubeproxy_${name}_duration_seconds_bucket`) && line.includes('ip_family="IPv4"'),
      );
    expect(bucketsOf('network_programming')).to.have.length(1 + 2 + 59 + 12 + 7 + 1);
    for (const [limit, count] of [
      ['0', 0],
      ['0.25', 0],
      ['0.5', 1],
      ['115', 1],
      ['120', 2],
      ['300', 2],
      ['+Inf', 2],
    ] as const) {
      expect(lines).to.include(
        `kubeproxy_network_programming_duration_seconds_bucket{le="${limit}",ip_family="IPv4"} ${count}`,
      );
    }
    expect(lines).to.include('kubeproxy_network_programming_duration_seconds_count{ip_family="IPv6"} 1');
    expect(bucketsOf('sync_proxy_rules')).to.have.length(15 + 1);
    expect(lines).to.include(
      'kubeproxy_sync_proxy_rules_duration_seconds_bucket{le="0.002",ip_family="IPv4"} 0',
    );
    expect(lines).to.include(
      'kubeproxy_sync_proxy_rules_duration_seconds_bucket{le="0.004",ip_family="IPv4"} 1',
    );
    expect(lines).to.include(
      'kubeproxy_sync_proxy_rules_duration_seconds_bucket{le="16.384",ip_family="IPv6"} 1',
    );
  });

  it("say when changes came and were written, and how many wait, by kube-proxy's names", async () => {
    const metrics = metricsOf(() => ({ services: figures, endpointslices: { ...figures, events: 30 } }));
    const before = Date.now() / 1000;
    metrics.rules.queued();
    metrics.rules.passed(1);
    metrics.follow(() => ({ ...programFigures, pendingServices: 4 }));
    for (const name of ['last_queued_timestamp_seconds', 'last_timestamp_seconds'])
      for (const family of ['IPv4', 'IPv6'])
        expect(
          await valueOf(metrics, `kubeproxy_sync_proxy_rules_${name}{ip_family="${family}"}`),
        ).to.be.within(before, before + 60);
    const lines = await samples(metrics);
    for (const line of [
      'endpoint_changes_total 30',
      'endpoint_changes_pending 4',
      'service_changes_total 7',
      'service_changes_pending 4',
    ])
      expect(lines).to.include(`kubeproxy_sync_proxy_rules_${line}`);
  });

  it('tell of the families that are served and of no other', async () => {
    const metrics = new Metrics({ watches: () => ({}), build, families: ['IPv4'] });
    metrics.rules.queued();
    metrics.rules.passed(1);
    const told = (await samples(metrics)).filter((line) => line.includes('ip_family="'));
    expect(told).to.have.length.above(100);
    expect(told.filter((line) => !line.includes('ip_family="IPv4"'))).to.deep.equal([]);
  });

  it('count services without a local endpoint for as long as they are without', async () => {
    const metrics = metricsOf();
    const name = 'kubeproxy_sync_proxy_rules_no_local_endpoints_total';
    const missing = async (policy: string, family = 'IPv4'): Promise<number | undefined> =>
      valueOf(metrics, `${name}{traffic_policy="${policy}",ip_family="${family}"}`);
    metrics.rules.planned('a/both', [
      { family: 'IPv4', policy: 'internal' },
      { family: 'IPv6', policy: 'internal' },
      { family: 'IPv4', policy: 'external' },
    ]);
    metrics.rules.planned('a/inner', [{ family: 'IPv4', policy: 'internal' }]);
    expect([await missing('internal'), await missing('external')]).to.deep.equal([2, 1]);
    expect([await missing('internal', 'IPv6'), await missing('external', 'IPv6')]).to.deep.equal([1, 0]);
    metrics.rules.planned('a/both', []);
    metrics.rules.planned('a/inner', undefined);
    expect([await missing('internal'), await missing('external')]).to.deep.equal([0, 0]);
  });

  it('count answers, failures of iptables and forgotten flows', async () => {
    const metrics = metricsOf();
    metrics.rules.answered('healthz', 200);
    metrics.rules.answered('healthz', 503);
    metrics.rules.answered('livez', 200);
    metrics.rules.restoreFailed();
    metrics.rules.restoreFailed(['IPv6']);
    metrics.rules.flowsLookedAt('IPv4', 3, 12);
    expect(await samples(metrics)).to.include.members([
      'kubeproxy_proxy_healthz_total{code="200"} 1',
      'kubeproxy_proxy_healthz_total{code="503"} 1',
      'kubeproxy_proxy_livez_total{code="200"} 1',
      'kubeproxy_sync_proxy_rules_iptables_restore_failures_total{ip_family="IPv4"} 1',
      'kubeproxy_sync_proxy_rules_iptables_restore_failures_total{ip_family="IPv6"} 2',
      'kubeproxy_conntrack_reconciler_deleted_entries_total{ip_family="IPv4"} 12',
      'kubeproxy_conntrack_reconciler_deleted_entries_total{ip_family="IPv6"} 0',
      'kubeproxy_conntrack_reconciler_sync_duration_seconds_bucket{le="0.004",ip_family="IPv4"} 1',
    ]);
  });

  it('tell of each table how it stands, as it is when they are asked for, and nothing before there is one', async () => {
    const metrics = metricsOf();
    expect(await valueOf(metrics, 'kube_ipvs_entries{table="virtualServers"}')).to.equal(undefined);
    let now: ProgramFigures = programFigures;
    metrics.follow(() => now);
    expect(await samples(metrics)).to.include.members([
      'kube_ipvs_entries{table="virtualServers"} 5',
      'kube_ipvs_pending_entries{table="virtualServers"} 2',
      'kube_ipvs_refused_entries{table="virtualServers"} 1',
      'kube_ipvs_unknown_tables{table="virtualServers"} 0',
      'kube_ipvs_writes_total{table="virtualServers"} 90',
      'kube_ipvs_services 3',
      'kube_ipvs_unplanned_services 0',
      'kube_ipvs_virtual_servers_without_endpoints 2',
      'kube_ipvs_contended_virtual_servers 0',
      'kube_ipvs_draining_real_servers 6',
    ]);
    now = { ...programFigures, tables: { ...programFigures.tables, writes: { virtualServers: 91 } } };
    expect(await valueOf(metrics, 'kube_ipvs_writes_total{table="virtualServers"}')).to.equal(91);
  });

  it('begin with 0 where something may be counted for the first time, which would else be no rise', async () => {
    const metrics = metricsOf();
    metrics.follow(() => programFigures);
    const lines = await samples(metrics);
    expect(lines).to.include.members([
      'kube_ipvs_refusals_total{table="virtualServers"} 0',
      ...['missing', 'different', 'extra'].map(
        (kind) => `kube_ipvs_drift_total{table="virtualServers",kind="${kind}"} 0`,
      ),
      ...['healthz', 'livez'].flatMap((path) => [
        `kubeproxy_proxy_${path}_total{code="200"} 0`,
        `kubeproxy_proxy_${path}_total{code="503"} 0`,
      ]),
    ]);
    metrics.tables.audited(1, [{ table: 'virtualServers', kind: 'missing' }]);
    metrics.follow(() => programFigures);
    expect(
      await valueOf(metrics, 'kube_ipvs_drift_total{table="virtualServers",kind="missing"}'),
      'what was counted stays',
    ).to.equal(1);
  });

  it('have no time of an audit before there was one: its age would be half a century', async () => {
    const metrics = metricsOf();
    const name = 'kube_ipvs_audit_last_timestamp_seconds';
    expect(await valueOf(metrics, name)).to.equal(undefined);
    const before = Date.now() / 1000;
    metrics.tables.audited(1, []);
    expect(await valueOf(metrics, name)).to.be.within(before, before + 60);
  });

  it('say how the node stands when they are asked, as health checks would', async () => {
    let standing = { healthy: true, eligible: true };
    const metrics = new Metrics({ watches: () => ({}), build, standing: () => standing });
    const told = async (): Promise<(number | undefined)[]> => [
      await valueOf(metrics, 'kube_ipvs_healthy'),
      await valueOf(metrics, 'kube_ipvs_node_eligible'),
    ];
    expect(await told()).to.deep.equal([1, 1]);
    standing = { healthy: false, eligible: true };
    expect(await told()).to.deep.equal([0, 1]);
    standing = { healthy: true, eligible: false };
    expect(await told()).to.deep.equal([1, 0]);
  });

  it('count refusals, drift, drained real servers and the time that each table took', async () => {
    const metrics = metricsOf();
    metrics.tables.refused('realServers');
    metrics.tables.audited(30, [
      { table: 'realServers', kind: 'missing' },
      { table: 'realServers', kind: 'missing' },
      { table: 'firewall', kind: 'different' },
    ]);
    metrics.tables.drained('timeout');
    metrics.tables.passed({ plan: 250, write: { realServers: 500, firewall: 0 } });
    const lines = await samples(metrics);
    expect(lines).to.include.members([
      'kube_ipvs_refusals_total{table="realServers"} 1',
      'kube_ipvs_drift_total{table="realServers",kind="missing"} 2',
      'kube_ipvs_drift_total{table="firewall",kind="different"} 1',
      'kube_ipvs_audit_duration_seconds_bucket{le="0.05"} 1',
      'kube_ipvs_drained_real_servers_total{reason="timeout"} 1',
      'kube_ipvs_planning_seconds_total 0.25',
      'kube_ipvs_writing_seconds_total{table="realServers"} 0.5',
    ]);
    expect(lines.join('\n')).not.to.include('kube_ipvs_writing_seconds_total{table="firewall"}');
  });

  it("count requests to the API server by client-go's names", async () => {
    const metrics = metricsOf();
    metrics.requests.requested({ method: 'GET', host: 'api:6443', status: 200, milliseconds: 30 });
    metrics.requests.requested({ method: 'GET', host: 'api:6443', status: undefined, milliseconds: 5000 });
    expect(await samples(metrics)).to.include.members([
      'rest_client_requests_total{method="GET",host="api:6443",code="200"} 1',
      'rest_client_requests_total{method="GET",host="api:6443",code="<error>"} 1',
      'rest_client_request_duration_seconds_bucket{le="0.025",verb="GET",host="api:6443"} 0',
      'rest_client_request_duration_seconds_bucket{le="0.1",verb="GET",host="api:6443"} 1',
      'rest_client_request_duration_seconds_count{verb="GET",host="api:6443"} 2',
    ]);
  });

  it('say where the time goes: what a pass took beyond planning and writing was comparing', async () => {
    const metrics = metricsOf(() => ({
      services: { ...figures, decoding: 1500 },
      nodes: { ...figures, decoding: 500 },
      pods: figures,
    }));
    metrics.phases.planned(200);
    metrics.phases.planned(300);
    metrics.phases.passed(750, 4000);
    metrics.phases.passed(0, 1000);
    metrics.phases.read('audit', 125);
    metrics.phases.read('statistics', 2000);
    expect((await samples(metrics)).filter((line) => line.includes('_phase_'))).to.deep.equal([
      'kube_ipvs_phase_seconds_total{phase="decode"} 2',
      'kube_ipvs_phase_seconds_total{phase="plan"} 0.5',
      'kube_ipvs_phase_seconds_total{phase="diff"} 0.25',
      'kube_ipvs_phase_seconds_total{phase="write"} 5',
      'kube_ipvs_phase_seconds_total{phase="audit"} 0.125',
      'kube_ipvs_phase_seconds_total{phase="statistics"} 2',
    ]);
  });

  it('count what goes to and from the kernel, by table', async () => {
    const traffic = { sent: { messages: 3, bytes: 120 }, received: { messages: 4, bytes: 900 } };
    const metrics = new Metrics({ watches: () => ({}), build, netlink: () => ({ sets: traffic }) });
    expect((await samples(metrics)).filter((line) => line.includes('_netlink_'))).to.deep.equal([
      'kube_ipvs_netlink_messages_total{table="sets",direction="sent"} 3',
      'kube_ipvs_netlink_messages_total{table="sets",direction="received"} 4',
      'kube_ipvs_netlink_bytes_total{table="sets",direction="sent"} 120',
      'kube_ipvs_netlink_bytes_total{table="sets",direction="received"} 900',
    ]);
  });

  it('have what goes through services behind all else, and nothing where that cannot be read', async () => {
    const metrics = metricsOf();
    const without = await exposition(metrics);
    expect(without).not.to.include('kube_ipvs_service_');
    metrics.followServices(() => Promise.resolve(undefined));
    expect(await exposition(metrics)).not.to.include('kube_ipvs_service_');
    metrics.followServices(() => Promise.resolve(new ServiceReading({ level: 'service', limit: 100 })));
    expect(await exposition(metrics)).to.match(/kube_ipvs_service_metrics_dropped 0\n$/);
    metrics.followServices();
    expect(await exposition(metrics)).not.to.include('kube_ipvs_service_');
  });

  it('are sent in pieces between which the event loop turns, and several scrapes at a time get the same', async () => {
    const metrics = metricsOf(() => ({ services: figures }));
    metrics.follow(() => programFigures);
    let turns = 0;
    let over = false;
    const count = (): void => {
      turns += 1;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    const [one, other] = await Promise.all([exposition(metrics), exposition(metrics)]);
    over = true;
    expect(turns).to.be.above(40);
    const stable = (text: string): string[] =>
      text.split('\n').filter((line) => /^kube_ipvs_(watch_|writes|entries)/.test(line));
    expect(stable(one)).to.have.length.above(8);
    expect(stable(one)).to.deep.equal(stable(other));
    expect(one).not.to.include('\n\n');
  });

  it('tell what runs, and of the process what every client of Prometheus tells', async () => {
    const metrics = metricsOf();
    expect(await samples(metrics)).to.include(
      'kube_ipvs_build_info{version="1.2.3",node_version="v24.0.0",kernel_release="6.1.0",ipvs_version="1.2.1"} 1',
    );
    expect(await valueOf(metrics, 'process_resident_memory_bytes')).to.be.above(10e6);
    expect(await valueOf(metrics, 'process_cpu_seconds_total')).to.be.above(0);
    expect(await valueOf(metrics, 'process_open_fds')).to.be.above(2);
    expect(await valueOf(metrics, 'process_max_fds')).to.be.above(2);
    expect(await valueOf(metrics, 'process_start_time_seconds')).to.be.closeTo(Date.now() / 1000, 3600);
    expect(await valueOf(metrics, 'process_virtual_memory_bytes')).to.be.above(10e6);
  });

  it('are all in the documentation, once', async () => {
    const metrics = metricsOf(() => ({ services: figures }));
    metrics.followServices(() => Promise.resolve(new ServiceReading({ level: 'endpoint', limit: 100 })));
    const kinds = [...(await exposition(metrics)).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
      ([, name = '', kind = '']) => `${name} ${kind}`,
    );
    expect(kinds).to.have.length.above(40);
    expect(metrics.described().map(({ name, type }) => `${name} ${type}`)).to.deep.equal(kinds);
    const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z_]+)` +\| (counter|gauge|histogram) +\|/gm)];
    expect(rows.map(([, name = '', kind = '']) => `${name} ${kind}`)).to.have.members(kinds);
  });
});

const programFigures: ProgramFigures = {
  pendingServices: 0,
  tables: {
    entries: { virtualServers: 5 },
    pending: { virtualServers: 2 },
    writes: { virtualServers: 90 },
    refused: { virtualServers: 1 },
    unknown: { virtualServers: 0 },
    ...{ services: 3, unplanned: 0, endpointless: 2, contended: 0, draining: 6 },
  },
};
