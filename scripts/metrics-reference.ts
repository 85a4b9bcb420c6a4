import { type MetricDescription, Metrics } from '../lib/metrics/metrics.ts';
import { endpointFamilies, seriesOf, serviceFamilies } from '../lib/metrics/service-families.ts';
import { droppedMetric } from '../lib/metrics/service-reading.ts';
import { table } from './markdown-table.ts';

const introduction = `# Metrics

\`/metrics\` at \`--metrics-bind-address\` (\`127.0.0.1:10249\` unless told), in Prometheus' text format. \`make docs\` makes this
page from the program.
`;

const sections: readonly (readonly [title: string, text: string, prefix: RegExp])[] = [
  [
    "kube-proxy's",
    `What kube-proxy has in its mode IPVS, by its names, labels (those of 1.33 and later) and buckets, so that dashboards and alerts that are
made for it go on. kube-proxy works through each \`ip_family\` by itself. Here one pass serves all of them, and is told of each that the node has:
\`max\` over the families is what there was, \`sum\` is what kube-proxy would have. A change of endpoints counts in each family that its Service is served
in; flows, failures of iptables and Services without local endpoints are told of their own family.
\`_total\` of what has no local endpoint is no counter there either. \`kubeproxy_network_programming_duration_seconds\` counts
from what \`endpoints.kubernetes.io/last-change-trigger-time\` tells.

What every component of Kubernetes has besides, and kube-ipvs has not: \`kubernetes_build_info\`, for kubernetes-mixin's alert
KubeVersionMismatch takes every version in it for one of Kubernetes, and would fire (\`kube_ipvs_build_info\` has that of kube-ipvs);
\`kubernetes_feature_enabled\`, for there are no feature gates; \`/metrics/slis\`, for \`kube_ipvs_healthy\` says it; and \`go_*\`, for this
is no Go: the panel Goroutines of kubernetes-mixin's dashboard stays empty. What kube-proxy has in its modes iptables and nftables alone is not here either.`,
    /^kubeproxy_/,
  ],
  [
    'Requests to the API server',
    `client-go's, of which kube-proxy has them: those that kubernetes-mixin's dashboards and its alert KubeClientErrors ask for. Its sizes of
requests and answers, and what is of its own inner workings (rate limiter, transports, exec plugins), are not counted.`,
    /^rest_client_/,
  ],
  [
    'Tables of the kernel',
    `A \`table\` is \`sysctls\`, \`sets\`, \`firewall\` (iptables), \`setEntries\`, \`virtualServers\`, \`realServers\` or
\`addresses\` (of \`kube-ipvs0\`). A \`kind\` of drift is \`missing\`, \`different\` or \`extra\`. Real servers that were draining are gone because they
were \`drained\`, their time was over (\`timeout\`) or their virtual server went (\`removed\`).

\`phase\` is \`decode\` (reading objects of the API server), \`plan\`, \`diff\` (comparing plans with what is wanted already), \`write\`,
\`audit\` (reading the kernel back and comparing) or \`statistics\` (reading what goes through services, at a scrape); manifests are
not counted as decoded. \`write\` is the sum of \`kube_ipvs_writing_seconds_total\`, \`plan\` and \`diff\` that of
\`kube_ipvs_planning_seconds_total\`.

Netlink is counted by the same tables, of which \`sysctls\` and \`firewall\` have none: those are files and the programs of
iptables. \`flows\` are the connections of nf_conntrack that are looked for to be forgotten, \`statistics\` what is read at a scrape, and
\`node\` is the rest: addresses of the node, schedulers; what the kernel tells by itself of addresses that change is not counted. A \`direction\` is \`sent\` or \`received\`, as the program sees it.`,
    /^kube_ipvs_(?!watch_|build_|healthy|node_|conntrack_|event_loop|service_|endpoint_|kernel_|sysctl|(connections|packets|bytes)_)/,
  ],
  ['Services and endpoints', services(), /^kube_ipvs_(service_|endpoint_)/],
  ['Watches', watches(), /^kube_ipvs_watch_/],
  [
    'Node and process',
    `\`kube_ipvs_healthy\` and \`kube_ipvs_node_eligible\` are what [health checks](health.md) answer at that moment, whether anybody asks or not.

\`kube_ipvs_connections_total\` and its like are counted over all virtual servers, whatever \`--service-metrics\` says. What the
kernel does not have is left out. \`kube_ipvs_sysctl\` has the settings that balancing depends on, by their names in sysctl(8), as they
are now. A \`reason\` of a failure of connection tracking is \`drop\` (the table was full), \`early_drop\` (another connection had to make
room) or \`insert_failed\` (two packets of one new connection at a time, or of two that would be told apart by nothing).

Those that begin otherwise have the names of every client of Prometheus.`,
    /^(process_|nodejs_|kube_ipvs_(healthy|node_|build_|conntrack_|event_loop|kernel_|sysctl|(connections|packets|bytes)_))/,
  ],
];

function services(): string {
  return `Off unless asked for, by \`--service-metrics\` or \`serviceMetrics\` in a file. \`service\` tells of every virtual server that a Service
has, \`endpoint\` of every endpoint behind it as well. They come from IPVS and bear Kubernetes' names: \`namespace\` and \`service\`,
then what the client asks for, \`protocol\`, \`address\` and \`port\`: a cluster IP, an external address, or an address of the node with a node
port. An \`endpoint\` is an address with its port. Virtual servers of others are left out.

**How many.** ${seriesOf(serviceFamilies)} series a virtual server, and ${seriesOf(endpointFamilies)} an endpoint: 1 000 Services of one port and ten endpoints are
${number(1000 * seriesOf(serviceFamilies))} series a node, or ${number(1000 * (seriesOf(serviceFamilies) + 10 * seriesOf(endpointFamilies)))}; a node port has a virtual server of its own on each address of the
node. \`--service-metrics-limit\` (20 000 unless told) is the most that a scrape gets. A virtual server has all its series or none;
those that have been there for longer come first, so that which are left out does not change from scrape to scrape.
\`${droppedMetric.name}\` is the number of series that are left out.

**What they count.** The kernel adds its counters up every two seconds, as long as \`net.ipv4.vs.run_estimation\` is on, which it is unless
someone turns it off: then they stand still (\`kube_ipvs_sysctl\` shows it). They begin with 0 when a virtual server or an endpoint
is made, and so again where a Service is deleted and made anew or the node starts again; a restart of kube-ipvs changes
nothing. Prometheus' \`rate\` and \`increase\` take that into account. What endpoints did that are gone stays in the counters
of their service and is in no endpoint's any more: ask for \`kube_ipvs_service_*\` where the sum matters. For UDP a connection is a flow.

**Rates.** IPVS' own (connections, packets and bytes a second) are averages of its own making and are not told: \`rate\` makes better ones
of the counters.

    # bytes a second to and from clients, by Service, over all nodes
    sum by (namespace, service) (rate(kube_ipvs_service_bytes_total[5m]))
    # the share of each endpoint in the new connections of its Service
    sum by (namespace, service, endpoint) (rate(kube_ipvs_endpoint_connections_total[5m]))
      / on (namespace, service) group_left sum by (namespace, service) (rate(kube_ipvs_endpoint_connections_total[5m]))

**What a scrape costs.** The kernel is asked for every virtual server by itself, in slices of a millisecond between which changes are
programmed, and the text is sent as it is made, compressed for who takes that. Scrapes at the same time share one reading. What is
resident grows by what the heap may grow before it is collected, and by a few megabytes for a hundred thousand series.
[Benchmarks](benchmarks.md) has what it costs a change under way.

**Scraping them.** Where Prometheus gives labels \`namespace\`, \`service\` or \`endpoint\` to every target, as its operator does, say
\`honorLabels: true\` (\`honor_labels: true\` in a file), or the Services lose their names to those of kube-ipvs. The chart's monitors do.`;
}

/** With a space between thousands. */
function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}

function watches(): string {
  return `\`resource\` is \`services\`, \`endpointslices\` or \`nodes\`; there is none where services come from manifests. A \`reason\` is one of

| reason                                                                   | what came                                                                                  |
| ------------------------------------------------------------------------ | ------------------------------------------------------------------------------------------ |
| \`unreachable\`, \`cut\`, \`silent\`                                           | no answer; an answer that broke off; nothing for too long                                  |
| \`unauthorized\`, \`forbidden\`, \`missing\`, \`throttled\`, \`refused\`, \`server\` | 401, 403, 404, 429, another 4xx, 5xx                                                       |
| \`expired\`, \`ahead\`                                                       | the version to go on from is forgotten (410); the server does not know it yet              |
| \`unsupported\`                                                            | the server does not stream lists: they are read in pages                                   |
| \`broken\`, \`unknown\`, \`unversioned\`                                       | what is no event; an event of an unknown type; an object without name or version           |
| \`disorder\`, \`backwards\`                                                  | an event of a version that had passed; a server that went back, as after a restored backup |
| \`short\`                                                                  | a watch that ended as soon as it had begun                                                 |`;
}

function rows(described: readonly MetricDescription[]): string[][] {
  return described.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help.replaceAll('<', '\\<'),
  ]);
}

/** The page of every metric, in Markdown. */
export function metricsReference(): string {
  const build = { version: '', node_version: '', kernel_release: '', ipvs_version: '' };
  const described = new Metrics({ watches: () => ({}), build }).described();
  const parts = sections.map(([title, text, prefix]) => {
    const own = described.filter(({ name }) => prefix.test(name));
    return `## ${title}\n\n${text}\n\n${table([['metric', 'type', 'labels', 'meaning'], ...rows(own)])}\n`;
  });
  return [introduction, ...parts].join('\n');
}
