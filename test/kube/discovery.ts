import { openApiAnswer } from './open-api.ts';
import { apiVersionOf, resourceTypes } from './resource-type.ts';
import { noSuchPath } from './status.ts';

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** The answer to a path that names no resource: health, version, discovery, OpenAPI. Throws 404 for any other. */
export function discoveryAnswer(path: string): string {
  if (['/healthz', '/livez', '/readyz'].includes(path)) return 'ok';
  const answer = documents[path] ?? resourceList(path) ?? openApiAnswer(path);
  if (!answer) throw noSuchPath();
  return `${JSON.stringify(answer)}\n`;
}

const groups = [...new Set(resourceTypes.map((type) => type.group))].filter((group) => group !== '');

const documents: Readonly<Record<string, object>> = {
  '/version': {
    major: '1',
    minor: '35',
    gitVersion: 'v1.35.0-test',
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '2026-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: 'linux/amd64',
  },
  '/api': { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupOf) },
  ...Object.fromEntries(
    groups.map((group) => [`/apis/${group}`, { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) }]),
  ),
};

function groupOf(name: string): object {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}

function resourceList(path: string): object | undefined {
  const groupVersion = /^\/(?:api|apis)\/(v1|[^/]+\/v1)$/.exec(path)?.[1];
  const types = resourceTypes.filter((type) => apiVersionOf(type) === groupVersion);
  if (types.length === 0) return undefined;
  const resources = types.flatMap((type) => {
    const { plural, singular, kind, namespaced, shortNames, subresources } = type;
    return [
      { name: plural, singularName: singular, namespaced, kind, verbs, shortNames },
      ...subresources.map((sub) => ({
        name: `${plural}/${sub}`,
        singularName: '',
        namespaced,
        kind,
        verbs: ['get', 'patch', 'update'],
      })),
    ];
  });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}
