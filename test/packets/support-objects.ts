import { familyOf, ipFamilies } from '../../lib/model/family.ts';
import type { IpFamily } from '../../lib/model/family.ts';
import type { Protocol } from '../../lib/model/protocol.ts';

/** A port of a service. Without a name it is the only one. */
export interface PortSpec {
  readonly name?: string;
  readonly protocol?: Protocol;
  readonly port: number;
  /** The same as `port` where it is left out. */
  readonly targetPort?: number;
  readonly nodePort?: number;
}

/** A pod behind a service. */
export interface EndpointSpec {
  /** One a family. */
  readonly addresses: readonly string[];
  readonly nodeName: string;
  /** Default true. */
  readonly ready?: boolean;
  /** The same as `ready` where it is left out. */
  readonly serving?: boolean;
  readonly terminating?: boolean;
  /** `forZones` and `forNodes`, as a slice has them. */
  readonly hints?: Readonly<Record<string, readonly { readonly name: string }[]>>;
}

/** A service with its endpoints. Everything else of its spec may be given too. */
export interface ServiceSpec {
  readonly name: string;
  readonly clusterIPs: readonly string[];
  readonly ports: readonly PortSpec[];
  readonly endpoints: readonly EndpointSpec[];
  readonly created?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** What a load balancer would write into `status.loadBalancer.ingress`. */
  readonly ingress?: readonly Readonly<Record<string, string>>[];
}

/** The Service, and an EndpointSlice for each of its families, as Kubernetes would make them. */
export function objectsOf(service: ServiceSpec): readonly object[] {
  const {
    name,
    clusterIPs,
    ports,
    created,
    spec = {},
    annotations = {},
    labels = {},
    ingress = [],
  } = service;
  const families = ipFamilies.filter((family) => clusterIPs.some((address) => familyOf(address) === family));
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name,
        namespace: 'default',
        annotations,
        labels,
        ...(created === undefined ? {} : { creationTimestamp: created }),
      },
      spec: {
        type: ports.some(({ nodePort }) => nodePort !== undefined) ? 'NodePort' : 'ClusterIP',
        clusterIP: clusterIPs[0],
        clusterIPs,
        ipFamilies: clusterIPs.map(familyOf),
        selector: { app: name },
        ports,
        ...spec,
      },
      ...(ingress.length === 0 ? {} : { status: { loadBalancer: { ingress } } }),
    },
    ...families.map((addressType) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-${addressType.toLowerCase()}`,
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': name },
      },
      addressType,
      ports: ports.map(({ name: portName = '', protocol = 'TCP', port, targetPort = port }) => ({
        name: portName,
        protocol,
        port: targetPort,
      })),
      endpoints: service.endpoints.map((endpoint) => endpointOf(endpoint, addressType)),
    })),
  ];
}

/** An endpoint as it stands in a slice. */
function endpointOf(endpoint: EndpointSpec, family: IpFamily): object {
  const { addresses, nodeName, ready = true, serving = ready, terminating = false, hints } = endpoint;
  return {
    addresses: addresses.filter((address) => familyOf(address) === family),
    conditions: { ready, serving, terminating },
    nodeName,
    ...(hints === undefined ? {} : { hints }),
  };
}

/** A file of these objects. The mark at its end says that nothing follows, so that the last one counts at once too. */
export function manifestOf(objects: readonly object[]): string {
  return `${objects.map((object) => JSON.stringify(object, null, 2)).join('\n---\n')}\n...\n`;
}

const serviceFlags: Readonly<Record<Protocol, string>> = { TCP: '-t', UDP: '-u', SCTP: '--sctp-service' };

/** An address and a port as `ipvsadm` writes them. */
export function hostPort(address: string, port: number): string {
  return familyOf(address) === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A virtual server as `ipvsadm` names it: `-t 10.96.0.10:80`. */
export function serverName(address: string, port: number, protocol: Protocol = 'TCP'): string {
  return `${serviceFlags[protocol]} ${hostPort(address, port)}`;
}

/** What `ipvsadm` names the virtual servers of a service on some addresses of a node, and the ready endpoints of each. */
export function expectedServers(
  { clusterIPs, ports, endpoints }: ServiceSpec,
  nodeAddresses: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const families = new Set(clusterIPs.map(familyOf));
  const found = new Map<string, readonly string[]>();
  for (const { protocol, port, targetPort = port, nodePort } of ports) {
    const places = [
      ...clusterIPs.map((address) => [address, port] as const),
      ...(nodePort === undefined ? [] : nodeAddresses.map((address) => [address, nodePort] as const)),
    ].filter(([address]) => families.has(familyOf(address)));
    for (const [address, number] of places) {
      const family = familyOf(address);
      const ready = endpoints
        .filter((endpoint) => endpoint.ready !== false)
        .flatMap(({ addresses }) => addresses.filter((one) => familyOf(one) === family));
      const realServers = ready.map((one) => hostPort(one, targetPort)).sort();
      found.set(serverName(address, number, protocol), realServers);
    }
  }
  return found;
}
