import { everywhere, increase, series, sumBy } from '../dashboards/queries.ts';
import type { Alert } from './rule.ts';

/** What tells one node's program from another's. */
export const perNode = ['cluster', 'job', 'instance'] as const;

/** Series of targets that kube-ipvs answers at: a job may have others, as kube-proxy on nodes that are still to move. */
export function ofKubeIpvs(expression: string): string {
  return `${expression} and on (${perNode.join(', ')}) ${series('kube_ipvs_build_info', everywhere)}`;
}

/** Answers of /livez within ten minutes, by node. */
function answers(...further: readonly string[]): string {
  return sumBy(perNode, increase('kubeproxy_proxy_livez_total', everywhere, '10m', ...further));
}

/** Alerts on whether the program runs at all, and which. */
export const availabilityAlerts: readonly Alert[] = [
  {
    name: 'KubeIpvsDown',
    severity: 'critical',
    waits: '5m',
    expression: `${series('up', everywhere)} == 0`,
    summary: 'kube-ipvs does not answer on a node.',
    description:
      '{{ $labels.instance }} has not answered Prometheus for 5 minutes. Traffic goes on as it was last programmed; no change of a Service reaches the node.',
  },
  {
    name: 'KubeIpvsAbsent',
    severity: 'critical',
    waits: '15m',
    expression: `absent(${series('kube_ipvs_build_info', everywhere)})`,
    summary: 'No kube-ipvs is scraped at all.',
    description:
      'Prometheus has had no metric of any kube-ipvs for 15 minutes: none runs, or none is scraped as the job {{ $labels.job }}.',
  },
  {
    name: 'KubeIpvsUnhealthy',
    severity: 'critical',
    waits: '3m',
    // A share: a minute of trouble that is over calls nobody, while a program that is started anew again and again, and is
    // well for the first minute each time, does.
    expression: `${answers('code="503"')} / ${answers()} > 0.2`,
    summary: 'kube-ipvs says of itself that a node is not served.',
    description:
      'More than a fifth of the answers of /livez of {{ $labels.instance }} within 10 minutes were 503: what Services ask for does not reach its kernel, and load balancers leave it out.',
  },
  {
    name: 'KubeIpvsRestarting',
    severity: 'warning',
    waits: '0m',
    expression: ofKubeIpvs(`changes(${series('process_start_time_seconds', everywhere)}[30m]) > 2`),
    summary: 'kube-ipvs starts again and again on a node.',
    description:
      '{{ $labels.instance }} has started {{ $value }} times within 30 minutes. A start interrupts no traffic, and writes nothing where the kernel is right.',
  },
  {
    name: 'KubeIpvsVersionSkew',
    severity: 'warning',
    waits: '1h',
    expression: `count by (cluster, job) (count by (cluster, job, version) (${series('kube_ipvs_build_info', everywhere)})) > 1`,
    summary: 'Nodes run different versions of kube-ipvs.',
    description: '{{ $value }} versions of kube-ipvs have run for an hour: an update has stopped half-way.',
  },
];
