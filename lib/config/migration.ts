import { gateRemarks } from './feature-gates.ts';
import type { ConfigurationFile } from './configuration-file.ts';
import { readConfigurationFile } from './configuration-file.ts';
import type { Configuration } from './configuration.ts';
import { effectiveConfiguration } from './effective-configuration.ts';
import { fileContent, changedSettings } from './written-file.ts';
import type { FileContent } from './written-file.ts';
import { describeUnused, isLoopback } from './remarks.ts';

/** A configuration of kube-proxy, moved over. */
export interface Migration {
  /** The equivalent KubeIpvsConfiguration, without what it would be by default. */
  readonly content: FileContent;
  /** What will be different from kube-proxy with that very file, a sentence each. */
  readonly differences: readonly string[];
}

/**
 * Makes a KubeIpvsConfiguration of a KubeProxyConfiguration. That of another mode is taken as one of mode ipvs.
 *
 * @param name by which problems call the file
 * @throws ConfigurationError where the file cannot be used, with all that is wrong
 */
export function migrateConfiguration(name: string, text: string): Migration {
  const file = readConfigurationFile(name, text);
  const { proxyMode, ...others } = file.written;
  const mode = typeof proxyMode === 'string' && isOtherMode(proxyMode) ? proxyMode : undefined;
  const taken = mode === undefined ? file : { ...file, written: others };
  const effective = effectiveConfiguration({ flags: {}, file: taken, nodeName: undefined });
  const changed = changedSettings(effective);
  return {
    content: fileContent(effective, (setting) => changed.has(setting)),
    differences: [
      ...differencesOfMode(mode),
      ...differencesOfFile(file),
      ...differencesOfSettings(effective.configuration),
    ],
  };
}

function isOtherMode(mode: string): boolean {
  return mode === 'iptables' || mode === 'nftables';
}

function differencesOfMode(mode: string | undefined): string[] {
  if (mode === undefined) return [];
  return [
    `mode is ${mode}: kube-ipvs serves through IPVS; "kube-proxy --cleanup" removes what that mode left in the kernel.`,
  ];
}

function differencesOfFile({ unused, problems }: ConfigurationFile): string[] {
  return [
    ...unused.map((field) => `${describeUnused(field)}: it is left out.`),
    ...problems.map(({ where, field = 'it', hint }) => `${field} (${where}): ${hint}.`),
  ];
}

function differencesOfSettings(configuration: Configuration): string[] {
  const { nodePortAddresses, excludeCidrs, strictArp, clusterCidrs, detectLocalMode } = configuration;
  const sentences: readonly (readonly [boolean, string])[] = [
    [
      nodePortAddresses.some((cidr) => cidr.endsWith('/0')),
      'nodePortAddresses is not narrowed: node ports are served on every address of the node, as in kube-proxy; an address that comes later is served at once, not at the next sync.',
    ],
    [
      nodePortAddresses.some(isLoopback),
      'nodePortAddresses has loopback addresses: IPVS serves no node ports there, in kube-proxy neither.',
    ],
    [
      excludeCidrs.length > 0,
      'excludeCIDRs: kube-proxy removes every virtual server outside of them that it does not know; kube-ipvs removes only what bears its marks, so they are hardly needed.',
    ],
    [
      excludeCidrs.length === 0,
      'excludeCIDRs is empty: kube-proxy removes virtual servers of others; kube-ipvs leaves them alone.',
    ],
    [
      !strictArp,
      'strictARP is off: the node answers ARP for addresses of services on every interface; MetalLB and kube-vip in ARP mode need ipvs.strictARP: true.',
    ],
    [
      clusterCidrs.length === 0 && detectLocalMode === 'ClusterCIDR',
      'clusterCIDR is empty: traffic from outside of the cluster to cluster IPs is not told from that of pods, and not masqueraded, as in kube-proxy.',
    ],
    [
      true,
      'drainTimeout is 15m: connections to an endpoint that goes may last so long; kube-proxy waits for them without end.',
    ],
    [
      true,
      'Flags beside --config win over the file; kube-proxy ignores them, but for --hostname-override, --master and those of logging.',
    ],
  ];
  return [
    ...sentences.filter(([holds]) => holds).map(([, sentence]) => sentence),
    ...gateRemarks(configuration.featureGates).map((remark) => `${remark}.`),
  ];
}
