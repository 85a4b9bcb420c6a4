import { CountsPerSecond, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import type { Row } from './board.ts';
import { graph } from './panels.ts';
import { age, nodes, quantile, rate, series, shown, sumBy } from './queries.ts';

/** How a node stands with the API server, and what asks after its health. */
export const source: Row = {
  title: 'API server and health checks',
  panels: [
    graph({
      title: 'Watches',
      description: 'Whether a watch is open, by resource: 1, or 0. None where services come from files.',
      unit: Short,
      width: 8,
      none: 'services come from files',
      max: 1,
      queries: [[series('kube_ipvs_watch_open', nodes), '{{resource}} {{instance}}']],
    }),
    graph({
      title: 'Last event',
      description:
        'Time since the last event or bookmark, by resource. API servers send a bookmark about every minute.',
      unit: Seconds,
      width: 8,
      wrong: 600,
      queries: [[age('kube_ipvs_watch_last_event_timestamp_seconds', nodes), '{{resource}} {{instance}}']],
    }),
    graph({
      title: 'Events',
      description: 'Changes of objects that the watches passed on, by resource.',
      unit: CountsPerSecond,
      width: 8,
      queries: [[sumBy(['resource'], rate('kube_ipvs_watch_events_total', nodes, shown)), '{{resource}}']],
    }),
    graph({
      title: 'Lists and watches that went wrong',
      description:
        'Lists and watches that ended otherwise than agreed, and times that everything had to be listed again, by reason. The page of metrics explains each reason.',
      unit: CountsPerSecond,
      width: 8,
      none: 'nothing went wrong since the start',
      queries: [
        [sumBy(['reason'], rate('kube_ipvs_watch_troubles_total', nodes, shown)), '{{reason}}'],
        [sumBy(['reason'], rate('kube_ipvs_watch_relists_total', nodes, shown)), 'listed again: {{reason}}'],
      ],
    }),
    graph({
      title: 'Time that the API server takes',
      description: 'From a request to the head of its answer, for all but the slowest hundredth.',
      unit: Seconds,
      width: 8,
      none: 'no requests',
      queries: [[quantile(0.99, 'rest_client_request_duration_seconds', nodes, shown, ['verb']), '{{verb}}']],
    }),
    graph({
      title: 'Answers to health checks',
      description:
        'Answers to /healthz and /livez by their status. 503 takes the node out of load balancers.',
      unit: CountsPerSecond,
      width: 8,
      queries: (['healthz', 'livez'] as const).map((path) => [
        sumBy(['code'], rate(`kubeproxy_proxy_${path}_total`, nodes, shown)),
        `${path} {{code}}`,
      ]),
    }),
  ],
};
