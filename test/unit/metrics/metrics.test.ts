import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Metrics } from '../../../lib/metrics/metrics.ts';
import type { WatchFigures } from '../../../lib/metrics/watch-metrics.ts';

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

/** Samples without comments. */
async function samples(metrics: Metrics): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('the metrics', () => {
  it('tell of each watch what has happened to it, as it is when they are asked for', async () => {
    let watches: Record<string, WatchFigures> = { services: figures };
    const metrics = new Metrics(() => watches);
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
    const metrics = new Metrics(() => ({}));
    metrics.programmed(400);
    metrics.programmed(118_000);
    metrics.synced(3);
    const lines = await samples(metrics);
    const bucketsOf = (name: string): string[] =>
      lines.filter((line) => line.startsWith(`kubeproxy_${name}_duration_seconds_bucket`));
    expect(bucketsOf('network_programming')).to.have.length(2 + 59 + 12 + 7 + 1);
    for (const [limit, count] of [
      ['0.25', 0],
      ['0.5', 1],
      ['115', 1],
      ['120', 2],
      ['300', 2],
      ['+Inf', 2],
    ] as const) {
      expect(lines).to.include(
        `kubeproxy_network_programming_duration_seconds_bucket{le="${limit}"} ${count}`,
      );
    }
    expect(bucketsOf('sync_proxy_rules')).to.have.length(15 + 1);
    expect(lines).to.include('kubeproxy_sync_proxy_rules_duration_seconds_bucket{le="0.002"} 0');
    expect(lines).to.include('kubeproxy_sync_proxy_rules_duration_seconds_bucket{le="0.004"} 1');
    expect(lines).to.include('kubeproxy_sync_proxy_rules_duration_seconds_bucket{le="16.384"} 1');
  });

  it('are all told of in their document', async () => {
    const page = readFileSync('docs/metrics.md', 'utf8');
    const text = await new Metrics(() => ({ services: figures })).text();
    const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => ({ name, type }));
    expect(names).to.have.length.above(8);
    const missing = names.filter(
      ({ name, type }) => !page.includes(`| \`${name}\``) || !page.includes(`${type}`),
    );
    expect(missing).to.deep.equal([]);
  });
});
