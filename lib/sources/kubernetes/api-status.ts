import { isObject } from '../objects/fields.ts';
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
}

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
  forbidden: 'allow get, list and watch of it to this account (a ClusterRole and its binding)',
  missing: 'check that the server is a Kubernetes API server that serves this resource',
  refused: 'check that the server is a Kubernetes API server of a supported version',
};

/** Reads a Status, be it incomplete. */
export function readStatus(object: unknown): ApiStatus {
  const status: Record<string, unknown> = isObject(object) ? { ...object } : {};
  const details: Record<string, unknown> = isObject(status['details']) ? { ...status['details'] } : {};
  const causes = Array.isArray(details['causes']) ? (details['causes'] as unknown[]) : [];
  return {
    code: typeof status['code'] === 'number' ? status['code'] : 0,
    message: typeof status['message'] === 'string' ? status['message'] : '',
    retryAfter: typeof details['retryAfterSeconds'] === 'number' ? details['retryAfterSeconds'] * 1000 : 0,
    ahead: causes.some(
      (cause) => isObject(cause) && 'reason' in cause && cause.reason === 'ResourceVersionTooLarge',
    ),
  };
}

/** What an answer other than 200 amounts to. Reads its body. */
export async function troubleOf(response: ApiResponse, what: string): Promise<Trouble> {
  const status = readStatus(await readJson(response));
  const merged = { ...status, retryAfter: Math.max(response.retryAfter, status.retryAfter) };
  return statusTrouble({ ...merged, code: response.status }, what);
}

/** What a Status amounts to that came as an answer or as an event. */
export function statusTrouble(status: ApiStatus, what: string): Trouble {
  const reason = status.ahead
    ? 'ahead'
    : (reasons[status.code] ?? (isRefusal(status) ? 'refused' : 'server'));
  const got = `${status.code === 0 ? 'an error' : status.code}${status.message === '' ? '' : ` (${status.message})`}`;
  const hint = hints[reason];
  return new Trouble(
    reason,
    `expected ${what}, got ${got}; ${hint === undefined ? '' : `${hint}; `}it is tried again`,
    { retryAfter: status.retryAfter },
  );
}

function isRefusal({ code }: ApiStatus): boolean {
  return code >= 400 && code < 500;
}

async function readJson({ body }: ApiResponse): Promise<unknown> {
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
  }
}
