import { chartFolder } from '../../scripts/chart/values.ts';
import type { Helm, HelmResult } from '../kube/helm.ts';

/** What every rendering needs, for `--set`. */
export const server = ['--set', 'k8sServiceHost=192.0.2.10'] as const;

/** What our own configuration begins with, for `--set`. */
export const own = 'config.apiVersion=kube-ipvs.io/v1alpha1,config.kind=KubeIpvsConfiguration';

/** What one of kube-proxy begins with. */
export const kubeProxys =
  'config.apiVersion=kubeproxy.config.k8s.io/v1alpha1,config.kind=KubeProxyConfiguration';

/** Renders the chart as the release kube-ipvs in kube-system. */
export function template(helm: Helm, args: readonly string[], stdin = ''): Promise<HelmResult> {
  return helm.run(['template', 'kube-ipvs', chartFolder, '--namespace', 'kube-system', ...args], stdin);
}
