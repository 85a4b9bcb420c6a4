import type { Endpoint, EndpointSlice, SlicePort } from '../model/endpoint-slice.ts';
import type { LoadBalancerIngress, Service, ServicePort } from '../model/service.ts';

/** Compares two values of one type by content. */
type Same<T> = (a: T, b: T) => boolean;

/** For each field how it is compared: a field that the type gains must be given here. */
type Fields<T> = { readonly [Field in keyof T]-?: Same<T[Field]> };

/** Whether two services are equal in every field. */
export const sameService: Same<Service> = sameFields<Service>({
  namespace: Object.is,
  name: Object.is,
  created: Object.is,
  type: Object.is,
  clusterIPs: sameStrings,
  externalIPs: sameStrings,
  loadBalancerIngress: sameList(sameFields<LoadBalancerIngress>({ address: Object.is, ipMode: Object.is })),
  loadBalancerSourceRanges: sameStrings,
  ports: sameList(
    sameFields<ServicePort>({ name: Object.is, protocol: Object.is, port: Object.is, nodePort: Object.is }),
  ),
  affinityTimeout: Object.is,
  internalTrafficPolicy: Object.is,
  externalTrafficPolicy: Object.is,
  healthCheckNodePort: Object.is,
  annotations: sameRecord,
});

/** Whether two slices say the same of their endpoints. When the change was triggered is not looked at. */
export const sameSlice: Same<EndpointSlice> = sameFields<EndpointSlice>({
  namespace: Object.is,
  name: Object.is,
  service: Object.is,
  family: Object.is,
  ports: sameList(sameFields<SlicePort>({ name: Object.is, protocol: Object.is, port: Object.is })),
  endpoints: sameList(sameEndpoint),
  triggered: () => true,
});

/** Spelled out, for a slice may have a thousand of them: this takes a fifth of the time of `sameFields`. */
function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a.address === b.address &&
    a.ready === b.ready &&
    a.serving === b.serving &&
    a.terminating === b.terminating &&
    a.nodeName === b.nodeName &&
    a.zone === b.zone &&
    sameStrings(a.zoneHints, b.zoneHints) &&
    sameStrings(a.nodeHints, b.nodeHints)
  );
}

function sameFields<T>(fields: Fields<T>): Same<T> {
  const names = Object.keys(fields) as (keyof T)[];
  return (a, b) => a === b || names.every((name) => fields[name](a[name], b[name]));
}

/** In the same order. */
function sameList<T>(same: Same<T>): Same<readonly T[]> {
  return (a, b) => a === b || (a.length === b.length && a.every((item, index) => same(item, b[index] as T)));
}

function sameStrings(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((item, index) => item === b[index]));
}

/** In whatever order the keys were written. */
function sameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
