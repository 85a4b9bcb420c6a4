import type { EndpointUse, EndpointView } from '../explanation/endpoint-use.ts';
import type { ExplanationSources } from '../explain-run.ts';
import type { Explanation } from '../explanation/explanation.ts';
import { askedLines } from './asked-lines.ts';
import { columns } from './columns.ts';
import { hostPort } from './ipvsadm.ts';
import type { Paint } from './paint.ts';
import { formatFindings, formatLines } from './status-lines.ts';
import { indented, wayText } from './way-text.ts';

/** How an explanation is written. */
export interface ExplanationStyle {
  /** Whether every real server is listed. */
  readonly wide: boolean;
  readonly paint: Paint;
}

const titles: Readonly<Record<Explanation['conclusion']['outcome'], string>> = {
  served: 'SERVED',
  'partly-served': 'PARTLY SERVED',
  'not-served': 'NOT SERVED',
};

/** An explanation for people: what is asked for, virtual servers, endpoints, problems, and whether it is served. */
export function explanationText(
  explanation: Explanation,
  sources: ExplanationSources,
  style: ExplanationStyle,
): string {
  const { ways, findings } = explanation;
  const { paint } = style;
  return [
    formatLines([...headLines(explanation, sources), ...askedLines(explanation)], paint),
    ...ways.map((way) => wayText(way, style)),
    endpointText(explanation, paint),
    unusedText(explanation, paint),
    findings.length === 0 ? '' : `${paint('bold', 'PROBLEMS')}\n${indented(formatFindings(findings, paint))}`,
    conclusionText(explanation, paint),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function headLines(
  { namespace, name, node }: Explanation,
  { services, configuration, daemon, noDaemon }: ExplanationSources,
): (readonly [string, string])[] {
  return [
    ['Service', `${namespace}/${name}`],
    ['Node', node],
    ['Read from', `the kernel of this node, and ${services}`],
    ['', daemon === null ? `no running kube-ipvs: ${noDaemon ?? ''}` : `the running kube-ipvs, at ${daemon}`],
    ['', `configuration: ${configuration}`],
  ];
}

function endpointText({ endpoints, ways }: Explanation, paint: Paint): string {
  const title = paint('bold', 'ENDPOINTS');
  if (endpoints.length === 0) return `${title}\n  none\n`;
  const split = endpoints.some(({ inside, outside }) => outside !== null && !isSameUse(inside, outside));
  const named = new Set(ways.map(({ portName }) => portName)).size > 1;
  const zoned = endpoints.some(({ zone }) => zone !== null);
  const rows = endpoints.map((one) => [
    hostPort(one.address, one.port),
    ...(named ? [one.portName] : []),
    one.node ?? '-',
    ...(zoned ? [one.zone ?? '-'] : []),
    ...usesOf(one, split),
  ]);
  const heads = [
    'ADDRESS',
    ...(named ? ['PORT'] : []),
    'NODE',
    ...(zoned ? ['ZONE'] : []),
    ...(split ? ['FROM INSIDE', 'FROM OUTSIDE'] : ['USED']),
  ];
  return `${title}\n${indented(columns([heads, ...rows]))}`;
}

function usesOf({ inside, outside }: EndpointView, split: boolean): string[] {
  return split ? [useWords(inside), outside === null ? '-' : useWords(outside)] : [useWords(inside)];
}

function isSameUse(a: EndpointUse, b: EndpointUse): boolean {
  return a.used === b.used && a.why === b.why;
}

function useWords({ used, why }: EndpointUse): string {
  return `${used ? 'yes' : 'no'}, ${why}`;
}

function unusedText({ unused }: Explanation, paint: Paint): string {
  if (unused.length === 0) return '';
  const lines = unused.map(({ slice, addresses, reason }) => {
    const count = addresses.length === 1 ? (addresses[0] ?? '') : `${addresses.length} endpoints`;
    return `  ${count} of slice ${slice}: ${reason}\n`;
  });
  return `${paint('bold', 'NOT FOR A PORT THAT IS SERVED')}\n${lines.join('')}`;
}

function conclusionText({ conclusion }: Explanation, paint: Paint): string {
  const { outcome, asWanted, text, next } = conclusion;
  const colour = outcome === 'served' && asWanted ? 'green' : outcome === 'not-served' ? 'red' : 'yellow';
  const title = outcome === 'served' && !asWanted ? 'SERVED OTHERWISE THAN WANTED' : titles[outcome];
  return `${paint(colour, title)}  ${text}\nNEXT  ${next}\n`;
}
