import { stringify } from 'yaml';
import { availabilityAlerts } from './availability-alerts.ts';
import { kernelAlerts } from './kernel-alerts.ts';
import { programmingAlerts } from './programming-alerts.ts';
import { recordings } from './recordings.ts';
import type { Alert } from './rule.ts';
import { alertingRule, recordingRule } from './rule.ts';
import { serviceAlerts } from './service-alerts.ts';

/** Where the chart has the rules, from the root of this repository. */
export const rulesPath = 'charts/kube-ipvs/alerts/kube-ipvs.rules.yaml';

/** Every alert. One name may stand for several severities. */
export const alerts: readonly Alert[] = [
  ...availabilityAlerts,
  ...programmingAlerts,
  ...kernelAlerts,
  ...serviceAlerts,
];

const head = `# Rules of Prometheus, made from scripts/alerts by \`make docs\`. The scrape job is meant to be kube-proxy; the chart puts
# that of its values in its place, and the address of the runbooks before theirs.
`;

/** The rules as a file that Prometheus reads, some alerts made others by \`change\`. */
export function rulesFile(change: (alert: Alert) => Alert = (alert) => alert): string {
  const groups = [
    { name: 'kube-ipvs.recordings', rules: recordings.map(recordingRule) },
    { name: 'kube-ipvs.alerts', rules: alerts.map((alert) => alertingRule(change(alert))) },
  ];
  return `${head}${stringify({ groups }, { lineWidth: 0 })}`;
}
