import type { Logger } from 'pino';
import type { ServiceKey } from '../../model/service.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Api } from './api.ts';
import { Backoff, pause } from './backoff.ts';
import { EventMemory, type ToldEvent } from './event-memory.ts';
import { EventWriter, type EventOutcome } from './event-writer.ts';
import type { ServiceEvent } from './service-event.ts';
import { TokenBucket } from './token-bucket.ts';

/** What an EventRecorder needs. */
export interface EventRecorderOptions {
  readonly api: Api;
  /** The name of this node, which every event bears. */
  readonly node: string;
  readonly log: Logger;
  readonly clock?: Clock;
  /** A number from 0 up to but not including 1. */
  readonly random?: () => number;
}

/** Who is told of what keeps services from being served. */
export interface ServiceEvents {
  /** Something is so, from now on until `over` is called. Telling it again meanwhile does nothing. */
  tell(service: ServiceKey, event: ServiceEvent): void;
  /** It is so no longer. */
  over(service: ServiceKey, event: ServiceEvent): void;
}

/** Facts that are remembered as told, and those among them that wait to be sent, at most. */
const mostRemembered = 1024;
const mostOutstanding = 256;

/** A second, in the long run and at once. */
const rate = 5;
const burst = 25;

/** Milliseconds up to which nodes that see the same thing at the same time spread what they tell of it. */
const spread = 5000;

/** Milliseconds until an account that may not write events tries again. */
const quiet = 10 * 60_000;

/** Milliseconds in which a fact that comes back is only counted: as long as client-go waits for a series to end. */
const seriesPause = 6 * 60_000;

/** How often a server may fail to take an event that it has been sent. */
const mostFailures = 12;

/**
 * Tells owners of services, by Kubernetes Events, what keeps these from being served and what they can mend. Every node
 * tells for itself, as with kube-proxy, and each fact once while it lasts: one that comes back makes a series of its
 * Event (see `seriesPatch`) and no second one. Events are sent in the background, no faster than the API server is to
 * bear, and never hold anything up; the most recent that cannot be sent are kept, in bounded number, and the others lost.
 */
export class EventRecorder implements ServiceEvents {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #writer: EventWriter;
  readonly #bucket: TokenBucket;
  readonly #backoff: Backoff;
  readonly #memory = new EventMemory(mostRemembered);
  readonly #outstanding = new Set<ToldEvent>();
  readonly #stopping = new AbortController();
  #working: Promise<void> | undefined;
  /** What keeps events from being written, once it has been logged. */
  #trouble: string | undefined;
  #overflowed = false;
  #notBefore = -Infinity;

  constructor(options: EventRecorderOptions) {
    const { api, node, log, clock = systemClock, random = Math.random } = options;
    this.#log = log;
    this.#clock = clock;
    this.#random = random;
    this.#writer = new EventWriter({ api, node, clock, signal: this.#stopping.signal });
    this.#bucket = new TokenBucket({ clock, rate, burst });
    this.#backoff = new Backoff({ clock, random });
  }

  /** How many events wait to be sent. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  tell(service: ServiceKey, event: ServiceEvent): void {
    const known = this.#memory.find(service, event);
    if (known?.lasting === true) return;
    const time = this.#clock.now();
    const told = known ?? { service, event, lasting: true, count: 0, time, failures: 0, sent: undefined };
    told.lasting = true;
    told.count += 1;
    told.time = time;
    this.#memory.add(told);
    if (told.sent === undefined || time - told.sent.time >= seriesPause) this.#send(told);
  }

  over(service: ServiceKey, event: ServiceEvent): void {
    const told = this.#memory.find(service, event);
    if (told === undefined) return;
    told.lasting = false;
    if (this.#outstanding.delete(told) && told.sent === undefined) this.#memory.forget(told);
  }

  /** Ends. What is outstanding is not told. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#working;
  }

  #send(told: ToldEvent): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#outstanding.size >= mostOutstanding) {
      this.#memory.forget(told);
      this.#tellOverflow();
      return;
    }
    this.#outstanding.add(told);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    await this.#wait(this.#random() * spread);
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      await this.#wait(Math.max(this.#bucket.take(), this.#notBefore - this.#clock.now()));
      // It may have been over meanwhile.
      if (!this.#outstanding.has(next) || this.#stopping.signal.aborted) continue;
      this.#settle(next, await this.#writer.write(next));
    }
    this.#overflowed = false;
  }

  #next(): ToldEvent | undefined {
    if (this.#stopping.signal.aborted) return undefined;
    for (const told of this.#outstanding) return told;
    return undefined;
  }

  #settle(told: ToldEvent, outcome: EventOutcome): void {
    if (this.#stopping.signal.aborted) return;
    switch (outcome.kind) {
      case 'written':
        this.#outstanding.delete(told);
        told.failures = 0;
        told.sent = { ...outcome.sent, time: this.#clock.now() };
        this.#recover();
        return;
      case 'gone':
        this.#giveUp(told);
        return;
      case 'refused':
        this.#giveUp(told);
        this.#complain(outcome.kind, outcome.message);
        return;
      case 'forbidden':
        this.#rest(quiet * (1 + this.#random()));
        this.#complain(outcome.rule, outcome.message);
        return;
      case 'failed':
        this.#fail(told, outcome);
    }
  }

  #fail(told: ToldEvent, outcome: Extract<EventOutcome, { kind: 'failed' }>): void {
    this.#rest(this.#backoff.next(outcome.retryAfter));
    if (!outcome.reported) this.#complain(outcome.kind, outcome.message);
    if (outcome.answered) this.#putBack(told);
  }

  #rest(milliseconds: number): void {
    this.#notBefore = this.#clock.now() + milliseconds;
  }

  /** One that makes the server fail must not keep the others back. */
  #putBack(told: ToldEvent): void {
    if (!this.#outstanding.delete(told)) return;
    told.failures += 1;
    if (told.failures < mostFailures) this.#outstanding.add(told);
    else this.#memory.forget(told);
  }

  #giveUp(told: ToldEvent): void {
    this.#outstanding.delete(told);
    this.#memory.forget(told);
  }

  #complain(trouble: string, message: string): void {
    if (this.#trouble === trouble) this.#log.debug({}, message);
    else this.#log.error({ outstanding: this.#outstanding.size }, message);
    this.#trouble = trouble;
  }

  #recover(): void {
    if (this.#trouble !== undefined) this.#log.info({}, 'events are written again');
    this.#trouble = undefined;
  }

  #tellOverflow(): void {
    if (this.#overflowed) return;
    this.#overflowed = true;
    this.#log.warn(
      { outstanding: this.#outstanding.size },
      `expected at most ${mostOutstanding} events to wait for the API server, got more; the log has what they would say`,
    );
  }

  async #wait(milliseconds: number): Promise<void> {
    if (milliseconds > 0) await pause(this.#clock, milliseconds, this.#stopping.signal);
  }
}
