import { expect } from 'chai';
import { metricsListener, programFigures } from '../../../lib/cli/metrics-feed.ts';
import { Metrics } from '../../../lib/metrics/metrics.ts';
import { TableError } from '../../../lib/kernel/table.ts';
import { combinedListener } from '../../../lib/cli/combined-listener.ts';
import { type Sketch, World } from '../reconciler/world.ts';

const web: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.1', '10.1.0.2'] };
const build = { version: '', node_version: '', kernel_release: '', ipvs_version: '' };

async function running(): Promise<{ readonly world: World; readonly text: () => Promise<string> }> {
  const metrics = new Metrics({ watches: () => ({}), build });
  const world = new World({ listener: combinedListener(metricsListener(metrics)) });
  metrics.follow(() => programFigures(world.reconciler.status()));
  world.services.set('a/web', web);
  await world.start();
  return { world, text: () => metrics.text() };
}

describe('the metrics of a reconciler', () => {
  it('tell what is wanted, what was written and how long it took', async () => {
    const { text } = await running();
    const told = await text();
    for (const line of [
      'kube_ipvs_entries{table="realServers"} 2',
      'kube_ipvs_entries{table="virtualServers"} 1',
      'kube_ipvs_writes_total{table="realServers"} 2',
      'kube_ipvs_pending_entries{table="realServers"} 0',
      'kube_ipvs_refused_entries{table="firewall"} 0',
      'kube_ipvs_services 1',
      'kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv4"} 1',
    ])
      expect(told).to.include(line);
  });

  it('count drift, and real servers that drain until they are gone', async () => {
    const { world, text } = await running();
    world.kernel.realServers.unload(['TCP 10.0.0.1:80 -> 10.1.0.1:8080']);
    await world.audit();
    expect(await text()).to.include('kube_ipvs_drift_total{table="realServers",kind="missing"} 1');
    world.kernel.realServers.connect('TCP 10.0.0.1:80 -> 10.1.0.1:8080', 1);
    await world.change({ 'a/web': { ...web, endpoints: ['10.1.0.2'] } });
    expect(await text()).to.include('kube_ipvs_draining_real_servers 1');
    world.kernel.realServers.disconnectAll();
    await world.pass(2000);
    expect(await text()).to.include('kube_ipvs_draining_real_servers 0');
    expect(await text()).to.include('kube_ipvs_drained_real_servers_total{reason="drained"} 1');
  });

  it('tell of tables that audits cannot read, until they can', async () => {
    const { world, text } = await running();
    world.kernel.firewall.failRead(new TableError('firewall', 'EIO', 'expected rules, got none'));
    await world.audit();
    const told = await text();
    expect(told).to.include('kube_ipvs_unknown_tables{table="firewall"} 1');
    expect(told).to.include('kubeproxy_sync_proxy_rules_iptables_restore_failures_total{ip_family="IPv4"} 1');
    world.kernel.firewall.failRead(undefined);
    await world.audit();
    expect(await text()).to.include('kube_ipvs_unknown_tables{table="firewall"} 0');
  });

  it('tell of tables that cannot be written, of iptables by the name that kube-proxy has for it too', async () => {
    const { world, text } = await running();
    world.kernel.firewall.failApply(new TableError('firewall', 'EIO', 'expected an answer, got none'));
    world.kernel.firewall.unload(['IPv4']);
    await world.audit();
    const told = await text();
    expect(told).to.include('kube_ipvs_unknown_tables{table="firewall"} 1');
    expect(told).to.include('kubeproxy_sync_proxy_rules_iptables_restore_failures_total{ip_family="IPv4"} 1');
  });
});
