import { table } from '../markdown-table.ts';
import type { ChartValue } from './values.ts';

const introduction = `# The chart kube-ipvs

A DaemonSet with its account, its access rules and its configuration.

\`\`\`sh
helm install kube-ipvs charts/kube-ipvs --namespace kube-system \\
  --set image.repository=REGISTRY/kube-ipvs,k8sServiceHost=HOST
\`\`\`

Those two values have to be given: an image that nodes can pull, and an address of the API server that no Service serves.
[How to install](../../docs/install.md) tells what to do before and after, beside a running kube-proxy among it; this page, which
\`make docs\` makes of values.yaml, lists what can be set.
\`values.schema.json\` refuses every other name, and fields that the program would refuse.
`;

const containers = [
  ['container', 'when', 'may', 'what for'],
  [
    '`kube-ipvs`',
    'always',
    '`NET_ADMIN`, `NET_RAW`; its file system is read-only',
    "netlink; iptables, whose `set` match opens raw sockets; settings in the node's `/proc/sys/net`",
  ],
  ['`init`', 'ends before the other starts', 'everything', 'the same settings, where they cannot be mounted'],
  ['`health`', '`helm test`', 'nothing', 'asks `/readyz` on its node'],
];

const mounts = `All three share the network of the node. The first two mount its \`/lib/modules\` to read, where \`kube-ipvs diff\` finds which
schedulers there are; the kernel loads modules by itself. \`kube-ipvs\` mounts \`/run/xtables.lock\`, by which programs that write
iptables wait for each other, the node's \`/proc/sys/net\`, for a container's own is read-only, and a folder in memory,
\`/run/kube-ipvs\`, for the socket that its other commands ask it over.
`;

/** The README of the chart. */
export function chartReadme(values: readonly ChartValue[]): string {
  const rows = values.map((value) => [`\`${value.path}\``, shown(value.default), value.description]);
  return [
    introduction,
    `## Values\n\n${table([['value', 'default', 'meaning'], ...rows])}\n`,
    `## What its containers may do\n\n${table(containers)}\n`,
    mounts,
  ].join('\n');
}

/** Characters of a default that a table has room for. */
const widest = 60;

function shown(value: unknown): string {
  if (value === '' || value === null) return '';
  const text = JSON.stringify(value).replaceAll('"', '');
  return text.length > widest ? 'see values.yaml' : `\`${text}\``;
}
