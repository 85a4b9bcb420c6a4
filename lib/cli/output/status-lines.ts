import type { DaemonStatus, ProgrammingStatus, WatchStatus } from '../../socket/status.ts';
import type { KernelGlance } from '../kernel-glance.ts';
import type { Finding } from '../status-findings.ts';
import { ageText, agoText, tookText } from './age.ts';
import { columns } from './columns.ts';
import type { Paint } from './paint.ts';

/** One line of a status: what it is of, and what there is to say. Lines without a key go on from the one before. */
export type StatusLine = readonly [key: string, value: string];

/** Writes lines with their values one below the other. */
export function formatLines(lines: readonly StatusLine[], paint: Paint): string {
  const width = Math.max(...lines.map(([key]) => key.length)) + 3;
  return lines
    .map(([key, value]) => {
      const head = key === '' ? '' : `${key}:`;
      return `${paint('bold', head)}${' '.repeat(width - head.length)}${value}`.trimEnd();
    })
    .map((line) => `${line}\n`)
    .join('');
}

/** Writes findings, each with what to do on a line of its own. */
export function formatFindings(findings: readonly Finding[], paint: Paint): string {
  return findings
    .map(({ severity, text, hint }) => {
      const head = paint(severity === 'error' ? 'red' : 'yellow', `${severity}:`);
      return `${head} ${text}\n${paint('dim', 'hint:')} ${hint}\n`;
    })
    .join('');
}

/** What a daemon told, at one glance. */
export function daemonLines(status: DaemonStatus): StatusLine[] {
  const { versions, process, configuration, programming, health } = status;
  return [
    [
      'Daemon',
      `${process.phase} for ${age(process.started, status.time)}, process ${process.pid}, ` +
        `${Math.round(process.residentBytes / 1e6)} MB, -v ${process.verbosity}`,
    ],
    [
      'Versions',
      `kube-ipvs ${versions.kubeIpvs}, kernel ${versions.kernel}, IPVS ${versions.ipvs}, Node ${versions.node}`,
    ],
    [
      'Configuration',
      `${configuration.digest}: ${configuration.scheduler}, audits every ${ageText(configuration.syncPeriod)}, ` +
        `drains for ${ageText(configuration.drainTimeout)}`,
    ],
    ...sourceLines(status),
    ...nodeLines(status),
    ...(programming === null ? [] : programmingLines(programming, status.time)),
    ['Health', health.healthy ? 'healthy' : 'unhealthy'],
  ];
}

/** What the kernel says where no daemon tells anything. */
export function kernelLines({ release, ipvs, ...counts }: KernelGlance): StatusLine[] {
  const numberOr = (number: number | null, none: string): string => (number === null ? none : String(number));
  return [
    ['Kernel', `${release}, IPVS ${ipvs ?? 'not loaded'}`],
    ['Virtual servers', numberOr(counts.virtualServers, 'none: no IPVS')],
    ['Real servers', numberOr(counts.realServers, 'none: no IPVS')],
    [
      'kube-ipvs0',
      counts.addresses === null ? 'no such device' : count(counts.addresses, 'address', 'addresses'),
    ],
    ['KUBE-* ip sets', numberOr(counts.sets, 'not to be seen without NET_ADMIN')],
  ];
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** Whether everything that was asked for is in the kernel. */
function completeness({ tables, pendingServices, refusedCount }: ProgrammingStatus): string {
  if (refusedCount > 0) return 'all but what the kernel refused';
  const left = pendingServices + tables.reduce((sum, { pending }) => sum + pending, 0);
  return left === 0 ? 'every change is in the kernel' : 'changes are under way';
}

function age(since: string, now: string): string {
  return ageText(Date.parse(now) - Date.parse(since));
}

function sourceLines({ source, time }: DaemonStatus): StatusLine[] {
  const { kind, place, synced, services, watches } = source;
  const what = kind === 'manifests' ? `the files of ${place}` : `the API server ${place}`;
  return [
    ['Source', `${what}, ${synced ? count(services, 'Service') : 'not read completely yet'}`],
    ...columns(watches.map((watch) => watchCells(watch, time)))
      .split('\n')
      .filter((line) => line !== '')
      .map((line): StatusLine => ['', line]),
  ];
}

function watchCells(
  { resource, open, lastEvent, lists, relists, events }: WatchStatus,
  now: string,
): string[] {
  const again = Object.values(relists).reduce((sum, count) => sum + count, 0);
  return [
    resource,
    open ? 'watched' : 'not watched',
    lastEvent === null ? 'no event yet' : `last event ${agoText(lastEvent, now)}`,
    `${events} events`,
    `${lists} ${lists === 1 ? 'list' : 'lists'}${again === 0 ? '' : `, ${again} of them again`}`,
  ];
}

function nodeLines({ node }: DaemonStatus): StatusLine[] {
  const { name, zone, podCidrs, nodePortAddresses, eligible } = node;
  const facts = [
    zone === null ? '' : `zone ${zone}`,
    podCidrs.length === 0 ? '' : `pods ${podCidrs.join(' and ')}`,
    nodePortAddresses.length === 0 ? '' : `node ports at ${several(nodePortAddresses)}`,
    eligible ? '' : 'going away',
  ];
  return [['Node', [name, ...facts.filter((fact) => fact !== '')].join(', ')]];
}

function several(addresses: readonly string[]): string {
  const told = addresses.slice(0, 3).join(', ');
  return addresses.length <= 3 ? told : `${told} and ${addresses.length - 3} more`;
}

function programmingLines(programming: ProgrammingStatus, now: string): StatusLine[] {
  const { services, pendingServices, lastWrite, lastAudit, latency } = programming;
  const waiting = pendingServices === 0 ? '' : `, ${pendingServices} wait to be planned`;
  return [
    ['Programmed', `${count(services, 'Service')}, ${completeness(programming)}${waiting}`],
    ...tableLines(programming),
    [
      'Last write',
      lastWrite === null
        ? 'none: the kernel was right when kube-ipvs started'
        : `${agoText(lastWrite.ended, now)}: ${count(lastWrite.writes, 'entry', 'entries')} for ` +
          `${count(lastWrite.services, 'changed Service')} in ${tookText(lastWrite.milliseconds)}`,
    ],
    [
      'Last audit',
      lastAudit === null
        ? 'none yet'
        : `${agoText(lastAudit.ended, now)}, took ${tookText(lastAudit.milliseconds)}, ` +
          (lastAudit.driftCount === 0
            ? 'no drift'
            : `${count(lastAudit.driftCount, 'entry', 'entries')} had drifted`),
    ],
    [
      'Latency',
      latency.meanMilliseconds === null || latency.last === null
        ? 'no change of endpoints measured yet'
        : `${tookText(latency.meanMilliseconds)} on average of ${count(latency.count, 'change')} of endpoints, the last ` +
          `${tookText(latency.last.milliseconds)} (${latency.last.service})`,
    ],
    ['Draining', drainingText(programming, now)],
  ];
}

function tableLines({ tables }: ProgrammingStatus): StatusLine[] {
  const rows = tables.map(({ table, entries, pending, refused, writes, drift }) => [
    words(table),
    ...[entries, pending, refused, writes, drift].map(String),
  ]);
  const lines = columns([['', 'ENTRIES', 'PENDING', 'REFUSED', 'WRITES', 'DRIFT'], ...rows]);
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index): StatusLine => [index === 0 ? 'Tables' : '', line]);
}

/** `virtualServers` as `virtual servers`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function drainingText({ draining, drainingCount }: ProgrammingStatus, now: string): string {
  const [longest] = draining;
  if (longest === undefined) return 'none';
  const connections = draining.reduce((sum, server) => sum + (server.connections ?? 0), 0);
  return `${count(drainingCount, 'real server')} with ${count(connections, 'connection')}, the longest for ${age(longest.since, now)}`;
}
