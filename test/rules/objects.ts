/** A Service as `kubectl get service -o json` shows it, with the fields that its packets depend on. */
export interface KubeService {
  readonly apiVersion?: 'v1';
  readonly kind?: 'Service';
  readonly metadata: KubeMetadata;
  readonly spec: KubeServiceSpec;
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly KubeIngress[] } };
}

/** `metadata` of any object. */
export interface KubeMetadata {
  readonly namespace: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly creationTimestamp?: string;
}

/** `spec` of a Service. What is left out has the default of the API. */
export interface KubeServiceSpec {
  readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** An address, `None` for a headless Service. */
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly ipFamilies?: readonly KubeFamily[];
  readonly externalIPs?: readonly string[];
  readonly externalName?: string;
  readonly ports?: readonly KubeServicePort[];
  readonly sessionAffinity?: 'None' | 'ClientIP';
  readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
  readonly internalTrafficPolicy?: KubePolicy;
  readonly externalTrafficPolicy?: KubePolicy;
  readonly healthCheckNodePort?: number;
  readonly allocateLoadBalancerNodePorts?: boolean;
  readonly loadBalancerSourceRanges?: readonly string[];
  readonly publishNotReadyAddresses?: boolean;
}

/** A traffic policy. */
export type KubePolicy = 'Cluster' | 'Local';

/** An IP family, as in `spec.ipFamilies` and `addressType`. */
export type KubeFamily = 'IPv4' | 'IPv6';

/** A transport protocol. */
export type KubeProtocol = 'TCP' | 'UDP' | 'SCTP';

/** One of `spec.ports`. */
export interface KubeServicePort {
  readonly name?: string;
  /** TCP where it is left out. */
  readonly protocol?: KubeProtocol;
  readonly port: number;
  /** A number or a pod's name for it. Endpoint slices have it resolved, so nothing here depends on it. */
  readonly targetPort?: number | string;
  readonly nodePort?: number;
}

/** One of `status.loadBalancer.ingress`. */
export interface KubeIngress {
  readonly ip?: string;
  readonly hostname?: string;
  /** VIP where it is left out (KEP-1860). */
  readonly ipMode?: 'VIP' | 'Proxy';
}

/** An EndpointSlice of discovery.k8s.io/v1, as kubectl shows it. */
export interface KubeSlice {
  readonly apiVersion?: 'discovery.k8s.io/v1';
  readonly kind?: 'EndpointSlice';
  readonly metadata: KubeMetadata;
  readonly addressType: KubeFamily | 'FQDN';
  readonly ports: readonly KubeSlicePort[];
  readonly endpoints: readonly KubeEndpoint[];
}

/** One of a slice's ports. One without a number stands for every port, which no proxy can balance to. */
export interface KubeSlicePort {
  readonly name?: string;
  readonly protocol?: KubeProtocol;
  readonly port?: number;
}

/** One of a slice's endpoints. */
export interface KubeEndpoint {
  readonly addresses: readonly string[];
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
  readonly nodeName?: string;
  readonly zone?: string;
  readonly hints?: {
    readonly forZones?: readonly { readonly name: string }[];
    readonly forNodes?: readonly { readonly name: string }[];
  };
}
