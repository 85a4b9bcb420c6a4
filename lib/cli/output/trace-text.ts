import type { Step } from '../../trace/step.ts';
import type { Trace } from '../../trace/verdict.ts';
import type { TraceView } from '../trace-view.ts';
import { columns } from './columns.ts';
import { hostPort } from './ipvsadm.ts';
import { stepLines } from './step-words.ts';
import { sourceWords } from './verdict-words.ts';

const verdictTitles: Readonly<Record<TraceView['outcome'], string>> = {
  delivered: 'DELIVERED',
  lost: 'LOST',
  'partly-lost': 'PARTLY LOST',
  unknown: 'UNKNOWN',
};

/** A trace for people: where the packet enters, what it meets, who may get it and what becomes of it. */
export function traceText(trace: Trace, view: TraceView, wide: boolean): string {
  return [
    headText(view),
    section('WAY', stepLines(trace.steps, wide)),
    behindText(trace, wide),
    candidatesText(view),
    notChosenText(view),
    `${verdictTitles[view.outcome]}  ${view.verdict}\n`,
    view.hint === '' ? '' : `HINT  ${view.hint}\n`,
    view.notes.map((note) => `NOTE  ${note}\n`).join(''),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function headText({ packet, service, namesFrom }: TraceView): string {
  const { from, source, interface: entry, protocol, destination, port } = packet;
  const start =
    from === 'node'
      ? `this node${source === null ? '' : ` (${source})`}`
      : `${from}${entry === null ? '' : `, which comes in by ${entry},`}`;
  const portName = service === null || service.port === '' ? '' : `, port ${service.port}`;
  const name = service === null ? '' : `, Service ${service.namespace}/${service.name}${portName}`;
  return [
    `${protocol} from ${start} to ${hostPort(destination, port)}${name}\n`,
    `read: the kernel of this node; names and endpoints ${namesFrom === null ? 'are not known' : `from ${namesFrom}`}\n`,
  ].join('');
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** What the packet and its answer meet behind IPVS; the same of many endpoints once, unless all is asked for. */
function behindText({ verdict }: Trace, wide: boolean): string {
  if (verdict.kind !== 'balanced') return '';
  const told = new Set<string>();
  return verdict.candidates
    .flatMap(({ server: { address, port }, steps, verdict: end }) => {
      const way = stepLines(
        steps.filter((step) => wide || !isDestination(step)),
        wide,
      );
      const back = 'answer' in end ? stepLines(end.answer ?? [], wide) : [];
      const parts = [
        section(`BEHIND IPVS, TO ${hostPort(address, port)}`, way),
        section(`BACK FROM ${hostPort(address, port)}`, back),
      ];
      const same = JSON.stringify([way, back]).replaceAll(address, '');
      if (!wide && told.has(same)) return [];
      told.add(same);
      return parts;
    })
    .filter((part) => part !== '')
    .join('\n');
}

function isDestination(step: Step): boolean {
  return step.kind === 'real-server' && step.tracked && step.route?.kind !== 'none';
}

function candidatesText({ candidates }: TraceView): string {
  if (candidates.length === 0) return '';
  return columns([
    ['ENDPOINT', 'WEIGHT', 'ACTIVE', 'INACTIVE', 'SEES', 'OUTCOME'],
    ...candidates.map((one) => [
      hostPort(one.address, one.port),
      ...[one.weight, one.activeConnections ?? '-', one.inactiveConnections ?? '-'].map(String),
      ...[sourceWords(one), one.reason === null ? one.outcome : one.reason.short],
    ]),
  ]);
}

function notChosenText({ notChosen }: TraceView): string {
  if (notChosen.length === 0) return '';
  return columns([
    ['NOT CHOSEN', 'WHY'],
    ...notChosen.map(({ address, port, reason }) => [hostPort(address, port), reason]),
  ]);
}
