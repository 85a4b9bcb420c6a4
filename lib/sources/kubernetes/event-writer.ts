import type { Clock } from '../clock.ts';
import { type AccessVerb, accessHint, accessRuleFor } from './access-rules.ts';
import { type ApiStatus, readFailure } from './api-status.ts';
import type { Api, ApiRequest, ApiResponse } from './api.ts';
import { readDocument } from './body.ts';
import type { ToldEvent } from './event-memory.ts';
import { ReportedError } from './reporting-api.ts';
import { eventName, eventObject, type Occurrence, seriesPatch, splitServiceKey } from './service-event.ts';
import { metadataOf } from './watch-event.ts';

/** What an EventWriter needs. */
export interface EventWriterOptions {
  readonly api: Api;
  /** The name of this node. */
  readonly node: string;
  readonly clock: Clock;
  /** Its abortion ends every request. */
  readonly signal: AbortSignal;
}

/**
 * What became of an event that was to be written.
 *
 * - `written`: the API holds it; `gone`: the service, or its namespace, is no longer there
 * - `forbidden`: this account may not do it; `refused`: the server will never take it
 * - `failed`: it may be taken later; `answered` where the server said so itself
 */
export type EventOutcome =
  | { readonly kind: 'written'; readonly sent: { readonly name: string; readonly uid: string } }
  | { readonly kind: 'gone' }
  | { readonly kind: 'forbidden'; readonly message: string; readonly rule: string }
  | { readonly kind: 'refused'; readonly message: string }
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly answered: boolean;
      /** Whether somebody else has told of it. */
      readonly reported: boolean;
      /** Milliseconds that the server asks to wait; 0 where it does not. */
      readonly retryAfter: number;
    };

/** Milliseconds for the body of an answer to go on. */
const idleTime = 30_000;

const expected = 'events to be written';

/** A request that was answered with something else than success. */
class StatusError extends Error {
  readonly status: ApiStatus;
  readonly verb: AccessVerb;
  readonly resource: 'services' | 'events';

  constructor(status: ApiStatus, verb: AccessVerb, resource: 'services' | 'events') {
    super(status.message);
    this.status = status;
    this.verb = verb;
    this.resource = resource;
  }
}

/** Writes events to the API: a new one, or that one has come back. */
export class EventWriter {
  readonly #options: EventWriterOptions;

  constructor(options: EventWriterOptions) {
    this.#options = options;
  }

  /** Never rejects. The service is asked for its uid, by which people find its events. */
  async write(told: ToldEvent): Promise<EventOutcome> {
    try {
      const uid = await this.#uidOf(told);
      return { kind: 'written', sent: { uid, name: await this.#put(told, uid) } };
    } catch (error) {
      return error instanceof StatusError ? outcomeOf(error) : unanswered(error);
    }
  }

  async #uidOf({ service }: ToldEvent): Promise<string> {
    const { namespace, name } = splitServiceKey(service);
    const path = `/api/v1/namespaces/${namespace}/services/${name}`;
    const response = await this.#request({ path }, 'get', 'services');
    const { clock } = this.#options;
    const document = await readDocument(response, {
      clock,
      what: `Service ${service}`,
      idleTime: () => idleTime,
    });
    const { uid } = metadataOf(Object(document) as object);
    return typeof uid === 'string' ? uid : '';
  }

  /** Gives the name of the Event that the API holds in the end. */
  async #put(told: ToldEvent, uid: string): Promise<string> {
    const { sent } = told;
    if (sent?.uid === uid && (await this.#patch(told, sent.name))) return sent.name;
    const { service, event, time } = told;
    const occurrence = { service, event, uid, node: this.#options.node, time };
    await this.#create(occurrence);
    return eventName(occurrence);
  }

  /** Returns false where the Event is no longer there: the API forgets them after an hour or so. */
  async #patch({ service, count, time }: ToldEvent, name: string): Promise<boolean> {
    const body = seriesPatch(count, time);
    try {
      await this.#drain({ method: 'PATCH', path: `${pathOf(service)}/${name}`, body }, 'patch');
      return true;
    } catch (error) {
      if (error instanceof StatusError && error.status.code === 404) return false;
      throw error;
    }
  }

  /** One that is there already was written by a request whose answer was lost. */
  async #create(occurrence: Occurrence): Promise<void> {
    try {
      const body = eventObject(occurrence);
      await this.#drain({ method: 'POST', path: pathOf(occurrence.service), body }, 'create');
    } catch (error) {
      if (!(error instanceof StatusError) || error.status.code !== 409) throw error;
    }
  }

  async #drain(request: Omit<ApiRequest, 'signal'>, verb: AccessVerb): Promise<void> {
    const { body } = await this.#request(request, verb, 'events');
    body.resume();
  }

  async #request(
    request: Omit<ApiRequest, 'signal'>,
    verb: AccessVerb,
    resource: 'services' | 'events',
  ): Promise<ApiResponse> {
    const { api, signal, clock } = this.#options;
    const response = await api.request({ ...request, signal });
    if (response.status >= 200 && response.status < 300) return response;
    throw new StatusError(await readFailure(response, clock), verb, resource);
  }
}

function pathOf(service: string): string {
  return `/apis/events.k8s.io/v1/namespaces/${splitServiceKey(service).namespace}/events`;
}

function outcomeOf({ status, verb, resource }: StatusError): EventOutcome {
  const { code, message, retryAfter, terminating } = status;
  if (code === 404 || terminating) return { kind: 'gone' };
  const got = `expected ${expected}, got ${code}${message === '' ? '' : ` (${message})`}`;
  if (code === 403) return forbidden(got, verb, resource);
  return isFinal(code)
    ? { kind: 'refused', message: `${got}; the log has what this one would say` }
    : {
        kind: 'failed',
        message: `${got}; it is tried again`,
        answered: code !== 429,
        reported: false,
        retryAfter,
      };
}

function forbidden(got: string, verb: AccessVerb, resource: 'services' | 'events'): EventOutcome {
  const rule = accessRuleFor(verb, resource === 'events' ? 'events.k8s.io' : '', resource);
  const hint = rule === undefined ? 'it is tried again' : accessHint(rule);
  return { kind: 'forbidden', message: `${got}; ${hint}`, rule: rule?.name ?? resource };
}

/** Whether the server will say the same of the same request. */
function isFinal(code: number): boolean {
  return code >= 400 && code < 500 && ![401, 408, 429].includes(code);
}

function unanswered(error: unknown): EventOutcome {
  const got = error instanceof Error ? error.message : String(error);
  return {
    kind: 'failed',
    message: `events cannot be written: ${got}; it is tried again`,
    answered: false,
    reported: error instanceof ReportedError,
    retryAfter: 0,
  };
}
