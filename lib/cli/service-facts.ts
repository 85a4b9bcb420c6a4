import type { Problem } from '../model/problem.ts';
import type { ServiceKey } from '../model/service.ts';
import type { ReconcilerStatus } from '../reconciler/reports.ts';
import type { RefusedEntry } from '../reconciler/retry.ts';
import type { ServiceEvent } from '../sources/kubernetes/service-event.ts';
import type { ServiceFact } from './event-set.ts';

/** What keeps services from the kernel, of all that a reconciler tells of itself. */
export type KernelTroubles = Pick<ReconcilerStatus, 'refused' | 'conflicts' | 'planFailures'>;

/** The tables whose refusals are a matter of one service, and can be mended there or on the node. */
const ownTables: readonly string[] = ['virtualServers', 'realServers', 'addresses'];

/** A problem of a service as an event: what is wrong in it, or in its endpoints, and not followed. */
export function problemEvent(problem: Problem, object?: string): ServiceEvent {
  const place = [object, problem.field].filter((part) => part !== undefined).join(': ');
  const text = `expected ${problem.expected}, got ${problem.got}; ${problem.hint}`;
  return warning(reasonOf(problem), 'ReadService', place === '' ? text : `${place}: ${text}`);
}

/** A health check port that is not served, by kube-proxy's name. */
export function healthCheckEvent(trouble: string): ServiceEvent {
  return warning('FailedToStartServiceHealthcheck', 'Listen', trouble);
}

/** Refused entries that are told of: their tables' other ones are the node's matter and stand in its log. */
export function ownRefusals(refused: readonly RefusedEntry[]): readonly RefusedEntry[] {
  return refused.filter(({ table }) => ownTables.includes(table));
}

/**
 * What owners are told of what keeps their services from the kernel. Several entries of a service that are refused for
 * one reason are one fact.
 *
 * @param ownersOf the services that an entry is wanted for
 */
export function kernelFacts(
  { refused, conflicts, planFailures }: KernelTroubles,
  ownersOf: (key: string) => readonly ServiceKey[],
): ServiceFact[] {
  return [
    ...refusedFacts(ownRefusals(refused), ownersOf),
    ...conflicts.flatMap(({ key, winner, losers }) =>
      losers.map((service) => ({ service, event: conflictEvent(key, winner) })),
    ),
    ...planFailures.map(({ service, error }) => ({ service, event: planEvent(error) })),
  ];
}

function refusedFacts(
  refused: readonly RefusedEntry[],
  ownersOf: (key: string) => readonly ServiceKey[],
): ServiceFact[] {
  const facts = new Map<string, ServiceFact>();
  // In the order of the keys, so that it is always the same entry that stands for the others.
  for (const entry of refused.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const { table, key, refusal } = entry;
    for (const service of ownersOf(key)) {
      const kind = [service, table, refusal.operation, refusal.code].join('\n');
      if (!facts.has(kind)) facts.set(kind, { service, event: refusalEvent(entry) });
    }
  }
  return [...facts.values()];
}

/** IPVS says ENOENT of a virtual server only where it finds no such scheduler. */
function refusalEvent({ table, refusal }: RefusedEntry): ServiceEvent {
  const noScheduler = table === 'virtualServers' && refusal.code === 'ENOENT';
  return warning(
    noScheduler ? 'SchedulerUnavailable' : 'RefusedByKernel',
    'ProgramService',
    `${refusal.operation}: ${refusal.message}`,
  );
}

function conflictEvent(key: string, winner: ServiceKey): ServiceEvent {
  const hint = 'give one of the two another address or port';
  return warning(
    'VirtualServerConflict',
    'ProgramService',
    `expected ${key} to be free, but Service ${winner} has it, which is older; ${hint}`,
  );
}

function planEvent(error: Error): ServiceEvent {
  return warning('PlanFailed', 'PlanService', `${error.message}; what was served before stays in force`);
}

/** A wrong family has the name that kube-proxy gives it, by which people look for it. */
function reasonOf({ code, field = '' }: Problem): string {
  if (code === 'wrong-family') return 'KubeProxyIncorrectIPVersion';
  if (!field.startsWith('metadata.annotations')) return 'InvalidField';
  return /[./]scheduler\W*$/.test(field) ? 'SchedulerUnavailable' : 'InvalidAnnotation';
}

function warning(reason: string, action: string, note: string): ServiceEvent {
  return { type: 'Warning', reason, action, note };
}
