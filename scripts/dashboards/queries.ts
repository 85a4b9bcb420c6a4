/**
 * Expressions of PromQL that dashboards and alerts have in common. Each takes matchers, the inside of the braces of a
 * selector, which say whose series are looked at.
 */

/** The scrape job that kube-proxy's dashboards and alerts look for, and that the chart's monitors bear. */
export const job = 'kube-proxy';

/** The matchers of rules, which know no variables. */
export const everywhere = `job="${job}"`;

/** The matchers of panels that show a fleet. */
export const fleet = 'job="$job", cluster=~"$cluster"';

/** The matchers of alerts of that fleet: not all of them bear a job. */
export const alertsOfFleet = 'cluster=~"$cluster"';

/** The matchers of panels that show some nodes of it. */
export const nodes = `${fleet}, instance=~"$instance"`;

/** Over how much time a panel takes a rate: what Grafana finds right for the scrape interval and the zoom. */
export const shown = '$__rate_interval';

/** Seconds within which a change of endpoints is to be in every kernel; a bucket of the histogram. */
export const objectiveSeconds = 5;

/** The share of changes that may take longer. */
export const errorBudget = 0.01;

/** A selector of one metric, with further matchers. */
export function series(name: string, matchers: string, ...further: readonly string[]): string {
  return `${name}{${[matchers, ...further].join(', ')}}`;
}

/** What a counter rises by in a second. */
export function rate(name: string, matchers: string, window: string, ...further: readonly string[]): string {
  return `rate(${series(name, matchers, ...further)}[${window}])`;
}

/** What a counter rose by within a window. */
export function increase(
  name: string,
  matchers: string,
  window: string,
  ...further: readonly string[]
): string {
  return `increase(${series(name, matchers, ...further)}[${window}])`;
}

/** A sum of series, one for each value of some labels. */
export function sumBy(labels: readonly string[], expression: string): string {
  return labels.length === 0 ? `sum(${expression})` : `sum by (${labels.join(', ')}) (${expression})`;
}

/** What a share of the observations of a histogram is at most, for each value of some labels. */
export function quantile(
  share: number,
  name: string,
  matchers: string,
  window: string,
  labels: readonly string[] = [],
): string {
  const buckets = rate(`${name}_bucket`, matchers, window);
  return `histogram_quantile(${share}, ${sumBy([...labels, 'le'], buckets)})`;
}

/** Seconds since what a metric has the time of. */
export function age(name: string, matchers: string, ...further: readonly string[]): string {
  return `time() - ${series(name, matchers, ...further)}`;
}

/** The histogram of how long it takes from a change of endpoints until the kernel holds it. */
export const programmingDuration = 'kubeproxy_network_programming_duration_seconds';

/** The share of changes that missed the objective, for each value of some labels. */
export function slowShare(matchers: string, window: string, labels: readonly string[]): string {
  // Prometheus writes the bound as `5.0` from version 3 on.
  const bound = `le=~"${objectiveSeconds}(\\\\.0)?"`;
  const fast = sumBy(labels, rate(`${programmingDuration}_bucket`, matchers, window, bound));
  return `1 - ${fast} / ${sumBy(labels, rate(`${programmingDuration}_count`, matchers, window))}`;
}

/** The windows over which that share is recorded. */
export const slowWindows = ['5m', '30m', '1h', '6h', '1d'] as const;

/** The recorded share of changes that missed the objective, of a cluster and a job. */
export function slowShareRecord(window: (typeof slowWindows)[number]): string {
  return `cluster_job:kubeproxy_network_programming_slow:ratio_rate${window}`;
}

/** The recorded 99th percentile of programming over five minutes, of a cluster and a job. */
export const programmingRecord = `cluster_job:${programmingDuration}:p99_rate5m`;

/** The share of the connections that can be tracked which are. */
export function conntrackFill(matchers: string): string {
  const [entries, limit] = ['kube_ipvs_conntrack_entries', 'kube_ipvs_conntrack_entries_limit'];
  return `${series(entries, matchers)} / ${series(limit, matchers)}`;
}

/** Seconds that a change has waited for a pass to write it, by node; nothing where none waits. */
export function waitingChange(matchers: string): string {
  const [queued, passed] = ['last_queued_timestamp_seconds', 'last_timestamp_seconds'].map((name) =>
    series(`kubeproxy_sync_proxy_rules_${name}`, matchers),
  );
  return `max by (cluster, job, instance) (time() - (${queued} > ${passed}))`;
}

/** How late the event loop is at most, but for a hundredth of the time, for each value of some labels. */
export function loopDelay(matchers: string, window: string, labels: readonly string[]): string {
  return quantile(0.99, 'kube_ipvs_event_loop_delay_seconds', matchers, window, labels);
}

/** What is in trouble with the kernel, in entries, by node and table. */
export function refused(matchers: string): string {
  return series('kube_ipvs_refused_entries', matchers);
}

/** A count that is 0 where there is nothing to count, so that a panel says so. */
export function orNone(expression: string): string {
  return `${expression} or vector(0)`;
}

/** Endpoints that Services have in a state, on the node where they are fewest or most, by cluster, namespace and service. */
export function serviceEndpoints(
  which: 'min' | 'max',
  state: 'ready' | 'draining',
  matchers: string,
): string {
  const here = sumBy(
    ['cluster', 'instance', 'namespace', 'service', 'protocol', 'address', 'port'],
    series('kube_ipvs_service_endpoints', matchers, `state="${state}"`),
  );
  return `${which} by (cluster, namespace, service) (${here})`;
}
