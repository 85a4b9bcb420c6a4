import { everywhere, series, serviceEndpoints } from '../dashboards/queries.ts';
import type { Alert } from './rule.ts';

const ready = serviceEndpoints('max', 'ready', everywhere);

/** Alerts on single Services. They need `serviceMetrics`: without it they are silent. */
export const serviceAlerts: readonly Alert[] = [
  {
    name: 'KubeIpvsServiceWithoutEndpoints',
    severity: 'warning',
    waits: '10m',
    // Services that never had one, and those that were scaled down long ago, are left alone.
    expression: `${ready} == 0 and max_over_time((${ready})[6h:5m]) > 0`,
    summary: 'A Service has lost all of its endpoints.',
    description:
      'For 10 minutes no node has had a ready endpoint of {{ $labels.namespace }}/{{ $labels.service }}, which had some within the last 6 hours. Connections to it are refused.',
  },
  {
    name: 'KubeIpvsServiceSeriesDropped',
    severity: 'info',
    waits: '15m',
    expression: `${series('kube_ipvs_service_metrics_dropped', everywhere)} > 0`,
    summary: 'Metrics of some Services are left out.',
    description:
      '{{ $labels.instance }} leaves out {{ $value }} series of Services, because there are more than --service-metrics-limit. Dashboards and alerts do not see these.',
  },
];
