import { apiVersionOf, resourceTypes, type ResourceType } from './resource-type.ts';

/**
 * As much OpenAPI v3 as kubectl needs to know that the server takes `fieldValidation` and that it need not check
 * objects itself. Undefined for paths that are none of it.
 */
export function openApiAnswer(path: string): object | undefined {
  if (path === '/openapi/v3') return index;
  const groupVersion = /^\/openapi\/v3\/(?:api|apis)\/(.+)$/.exec(path)?.[1];
  const types = resourceTypes.filter((type) => apiVersionOf(type) === groupVersion);
  return types.length > 0 ? documentOf(types) : undefined;
}

const index = {
  paths: Object.fromEntries(
    resourceTypes.map((type) => {
      const root = rootOf(type);
      return [root, { serverRelativeURL: `/openapi/v3/${root}?hash=1` }];
    }),
  ),
};

function rootOf(type: ResourceType): string {
  return `${type.group === '' ? 'api' : 'apis'}/${apiVersionOf(type)}`;
}

function documentOf(types: readonly ResourceType[]): object {
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.35.0-test' },
    paths: Object.fromEntries(types.map((type) => [objectPath(type), operations(type)])),
    components: {},
  };
}

function objectPath(type: ResourceType): string {
  return `/${rootOf(type)}/${type.namespaced ? 'namespaces/{namespace}/' : ''}${type.plural}/{name}`;
}

function operations(type: ResourceType): object {
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  }));
  return {
    patch: {
      parameters,
      responses: { 200: { description: 'OK' } },
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': { group: type.group, version: type.version, kind: type.kind },
    },
  };
}
