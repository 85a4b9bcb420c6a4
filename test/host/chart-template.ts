import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { chartFolder } from '../../scripts/chart/values.ts';
import type { Helm, HelmResult } from '../kube/helm.ts';

/** What every rendering needs, for `--set`. */
export const server = ['--set', 'k8sServiceHost=192.0.2.10'] as const;

/** What our own configuration begins with, for `--set`. */
export const own = 'config.apiVersion=kube-ipvs.io/v1alpha1,config.kind=KubeIpvsConfiguration';

/** What one of kube-proxy begins with. */
export const kubeProxys =
  'config.apiVersion=kubeproxy.config.k8s.io/v1alpha1,config.kind=KubeProxyConfiguration';

/** What every object that the chart renders has. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Renders the chart, or the one of another folder, as the release kube-ipvs in kube-system. */
export function template(
  helm: Helm,
  args: readonly string[],
  stdin = '',
  folder: string = chartFolder,
): Promise<HelmResult> {
  return helm.run(['template', 'kube-ipvs', folder, '--namespace', 'kube-system', ...args], stdin);
}

/** The objects that `template` renders. Fails where it does, and where a text is no YAML. */
export async function rendered(
  helm: Helm,
  args: readonly string[],
  folder: string = chartFolder,
): Promise<readonly KubernetesObject[]> {
  const { code, stdout, stderr } = await template(helm, args, '', folder);
  expect(code, stderr).to.equal(0);
  return parseAllDocuments(stdout, { uniqueKeys: true }).map((document) => {
    expect(document.errors).to.deep.equal([]);
    return document.toJS() as KubernetesObject;
  });
}

/** The one object of a kind. */
export function one(objects: readonly KubernetesObject[], kind: string): KubernetesObject {
  const [found, ...others] = objects.filter((object) => object.kind === kind);
  if (found === undefined || others.length > 0)
    throw new Error(`expected one ${kind}, got ${objects.map((object) => object.kind).join(', ')}`);
  return found;
}

/** What stands at a path of names and indexes, `undefined` where nothing does. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((found, key) => (found as Record<string, unknown> | undefined)?.[key], value);
}
