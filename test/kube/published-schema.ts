import type { KubeObject } from './object.ts';

/** A class that a package makes of the published schema of a kind. */
type Model = new (object: object) => { readonly validate: () => void };

/** The packages that have classes of the kinds of a group. */
const packages: Readonly<Record<string, string>> = {
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
};

/**
 * What of an object the published schema of its kind refuses: Kubernetes' own OpenAPI schema, or that of an operator's
 * CustomResourceDefinition. Missing fields, wrong types, values of enumerations and patterns are found; unknown fields
 * are not, for these schemas allow them.
 */
export async function schemaFaults(object: Pick<KubeObject, 'apiVersion' | 'kind'>): Promise<string[]> {
  const { apiVersion, kind } = object;
  const from = packages[apiVersion.split('/', 1)[0] ?? ''] ?? 'kubernetes-models';
  const models = (await import(`${from}/${apiVersion}`)) as Readonly<Record<string, Model | undefined>>;
  const Class = models[kind];
  if (Class === undefined) throw new Error(`expected a kind of ${apiVersion}, got ${kind}`);
  try {
    new Class(object).validate();
    return [];
  } catch (error) {
    if (!(error instanceof Error) || !('errors' in error)) throw error;
    return error.message.split(', data/').map((fault) => `${kind}: ${fault.replace(/^data\//, '')}`);
  }
}
