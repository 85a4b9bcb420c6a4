import type { FirewallTable } from './firewall-program.ts';

/**
 * The iptables chains that are this project's, by table: kube-proxy's names in IPVS mode (its pkg/proxy/ipvs/proxier.go).
 * Every rule in them is ours, and so is every rule of a built-in chain that leads into them. No other chain is touched.
 * kube-proxy has KUBE-IPVS-OUT-FILTER in the filter table; here that one is only removed.
 */
export const kubeChains = {
  nat: ['KUBE-SERVICES', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ', 'KUBE-LOAD-BALANCER', 'KUBE-NODE-PORT'],
  filter: [
    'KUBE-FORWARD',
    'KUBE-NODE-PORT',
    'KUBE-PROXY-FIREWALL',
    'KUBE-SOURCE-RANGES-FIREWALL',
    'KUBE-IPVS-FILTER',
    'KUBE-IPVS-OUT-FILTER',
  ],
  mangle: ['KUBE-IPVS-OUT-FILTER'],
} as const satisfies Record<FirewallTable, readonly string[]>;

/** A chain of this project's, by its name. */
export type KubeChain = (typeof kubeChains)[FirewallTable][number];

/**
 * The chain that kubelet and network plug-ins jump to as well. It is written like the others, but removed only where
 * nobody else refers to it.
 */
export const sharedChain = 'KUBE-MARK-MASQ' satisfies KubeChain;

/** Whether a chain of a table is this project's. */
export function isKubeChain(table: FirewallTable, name: string): boolean {
  const names: readonly string[] = kubeChains[table];
  return names.includes(name);
}
