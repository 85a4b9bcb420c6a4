/**
 * What Prometheus has scraped of a node for hours, a sample a minute, and how that changes when something breaks. Times are minutes;
 * what breaks breaks at 60. Values are in promtool's notation: `1x59` is sixty times 1, `0+6x59` rises by 6.
 */
export interface Situation {
  readonly title: string;
  /** Series that are otherwise than on a healthy node. */
  readonly changes: Readonly<Record<string, string>>;
  /** The alert that fires, and nothing but it does; undefined where nothing is to fire. */
  readonly alert?: ExpectedAlert;
  /** A minute at which nothing fires, though it is broken already. */
  readonly silent: number;
  /** A minute at which the alert fires, if it is to. */
  readonly fires: number;
}

/** An alert as it is told to somebody. */
export interface ExpectedAlert {
  readonly name: string;
  readonly severity: string;
  /** Beside the severity. */
  readonly labels: Readonly<Record<string, string>>;
  /** The number in its description, as it is written there. */
  readonly value?: string;
}

const target = { job: 'kube-proxy', instance: 'node:10249' } as const;
const own = `job="${target.job}", instance="${target.instance}"`;

function series(name: string, labels = ''): string {
  return `${name}{${own}${labels === '' ? '' : `, ${labels}`}}`;
}

/** The series of a node by what they tell. */
const names = {
  up: series('up'),
  build: series('kube_ipvs_build_info', 'version="1"'),
  unhealthy: series('kubeproxy_proxy_livez_total', 'code="503"'),
  well: series('kubeproxy_proxy_livez_total', 'code="200"'),
  started: series('process_start_time_seconds'),
  fast: series('kubeproxy_network_programming_duration_seconds_bucket', 'le="5"'),
  changes: series('kubeproxy_network_programming_duration_seconds_count'),
  queued: series('kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds'),
  passed: series('kubeproxy_sync_proxy_rules_last_timestamp_seconds'),
  audited: series('kube_ipvs_audit_last_timestamp_seconds'),
  prompt: series('kube_ipvs_event_loop_delay_seconds_bucket', 'le="0.1"'),
  open: series('kube_ipvs_watch_open', 'resource="services"'),
  heard: series('kube_ipvs_watch_last_event_timestamp_seconds', 'resource="services"'),
  relisted: series('kube_ipvs_watch_relists_total', 'resource="services", reason="expired"'),
  unusable: series('kube_ipvs_unknown_tables', 'table="sets"'),
  refused: series('kube_ipvs_refused_entries', 'table="realServers"'),
  unplanned: series('kube_ipvs_unplanned_services'),
  contended: series('kube_ipvs_contended_virtual_servers'),
  drift: series('kube_ipvs_drift_total', 'table="addresses", kind="missing"'),
  tracked: series('kube_ipvs_conntrack_entries'),
  untracked: series('kube_ipvs_conntrack_failures_total', 'reason="drop"'),
  forwarding: series('kube_ipvs_sysctl', 'name="net.ipv4.ip_forward"'),
  cut: series('kube_ipvs_drained_real_servers_total', 'reason="timeout"'),
  endpoints: series('kube_ipvs_service_endpoints', 'namespace="shop", service="web", state="ready"'),
  dropped: series('kube_ipvs_service_metrics_dropped'),
} as const;

/** A node that is well, and busy. Times of the last of something go with the clock. */
export const healthy: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [names.unhealthy, names.unusable, names.refused, names.unplanned, names.contended, names.dropped].map(
      (name) => [name, '0x480'],
    ),
  ),
  ...Object.fromEntries(
    [names.queued, names.passed, names.audited, names.heard].map((name) => [name, '0+60x480']),
  ),
  ...Object.fromEntries([names.up, names.build, names.open, names.forwarding].map((name) => [name, '1x480'])),
  [names.well]: '0+6x480',
  [names.started]: '5x480',
  [names.fast]: '0+10x480',
  [names.changes]: '0+10x480',
  [names.prompt]: '0+60x480',
  [series('kube_ipvs_event_loop_delay_seconds_bucket', 'le="2.5"')]: '0+60x480',
  [series('kube_ipvs_event_loop_delay_seconds_bucket', 'le="+Inf"')]: '0+60x480',
  [names.relisted]: '1x480',
  [names.drift]: '3x480',
  [names.tracked]: '100x480',
  [series('kube_ipvs_conntrack_entries_limit')]: '1000x480',
  [names.untracked]: '2x480',
  [series('kube_ipvs_conntrack_failures_total', 'reason="insert_failed"')]: '0+1x480',
  [series('kube_ipvs_drained_real_servers_total', 'reason="drained"')]: '0+1x480',
  [names.cut]: '4x480',
  [names.endpoints]: '2x480',
  [series('kube_ipvs_service_endpoints', 'namespace="shop", service="scaled-down", state="ready"')]: '0x480',
};

const { job, instance } = target;
const node = { job, instance };

/** Every situation that an alert is for, and some that none is for. */
export const situations: readonly Situation[] = [
  {
    title: 'a program that does not answer',
    changes: { [names.up]: '1x59 0x40' },
    alert: { name: 'KubeIpvsDown', severity: 'critical', labels: node },
    ...{ silent: 64, fires: 65 },
  },
  {
    title: 'a cluster without kube-ipvs',
    changes: { [names.build]: '1x59 stale' },
    alert: { name: 'KubeIpvsAbsent', severity: 'critical', labels: { job } },
    ...{ silent: 74, fires: 75 },
  },
  {
    title: 'a program that calls itself unhealthy',
    changes: { [names.unhealthy]: '0x59 0+6x60' },
    alert: { name: 'KubeIpvsUnhealthy', severity: 'critical', labels: node },
    ...{ silent: 65, fires: 66 },
  },
  {
    title: 'a program that was unhealthy for a minute',
    changes: { [names.unhealthy]: '0x60 6x60', [names.well]: '0+6x60 360+6x60' },
    ...{ silent: 62, fires: 70 },
  },
  {
    title: 'a program that is started anew whenever it is unhealthy, and is well for a while each time',
    changes: {
      [names.unhealthy]: `0x59${' 0 0 6'.repeat(20)}`,
      [names.well]: `0+6x59${' 0 6 6'.repeat(20)}`,
    },
    alert: { name: 'KubeIpvsUnhealthy', severity: 'critical', labels: node },
    ...{ silent: 62, fires: 75 },
  },
  {
    title: 'a program that starts again and again',
    changes: { [names.started]: '5x59 3600 3660 3720x60' },
    alert: { name: 'KubeIpvsRestarting', severity: 'warning', labels: node, value: '3' },
    ...{ silent: 61, fires: 62 },
  },
  {
    title: 'an update: one start, and another version for a while',
    changes: { [names.started]: '5x59 3600x60', [names.build]: '1x59 stale', [versionTwo()]: '_x60 1x60' },
    ...{ silent: 61, fires: 119 },
  },
  {
    title: 'an update that has stopped half-way',
    changes: { [versionTwo('other:10249')]: '_x59 1x100' },
    alert: { name: 'KubeIpvsVersionSkew', severity: 'warning', labels: { job }, value: '2' },
    ...{ silent: 118, fires: 121 },
  },
  {
    title: 'changes all of which are late',
    changes: { [names.fast]: '0+10x59 590x60' },
    alert: { name: 'KubeIpvsProgrammingSlow', severity: 'critical', labels: { job }, value: '26.67%' },
    ...{ silent: 66, fires: 75 },
  },
  {
    title: 'changes a tenth of which are late, for hours',
    changes: { [names.fast]: '0+10x59 599+9x400' },
    alert: { name: 'KubeIpvsProgrammingSlow', severity: 'warning', labels: { job }, value: '6.629%' },
    ...{ silent: 155, fires: 175 },
  },
  {
    title: 'a few changes that are late in a cluster where little changes',
    changes: { [names.fast]: '0x59 0x400', [names.changes]: '0x59 0x9 3x400' },
    ...{ silent: 72, fires: 90 },
  },
  {
    title: 'a change that waits',
    changes: { [names.queued]: '0+60x59 3601x60', [names.passed]: '0+60x59 3540x60' },
    alert: { name: 'KubeIpvsSyncStale', severity: 'critical', labels: node, value: '4m 59s' },
    ...{ silent: 63, fires: 65 },
  },
  {
    title: 'changes that come all the time and are not written',
    changes: { [names.passed]: '0+60x59 3540x60' },
    alert: { name: 'KubeIpvsSyncStale', severity: 'critical', labels: node },
    ...{ silent: 63, fires: 65 },
  },
  {
    title: 'a program that has not read the kernel back since it was started anew',
    changes: { [names.audited]: '0+60x59 stale', [names.started]: '5x59 3600x400' },
    alert: { name: 'KubeIpvsAuditStale', severity: 'warning', labels: node, value: '11m 0s' },
    ...{ silent: 70, fires: 71 },
  },
  {
    title: 'audits that have ended',
    changes: { [names.audited]: '0+60x59 3540x60' },
    alert: { name: 'KubeIpvsAuditStale', severity: 'warning', labels: node, value: '11m 0s' },
    ...{ silent: 69, fires: 70 },
  },
  {
    title: 'an event loop that is late',
    changes: { [names.prompt]: '0+60x59 3540x60' },
    alert: { name: 'KubeIpvsEventLoopLag', severity: 'warning', labels: node, value: '2.476s' },
    ...{ silent: 69, fires: 75 },
  },
  {
    title: 'a watch that is not open',
    changes: { [names.open]: '1x59 0x60' },
    alert: { name: 'KubeIpvsWatchStale', severity: 'warning', labels: { ...node, resource: 'services' } },
    ...{ silent: 64, fires: 65 },
  },
  {
    title: 'a watch that tells nothing',
    changes: { [names.heard]: '0+60x59 3540x60' },
    alert: { name: 'KubeIpvsWatchStale', severity: 'warning', labels: { ...node, resource: 'services' } },
    ...{ silent: 74, fires: 75 },
  },
  {
    title: 'a watch that does not last',
    changes: { [names.relisted]: '1x59 1+1x60' },
    alert: {
      ...{ name: 'KubeIpvsWatchUnsteady', severity: 'warning', value: '15' },
      labels: { ...node, resource: 'services' },
    },
    ...{ silent: 79, fires: 85 },
  },
  {
    title: 'a table that cannot be read',
    changes: { [names.unusable]: '0x59 1x60' },
    alert: { name: 'KubeIpvsTableUnusable', severity: 'critical', labels: { ...node, table: 'sets' } },
    ...{ silent: 64, fires: 65 },
  },
  {
    title: 'entries that the kernel refuses',
    changes: { [names.refused]: '0x59 2x60' },
    alert: {
      ...{ name: 'KubeIpvsEntriesRefused', severity: 'warning', value: '2' },
      labels: { ...node, table: 'realServers' },
    },
    ...{ silent: 69, fires: 70 },
  },
  {
    title: 'services without a plan',
    changes: { [names.unplanned]: '0x59 1x60' },
    alert: { name: 'KubeIpvsServicesUnplanned', severity: 'warning', labels: node, value: '1' },
    ...{ silent: 69, fires: 70 },
  },
  {
    title: 'two services that want one address',
    changes: { [names.contended]: '0x59 1x60' },
    alert: { name: 'KubeIpvsVirtualServersContended', severity: 'warning', labels: node, value: '1' },
    ...{ silent: 74, fires: 75 },
  },
  {
    title: 'drift that comes back',
    changes: { [names.drift]: '3x59 3+1x60' },
    alert: { name: 'KubeIpvsDriftRepeated', severity: 'warning', labels: { ...node, table: 'addresses' } },
    ...{ silent: 80, fires: 81 },
  },
  {
    title: 'drift that was repaired once',
    changes: { [names.drift]: '3x59 40x60' },
    ...{ silent: 61, fires: 81 },
  },
  {
    title: 'connection tracking that fills up',
    changes: { [names.tracked]: '100x59 850x60' },
    alert: { name: 'KubeIpvsConntrackNearLimit', severity: 'warning', labels: node, value: '85%' },
    ...{ silent: 64, fires: 65 },
  },
  {
    title: 'connection tracking that is all but full',
    changes: { [names.tracked]: '100x59 960x60' },
    alert: { name: 'KubeIpvsConntrackNearLimit', severity: 'critical', labels: node, value: '96%' },
    ...{ silent: 60, fires: 61 },
  },
  {
    title: 'connection tracking that was full',
    changes: { [names.untracked]: '2x60 12x60' },
    alert: { name: 'KubeIpvsConntrackFull', severity: 'critical', labels: node, value: '10' },
    ...{ silent: 60, fires: 64 },
  },
  {
    title: 'forwarding that was turned off',
    changes: { [names.forwarding]: '1x59 0x60' },
    alert: {
      name: 'KubeIpvsForwardingOff',
      severity: 'critical',
      labels: { ...node, name: 'net.ipv4.ip_forward' },
    },
    ...{ silent: 60, fires: 61 },
  },
  {
    title: 'connections that outlived their time to drain',
    changes: { [names.cut]: '4x60 5x60' },
    alert: { name: 'KubeIpvsDrainsCut', severity: 'info', labels: node, value: '1' },
    ...{ silent: 60, fires: 62 },
  },
  {
    title: 'a service that has lost its endpoints',
    changes: { [names.endpoints]: '2x59 0x60' },
    alert: {
      ...{ name: 'KubeIpvsServiceWithoutEndpoints', severity: 'warning' },
      labels: { namespace: 'shop', service: 'web' },
    },
    ...{ silent: 69, fires: 70 },
  },
  {
    title: 'more services than metrics are made of',
    changes: { [names.dropped]: '0x59 40x60' },
    alert: { name: 'KubeIpvsServiceSeriesDropped', severity: 'info', labels: node, value: '40' },
    ...{ silent: 74, fires: 75 },
  },
];

function versionTwo(where: string = target.instance): string {
  return `kube_ipvs_build_info{job="${target.job}", instance="${where}", version="2"}`;
}
