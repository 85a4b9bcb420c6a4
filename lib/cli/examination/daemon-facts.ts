import type { DaemonFacts, WatchFacts } from '../../doctor/examined-node.ts';
import { SocketError } from '../../socket/socket-error.ts';
import type { DaemonStatus, ProgrammingStatus, SourceStatus, WatchStatus } from '../../socket/status.ts';
import { NodeDaemon } from '../node-daemon.ts';
import { refusalWords } from '../refusal-words.ts';
import { daemonAmong } from './proxy-processes.ts';
import type { Subject } from './subject.ts';

/** Asks the kube-ipvs of this node how it stands. */
export async function readDaemon({ proxies, configuration: { socket } }: Subject): Promise<DaemonFacts> {
  const pid = daemonAmong(proxies)?.pid;
  if (socket === 'off') {
    return pid === undefined ? absent : { state: 'mute', why: 'it is configured to have no socket' };
  }
  try {
    const daemon = new NodeDaemon({ socket, process: () => Promise.resolve(pid) });
    const { status, path } = await daemon.status();
    return factsOf(status, path);
  } catch (error) {
    if (error instanceof SocketError) return silenceOf(error, pid);
    throw error;
  }
}

function silenceOf({ code, path, message }: SocketError, pid: number | undefined): DaemonFacts {
  if (code === 'no-answer') return { state: 'hung', asked: path };
  return code === 'no-daemon' && pid === undefined ? absent : { state: 'mute', why: message };
}

const absent: DaemonFacts = { state: 'absent' };

/** What a status tells that something may be wrong with. */
export function factsOf(status: DaemonStatus, asked: string): DaemonFacts {
  const { source, programming, health, time } = status;
  return {
    state: 'answers',
    asked,
    watches: watchesOf(source, Date.parse(time)),
    refusals: programming === null ? [] : refusalsOf(programming),
    unhealthy: health.healthy ? [] : health.reasons,
  };
}

function watchesOf({ watches, trouble, place }: SourceStatus, now: number): readonly WatchFacts[] {
  const all = watches.map((watch) => watchOf(watch, now));
  if (trouble === null || all.some((watch) => watch.trouble !== undefined)) return all;
  return [...all, { resource: place, synced: true, silentFor: undefined, trouble }];
}

function watchOf({ resource, synced, lastEvent, lastList, trouble }: WatchStatus, now: number): WatchFacts {
  const heard = [lastEvent, lastList].filter((time) => time !== null).map((time) => Date.parse(time));
  const silentFor = heard.length === 0 ? undefined : (now - Math.max(...heard)) / 1000;
  return { resource, synced, silentFor, trouble: trouble ?? undefined };
}

function inParentheses(services: readonly string[]): string {
  return services.length === 0 ? '' : ` (${services.join(', ')})`;
}

function refusalsOf(programming: ProgrammingStatus): readonly string[] {
  const { refused, tables, planFailures, conflicts } = programming;
  return [
    ...refused.map((refusal) => refusalWords(refusal, inParentheses(refusal.services))),
    ...tables.flatMap(({ table, trouble }) => (trouble === null ? [] : [`table ${table}: ${trouble}`])),
    ...planFailures.map(({ service, reason }) => `${service} cannot be planned: ${reason}`),
    ...conflicts.map(
      ({ key, winner, losers }) => `${key} is wanted by ${losers.join(', ')} too, and served for ${winner}`,
    ),
  ];
}
