import { familyOf } from '../../model/family.ts';
import { type Service, serviceKey, type TrafficPolicy } from '../../model/service.ts';
import type { DecodeOptions, Decoded, LabelListener } from './decoded.ts';
import { describe, Findings } from './findings.ts';
import { Fields, isObject } from './fields.ts';
import { annotationsUnder, decodeMetadata, foreignReason, labelsOf, type Metadata } from './metadata.ts';
import {
  decodeClusterIPs,
  decodeExternalIPs,
  decodeIngress,
  decodeSourceRanges,
  headless,
} from './service-addresses.ts';
import { decodeServicePorts } from './service-ports.ts';

/** Prefixes of the annotations that a `Service` keeps. */
const annotationPrefixes = ['kube-ipvs.io/', 'kube-router.io/service.', 'service.kubernetes.io/'];

/** Kubernetes' default of `sessionAffinityConfig.clientIP.timeoutSeconds`, and its greatest value. */
const defaultAffinityTimeout = 10_800;
const longestAffinityTimeout = 86_400;

const types = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;
const policies: readonly TrafficPolicy[] = ['Cluster', 'Local'];

/** core/v1 Service. */
const knownFields = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status']);

/** core/v1 ServiceSpec. */
const knownSpecFields = new Set([
  'allocateLoadBalancerNodePorts',
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'externalName',
  'externalTrafficPolicy',
  'healthCheckNodePort',
  'internalTrafficPolicy',
  'ipFamilies',
  'ipFamilyPolicy',
  'loadBalancerClass',
  'loadBalancerIP',
  'loadBalancerSourceRanges',
  'ports',
  'publishNotReadyAddresses',
  'selector',
  'sessionAffinity',
  'sessionAffinityConfig',
  'trafficDistribution',
  'type',
]);

interface Parts {
  readonly root: Fields;
  readonly metadata: Metadata;
  readonly spec: Fields;
}

/**
 * Reads a core/v1 Service and fills in Kubernetes' defaults. A wrong port, cluster address, policy or source range
 * makes the service invalid; a wrong external address, ingress address or annotation is left out alone.
 */
export function decodeService(
  object: unknown,
  options: DecodeOptions = { unknownFields: 'warn' },
): Decoded<Service> {
  const findings = new Findings();
  const warnUnknown = options.unknownFields === 'warn';
  const parts = takeApart(object, findings, warnUnknown);
  if (parts === undefined) return findings.conclude();
  const type = parts.spec.choice('type', types) ?? 'ClusterIP';
  if (type === 'ExternalName') return findings.skip(type);
  const skipped = skipReason(parts);
  if (skipped !== undefined) return findings.skip(skipped);
  const decoded = findings.conclude(assemble(parts, type, warnUnknown));
  if (decoded.value !== undefined) tellLabels(parts.metadata, options.labelled);
  return decoded;
}

function tellLabels(metadata: Metadata, told: LabelListener | undefined): void {
  told?.(serviceKey(metadata.namespace, metadata.name), labelsOf(metadata));
}

/** Whether a service chooses its endpoints itself: then its Endpoints are not mirrored. */
export function hasSelector(object: unknown): boolean {
  const spec = isObject(object) && 'spec' in object ? object.spec : undefined;
  const selector = isObject(spec) && 'selector' in spec ? spec.selector : undefined;
  return isObject(selector) && Object.keys(selector).length > 0;
}

function takeApart(object: unknown, findings: Findings, warnUnknown: boolean): Parts | undefined {
  const root = new Fields(isObject(object) ? object : {}, findings);
  const metadata = decodeMetadata(root, warnUnknown);
  const spec = root.object('spec');
  if (spec === undefined && !findings.broken) {
    root.fail('spec', { expected: 'an object', got: 'nothing', hint: 'write spec with clusterIP and ports' });
  }
  if (metadata === undefined || spec === undefined) return undefined;
  if (warnUnknown) {
    root.expectOnly(knownFields);
    spec.expectOnly(knownSpecFields);
  }
  return { root, metadata, spec };
}

function skipReason({ metadata, spec }: Parts): string | undefined {
  if (spec.raw('clusterIP') === headless || spec.list('clusterIPs')[0] === headless) return 'headless';
  return foreignReason(metadata);
}

function assemble({ root, metadata, spec }: Parts, type: Service['type'], warnUnknown: boolean): Service {
  const clusterIPs = decodeClusterIPs(spec);
  const families = clusterIPs.map(familyOf);
  const externalTrafficPolicy = spec.choice('externalTrafficPolicy', policies) ?? 'Cluster';
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    created: metadata.created,
    type,
    clusterIPs,
    externalIPs: decodeExternalIPs(spec, families),
    loadBalancerIngress: type === 'LoadBalancer' ? decodeIngress(root.object('status'), families) : [],
    loadBalancerSourceRanges: decodeSourceRanges(spec),
    ports: decodeServicePorts(spec, type, warnUnknown),
    affinityTimeout: decodeAffinity(spec),
    internalTrafficPolicy: spec.choice('internalTrafficPolicy', policies) ?? 'Cluster',
    externalTrafficPolicy,
    healthCheckNodePort: decodeHealthCheckPort(
      spec,
      type === 'LoadBalancer' && externalTrafficPolicy === 'Local',
    ),
    annotations: annotationsUnder(metadata, annotationPrefixes),
  };
}

function decodeAffinity(spec: Fields): number {
  if (spec.choice('sessionAffinity', ['None', 'ClientIP'] as const) !== 'ClientIP') return 0;
  const clientIP = spec.object('sessionAffinityConfig')?.object('clientIP');
  return clientIP?.integer('timeoutSeconds', 1, longestAffinityTimeout) ?? defaultAffinityTimeout;
}

function decodeHealthCheckPort(spec: Fields, wanted: boolean): number {
  const port = spec.integer('healthCheckNodePort', 0, 65535) ?? 0;
  if (wanted || port === 0) return port;
  spec.findings.warn(spec.path('healthCheckNodePort'), {
    expected: 'no health check port unless type is LoadBalancer and externalTrafficPolicy is Local',
    got: describe(port),
    hint: 'it is not served; set these two or remove it',
  });
  return 0;
}
