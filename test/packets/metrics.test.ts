import { expect } from 'chai';
import type { Answer, AskOptions } from '../lab/answer.ts';
import type { Controller } from '../lab/controller.ts';
import { prometheusProgram } from '../prometheus/programs.ts';
import { counted, Site, until } from './support.ts';
import type { SiteService } from './support.ts';
import { hostPort } from './support-objects.ts';

const families = ['ipv4', 'ipv6'] as const;

const vips = { ipv4: '10.96.5.1', ipv6: 'fd00:10:96::5:1' } as const;

const web: SiteService = {
  name: 'web',
  clusterIPs: [vips.ipv4, vips.ipv6],
  ports: [
    { name: 'line', port: 80, targetPort: 8081, nodePort: 30500 },
    { name: 'datagram', port: 53, protocol: 'UDP' },
    { name: 'long', port: 70, targetPort: 7000 },
  ],
  pods: ['web-1', 'web-3'],
};

/** The same by another name. */
const renamed: SiteService = { ...web, name: 'renamed' };

/** Bytes of the datagrams of the tests, and of the headers that each has in front. */
const payload = 100;
const headers = { ipv4: 20 + 8, ipv6: 40 + 8 } as const;

const protocols = [
  { protocol: 'tcp', port: 80, targetPort: 8081 },
  { protocol: 'udp', port: 53, targetPort: 53, size: payload },
] as const;

/** What a scrape tells: the value of each series, by how it is written. */
type Samples = ReadonlyMap<string, number>;

describe('what /metrics tells of services', function () {
  this.timeout(240_000);

  let site: Site;
  let controller: Controller;

  before(async () => {
    site = await Site.build();
    site.configure('--service-metrics', 'endpoint', '--drain-timeout', '20s');
    await site.publish(web);
    controller = await site.start(site.first);
    await site.untilServed(web, [site.first]);
  });

  after(() => site.destroy());

  async function scrape(): Promise<Samples> {
    const text = await site.first.must([
      'curl',
      '-s',
      '--compressed',
      '-m',
      '60',
      'http://127.0.0.1:10249/metrics',
    ]);
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      samples.map((line) => [
        line.slice(0, line.lastIndexOf(' ')),
        Number(line.slice(line.lastIndexOf(' ') + 1)),
      ]),
    );
  }

  /** Scrapes until it tells what it should: IPVS adds its counters up every two seconds. */
  async function untilTold(wanted: Readonly<Record<string, number>>): Promise<Samples> {
    let samples: Samples = new Map();
    await until(
      async () => {
        samples = await scrape();
        return Object.fromEntries(Object.keys(wanted).map((name) => [name, samples.get(name)]));
      },
      (told) => Object.entries(wanted).every(([name, value]) => told[name] === value),
      60_000,
    );
    return samples;
  }

  /** The labels of a virtual server, and of an endpoint behind it. */
  function labels(
    address: string,
    port: number,
    { service = 'web', protocol = 'TCP', endpoint = '' } = {},
  ): string {
    const place = `namespace="default",service="${service}",protocol="${protocol}",address="${address}",port="${port}"`;
    return endpoint === '' ? place : `${place},endpoint="${endpoint}"`;
  }

  /** Sources that the servers saw, each of which IPVS took for a connection. */
  const sources = (answers: readonly Answer[]): number =>
    new Set(answers.map((answer) => (answer.ok ? `${answer.peer} ${answer.peerPort}` : answer.error))).size;

  for (const { protocol, port, targetPort, ...options } of protocols)
    for (const family of families)
      it(`is what was sent, by service and by endpoint: ${protocol} over ${family}`, async () => {
        const asked: AskOptions = { protocol, count: 10, ...options };
        const answers = await site.pod('web-2').ask(vips[family], port, asked);
        expect(counted(answers).errors).to.deep.equal({});
        const upper = protocol.toUpperCase();
        const own = labels(vips[family], port, { protocol: upper });
        const samples = await untilTold({
          [`kube_ipvs_service_connections_total{${own}}`]: sources(answers),
        });
        for (const name of ['web-1', 'web-3'] as const) {
          const endpoint = hostPort(site.pod(name)[family], targetPort);
          const behind = labels(vips[family], port, { protocol: upper, endpoint });
          const answered = answers.filter((answer) => answer.ok && answer.name === name);
          expect(samples.get(`kube_ipvs_endpoint_connections_total{${behind}}`), name).to.equal(
            sources(answered),
          );
          expect(samples.get(`kube_ipvs_endpoint_weight{${behind}}`), name).to.equal(1);
        }
        expect(samples.get(`kube_ipvs_service_endpoints{${own},state="ready"}`)).to.equal(2);
        expect(samples.get(`kube_ipvs_service_endpoints{${own},state="draining"}`)).to.equal(0);
        for (const direction of ['in', 'out']) {
          const packets = samples.get(`kube_ipvs_service_packets_total{${own},direction="${direction}"}`)!;
          const bytes = samples.get(`kube_ipvs_service_bytes_total{${own},direction="${direction}"}`)!;
          if (protocol === 'udp') {
            expect([packets, bytes]).to.deep.equal([10, 10 * (payload + headers[family])]);
          } else {
            expect(packets).to.be.at.least(3 * 10);
            expect(bytes).to.be.at.least(packets * 40);
          }
        }
      });

  it('is of the node port what came by it, and of the node what came at all', async () => {
    const before = await scrape();
    const answers = await site.client.ask(site.first.ipv4, 30500, { count: 4 });
    expect(counted(answers).errors).to.deep.equal({});
    const all = 'kube_ipvs_connections_total';
    await untilTold({
      [`kube_ipvs_service_connections_total{${labels(site.first.ipv4, 30500)}}`]: 4,
      [all]: before.get(all)! + 4,
    });
  });

  it('shows connections that are open, and endpoints that drain, until these are gone; their part stays in the sum', async () => {
    const own = labels(vips.ipv4, 70);
    const [first, second] = ['web-1', 'web-3'] as const;
    const held = [1, 2].map(() => site.pod('web-2').asking(vips.ipv4, 70, { hold: 200, seconds: 600 }));
    await Promise.all(held.map((one) => one.reach(2)));
    await untilTold({
      [`kube_ipvs_service_active_connections{${own}}`]: 2,
      [`kube_ipvs_service_connections_total{${own}}`]: 2,
      kube_ipvs_draining_real_servers: 0,
    });
    await site.publish({ ...web, pods: [second] });
    const endpoint = labels(vips.ipv4, 70, { endpoint: hostPort(site.pod(first).ipv4, 7000) });
    const draining = await untilTold({
      [`kube_ipvs_service_endpoints{${own},state="draining"}`]: 1,
      [`kube_ipvs_service_endpoints{${own},state="ready"}`]: 1,
      [`kube_ipvs_endpoint_weight{${endpoint}}`]: 0,
      [`kube_ipvs_endpoint_active_connections{${endpoint}}`]: 1,
    });
    expect(draining.get('kube_ipvs_draining_real_servers')).to.be.at.least(1);
    const samples = await until(scrape, (now) => !now.has(`kube_ipvs_endpoint_weight{${endpoint}}`), 120_000);
    await Promise.all(held.map((one) => one.stop()));
    expect([...samples.keys()].filter((name) => name.includes(endpoint))).to.deep.equal([]);
    expect(samples.get(`kube_ipvs_service_connections_total{${own}}`)).to.equal(2);
  });

  it('goes with the service, and begins anew with another', async () => {
    await site.remove(`${web.name}.yaml`);
    await site.publish({ ...renamed, pods: ['web-3'] });
    const own = labels(vips.ipv4, 80, { service: 'renamed' });
    const samples = await until(
      scrape,
      (now) =>
        now.has(`kube_ipvs_service_connections_total{${own}}`) &&
        ![...now.keys()].some((name) => name.includes('service="web"')),
      60_000,
    );
    expect(samples.get(`kube_ipvs_service_endpoints{${own},state="ready"}`)).to.equal(1);
    expect(samples.get('kube_ipvs_service_metrics_dropped')).to.equal(0);
  });

  it('says where the time went, and what was said to the kernel for each table', async () => {
    const samples = await scrape();
    for (const phase of ['plan', 'diff', 'write', 'audit', 'statistics'])
      expect(samples.get(`kube_ipvs_phase_seconds_total{phase="${phase}"}`), phase).to.be.above(0);
    for (const table of [
      'sets',
      'setEntries',
      'virtualServers',
      'realServers',
      'addresses',
      'statistics',
      'node',
    ])
      for (const direction of ['sent', 'received']) {
        const both = `{table="${table}",direction="${direction}"}`;
        const messages = samples.get(`kube_ipvs_netlink_messages_total${both}`)!;
        expect(messages, both).to.be.above(0);
        expect(samples.get(`kube_ipvs_netlink_bytes_total${both}`), both).to.be.at.least(16 * messages);
      }
    const [info] = [...samples.keys()].filter((name) => name.startsWith('kube_ipvs_kernel_info'));
    expect(info).to.match(
      /release="[^"]+",ipvs_version="1\.\d+\.\d+",connection_table_size="\d+",iptables="legacy"/,
    );
    expect(samples.get('kube_ipvs_sysctl{name="net.ipv4.vs.conntrack"}')).to.equal(1);
    expect(samples.get('kube_ipvs_sysctl{name="net.ipv4.ip_forward"}')).to.equal(1);
  });

  it('is written as Prometheus wants it, but for what kube-proxy has named otherwise', async () => {
    const script = `curl -s http://127.0.0.1:10249/metrics | ${prometheusProgram('promtool')} check metrics 2>&1`;
    const { stdout } = await site.first.exec('sh', ['-c', script]);
    expect(stdout.trim().split('\n')).to.deep.equal([
      'kubeproxy_sync_proxy_rules_no_local_endpoints_total non-counter metrics should not have "_total" suffix',
    ]);
  });

  it('has what is counted at 0 before it happens, and says that the node is well', async () => {
    const samples = await scrape();
    for (const table of [
      'sysctls',
      'sets',
      'firewall',
      'setEntries',
      'virtualServers',
      'realServers',
      'addresses',
    ])
      for (const kind of ['missing', 'different', 'extra'])
        expect(samples.get(`kube_ipvs_drift_total{table="${table}",kind="${kind}"}`), table).to.be.at.least(
          0,
        );
    expect(samples.get('kubeproxy_proxy_livez_total{code="503"}')).to.equal(0);
    for (const family of ['IPv4', 'IPv6']) {
      const own = `{ip_family="${family}"}`;
      expect(samples.get(`kubeproxy_sync_proxy_rules_duration_seconds_count${own}`), family).to.be.above(0);
      expect(samples.get(`kubeproxy_network_programming_duration_seconds_count${own}`), family).to.equal(0);
      // Datagrams had been sent to endpoints that went.
      expect(
        samples.get(`kubeproxy_conntrack_reconciler_sync_duration_seconds_count${own}`),
        family,
      ).to.be.above(0);
    }
    expect([samples.get('kube_ipvs_healthy'), samples.get('kube_ipvs_node_eligible')]).to.deep.equal([1, 1]);
  });

  it('is told of nowhere where nobody asks for it', async () => {
    await controller.stop();
    site.configure();
    controller = await site.start(site.first);
    const samples = await scrape();
    expect([...samples.keys()].filter((name) => /^kube_ipvs_(service|endpoint)_/.test(name))).to.deep.equal(
      [],
    );
    expect(samples.get('kube_ipvs_services')).to.equal(1);
  });
});
