import { findResource, type ResourceType } from './resource-type.ts';
import { noSuchPath } from './status.ts';

/** What is done to a resource, in the words of authorization. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** A request for a resource. */
export interface ResourceRequest {
  readonly verb: Verb;
  readonly type: ResourceType;
  /** Empty for all namespaces, and for a resource of none. */
  readonly namespace: string;
  /** Empty for a collection. */
  readonly name: string;
  /** Empty for the object itself. */
  readonly subresource: string;
}

const pattern =
  /^\/(?:api\/(?<core>v1)|apis\/(?<group>[^/]+\/[^/]+))(?:\/namespaces\/(?<namespace>[^/]+)(?=\/(?!status$|finalize$)))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+)(?:\/(?<sub>[^/]+))?)?$/;

/** Reads method and path of a request. Undefined where the path names no resource; throws 404 and 405. */
export function parseRequest(
  method: string,
  path: string,
  query: URLSearchParams,
): ResourceRequest | undefined {
  const parts = pattern.exec(path)?.groups;
  if (!parts) return undefined;
  const type = findResource(parts['core'] ?? parts['group'] ?? '', parts['plural'] ?? '');
  const { namespace = '', name = '', sub = '' } = parts;
  if (!type || (sub !== '' && !type.subresources.includes(sub))) throw noSuchPath();
  if (namespace !== '' && !type.namespaced) throw noSuchPath();
  if (name !== '' && namespace === '' && type.namespaced) throw noSuchPath();
  return { verb: verbOf(method, name, query), type, namespace, name, subresource: sub };
}

function verbOf(method: string, name: string, query: URLSearchParams): Verb {
  const single = name !== '';
  if (method === 'GET' && isTrue(query.get('watch'))) return 'watch';
  if (method === 'GET') return single ? 'get' : 'list';
  if (method === 'DELETE') return single ? 'delete' : 'deletecollection';
  if (method === 'POST' && !single) return 'create';
  if (method === 'PUT' && single) return 'update';
  if (method === 'PATCH' && single) return 'patch';
  throw noSuchPath();
}

/** Whether a query parameter says yes, as the API reads it. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}
