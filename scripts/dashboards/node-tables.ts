import { CountsPerSecond, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import type { Row } from './board.ts';
import { graph } from './panels.ts';
import { age, nodes, quantile, rate, refused, series, shown, sumBy } from './queries.ts';

/** A gauge of the tables, by table. */
function byTable(name: string): string {
  return sumBy(['table'], series(`kube_ipvs_${name}`, nodes));
}

const contents: Row = {
  title: 'Tables of the kernel',
  panels: [
    graph({
      title: 'Entries',
      description: 'Entries that are wanted, by table.',
      unit: Short,
      width: 8,
      queries: [[byTable('entries'), '{{table}}']],
    }),
    graph({
      title: 'Writes',
      description: 'Changes that were written and are in force, by table.',
      unit: CountsPerSecond,
      width: 8,
      queries: [[sumBy(['table'], rate('kube_ipvs_writes_total', nodes, shown)), '{{table}}']],
    }),
    graph({
      title: 'Entries that wait',
      description: 'Entries that wait to be written, refused ones included, by table.',
      unit: Short,
      width: 8,
      queries: [[byTable('pending_entries'), '{{table}}']],
    }),
    graph({
      title: 'Refused entries',
      description: 'Entries that the kernel refuses and that are tried again, by table.',
      unit: Short,
      width: 8,
      wrong: 1,
      queries: [[sumBy(['table'], refused(nodes)), '{{table}}']],
    }),
    graph({
      title: 'Refusals',
      description:
        'Times that the kernel refused an entry for a new reason, by table, and that iptables could not be read or written.',
      unit: CountsPerSecond,
      width: 8,
      queries: [
        [sumBy(['table'], rate('kube_ipvs_refusals_total', nodes, shown)), '{{table}}'],
        [
          sumBy([], rate('kubeproxy_sync_proxy_rules_iptables_restore_failures_total', nodes, shown)),
          'iptables failed',
        ],
      ],
    }),
    graph({
      title: 'Tables that cannot be read or written',
      description:
        'Tables of which it is not known now what they hold: 1 each. Within half a sync period the node becomes unhealthy.',
      unit: Short,
      width: 8,
      wrong: 1,
      queries: [[byTable('unknown_tables'), '{{table}}']],
    }),
  ],
};

const audits: Row = {
  title: 'Drift, audits and draining',
  panels: [
    graph({
      title: 'Drift repaired',
      description:
        'Entries that were not as they had been left, by table and by what was found: missing, different or extra.',
      unit: CountsPerSecond,
      width: 8,
      queries: [
        [sumBy(['table', 'kind'], rate('kube_ipvs_drift_total', nodes, shown)), '{{table}} {{kind}}'],
      ],
    }),
    graph({
      title: 'Time of an audit',
      description:
        'What it takes to read the tables back and compare them: half of the audits, and all but a hundredth.',
      unit: Seconds,
      width: 8,
      queries: ([0.5, 0.99] as const).map((share) => [
        quantile(share, 'kube_ipvs_audit_duration_seconds', nodes, shown, ['instance']),
        `${100 * share} % {{instance}}`,
      ]),
    }),
    graph({
      title: 'Age of the last audit',
      description: 'Time since the kernel was last read back. It rises to the sync period and falls.',
      unit: Seconds,
      width: 8,
      wrong: 300,
      queries: [[age('kube_ipvs_audit_last_timestamp_seconds', nodes), '{{instance}}']],
    }),
    graph({
      title: 'Real servers that drain',
      description:
        'Real servers that are wanted no longer and kept for their connections, 15 minutes at most unless told.',
      unit: Short,
      width: 8,
      queries: [[series('kube_ipvs_draining_real_servers', nodes), '{{instance}}']],
    }),
    graph({
      title: 'Real servers that drained',
      description:
        'Real servers that were draining and are gone. Those of the reason timeout had connections still.',
      unit: CountsPerSecond,
      width: 8,
      queries: [
        [sumBy(['reason'], rate('kube_ipvs_drained_real_servers_total', nodes, shown)), '{{reason}}'],
      ],
    }),
    graph({
      title: 'Flows forgotten',
      description:
        'Flows of connection tracking that led to endpoints that are gone and were deleted, as UDP needs it.',
      unit: CountsPerSecond,
      width: 8,
      queries: [
        [
          sumBy(['instance'], rate('kubeproxy_conntrack_reconciler_deleted_entries_total', nodes, shown)),
          '{{instance}}',
        ],
      ],
    }),
  ],
};

/** What stands in the kernel of a node, and what others do to it. */
export const tables: readonly Row[] = [contents, audits];
