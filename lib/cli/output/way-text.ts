import { isWanted, type RealServerView } from '../explanation/real-server-view.ts';
import type { WayState, WayView } from '../explanation/way-view.ts';
import { columns } from './columns.ts';
import type { ExplanationStyle } from './explanation-text.ts';
import { hostPort } from './ipvsadm.ts';
import type { Paint } from './paint.ts';
import { formatLines, type StatusLine } from './status-lines.ts';

/** Real servers of one virtual server that are listed unless all are asked for. */
const mostListed = 10;

/** A way to a Service with what the kernel holds there. */
export function wayText(way: WayView, { wide, paint }: ExplanationStyle): string {
  const name = way.portName === '' ? '' : `, port ${way.portName}`;
  const title = paint('bold', `${way.protocol} ${hostPort(way.address, way.port)}`);
  const lines: readonly StatusLine[] = [
    ['Kernel', kernelWords(way, paint)],
    ...more(way),
    ['Served by', way.reachText],
    ...(way.masqueraded === null ? [] : [['Masqueraded', way.masqueraded] as const]),
    ...(way.sets.length === 0 ? [] : [['Sets', setWords(way)] as const]),
    ...serverLines(way, wide),
  ];
  return `${title}, ${way.kind}${name}\n${indented(formatLines(lines, paint))}`;
}

/** Text with each line two places further to the right. */
export function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}

const colours = { 'as-wanted': 'green', differs: 'red', missing: 'red', taken: 'red' } as const;

const stateWords: Readonly<Record<WayState, string>> = {
  'as-wanted': 'holds it as wanted',
  differs: 'differs',
  missing: 'does not have it',
  taken: 'has it for another Service',
};

function kernelWords({ state, scheduler, takenBy, differences }: WayView, paint: Paint): string {
  const words = paint(colours[state], stateWords[state]);
  if (state === 'taken') return `${words}, the older ${takenBy ?? ''}`;
  const by = scheduler === null ? '' : `, ${scheduler}`;
  const [first] = differences;
  return `${words}${by}${first === undefined || state === 'missing' ? '' : `: ${first}`}`;
}

function more({ state, differences }: WayView): StatusLine[] {
  const shown = differences.slice(1);
  const told = shown.slice(0, mostListed).map((one): StatusLine => ['', one]);
  const left = shown.length - told.length;
  return state === 'missing' && shown.length === 0
    ? []
    : [...told, ...(left > 0 ? [['', `and ${left} more`] as const] : [])];
}

function setWords({ sets }: WayView): string {
  return sets.map(({ set, held }) => (held ? set : `${set} (missing)`)).join(', ');
}

/** Those that are otherwise than wanted come first. */
function serverLines({ realServers }: WayView, wide: boolean): StatusLine[] {
  if (realServers.length === 0) return [['Real servers', 'none']];
  const sorted = [...realServers.filter((one) => !isWell(one)), ...realServers.filter(isWell)];
  const shown = wide ? sorted : sorted.slice(0, mostListed);
  const text = columns([['ADDRESS', 'WEIGHT', 'ACTIVE', 'INACTIVE', 'STATE'], ...shown.map(row)]);
  const left = sorted.length - shown.length;
  const lines = [
    ...text.trimEnd().split('\n'),
    ...(left > 0 ? [`and ${left} more, which -o wide lists`] : []),
  ];
  return lines.map((line, index) => [index === 0 ? 'Real servers' : '', line] as const);
}

function isWell(one: RealServerView): boolean {
  return isWanted(one) && one.differences.length === 0 && one.state !== 'missing';
}

const serverWords: Readonly<Record<RealServerView['state'], string>> = {
  'as-wanted': 'as wanted',
  missing: 'missing',
  differs: 'differs',
  growing: 'new, its weight still grows',
  draining: 'draining: it takes no new connections, and is wanted no longer',
  extra: 'not wanted',
};

function row({
  address,
  port,
  weight,
  activeConnections,
  inactiveConnections,
  state,
  differences,
}: RealServerView): string[] {
  return [
    hostPort(address, port),
    ...[weight, activeConnections, inactiveConnections].map((one) => String(one ?? '-')),
    state === 'differs' ? differences.join(', ') : serverWords[state],
  ];
}
