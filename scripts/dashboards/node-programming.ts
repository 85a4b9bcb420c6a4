import { CountsPerSecond, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import type { Row } from './board.ts';
import { graph } from './panels.ts';
import {
  nodes,
  objectiveSeconds,
  programmingDuration,
  quantile,
  rate,
  series,
  shown,
  sumBy,
} from './queries.ts';

const pass = 'kubeproxy_sync_proxy_rules_duration_seconds';

/** Passes a second, by node: each is told of every IP family. */
const passes = `max by (instance) (${rate(`${pass}_count`, nodes, shown)})`;

/** How changes become writes on a node, and what it takes. */
export const programming: Row = {
  title: 'Programming',
  panels: [
    graph({
      title: 'From a change to the kernel',
      description:
        'How long it takes from a change of endpoints until the kernel of this node holds it, for all but the slowest hundredth.',
      unit: Seconds,
      width: 8,
      wrong: objectiveSeconds,
      none: 'no changes',
      queries: [[quantile(0.99, programmingDuration, nodes, shown, ['instance']), '{{instance}}']],
    }),
    graph({
      title: 'Time of a pass',
      description:
        'What it takes to plan and write the changes of one pass: half of them, and all but a hundredth.',
      unit: Seconds,
      width: 8,
      none: 'no passes',
      queries: ([0.5, 0.99] as const).map((share) => [
        quantile(share, pass, nodes, shown, ['instance']),
        `${100 * share} % {{instance}}`,
      ]),
    }),
    graph({
      title: 'Passes',
      description: 'Passes in which changed services were planned and written.',
      unit: CountsPerSecond,
      width: 8,
      queries: [[passes, '{{instance}}']],
    }),
    graph({
      title: 'Changes that came',
      description:
        'Changes of Services and EndpointSlices that the API server told of. None where services come from files.',
      unit: CountsPerSecond,
      width: 8,
      queries: (['service', 'endpoint'] as const).map((kind) => [
        sumBy(['instance'], rate(`kubeproxy_sync_proxy_rules_${kind}_changes_total`, nodes, shown)),
        `${kind}s {{instance}}`,
      ]),
    }),
    graph({
      title: 'Services that wait to be planned',
      description:
        'Services of which something changed and that no pass has taken yet. A curve that stays up is a loop that hangs.',
      unit: Short,
      width: 8,
      queries: [[series('kubeproxy_sync_proxy_rules_service_changes_pending', nodes), '{{instance}}']],
    }),
    graph({
      title: 'Time by phase',
      description:
        'Share of the time that each phase of the work takes: reading objects, planning, comparing, writing, auditing, reading statistics.',
      unit: PercentUnit,
      width: 8,
      stacked: true,
      queries: [[sumBy(['phase'], rate('kube_ipvs_phase_seconds_total', nodes, shown)), '{{phase}}']],
    }),
    graph({
      title: 'Time of writing',
      description: 'Share of the time that writing each table takes.',
      unit: PercentUnit,
      width: 8,
      stacked: true,
      queries: [[sumBy(['table'], rate('kube_ipvs_writing_seconds_total', nodes, shown)), '{{table}}']],
    }),
    graph({
      title: 'Writes of a pass',
      description: 'Changes that are written, for each pass.',
      unit: Short,
      width: 8,
      none: 'no passes',
      queries: [
        [
          `${sumBy(['instance'], rate('kube_ipvs_writes_total', nodes, shown))} / (${passes} > 0)`,
          '{{instance}}',
        ],
      ],
    }),
    graph({
      title: 'Netlink messages',
      description: 'Messages to the kernel and from it, by the table that they are about.',
      unit: CountsPerSecond,
      width: 8,
      queries: [
        [
          sumBy(['table', 'direction'], rate('kube_ipvs_netlink_messages_total', nodes, shown)),
          '{{table}} {{direction}}',
        ],
      ],
    }),
  ],
};
