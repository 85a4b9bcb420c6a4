import { setImmediate as breathe } from 'node:timers/promises';
import type { Change } from '../kernel/table.ts';
import type { Keyed } from '../model/keyed.ts';
import type { ServicePlan } from '../model/plan.ts';
import type { RealServer } from '../model/real-server.ts';
import { virtualServerOf } from '../model/real-server.ts';
import type { ServiceKey } from '../model/service.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import type { ReconcilerListener, WrittenBatch } from '../reconciler/reports.ts';
import type { TableName } from '../reconciler/table-name.ts';
import type { DaemonEvent } from '../socket/event.ts';
import type { ServedServers } from './service-statistics.ts';

/** What an EventFeed needs. */
export interface EventFeedOptions {
  readonly stream: { readonly watched: boolean; send(event: DaemonEvent): void };
  /** In milliseconds since the epoch. */
  readonly now: () => number;
  /** What a Service calls its port that has a virtual server; `""` where it has no name. */
  readonly portName: (service: ServiceKey, server: VirtualServer) => string;
}

/** Characters that are made of names between two turns of the event loop. */
const pieceLength = 16_384;

/** Services that are gone whose virtual servers are looked for, in one pass: each look is at all virtual servers. */
const mostLooks = 20;

/** Tells whoever follows the events of a daemon what becomes of every change. Nothing is done where nobody does. */
export class EventFeed {
  readonly #options: EventFeedOptions;
  #served: ServedServers | undefined;
  /** Since when the oldest change waits that no pass has begun with. */
  #asked: number | undefined;
  /** The same, of the pass that is under way. */
  #passAsked: number | undefined;
  /** Of virtual servers that are about to go, who has them. */
  readonly #leaving = new Map<string, ServiceKey>();
  #looks = 0;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  /** Says where to read who has which virtual server. */
  follow(served: ServedServers): void {
    this.#served = served;
  }

  /** Who has each virtual server for which port, `["TCP 10.96.0.10:80","shop/web","http"]` a line, many lines a piece. */
  async *services(): AsyncGenerator<string, void> {
    const served = this.#served;
    if (served === undefined) return;
    let piece = '';
    for (const server of [...served.virtualServers()]) {
      const service = served.ownerOf(server.key)?.service;
      if (service === undefined) continue;
      piece += `${JSON.stringify([server.key, service, this.#options.portName(service, server)])}\n`;
      if (piece.length < pieceLength) continue;
      yield piece;
      piece = '';
      await breathe();
    }
    if (piece !== '') yield piece;
  }

  /** A change was asked for. */
  queued(): void {
    if (this.#options.stream.watched) this.#asked ??= this.#options.now();
  }

  /** A service was planned, which has not been written; `undefined` where it is gone. */
  planned(service: ServiceKey, plan: ServicePlan | undefined): void {
    if (!this.#options.stream.watched) return;
    this.#passAsked ??= this.#asked;
    this.#asked = undefined;
    if (plan === undefined && this.#served !== undefined) this.#noteLeaving(service, this.#served);
  }

  #noteLeaving(service: ServiceKey, served: ServedServers): void {
    if (this.#looks >= mostLooks) return;
    this.#looks += 1;
    for (const { key } of served.virtualServers()) {
      if (served.ownerOf(key)?.service === service) this.#leaving.set(key, service);
    }
  }

  /** For the reconciler. */
  get listener(): ReconcilerListener {
    const { stream } = this.#options;
    return {
      wrote: (batch) => {
        if (stream.watched) this.#wrote(batch);
      },
      synced: () => {
        this.#passAsked = undefined;
        this.#leaving.clear();
        this.#looks = 0;
      },
      repaired: (drift) => {
        for (const { table, key, kind } of stream.watched ? drift : []) {
          this.#send({ kind: 'drift', table, key, service: this.#serviceOf(table, key), text: kind });
        }
      },
      drained: ({ key, reason }) => {
        this.#send({
          kind: 'drained',
          table: 'realServers',
          key,
          service: this.#serviceOf('realServers', key),
          text: reason,
        });
      },
      contended: ({ key, winner, losers }) => {
        const text = `wanted by ${losers.join(', ')} too`;
        this.#send({ kind: 'contended', table: 'virtualServers', key, service: winner, text });
      },
      tableFailed: ({ table, error }) => {
        this.#send({ kind: 'failed', table, text: error.message });
      },
      planFailed: ({ service, error }) => {
        this.#send({ kind: 'failed', service, text: error.message });
      },
    };
  }

  #wrote({ table, changes, refusals }: WrittenBatch): void {
    const milliseconds = this.#passAsked === undefined ? null : this.#options.now() - this.#passAsked;
    for (const change of changes) {
      const { key } = change;
      const refusal = refusals.get(key);
      this.#send({
        kind: refusal === undefined ? 'change' : 'refused',
        action: actionOf(change),
        ...{ table, key, service: this.#serviceOf(table, key), milliseconds },
        text: refusal === undefined ? changeText(table, change) : refusal.message,
      });
    }
  }

  #serviceOf(table: TableName, key: string): ServiceKey | null {
    if (table !== 'virtualServers' && table !== 'realServers') return null;
    const server = table === 'realServers' ? virtualServerOf(key) : key;
    return this.#served?.ownerOf(server)?.service ?? this.#leaving.get(server) ?? null;
  }

  #send(event: Pick<DaemonEvent, 'kind' | 'text'> & Partial<DaemonEvent>): void {
    this.#options.stream.send({
      time: new Date(this.#options.now()).toISOString(),
      ...{ action: null, table: null, key: null, service: null, milliseconds: null, count: null },
      ...event,
    });
  }
}

function actionOf({ before, after }: Change<Keyed>): '+' | '-' | '~' {
  if (after === undefined) return '-';
  return before === undefined ? '+' : '~';
}

function changeText(table: TableName, { before, after }: Change<Keyed>): string {
  const [old, next] = [before, after].map((entry) => (entry === undefined ? '' : entryText(table, entry)));
  if (before === undefined || after === undefined) return `${old}${next}`;
  return old === next ? 'settings' : `${old} => ${next}`;
}

/** What there is to say of an entry besides its key. */
function entryText(table: TableName, entry: Keyed): string {
  if (table === 'realServers') return `w=${(entry as RealServer).weight}`;
  return table === 'virtualServers' ? (entry as VirtualServer).scheduler : '';
}
