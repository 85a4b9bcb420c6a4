import { table } from '../markdown-table.ts';
import { alerts } from './rules-file.ts';

const introduction = `# Runbooks

What to do when an alert fires. The alerts are [rules of the chart](../../charts/kube-ipvs/alerts/kube-ipvs.rules.yaml),
on with \`prometheusRule.enabled\`. The annotation \`runbook_url\` of each leads to its page here; \`prometheusRule.runbookUrl\` says where you
keep these pages. \`make docs\` makes the table below from the rules.

Commands are run in the pod of the node that the alert names as \`instance\`:

\`\`\`sh
kubectl -n kube-system get pods -l app.kubernetes.io/name=kube-ipvs -o wide     # the POD on that node
kubectl -n kube-system exec POD -- kube-ipvs status
\`\`\`

They change nothing. Nor does deleting a pod of kube-ipvs interrupt any traffic: the next one writes only what differs.
`;

/** The page that lists every alert, in Markdown. */
export function runbookIndex(): string {
  const rows = alerts.map(({ name, severity, waits, summary }) => [
    `[${name}](${name}.md)`,
    severity,
    waits === '0m' ? 'at once' : `after ${waits}`,
    summary,
  ]);
  return `${introduction}\n${table([['alert', 'severity', 'fires', 'when'], ...rows])}\n`;
}
