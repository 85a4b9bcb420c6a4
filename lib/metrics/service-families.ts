/** One kind of number that is told of each virtual server, or of each real server. */
export interface ServiceFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** The label that tells the values of one server apart, with its value for each. Left out where there is one value. */
  readonly split?: readonly [label: string, values: readonly string[]];
}

/** The labels of every series of a service. */
export const serviceLabels = ['namespace', 'service', 'protocol', 'address', 'port'] as const;

/** That of every series of an endpoint besides. */
export const endpointLabel = 'endpoint';

const directions = ['direction', ['in', 'out']] as const;

/** What is told of each virtual server, in the order in which a reading keeps its numbers. */
export const serviceFamilies: readonly ServiceFamily[] = [
  {
    name: 'kube_ipvs_service_connections_total',
    type: 'counter',
    help: 'Connections that a virtual server of a Service has balanced since it was made.',
  },
  {
    name: 'kube_ipvs_service_packets_total',
    type: 'counter',
    help: 'Packets of them: in, from clients to endpoints, and out, back.',
    split: directions,
  },
  {
    name: 'kube_ipvs_service_bytes_total',
    type: 'counter',
    help: 'Bytes of these, IP headers included.',
    split: directions,
  },
  {
    name: 'kube_ipvs_service_active_connections',
    type: 'gauge',
    help: 'Connections that its endpoints have now: those that are established.',
  },
  {
    name: 'kube_ipvs_service_inactive_connections',
    type: 'gauge',
    help: 'Those that begin or end, and flows of UDP.',
  },
  {
    name: 'kube_ipvs_service_endpoints',
    type: 'gauge',
    help: 'Its endpoints in the kernel: ready ones take new connections, draining ones (weight 0) do not.',
    split: ['state', ['ready', 'draining']],
  },
];

/** What is told of each real server, likewise. */
export const endpointFamilies: readonly ServiceFamily[] = [
  {
    name: 'kube_ipvs_endpoint_connections_total',
    type: 'counter',
    help: 'Connections that were given to an endpoint since it came behind the virtual server.',
  },
  {
    name: 'kube_ipvs_endpoint_packets_total',
    type: 'counter',
    help: 'Packets of them, by direction.',
    split: directions,
  },
  {
    name: 'kube_ipvs_endpoint_bytes_total',
    type: 'counter',
    help: 'Bytes of these, IP headers included.',
    split: directions,
  },
  {
    name: 'kube_ipvs_endpoint_active_connections',
    type: 'gauge',
    help: 'Connections that it has now: those that are established.',
  },
  {
    name: 'kube_ipvs_endpoint_inactive_connections',
    type: 'gauge',
    help: 'Those that begin or end, and flows of UDP.',
  },
  { name: 'kube_ipvs_endpoint_weight', type: 'gauge', help: 'Its weight; 0 takes no new connections.' },
];

/** Series that one server has of these families. */
export function seriesOf(families: readonly ServiceFamily[]): number {
  return families.reduce((sum, { split }) => sum + (split?.[1].length ?? 1), 0);
}
