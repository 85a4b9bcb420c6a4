import {
  age,
  errorBudget,
  everywhere,
  increase,
  loopDelay,
  objectiveSeconds,
  programmingDuration,
  series,
  type slowWindows,
  slowShareRecord,
  sumBy,
  waitingChange,
} from '../dashboards/queries.ts';
import { ofKubeIpvs, perNode } from './availability-alerts.ts';
import type { Alert, Severity } from './rule.ts';

/** When a pass ended last. */
const passed = 'kubeproxy_sync_proxy_rules_last_timestamp_seconds';

/** Changes an hour below which a few slow ones say nothing of a cluster. */
const leastChanges = 50;

interface Burn {
  readonly severity: Severity;
  /** How many times faster than the objective allows. */
  readonly factor: number;
  readonly window: (typeof slowWindows)[number];
  /** Over which it must be as fast still, so that the alert ends when its cause does. */
  readonly recent: (typeof slowWindows)[number];
  readonly waits: string;
}

const burns: readonly Burn[] = [
  { severity: 'critical', factor: 14.4, window: '1h', recent: '5m', waits: '2m' },
  { severity: 'warning', factor: 6, window: '6h', recent: '30m', waits: '15m' },
];

/** An alert on an error budget that is used up too fast (Google's SRE workbook, Alerting on SLOs). */
function burning({ severity, factor, window, recent, waits }: Burn): Alert {
  const limit = `${factor} * ${errorBudget}`;
  const enough = `${sumBy(['cluster', 'job'], increase(`${programmingDuration}_count`, everywhere, window))} > ${leastChanges}`;
  return {
    name: 'KubeIpvsProgrammingSlow',
    severity,
    waits,
    expression: [
      `${series(slowShareRecord(window), everywhere)} > ${limit}`,
      `${series(slowShareRecord(recent), everywhere)} > ${limit}`,
      enough,
    ].join(' and '),
    summary: 'Changes of endpoints reach the kernels too late.',
    description: `{{ $value | humanizePercentage }} of the changes of the last ${window} took longer than ${objectiveSeconds} s; ${100 * errorBudget}% may.`,
  };
}

/** Alerts on changes that are late, or do not come at all. */
export const programmingAlerts: readonly Alert[] = [
  ...burns.map(burning),
  {
    name: 'KubeIpvsSyncStale',
    severity: 'critical',
    waits: '3m',
    // The time of the last change does not tell for how long changes wait: where they come all the time it is always now.
    expression: `${waitingChange(everywhere)} and on (${perNode.join(', ')}) ${age(passed, everywhere)} > 60`,
    summary: 'Changes wait and are not written.',
    description:
      'Changes have come to {{ $labels.instance }} and wait: no pass over them has ended for more than three minutes.',
  },
  {
    name: 'KubeIpvsAuditStale',
    severity: 'warning',
    waits: '5m',
    // Where there was no audit yet, since the start; a target of the same job without kube-ipvs has none, and needs none.
    expression: `time() - (${series('kube_ipvs_audit_last_timestamp_seconds', everywhere)} or ${ofKubeIpvs(series('process_start_time_seconds', everywhere))}) > 300`,
    summary: 'The kernel of a node is not read back any more.',
    description:
      'The kernel of {{ $labels.instance }} has not been read back for {{ $value | humanizeDuration }}. What others change is not repaired meanwhile.',
  },
  {
    name: 'KubeIpvsEventLoopLag',
    severity: 'warning',
    waits: '10m',
    expression: `${loopDelay(everywhere, '5m', perNode)} > 1`,
    summary: 'kube-ipvs does not get along on a node.',
    description:
      'The event loop of {{ $labels.instance }} is late by {{ $value | humanizeDuration }} for a hundredth of the time: programming and health checks wait as long.',
  },
  {
    name: 'KubeIpvsWatchStale',
    severity: 'warning',
    waits: '5m',
    expression: `${series('kube_ipvs_watch_open', everywhere)} == 0 or ${age('kube_ipvs_watch_last_event_timestamp_seconds', everywhere)} > 600`,
    summary: 'A node does not hear of changes.',
    description:
      'The watch of {{ $labels.resource }} on {{ $labels.instance }} is not open, or has told nothing for ten minutes. What was read last stays in force and ages.',
  },
  {
    name: 'KubeIpvsWatchUnsteady',
    severity: 'warning',
    waits: '15m',
    expression: `${sumBy([...perNode, 'resource'], increase('kube_ipvs_watch_relists_total', everywhere, '15m'))} > 5`,
    summary: 'A node reads everything from the API server again and again.',
    description:
      '{{ $labels.instance }} has listed {{ $labels.resource }} anew {{ printf "%.0f" $value }} times within 15 minutes: watches do not last, and each list costs the API server.',
  },
];
