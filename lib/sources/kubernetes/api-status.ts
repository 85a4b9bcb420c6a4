import { isObject } from '../objects/fields.ts';
import { accessHint, accessRuleFor } from './access-rules.ts';
import type { Clock } from '../clock.ts';
import type { ApiResponse } from './api.ts';
import { Trouble, type TroubleReason } from './trouble.ts';

/** What is used of a meta/v1 Status, in which the API tells of failures. */
export interface ApiStatus {
  /** The HTTP status; 0 where there is none. */
  readonly code: number;
  readonly message: string;
  /** Milliseconds; 0 where there are none. */
  readonly retryAfter: number;
  /** Whether the failure is that the version asked for lies in the server's future. */
  readonly ahead: boolean;
  /** Whether the failure is that the namespace is going. */
  readonly terminating: boolean;
  /** The resource in question, in the plural, and its group; `""` where they are not told. */
  readonly resource: string;
  readonly group: string;
}

/** Milliseconds that a body may take which only explains a status. */
const explanationTime = 10_000;

/** Longest body that is read for its message, in bytes. */
const longestStatus = 64 * 1024;

/** Statuses with a meaning of their own; the others follow their first digit. */
const reasons: Readonly<Record<number, TroubleReason>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'missing',
  410: 'expired',
  429: 'throttled',
};

const hints: Readonly<Partial<Record<TroubleReason, string>>> = {
  unauthorized: 'check the token or certificate of the kubeconfig or service account',
  missing: 'check that the server is a Kubernetes API server that serves this resource',
  refused: 'check that the server is a Kubernetes API server of a supported version',
};

/** Reads a Status, be it incomplete. */
export function readStatus(object: unknown): ApiStatus {
  const status: Record<string, unknown> = isObject(object) ? { ...object } : {};
  const details: Record<string, unknown> = isObject(status['details']) ? { ...status['details'] } : {};
  return {
    code: typeof status['code'] === 'number' ? status['code'] : 0,
    message: text(status['message']),
    retryAfter: typeof details['retryAfterSeconds'] === 'number' ? details['retryAfterSeconds'] * 1000 : 0,
    ahead: hasCause(details, 'ResourceVersionTooLarge'),
    terminating: hasCause(details, 'NamespaceTerminating'),
    // An authorizer names the resource as the kind.
    resource: text(details['kind']),
    group: text(details['group']),
  };
}

/** The Status in an answer other than 200, with what its head says. Does not wait long for its body. */
export async function readFailure(response: ApiResponse, clock: Clock): Promise<ApiStatus> {
  const status = readStatus(await readJson(response, clock));
  return {
    ...status,
    code: response.status,
    retryAfter: Math.max(response.retryAfter, status.retryAfter),
  };
}

/** What an answer other than 200 amounts to. Does not wait long for its body. */
export async function troubleOf(response: ApiResponse, what: string, clock: Clock): Promise<Trouble> {
  return statusTrouble(await readFailure(response, clock), what);
}

/** What a Status amounts to that came as an answer or as an event. */
export function statusTrouble(status: ApiStatus, what: string): Trouble {
  const reason = status.ahead
    ? 'ahead'
    : (reasons[status.code] ?? (isRefusal(status) ? 'refused' : 'server'));
  const got = `${status.code === 0 ? 'an error' : status.code}${status.message === '' ? '' : ` (${status.message})`}`;
  const hint = reason === 'forbidden' ? forbiddenHint(status) : hints[reason];
  return new Trouble(
    reason,
    `expected ${what}, got ${got}; ${hint === undefined ? '' : `${hint}; `}it is tried again`,
    { retryAfter: status.retryAfter },
  );
}

/** Only lists and watches come to Troubles. */
function forbiddenHint({ group, resource }: ApiStatus): string {
  const rule = accessRuleFor('list', group, resource);
  return rule === undefined
    ? 'allow list and watch of it to this account by a ClusterRole and its binding'
    : accessHint(rule);
}

function hasCause(details: Readonly<Record<string, unknown>>, reason: string): boolean {
  const causes: unknown[] = Array.isArray(details['causes']) ? details['causes'] : [];
  return causes.some((cause) => isObject(cause) && 'reason' in cause && cause.reason === reason);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isRefusal({ code }: ApiStatus): boolean {
  return code >= 400 && code < 500;
}

async function readJson({ body }: ApiResponse, clock: Clock): Promise<unknown> {
  const timer = clock.setTimeout(() => {
    body.destroy(new Error(`expected a whole body within ${explanationTime / 1000} s`));
  }, explanationTime);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > longestStatus) break;
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    // A body that says nothing takes nothing away from the status.
    return undefined;
  } finally {
    clock.clearTimeout(timer);
  }
}
