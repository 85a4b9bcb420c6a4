import type { Protocol } from './protocol.ts';
import { wholeText } from './whole-text.ts';

/** `namespace/name`, the identity of a Service and of everything planned for it. */
export type ServiceKey = string;

/** The key of a service. */
export function serviceKey(namespace: string, name: string): ServiceKey {
  return wholeText(namespace, '/', name);
}

/** One port of a service. Ports are matched to slices by name, never by number. */
export interface ServicePort {
  /** `""` where the service has one unnamed port. */
  readonly name: string;
  readonly protocol: Protocol;
  /** 1–65535. */
  readonly port: number;
  /** 1–65535, or 0 where none is allocated. */
  readonly nodePort: number;
}

/** One address of `status.loadBalancer.ingress`. Entries with only a host name are not represented. */
export interface LoadBalancerIngress {
  /** Canonical text. */
  readonly address: string;
  /** KEP-1860: with `Proxy` the address is not for this node to answer on. */
  readonly ipMode: 'VIP' | 'Proxy';
}

/** `Cluster`: any endpoint; `Local`: only endpoints on the node that got the packet. */
export type TrafficPolicy = 'Cluster' | 'Local';

/**
 * A Service as the planner needs it, validated and with Kubernetes' defaults filled in. Headless and ExternalName
 * services, and those labelled for another proxy, have no such value: nothing is programmed for them.
 */
export interface Service {
  readonly namespace: string;
  readonly name: string;
  /** `metadata.creationTimestamp` in milliseconds, 0 where there is none. The older service wins a contested address. */
  readonly created: number;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  /** Canonical text, at most one a family, the primary first. */
  readonly clusterIPs: readonly string[];
  readonly externalIPs: readonly string[];
  readonly loadBalancerIngress: readonly LoadBalancerIngress[];
  /** CIDRs in canonical text; empty where every source may pass. */
  readonly loadBalancerSourceRanges: readonly string[];
  readonly ports: readonly ServicePort[];
  /** Seconds that a client stays on one endpoint (`sessionAffinity: ClientIP`), or 0 for no affinity. */
  readonly affinityTimeout: number;
  readonly internalTrafficPolicy: TrafficPolicy;
  readonly externalTrafficPolicy: TrafficPolicy;
  /** 0 where none is allocated. */
  readonly healthCheckNodePort: number;
  /** Only those under `kube-ipvs.io/`, `kube-router.io/service.` and `service.kubernetes.io/`. */
  readonly annotations: Readonly<Record<string, string>>;
}
