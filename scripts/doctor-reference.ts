import { allChecks } from '../lib/doctor/checks.ts';
import type { Check } from '../lib/doctor/finding.ts';
import { table } from './markdown-table.ts';

const introduction = `# What \`kube-ipvs doctor\` looks for

Every check of [\`kube-ipvs doctor\`](cli.md#kube-ipvs-doctor) and everything that it can find, by the names that \`--only\` and
\`--skip\` take and that \`-o json\` has. An error breaks traffic now and makes the exit status 1; a warning will or may; an
info is good to know. What was found, and the command that mends it, stands in the output. How to use it:
[troubleshooting](../troubleshooting.md#doctor-what-is-wrong-with-this-node). \`make docs\` makes this page from the program.
`;

function section({ name, about, kinds }: Check): string {
  const rows = Object.entries(kinds).map(([finding, { severity, meaning }]) => [
    `\`${finding}\``,
    severity,
    meaning,
  ]);
  return `## ${name}\n\n${about}\n\n${table([['finding', 'severity', 'what it means'], ...rows])}\n`;
}

/** The page of every check of a node, in Markdown. */
export function doctorReference(): string {
  return [introduction, ...allChecks.map(section)].join('\n');
}
