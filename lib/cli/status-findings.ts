import { counted } from '../doctor/mend.ts';
import type { DaemonStatus, ProgrammingStatus, WatchStatus } from '../socket/status.ts';
import type { LocalProcess } from './local-processes.ts';
import { ageText } from './output/age.ts';
import { refusalWords } from './refusal-words.ts';

/** Something that a person should know, and what to do about it. */
export interface Finding {
  /** With an `error` the node is not well. */
  readonly severity: 'error' | 'warning';
  readonly text: string;
  /** What to do, in the imperative. */
  readonly hint: string;
}

/** Findings of one kind that are told one by one unless told otherwise; of more the first, and how many there are. */
const usualMost = 5;

/** A watch hears of something every minute, a bookmark where nothing else. After so many milliseconds it is not well. */
const longestSilence = 180_000;

/**
 * What is not as it should be with a daemon.
 * @param most findings of one kind that are told one by one
 */
export function daemonFindings(status: DaemonStatus, most = usualMost): Finding[] {
  const { health, source, node, programming, time } = status;
  return [
    ...health.reasons
      .filter((reason) => !isToldElsewhere(reason, programming))
      .map((reason) => error(reason, 'see the log of kube-ipvs; /livez is 503 until it is mended')),
    ...sourceFindings(status),
    ...source.watches.flatMap((watch) => watchFindings(watch, source, time)),
    ...(programming === null ? [] : programmingFindings(programming, most)),
    ...(node.eligible
      ? []
      : [warning('the Node is being deleted or taken away: /healthz is 503', 'nothing, if that is meant')]),
  ];
}

/** What keeps a table from being written is told of the table, or of the entry. */
function isToldElsewhere(reason: string, programming: ProgrammingStatus | null): boolean {
  const told = [
    ...(programming?.tables ?? []).map(({ trouble }) => trouble),
    ...(programming?.refused ?? []).map((entry) => entry.reason),
  ];
  return told.some((text) => text !== null && reason.endsWith(text));
}

/** Proxies of others, and further daemons of this program, beside the one that is asked. */
export function processFindings(processes: readonly LocalProcess[], own: number | undefined): Finding[] {
  return processes
    .filter(({ pid, name }) => name !== 'kube-ipvs' || (own !== undefined && pid !== own))
    .map(({ pid, name }) =>
      warning(
        `${name} runs here too (process ${pid}): both write the rules of Services`,
        `stop one of them: "kill ${pid}", or take its DaemonSet off this node`,
      ),
    );
}

function error(text: string, hint: string): Finding {
  return { severity: 'error', text, hint };
}

function warning(text: string, hint: string): Finding {
  return { severity: 'warning', text, hint };
}

function sourceFindings({ source, process: { phase }, programming }: DaemonStatus): Finding[] {
  if (source.trouble !== null)
    return [error(source.trouble, 'mend that; what was read last stays in force until then')];
  if (phase === 'running') return [];
  if (!source.synced)
    return [error('not every Service is known yet', 'wait; the log tells what is waited for')];
  const left = programming?.tables.reduce((sum, { pending }) => sum + pending, 0) ?? 0;
  return [error(`the first pass is under way, ${left} entries are left`, 'wait a moment')];
}

function watchFindings(watch: WatchStatus, { trouble }: DaemonStatus['source'], now: string): Finding[] {
  const { resource, synced, lastEvent, lastList } = watch;
  // One server that is away is told once.
  if (trouble !== null) return [];
  if (watch.trouble !== null)
    return [error(watch.trouble, `see that kube-ipvs may list and watch ${resource}`)];
  if (!synced) return [];
  const silence = Date.parse(now) - Math.max(Date.parse(lastEvent ?? now), Date.parse(lastList ?? now));
  if (silence < longestSilence) return [];
  return [
    warning(
      `the watch of ${resource} has been silent for ${ageText(silence)}`,
      'see whether the API server hangs',
    ),
  ];
}

function programmingFindings(programming: ProgrammingStatus, most: number): Finding[] {
  const { tables, refused, refusedCount, planFailures, planFailureCount } = programming;
  const { conflicts, conflictCount, lastAudit } = programming;
  return [
    ...tables
      .filter(({ trouble }) => trouble !== null)
      .map(({ table, trouble }) =>
        error(`${table}: ${trouble ?? ''}`, 'it is read again by itself; see "kube-ipvs doctor"'),
      ),
    ...listed(most, refused, refusedCount, 'refused entries', (refusal) =>
      error(
        `the kernel refused to ${refusalWords(refusal, forServices(refusal.services))}`,
        `it is tried again by itself, ${counted(refusal.attempts, 'time')} so far`,
      ),
    ),
    ...listed(
      most,
      planFailures,
      planFailureCount,
      'Services that cannot be planned',
      ({ service, reason }) =>
        error(`${service} cannot be planned: ${reason}`, 'this is a fault of kube-ipvs: please report it'),
    ),
    ...listed(most, conflicts, conflictCount, 'contended virtual servers', ({ key, winner, losers }) =>
      warning(
        `${key} is wanted by ${[winner, ...losers].join(' and ')}: ${winner} has it`,
        'give one of them another address or port',
      ),
    ),
    ...driftFindings(lastAudit),
  ];
}

function driftFindings(audit: ProgrammingStatus['lastAudit']): Finding[] {
  if (audit === null || audit.driftCount === 0) return [];
  const [{ table, key, kind } = { table: '', key: '', kind: '' }] = audit.drift;
  const entry = `${table} ${key} (${kind})`;
  return [
    warning(
      audit.driftCount === 1
        ? `the last audit found an entry that somebody else had changed: ${entry}`
        : `the last audit found ${audit.driftCount} entries that somebody else had changed, such as ${entry}`,
      'find who writes there; "kube-ipvs monitor" shows it as it happens',
    ),
  ];
}

function forServices(services: readonly string[]): string {
  return services.length === 0 ? '' : ` for ${services.join(', ')}`;
}

function listed<Item>(
  most: number,
  items: readonly Item[],
  count: number,
  what: string,
  finding: (item: Item) => Finding,
): Finding[] {
  const told = items.slice(0, most).map(finding);
  const [first] = told;
  if (first === undefined || count <= told.length) return told;
  return [
    ...told,
    {
      ...first,
      text: `and ${count - told.length} more ${what}`,
      hint: '"kube-ipvs status -o json" has them',
    },
  ];
}
