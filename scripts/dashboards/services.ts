import {
  BytesPerSecondIEC,
  CountsPerSecond,
  PacketsPerSecond,
  PercentUnit,
  Short,
} from '@grafana/grafana-foundation-sdk/units';
import type { Board, Row } from './board.ts';
import { board, labelVariable } from './board.ts';
import { graph, stat, table } from './panels.ts';
import { alertsOfFleet, nodes, orNone, rate, series, serviceEndpoints, shown, sumBy } from './queries.ts';

/** The matchers of panels that show some services on some nodes. */
const picked = `${nodes}, namespace=~"$namespace", service=~"$service"`;

const byService = ['namespace', 'service'] as const;

/** How a curve of a service is called. */
const named = '{{namespace}}/{{service}}';

/** The services that have most of something. */
function top(expression: string): string {
  return `topk(10, ${expression})`;
}

/** What a counter of services rises by in a second, by service. */
function rateByService(name: string, ...further: readonly string[]): string {
  return sumBy(byService, rate(`kube_ipvs_service_${name}_total`, picked, shown, ...further));
}

/** What all endpoints have of a gauge together, by service. */
function sumByService(name: string): string {
  return sumBy(byService, series(`kube_ipvs_service_${name}`, picked));
}

const glance: Row = {
  title: 'At a glance',
  panels: [
    stat({
      title: 'New connections',
      description:
        'Connections a second that the services picked balance, on all nodes picked; for UDP, flows.',
      unit: CountsPerSecond,
      width: 4,
      queries: [[sumBy([], rate('kube_ipvs_service_connections_total', picked, shown)), 'new']],
    }),
    stat({
      title: 'Established connections',
      description: 'Connections that are open now.',
      unit: Short,
      width: 4,
      queries: [[sumBy([], series('kube_ipvs_service_active_connections', picked)), 'open']],
    }),
    stat({
      title: 'Bytes',
      description: 'What goes through services, both ways.',
      unit: BytesPerSecondIEC,
      width: 4,
      queries: [[sumBy([], rate('kube_ipvs_service_bytes_total', picked, shown)), 'both ways']],
    }),
    stat({
      title: 'Services without endpoints',
      description:
        'Services that have no ready endpoint on some node: connections to them are refused there. With a traffic policy Local that is as it should be where no pod runs.',
      unit: Short,
      width: 4,
      odd: 1,
      queries: [[orNone(`count(${serviceEndpoints('min', 'ready', picked)} == 0)`), 'services']],
    }),
    stat({
      title: 'Draining endpoints',
      description:
        'Endpoints that are to go and are kept for their connections, on the node that has most of them.',
      unit: Short,
      width: 4,
      queries: [[orNone(`sum(${serviceEndpoints('max', 'draining', picked)})`), 'draining']],
    }),
    stat({
      title: 'Series left out',
      description:
        'Series that nodes leave out, because there are more than --service-metrics-limit. What is left out is missing in every panel here.',
      unit: Short,
      width: 4,
      odd: 1,
      queries: [[`max(${series('kube_ipvs_service_metrics_dropped', nodes)})`, 'series']],
    }),
  ],
};

const talkers: Row = {
  title: 'Top talkers',
  panels: [
    table({
      title: 'Services by connections',
      none: 'no metrics of Services: serviceMetrics is off in the configuration of kube-ipvs',
      description:
        'Every service picked, with what goes through it now, summed over the nodes picked. Endpoints are those of the node that has most.',
      unit: Short,
      width: 24,
      sortedBy: 'New connections',
      queries: [
        [rateByService('connections'), ''],
        [sumByService('active_connections'), ''],
        [rateByService('bytes', 'direction="in"'), ''],
        [rateByService('bytes', 'direction="out"'), ''],
        [serviceEndpoints('max', 'ready', picked), ''],
        [serviceEndpoints('max', 'draining', picked), ''],
      ],
      columns: {
        namespace: { name: 'Namespace' },
        service: { name: 'Service' },
        'Value #A': { name: 'New connections', unit: CountsPerSecond },
        'Value #B': { name: 'Established' },
        'Value #C': { name: 'To endpoints', unit: BytesPerSecondIEC },
        'Value #D': { name: 'To clients', unit: BytesPerSecondIEC },
        'Value #E': { name: 'Ready endpoints' },
        'Value #F': { name: 'Draining endpoints' },
      },
    }),
  ],
};

const traffic: Row = {
  title: 'Traffic',
  panels: [
    graph({
      title: 'New connections by service',
      description: 'The ten services with most new connections; for UDP, flows.',
      unit: CountsPerSecond,
      width: 12,
      queries: [[top(rateByService('connections')), named]],
    }),
    graph({
      title: 'Established connections by service',
      description: 'The ten services with most connections that are open.',
      unit: Short,
      width: 12,
      queries: [[top(sumByService('active_connections')), named]],
    }),
    graph({
      title: 'Bytes to endpoints by service',
      description: 'The ten services to whose endpoints most is sent.',
      unit: BytesPerSecondIEC,
      width: 8,
      queries: [[top(rateByService('bytes', 'direction="in"')), named]],
    }),
    graph({
      title: 'Bytes to clients by service',
      description: 'The ten services whose endpoints send most back.',
      unit: BytesPerSecondIEC,
      width: 8,
      queries: [[top(rateByService('bytes', 'direction="out"')), named]],
    }),
    graph({
      title: 'Packets by service',
      description: 'The ten services with most packets, both ways.',
      unit: PacketsPerSecond,
      width: 8,
      queries: [[top(rateByService('packets')), named]],
    }),
  ],
};

const backends: Row = {
  title: 'Endpoints by state',
  panels: [
    graph({
      title: 'Fewest ready endpoints',
      description:
        'The ten services with the fewest endpoints that take new connections, on the node that has the fewest. At 0 connections are refused there.',
      unit: Short,
      width: 8,
      queries: [[`bottomk(10, ${serviceEndpoints('min', 'ready', picked)})`, named]],
    }),
    graph({
      title: 'Draining endpoints by service',
      description: 'Endpoints that take no new connections and are kept until those they have end.',
      unit: Short,
      width: 8,
      queries: [[top(serviceEndpoints('max', 'draining', picked)), named]],
    }),
    graph({
      title: 'Connections that begin or end by service',
      description:
        'Connections that are not established yet, or no longer, and flows of UDP. Many more than established ones: short requests, or a flood of SYNs.',
      unit: Short,
      width: 8,
      queries: [[top(sumByService('inactive_connections')), named]],
    }),
  ],
};

const perEndpoint = [...byService, 'endpoint'] as const;

const endpoints: Row = {
  title: 'Single endpoints (serviceMetrics: endpoint)',
  panels: [
    graph({
      title: 'New connections by endpoint',
      description: 'The ten endpoints that get most new connections.',
      unit: CountsPerSecond,
      width: 8,
      queries: [
        [
          top(sumBy(perEndpoint, rate('kube_ipvs_endpoint_connections_total', picked, shown))),
          `${named} {{endpoint}}`,
        ],
      ],
    }),
    graph({
      title: 'Established connections by endpoint',
      description: 'The ten endpoints with most connections that are open.',
      unit: Short,
      width: 8,
      queries: [
        [
          top(sumBy(perEndpoint, series('kube_ipvs_endpoint_active_connections', picked))),
          `${named} {{endpoint}}`,
        ],
      ],
    }),
    graph({
      title: 'Uneven services',
      description:
        'The share of the busiest endpoint in the open connections of its service, of the ten services where it is largest. 100 % with several endpoints: one gets everything, by affinity or a hashing scheduler.',
      unit: PercentUnit,
      width: 8,
      max: 1,
      queries: [[top(unevenness()), named]],
    }),
  ],
};

/** The share of the busiest endpoint in what its service has. */
function unevenness(): string {
  const open = series('kube_ipvs_endpoint_active_connections', picked);
  const busiest = `max by (${byService.join(', ')}) (${sumBy(perEndpoint, open)})`;
  return `${busiest} / (${sumBy(byService, open)} > 0)`;
}

/** The dashboard of services, by what goes through them. */
export function services(): Board {
  const onNodes = 'job="$job", cluster=~"$cluster"';
  const name = 'kube_ipvs_service_endpoints';
  return board({
    name: 'services',
    title: 'Services',
    description:
      'What goes through each Service, and its endpoints. Empty unless serviceMetrics is service or endpoint in the configuration.',
    variables: [
      labelVariable('instance', 'Node', `label_values(kube_ipvs_build_info{${onNodes}}, instance)`),
      labelVariable('namespace', 'Namespace', `label_values(${name}{${onNodes}}, namespace)`),
      labelVariable(
        'service',
        'Service',
        `label_values(${name}{${onNodes}, namespace=~"$namespace"}, service)`,
      ),
    ],
    alertsOf: `${alertsOfFleet}, namespace=~"$namespace", service=~"$service"`,
    rows: [glance, talkers, traffic, backends, endpoints],
  });
}
