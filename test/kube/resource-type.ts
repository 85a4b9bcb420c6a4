import type { KubeObject } from './object.ts';

/** A resource as discovery shows it. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  /** What a field selector may ask for beside name and namespace. */
  readonly fields: readonly string[];
  readonly subresources: readonly string[];
  /** Where its objects are kept. Two resources that show the same objects in two forms share it. */
  readonly storage: string;
}

function core(
  kind: string,
  singular: string,
  plural: string,
  rest: Partial<ResourceType> = {},
): ResourceType {
  return {
    group: '',
    version: 'v1',
    kind,
    singular,
    plural,
    namespaced: true,
    shortNames: [],
    fields: [],
    subresources: [],
    storage: plural,
    ...rest,
  };
}

const rbac = 'rbac.authorization.k8s.io';

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** Every resource that is served. */
export const resourceTypes: readonly ResourceType[] = [
  core('Service', 'service', 'services', {
    shortNames: ['svc'],
    fields: ['spec.clusterIP', 'spec.type'],
    subresources: ['status'],
  }),
  core('Endpoints', 'endpoints', 'endpoints', { shortNames: ['ep'] }),
  core('Node', 'node', 'nodes', {
    namespaced: false,
    shortNames: ['no'],
    fields: ['spec.unschedulable'],
    subresources: ['status'],
  }),
  core('Pod', 'pod', 'pods', {
    shortNames: ['po'],
    fields: ['spec.nodeName', 'status.phase', 'status.podIP'],
    subresources: ['status'],
  }),
  core('Namespace', 'namespace', 'namespaces', {
    namespaced: false,
    shortNames: ['ns'],
    fields: ['status.phase'],
    subresources: ['status', 'finalize'],
  }),
  core('Event', 'event', 'events', {
    shortNames: ['ev'],
    fields: ['reason', 'type', 'source', ...involved.map((field) => `involvedObject.${field}`)],
  }),
  core('Event', 'event', 'events', {
    group: 'events.k8s.io',
    shortNames: ['ev'],
    fields: ['reason', 'type', ...involved.map((field) => `regarding.${field}`)],
  }),
  core('EndpointSlice', 'endpointslice', 'endpointslices', { group: 'discovery.k8s.io' }),
  core('ConfigMap', 'configmap', 'configmaps', { shortNames: ['cm'] }),
  core('Secret', 'secret', 'secrets', { fields: ['type'] }),
  core('ServiceAccount', 'serviceaccount', 'serviceaccounts', { shortNames: ['sa'] }),
  core('ClusterRole', 'clusterrole', 'clusterroles', { group: rbac, namespaced: false }),
  core('ClusterRoleBinding', 'clusterrolebinding', 'clusterrolebindings', { group: rbac, namespaced: false }),
  core('DaemonSet', 'daemonset', 'daemonsets', {
    group: 'apps',
    shortNames: ['ds'],
    subresources: ['status'],
  }),
];

/** `v1`, `discovery.k8s.io/v1`. */
export function apiVersionOf(type: Pick<ResourceType, 'group' | 'version'>): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

/** `endpointslices.discovery.k8s.io`, `services`: how errors name a resource. */
export function qualifiedName(type: ResourceType): string {
  return type.group === '' ? type.plural : `${type.plural}.${type.group}`;
}

/** The resource of that name in a group and version. */
export function findResource(apiVersion: string, plural: string): ResourceType | undefined {
  return resourceTypes.find((type) => type.plural === plural && apiVersionOf(type) === apiVersion);
}

/** The resource that an object belongs to. */
export function resourceOf(object: Pick<KubeObject, 'apiVersion' | 'kind'>): ResourceType {
  const found = resourceTypes.find(
    (type) => type.kind === object.kind && apiVersionOf(type) === object.apiVersion,
  );
  if (!found)
    throw new Error(`expected an object of a resource served, got ${object.apiVersion} ${object.kind}`);
  return found;
}

/** The resource called that, by plural name or `plural.group`. */
export function resourceNamed(name: string): ResourceType {
  const found = resourceTypes.find((type) => name === type.plural || name === qualifiedName(type));
  if (!found) throw new Error(`expected a resource served, got ${name}`);
  return found;
}
