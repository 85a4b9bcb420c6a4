import { createHash } from 'node:crypto';
import { formatBindAddress } from '../config/bind-address.ts';
import type { Configuration } from '../config/configuration.ts';
import { contentOf } from '../config/written-file.ts';
import type { HealthState } from '../health/proxy-health.ts';
import type { BuildFacts } from '../metrics/node-metrics.ts';
import type { WatchFigures } from '../metrics/watch-metrics.ts';
import type { IpFamily } from '../model/family.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { ServiceKey } from '../model/service.ts';
import type { AuditReport, ReconcilerStatus, SyncReport } from '../reconciler/reports.ts';
import { total } from '../reconciler/sync-tally.ts';
import { type PerTable, upsertOrder } from '../reconciler/table-name.ts';
import { unusableTables } from '../reconciler/unusable-tables.ts';
import {
  type AuditStatus,
  type ConfigurationStatus,
  type DaemonStatus,
  longestList,
  type NodeStatus,
  type PassStatus,
  type ProcessStatus,
  type ProgrammingStatus,
  type SourceStatus,
  statusVersion,
  type TableStatus,
  type WatchStatus,
} from '../socket/status.ts';
import type { ServiceSource } from './service-source.ts';

/** What the status of a daemon is made of. Times are the clock's milliseconds. */
export interface DaemonFacts {
  readonly now: number;
  readonly started: number;
  readonly build: BuildFacts;
  readonly verbosity: number;
  readonly configuration: Configuration;
  readonly source: Pick<ServiceSource, 'cluster' | 'node'>;
  readonly catalog: { readonly synced: boolean; readonly services: number };
  readonly families: readonly IpFamily[];
  readonly health: HealthState & { readonly eligible: boolean };
  readonly programming: ProgrammingFacts | undefined;
}

/** What is known once services are programmed. */
export interface ProgrammingFacts {
  readonly reconciler: ReconcilerStatus;
  readonly node: NodeFacts;
  readonly lastWrite: PassStatus | null;
  /** Entries that audits found otherwise than they were left, since the start. */
  readonly drift: PerTable<number>;
  /** The services that want entries, by the keys of these. */
  readonly owners: (keys: readonly string[]) => ReadonlyMap<string, readonly ServiceKey[]>;
}

/** How a daemon stands, as its socket tells it. */
export function daemonStatus(facts: DaemonFacts): DaemonStatus {
  const { build, health, programming } = facts;
  return {
    apiVersion: statusVersion,
    kind: 'Status',
    time: time(facts.now),
    versions: {
      kubeIpvs: build.version,
      node: build.node_version.replace(/^v/, ''),
      kernel: build.kernel_release,
      ipvs: build.ipvs_version,
    },
    process: processStatus(facts),
    configuration: configurationStatus(facts.configuration),
    source: sourceStatus(facts),
    node: nodeStatus(facts),
    health: { healthy: health.healthy, reasons: health.reasons, lastPass: maybeTime(health.lastPass) },
    programming: programming === undefined ? null : programmingStatus(programming),
  };
}

function processStatus({ started, verbosity, programming }: DaemonFacts): ProcessStatus {
  return {
    pid: process.pid,
    started: time(started),
    phase: phaseOf(programming?.reconciler),
    verbosity,
    residentBytes: process.memoryUsage.rss(),
  };
}

function phaseOf(reconciler: ReconcilerStatus | undefined): ProcessStatus['phase'] {
  if (reconciler === undefined) return 'starting';
  return reconciler.lastSync === undefined ? 'programming' : 'running';
}

function configurationStatus(configuration: Configuration): ConfigurationStatus {
  const { scheduler, syncPeriod, minSyncPeriod, drainTimeout } = configuration;
  const address = (bound: Configuration['healthzBindAddress']): string =>
    bound === 'off' ? 'off' : formatBindAddress(bound);
  return {
    digest: digestOf(configuration),
    ...{ scheduler, syncPeriod, minSyncPeriod, drainTimeout },
    healthzBindAddress: address(configuration.healthzBindAddress),
    metricsBindAddress: address(configuration.metricsBindAddress),
  };
}

/** Equal for configurations that are equal but for the name of the node, which each has for itself. */
function digestOf(configuration: Configuration): string {
  const content = JSON.stringify(contentOf(configuration, (setting) => setting !== 'nodeName'));
  return createHash('sha256').update(content).digest('hex').slice(0, 12);
}

function sourceStatus({ configuration, source, catalog }: DaemonFacts): SourceStatus {
  const { synced, services } = catalog;
  const { cluster } = source;
  if (cluster === undefined) {
    const place = configuration.manifests ?? '';
    return { kind: 'manifests', place, synced, services, trouble: null, watches: [] };
  }
  const { server, watches } = cluster.troubles;
  return {
    kind: 'kubernetes',
    place: cluster.server.href,
    ...{ synced, services },
    trouble: server ?? null,
    watches: Object.entries(cluster.watches).map(([resource, figures]) =>
      watchStatus(resource, figures, watches[resource]),
    ),
  };
}

function watchStatus(resource: string, figures: WatchFigures, trouble: string | undefined): WatchStatus {
  const { lastSync, lastEvent, watching, events, lists, relists, troubles } = figures;
  return {
    resource,
    synced: lastSync !== undefined,
    open: watching,
    lastEvent: maybeTime(lastEvent),
    lastList: maybeTime(lastSync),
    events,
    lists,
    relists: Object.fromEntries(relists),
    troubles: Object.fromEntries(troubles),
    trouble: trouble ?? null,
  };
}

function nodeStatus({ configuration, source, families, health, programming }: DaemonFacts): NodeStatus {
  const node = programming?.node;
  return {
    name: configuration.nodeName,
    zone: source.node.zone === '' ? null : source.node.zone,
    podCidrs: source.node.podCidrs,
    families,
    statusAddresses: source.node.addresses,
    nodePortAddresses: node?.addresses ?? [],
    localAddresses: node?.localAddresses ?? [],
    eligible: health.eligible,
  };
}

function programmingStatus({ reconciler, drift, owners, lastWrite }: ProgrammingFacts): ProgrammingStatus {
  const { services, pendingServices, revision, programmed, conflicts, planFailures, draining } = reconciler;
  const { refused, lastSync, lastAudit, latency } = reconciler;
  const told = refused.slice(0, longestList);
  const wanting = told.length === 0 ? new Map<string, ServiceKey[]>() : owners(told.map(({ key }) => key));
  return {
    ...{ services, pendingServices, revision, programmed },
    tables: upsertOrder.map((table) => tableStatus(table, reconciler, drift)),
    refusedCount: refused.length,
    refused: told.map(({ table, key, refusal, attempts, due }) => ({
      ...{ table, key, services: wanting.get(key) ?? [] },
      ...{ code: refusal.code, operation: refusal.operation, reason: refusal.message },
      ...{ attempts, nextTry: time(due) },
    })),
    conflictCount: conflicts.length,
    conflicts: conflicts.slice(0, longestList),
    planFailureCount: planFailures.length,
    planFailures: planFailures
      .slice(0, longestList)
      .map(({ service, error }) => ({ service, reason: error.message })),
    drainingCount: draining.length,
    draining: draining.slice(0, longestList).map(({ key, since, deadline, connections }) => ({
      ...{ key, since: time(since) },
      deadline: Number.isFinite(deadline) ? time(deadline) : null,
      connections: connections ?? null,
    })),
    lastSync: lastSync === undefined ? null : passStatus(lastSync),
    lastWrite,
    lastAudit: lastAudit === undefined ? null : auditStatus(lastAudit),
    latency: latencyStatus(latency),
  };
}

function tableStatus(
  table: (typeof upsertOrder)[number],
  status: ReconcilerStatus,
  drift: PerTable<number>,
): TableStatus {
  const { entries, pending, writes, refused } = status;
  return {
    table,
    entries: entries[table],
    pending: pending[table],
    refused: refused.filter((one) => one.table === table).length,
    writes: writes[table],
    drift: drift[table],
    trouble: unusableTables(status).find((one) => one.table === table)?.error.message ?? null,
  };
}

/** A pass as it is told. */
export function passStatus({ ended, services, writes, refusals, milliseconds }: SyncReport): PassStatus {
  return {
    ended: time(ended),
    services: services.length,
    writes: total(writes),
    refusals,
    milliseconds: rounded(milliseconds.plan + total(milliseconds.write)),
  };
}

function auditStatus({ ended, milliseconds, drift, failures }: AuditReport): AuditStatus {
  return {
    ended: time(ended),
    milliseconds: rounded(milliseconds),
    driftCount: drift.length,
    drift: drift.slice(0, longestList),
    failures: failures.map(({ table, error }) => ({ table, reason: error.message })),
  };
}

function latencyStatus({ count, sum, last }: ReconcilerStatus['latency']): ProgrammingStatus['latency'] {
  return {
    count,
    meanMilliseconds: count === 0 ? null : rounded(sum / count),
    last:
      last === undefined
        ? null
        : { service: last.service, triggered: time(last.triggered), milliseconds: rounded(last.latency) },
  };
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function maybeTime(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : time(milliseconds);
}

/** Milliseconds to a thousandth. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
