import { CountsPerSecond, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import type { Row } from './board.ts';
import { graph } from './panels.ts';
import {
  errorBudget,
  fleet,
  objectiveSeconds,
  programmingDuration,
  programmingRecord,
  quantile,
  rate,
  series,
  shown,
  slowShareRecord,
  sumBy,
} from './queries.ts';

/** How long changes take, over the whole fleet, held against the objective. */
export const level: Row = {
  title: 'Service level',
  panels: [
    graph({
      title: 'From a change to the kernel',
      description:
        'How long it takes from a change of endpoints (endpoints.kubernetes.io/last-change-trigger-time, in whole seconds) until the kernel holds it, over all nodes. What the EndpointSlice controller and the API server take is in it.',
      unit: Seconds,
      width: 12,
      wrong: objectiveSeconds,
      none: 'no changes',
      queries: ([0.5, 0.9, 0.99] as const).map((share) => [
        quantile(share, programmingDuration, fleet, shown),
        `${100 * share} % of changes`,
      ]),
    }),
    graph({
      title: 'The same, as the objective of a day words it',
      description:
        'The 99th percentile over a day of what is the 99th percentile of all nodes over five minutes: how SIG Scalability words the service level of network programming. From a recording rule of the chart.',
      unit: Seconds,
      width: 12,
      wrong: objectiveSeconds,
      none: 'no changes',
      queries: [
        [`quantile_over_time(0.99, ${series(programmingRecord, fleet)}[1d])`, '99 % of a day {{cluster}}'],
        [series(programmingRecord, fleet), '99 % of five minutes {{cluster}}'],
      ],
    }),
    graph({
      title: 'How fast the error budget burns',
      description:
        'How many times faster than the objective allows changes are late, over an hour and over six. KubeIpvsProgrammingSlow fires at 14.4 over an hour or 6 over six hours. From recording rules of the chart.',
      unit: Short,
      width: 8,
      ...{ odd: 6, wrong: 14.4 },
      none: 'no changes',
      queries: (['1h', '6h'] as const).map((window) => [
        `${series(slowShareRecord(window), fleet)} / ${errorBudget}`,
        `over ${window} {{cluster}}`,
      ]),
    }),
    graph({
      title: 'Changes programmed',
      description:
        'Changes of endpoints that reached a kernel, summed over all nodes, in each IP family that their Services are served in.',
      unit: CountsPerSecond,
      width: 8,
      queries: [[sumBy(['ip_family'], rate(`${programmingDuration}_count`, fleet, shown)), '{{ip_family}}']],
    }),
    graph({
      title: 'Slowest nodes',
      description: 'The five nodes where the slowest hundredth of changes takes longest.',
      unit: Seconds,
      width: 8,
      wrong: objectiveSeconds,
      none: 'no changes',
      queries: [
        [
          `topk(5, ${quantile(0.99, programmingDuration, fleet, shown, ['cluster', 'instance'])})`,
          '{{instance}}',
        ],
      ],
    }),
  ],
};
