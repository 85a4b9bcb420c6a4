import type { Logger } from 'pino';
import { Catalog } from '../../lib/catalog/catalog.ts';
import type { KernelTables } from '../../lib/kernel/kernel-tables.ts';
import type { NodeFacts } from '../../lib/model/node-facts.ts';
import type { ServicePlan } from '../../lib/model/plan.ts';
import type { PlannerOptions } from '../../lib/model/planner-options.ts';
import type { ServiceKey } from '../../lib/model/service.ts';
import { planBase } from '../../lib/planner/base-plan.ts';
import { planService } from '../../lib/planner/service-plan.ts';
import { Reconciler } from '../../lib/reconciler/reconciler.ts';
import type { ReconcilerListener } from '../../lib/reconciler/reports.ts';
import { ApiClient } from '../../lib/sources/kubernetes/api-client.ts';
import { Credentials } from '../../lib/sources/kubernetes/credentials.ts';
import { inClusterIdentity } from '../../lib/sources/kubernetes/kubeconfig.ts';
import { KubernetesSource } from '../../lib/sources/kubernetes/kubernetes-source.ts';
import { type NodeObject, NodeWatch } from '../../lib/sources/kubernetes/node.ts';
import { Transport } from '../../lib/sources/kubernetes/transport.ts';
import { oldestFirst } from '../../lib/cli/oldest-first.ts';
import { ownNode } from './cluster.ts';
import { hastyClocks } from './hurry.ts';

/** What one life of a controller needs. */
export interface ControllerOptions {
  /** `https://127.0.0.1:6443`. */
  readonly server: string;
  /** Where its service account's files are. */
  readonly directory: string;
  readonly tables: KernelTables;
  readonly planner: PlannerOptions;
  /** How many times as fast as the machine's its time runs. */
  readonly haste: number;
  readonly random: () => number;
  readonly log: Logger;
  /** Told of everything that the reconciler does. */
  readonly listener?: ReconcilerListener;
}

/** Milliseconds of its time for an answer to begin: more than elsewhere, for TLS and the server are not in haste. */
const answerTime = 40_000;

/**
 * One life of the whole controller: API server, catalog, planner, reconciler, tables. Its clocks run many times as
 * fast, so that back-off, idle limits and audits take milliseconds.
 */
export class Controller {
  readonly catalog = new Catalog();
  readonly reconciler: Reconciler;
  readonly #source: KubernetesSource;
  readonly #node: NodeWatch;
  readonly #transport: Transport;
  readonly #planner: PlannerOptions;
  #facts: NodeFacts = { name: ownNode, addresses: [], zone: '' };
  #started = false;

  constructor(options: ControllerOptions) {
    const { server, directory, tables, planner, haste, random, log, listener } = options;
    const identity = inClusterIdentity(server, directory);
    const { source: clock, reconciler } = hastyClocks(haste);
    this.#transport = new Transport({ userAgent: 'kube-ipvs/chaos', answerTime: answerTime / haste });
    const api = new ApiClient(new Credentials(identity, clock), this.#transport);
    this.#planner = planner;
    this.#source = new KubernetesSource({ api, catalog: this.catalog, log, clock, random });
    // A node that is long in coming is no fault here.
    this.#node = new NodeWatch({ api, name: ownNode, log, clock, random, limit: 3_600_000 });
    this.reconciler = new Reconciler({
      tables,
      base: planBase(planner),
      plan: (service) => this.#plan(service),
      log,
      clock: reconciler,
      random,
      syncPeriod: 30_000,
      minSyncPeriod: 500,
      ...(listener && { listener }),
    });
  }

  /** Whether it has read everything that it must know before it may write. */
  get informed(): boolean {
    return this.#started || (this.catalog.synced && this.#node.current !== undefined);
  }

  /** Whether every resource has been listed and is being watched, without trouble, as far as it knows. */
  get watching(): boolean {
    const { services, endpointSlices } = this.#source.counters;
    return (
      this.#source.troubles.length === 0 &&
      [services, endpointSlices, this.#node.counters].every(({ watching, lists }) => watching && lists > 0)
    );
  }

  /** Whether it knows everything of ours that an earlier life left: all that tells has been read at one time. */
  get adopted(): boolean {
    return this.reconciler.status().lastAudit?.failures.length === 0;
  }

  /** What keeps it from being right, for the report of a failure. */
  get troubles(): readonly string[] {
    const { refused, failed, pendingServices, revision, programmed } = this.reconciler.status();
    return [
      ...this.#source.troubles,
      ...refused.map(({ table, key, refusal }) => `refused: ${table} ${key}: ${refusal.message}`),
      ...failed.map(({ table, error }) => `failed: ${table}: ${error.message}`),
      ...(pendingServices > 0 ? [`${pendingServices} services wait`] : []),
      ...(programmed < revision ? [`programmed ${programmed} of ${revision}`] : []),
      ...(this.informed ? [] : ['not informed']),
    ];
  }

  /** Begins, in the background. */
  start(): void {
    this.catalog.onChange(() => {
      setImmediate(() => {
        this.#changed();
      });
    });
    this.#node.onChange((node) => {
      this.#moved(node);
    });
    this.#node.start().catch(() => {
      // It was stopped before the node appeared.
    });
    this.#source.start();
  }

  /** Ends, leaving the kernel as it is. */
  async stop(): Promise<void> {
    await this.#source.stop();
    await this.#node.stop();
    await this.reconciler.stop();
    this.#transport.close();
  }

  #changed(): void {
    if (!this.informed) return;
    const changed = this.catalog.takeChanged();
    const triggers = this.catalog.takeTriggers();
    if (this.#started) this.reconciler.changed(changed, triggers);
    else this.reconciler.start(oldestFirst(this.catalog));
    this.#started = true;
  }

  /** The node's addresses stand for those of its interfaces. One that is gone for a moment keeps them. */
  #moved(node: NodeObject | undefined): void {
    if (node === undefined) return;
    this.#facts = { name: node.name, addresses: node.addresses, zone: node.zone };
    if (this.#started) this.reconciler.changed(this.catalog.keys());
    else this.#changed();
  }

  #plan(service: ServiceKey): ServicePlan | undefined {
    const state = this.catalog.get(service);
    return state && planService(state, this.#facts, this.#planner);
  }
}
