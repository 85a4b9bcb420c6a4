import {
  BytesIEC,
  CountsPerSecond,
  DurationSeconds,
  PercentUnit,
  Seconds,
  Short,
} from '@grafana/grafana-foundation-sdk/units';
import type { Row } from './board.ts';
import { graph, table } from './panels.ts';
import {
  age,
  conntrackFill,
  fleet,
  loopDelay,
  quantile,
  rate,
  refused,
  series,
  shown,
  sumBy,
} from './queries.ts';

/** What is true of each node, as a number. */
function perNode(expression: string): string {
  return sumBy(['cluster', 'instance'], expression);
}

/** The dashboard of the node in a cell. */
const nodeBoard = {
  title: 'Look at this node from near by',
  url: '/d/kube-ipvs-node?var-instance=${__value.text}&${datasource:queryparam}&${job:queryparam}&${__url_time_range}',
};

const versions: Row = {
  title: 'Nodes and versions',
  panels: [
    table({
      title: 'Nodes',
      description: 'Every node that answers, with what runs on it. A click on a node shows it from near by.',
      unit: Short,
      width: 24,
      sortedBy: 'Refused',
      queries: [
        [series('kube_ipvs_build_info', fleet), ''],
        [perNode(series('kube_ipvs_services', fleet)), ''],
        [perNode(series('kube_ipvs_entries', fleet, 'table="realServers"')), ''],
        [perNode(series('kube_ipvs_draining_real_servers', fleet)), ''],
        [perNode(refused(fleet)), ''],
        [perNode(age('process_start_time_seconds', fleet)), ''],
        [perNode(series('process_resident_memory_bytes', fleet)), ''],
        [perNode(series('kube_ipvs_healthy', fleet)), ''],
      ],
      columns: {
        instance: { name: 'Node', link: nodeBoard },
        cluster: { name: 'Cluster' },
        'Value #H': { name: 'Healthy', isYesOrNo: true },
        version: { name: 'kube-ipvs' },
        kernel_release: { name: 'Kernel' },
        ipvs_version: { name: 'IPVS' },
        node_version: { name: 'Node.js' },
        'Value #B': { name: 'Services' },
        'Value #C': { name: 'Real servers' },
        'Value #D': { name: 'Draining' },
        'Value #E': { name: 'Refused', wrong: 1 },
        'Value #F': { name: 'Up for', unit: DurationSeconds },
        'Value #G': { name: 'Memory', unit: BytesIEC },
      },
    }),
    graph({
      title: 'Versions',
      description: 'Nodes by the version of kube-ipvs. During an update there are two, else one.',
      unit: Short,
      width: 8,
      stacked: true,
      queries: [[`count by (version) (${series('kube_ipvs_build_info', fleet)})`, '{{version}}']],
    }),
    graph({
      title: 'Kernels',
      description: 'Nodes by the release of their kernel.',
      unit: Short,
      width: 8,
      stacked: true,
      queries: [
        [`count by (kernel_release) (${series('kube_ipvs_build_info', fleet)})`, '{{kernel_release}}'],
      ],
    }),
    graph({
      title: 'Services',
      description:
        'Services that have something in the kernel, on the node that has the most and on the one that has the fewest. The two are equal but for moments.',
      unit: Short,
      width: 8,
      queries: [
        [`max(${series('kube_ipvs_services', fleet)})`, 'most'],
        [`min(${series('kube_ipvs_services', fleet)})`, 'fewest'],
      ],
    }),
  ],
};

const trouble: Row = {
  title: 'Trouble',
  panels: [
    graph({
      title: 'Refused entries',
      description:
        'Entries that a kernel refuses, by table. They are tried again. `kube-ipvs status` on the node names them.',
      unit: Short,
      width: 8,
      wrong: 1,
      queries: [[sumBy(['table'], refused(fleet)), '{{table}}']],
    }),
    graph({
      title: 'Drift repaired',
      description:
        'Entries that others changed behind the back of kube-ipvs, by table and by what was found. Once is somebody at work; again and again is another program that fights for the same tables.',
      unit: CountsPerSecond,
      width: 8,
      queries: [
        [sumBy(['table', 'kind'], rate('kube_ipvs_drift_total', fleet, shown)), '{{table}} {{kind}}'],
      ],
    }),
    graph({
      title: 'Watches that are not open',
      description:
        'Nodes that do not hear of changes of a resource now. All of them at once: the API server is away.',
      unit: Short,
      width: 8,
      wrong: 1,
      queries: [[sumBy(['resource'], `1 - ${series('kube_ipvs_watch_open', fleet)}`), '{{resource}}']],
    }),
    graph({
      title: 'Services without a plan, virtual servers in dispute',
      description:
        'Services whose plan cannot be made keep what they had. A virtual server that two Services want goes to the older.',
      unit: Short,
      width: 8,
      queries: [
        [`max(${series('kube_ipvs_unplanned_services', fleet)})`, 'without a plan'],
        [`max(${series('kube_ipvs_contended_virtual_servers', fleet)})`, 'in dispute'],
      ],
    }),
    graph({
      title: 'Answers of the API server',
      description: "Requests to the API server by the status of their answer; '<error>' where none came.",
      unit: CountsPerSecond,
      width: 8,
      queries: [[sumBy(['code'], rate('rest_client_requests_total', fleet, shown)), '{{code}}']],
    }),
    graph({
      title: 'Time that the API server takes',
      description: 'From a request to the head of its answer, for all but the slowest hundredth.',
      unit: Seconds,
      width: 8,
      none: 'no requests',
      queries: [[quantile(0.99, 'rest_client_request_duration_seconds', fleet, shown, ['verb']), '{{verb}}']],
    }),
  ],
};

const resources: Row = {
  title: 'Resources',
  panels: [
    graph({
      title: 'Memory',
      description: 'Resident memory of the program on the five nodes where it has most.',
      unit: BytesIEC,
      width: 6,
      queries: [[`topk(5, ${series('process_resident_memory_bytes', fleet)})`, '{{instance}}']],
    }),
    graph({
      title: 'Processor',
      description: 'Share of one processor that the program takes, on the five nodes where it takes most.',
      unit: PercentUnit,
      width: 6,
      queries: [[`topk(5, ${rate('process_cpu_seconds_total', fleet, shown)})`, '{{instance}}']],
    }),
    graph({
      title: 'Event loop',
      description: 'How late the event loop is, but for a hundredth of the time, on the five worst nodes.',
      unit: Seconds,
      width: 6,
      wrong: 1,
      queries: [[`topk(5, ${loopDelay(fleet, shown, ['cluster', 'instance'])})`, '{{instance}}']],
    }),
    graph({
      title: 'Connection tracking',
      description:
        'Share of the connections that can be tracked which are, on the five fullest nodes. Beyond 1 new connections are dropped.',
      unit: PercentUnit,
      width: 6,
      ...{ odd: 0.8, wrong: 0.95 },
      queries: [[`topk(5, ${conntrackFill(fleet)})`, '{{instance}}']],
    }),
  ],
};

/** What runs on which node, what is in trouble and what it costs, over the whole fleet. */
export const fleetRows: readonly Row[] = [versions, trouble, resources];
