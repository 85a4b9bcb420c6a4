import type { FieldProblem } from '../objects/decoded.ts';
import { describe } from '../objects/findings.ts';
import { isObject } from '../objects/fields.ts';

/** The kinds that are read, each with the version of the API that it is read in. */
export const servedVersions = {
  Service: 'v1',
  Endpoints: 'v1',
  EndpointSlice: 'discovery.k8s.io/v1',
} as const;

/** A kind that is read. */
export type ManifestKind = keyof typeof servedVersions;

/** What a document turned out to be. */
export type Classified =
  | { readonly is: 'object'; readonly kind: ManifestKind; readonly value: object }
  | { readonly is: 'list'; readonly items: readonly unknown[] }
  | { readonly is: 'ignored'; readonly kind: string }
  | { readonly is: 'wrong'; readonly problem: FieldProblem };

/**
 * Says what a document, or an item of a list, is, by `apiVersion` and `kind`.
 *
 * @param listKind the kind of the list around it, whose items need not repeat it: `ServiceList`
 */
export function classify(value: unknown, listKind: string | undefined): Classified {
  if (!isObject(value)) {
    return wrong([], 'a Kubernetes object', describe(value), 'write apiVersion, kind and metadata');
  }
  const { apiVersion, kind } = inherit(value, listKind);
  if (typeof kind !== 'string' || kind === '') {
    return wrong(['kind'], 'a kind, such as Service', describe(kind), 'write the kind of the object');
  }
  if (kind.endsWith('List') && 'items' in value) return classifyList(value.items);
  return isServed(kind) ? classifyVersion(value, kind, apiVersion) : { is: 'ignored', kind };
}

function inherit(value: object, listKind: string | undefined): { apiVersion: unknown; kind: unknown } {
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown };
  const inherited = listKind?.slice(0, -'List'.length) ?? '';
  return kind === undefined && isServed(inherited)
    ? { apiVersion: apiVersion ?? servedVersions[inherited], kind: inherited }
    : { apiVersion, kind };
}

function classifyList(items: unknown): Classified {
  if (Array.isArray(items)) return { is: 'list', items: items as unknown[] };
  return items === null || items === undefined
    ? { is: 'list', items: [] }
    : wrong(['items'], 'a list', describe(items), 'write objects below it, each behind "- "');
}

/** A kind of the same name in the group of somebody else, such as Knative's Service, is none of ours. */
function classifyVersion(value: object, kind: ManifestKind, apiVersion: unknown): Classified {
  const served = servedVersions[kind];
  if (apiVersion === served) return { is: 'object', kind, value };
  if (typeof apiVersion !== 'string' || apiVersion === '') {
    return wrong(['apiVersion'], served, describe(apiVersion), `write apiVersion: ${served}`);
  }
  const group = groupOf(apiVersion);
  if (group !== '' && group !== groupOf(served)) return { is: 'ignored', kind: `${kind} of ${group}` };
  return wrong(['apiVersion'], served, describe(apiVersion), `write the ${kind} as of ${served}`);
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

function isServed(kind: string): kind is ManifestKind {
  return Object.hasOwn(servedVersions, kind);
}

function wrong(path: string[], expected: string, got: string, hint: string): Classified {
  return { is: 'wrong', problem: { path, expected, got, hint, severity: 'error' } };
}
