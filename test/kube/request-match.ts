import type { Verb } from './request-path.ts';

/** A request that the server was sent. */
export interface SeenRequest {
  readonly method: string;
  /** The method in lower case where the path names no resource. */
  readonly verb: Verb | Lowercase<string>;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Plural name; empty where the path names no resource. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty where nobody was recognized. */
  readonly user: string;
  readonly userAgent: string;
  readonly accept: string;
}

/** Which requests are meant. What is left out matches all. */
export interface RequestMatch {
  readonly verb?: string | readonly string[];
  readonly resource?: string | readonly string[];
  readonly namespace?: string;
  readonly name?: string;
  readonly user?: string;
  /** Tried on the path. */
  readonly path?: RegExp;
}

/** Whether a request is meant. */
export function matchesRequest(match: RequestMatch, request: SeenRequest): boolean {
  const { path } = match;
  return (
    (['verb', 'resource', 'namespace', 'name', 'user'] as const).every((field) => {
      const wanted = match[field];
      return wanted === undefined || [wanted].flat().includes(request[field]);
    }) &&
    (path === undefined || path.test(request.path))
  );
}
