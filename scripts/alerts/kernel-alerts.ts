import { conntrackFill, everywhere, increase, refused, series, sumBy } from '../dashboards/queries.ts';
import { perNode } from './availability-alerts.ts';
import type { Alert, Severity } from './rule.ts';

/** An alert on connection tracking that fills up. */
function filling(severity: Severity, limit: number, waits: string): Alert {
  return {
    name: 'KubeIpvsConntrackNearLimit',
    severity,
    waits,
    expression: `${conntrackFill(everywhere)} > ${limit}`,
    summary: 'A node can soon track no more connections.',
    description:
      '{{ $value | humanizePercentage }} of the connections that {{ $labels.instance }} can track are in use. Beyond that packets of new ones are dropped.',
  };
}

/** Alerts on what the kernel holds, refuses or runs out of. */
export const kernelAlerts: readonly Alert[] = [
  {
    name: 'KubeIpvsTableUnusable',
    severity: 'critical',
    waits: '5m',
    expression: `${series('kube_ipvs_unknown_tables', everywhere)} > 0`,
    summary: 'A table of the kernel cannot be read or written.',
    description:
      'kube-ipvs on {{ $labels.instance }} can neither read nor write the table {{ $labels.table }}: nothing in it follows changes.',
  },
  {
    name: 'KubeIpvsEntriesRefused',
    severity: 'warning',
    waits: '10m',
    expression: `${refused(everywhere)} > 0`,
    summary: 'A kernel refuses what Services need.',
    description:
      'The kernel of {{ $labels.instance }} refuses {{ $value }} entries of the table {{ $labels.table }}. They are tried again; their Services are not served as they ask.',
  },
  {
    name: 'KubeIpvsServicesUnplanned',
    severity: 'warning',
    waits: '10m',
    expression: `${series('kube_ipvs_unplanned_services', everywhere)} > 0`,
    summary: 'Services do not follow their changes.',
    description:
      '{{ $value }} Services have no plan on {{ $labels.instance }}: what they had before stays in force.',
  },
  {
    name: 'KubeIpvsVirtualServersContended',
    severity: 'warning',
    waits: '15m',
    expression: `${series('kube_ipvs_contended_virtual_servers', everywhere)} > 0`,
    summary: 'Several Services want the same address and port.',
    description:
      '{{ $value }} virtual servers on {{ $labels.instance }} are wanted by several Services. The oldest has each; the others are not served there.',
  },
  {
    name: 'KubeIpvsDriftRepeated',
    severity: 'warning',
    waits: '20m',
    expression: `${sumBy([...perNode, 'table'], increase('kube_ipvs_drift_total', everywhere, '10m'))} > 0`,
    summary: 'Somebody else keeps changing what kube-ipvs writes.',
    description:
      'For 20 minutes, audits of {{ $labels.instance }} have found entries of the table {{ $labels.table }} changed, and repaired them: another program fights for it.',
  },
  filling('warning', 0.8, '5m'),
  filling('critical', 0.95, '1m'),
  {
    name: 'KubeIpvsConntrackFull',
    severity: 'critical',
    waits: '0m',
    expression: `${sumBy(perNode, increase('kube_ipvs_conntrack_failures_total', everywhere, '5m', 'reason=~"drop|early_drop"'))} > 0`,
    summary: 'A node could not track connections, and dropped them.',
    description:
      'Within 5 minutes {{ $labels.instance }} has dropped or forgotten {{ printf "%.0f" $value }} connections, because it can track no more.',
  },
  {
    name: 'KubeIpvsForwardingOff',
    severity: 'critical',
    waits: '1m',
    expression: `${series('kube_ipvs_sysctl', everywhere, 'name="net.ipv4.ip_forward"')} == 0`,
    summary: 'A node does not forward packets.',
    description:
      'net.ipv4.ip_forward of {{ $labels.instance }} is 0: no packet to an endpoint leaves the node, and none from other nodes is let on.',
  },
  {
    name: 'KubeIpvsDrainsCut',
    severity: 'info',
    waits: '0m',
    expression: `${sumBy(perNode, increase('kube_ipvs_drained_real_servers_total', everywhere, '30m', 'reason="timeout"'))} > 0`,
    summary: 'Connections to endpoints that went were cut.',
    description:
      '{{ printf "%.0f" $value }} real servers on {{ $labels.instance }} had connections still when their time to drain was over, within 30 minutes.',
  },
];
