import { type MetricDescription, Metrics } from '../lib/metrics/metrics.ts';
import { table } from './markdown-table.ts';

const introduction = `# Metrics

\`/metrics\` at \`--metrics-bind-address\` (\`127.0.0.1:10249\` unless told), in Prometheus' text format. \`make docs\` makes this
page from the program.
`;

const sections: readonly (readonly [title: string, text: string, prefix: RegExp])[] = [
  [
    "kube-proxy's",
    `What kube-proxy has in its mode IPVS, by its names and with its buckets, so that dashboards and alerts that are made for it
go on. Where newer versions of it have a label \`ip_family\` there is none here, for one pass serves both families.
\`_total\` of what has no local endpoint is no counter there either. \`kubeproxy_network_programming_duration_seconds\` counts
from what \`endpoints.kubernetes.io/last-change-trigger-time\` tells.`,
    /^kubeproxy_/,
  ],
  ['Requests to the API server', "client-go's, of which kube-proxy has them.", /^rest_client_/],
  [
    'Tables of the kernel',
    `A \`table\` is \`sysctls\`, \`sets\`, \`firewall\` (iptables), \`setEntries\`, \`virtualServers\`, \`realServers\` or
\`addresses\` (of \`kube-ipvs0\`). A \`kind\` of drift is \`missing\`, \`different\` or \`extra\`. Real servers that were draining are gone because they
were \`drained\`, their time was over (\`timeout\`) or their virtual server went (\`removed\`).`,
    /^kube_ipvs_(?!watch_|build_|conntrack_|event_loop)/,
  ],
  ['Watches', watches(), /^kube_ipvs_watch_/],
  [
    'Node and process',
    'Those that begin otherwise have the names of every client of Prometheus.',
    /^(process_|nodejs_|kube_ipvs_(build_|conntrack_|event_loop))/,
  ],
];

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
