import { familyOf } from '../../lib/model/family.ts';
import type { IpFamily } from '../../lib/model/family.ts';
import type { Protocol } from '../../lib/model/protocol.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Node } from '../lab/node.ts';
import { bare, gatewayOf } from '../lab/topology.ts';
import { hostPort, serverName } from './support-objects.ts';
import { held } from './support.ts';

/** Everything that services put into a kernel, each list in alphabetical order. */
export interface Tables {
  /** Virtual servers and real servers as lines of `ipvsadm -Sn`. */
  readonly servers: readonly string[];
  /** Addresses on kube-ipvs0. */
  readonly addresses: readonly string[];
  /** Elements of our sets: `KUBE-CLUSTER-IP 10.96.0.10,tcp:80`. */
  readonly elements: readonly string[];
}

/** What a node's kernel holds. */
export async function tablesOf(node: Node): Promise<Tables> {
  const [{ servers, addresses }, sets] = await Promise.all([held(node), node.must(['ipset', 'save'])]);
  const elements = [...sets.matchAll(/^add (KUBE-.*)$/gm)].map((match) => match[1] ?? '');
  return inOrder({ servers, addresses, elements });
}

/**
 * Everything of the kernel that is ours or lies on the way of packets, as the tools print it, with nothing sorted and
 * nothing left out but counters and the time.
 */
export function rawTablesOf(node: Node): Promise<string> {
  const programs = ['iptables', 'ip6tables'].map(
    (program) => `${program}-save | grep -v "^#" | sed "s/ \\[[0-9:]*\\]$//"`,
  );
  const commands = ['ipvsadm -Sn', 'ipset save', 'ip address', 'ip route show table all', ...programs];
  return node.must(['sh', '-c', commands.join('; ')]);
}

/** How many writes lead from some tables to others. Real servers go with their virtual server. */
export function writesBetween(before: Tables, after: Tables): number {
  const without = (some: readonly string[], others: readonly string[]): readonly string[] =>
    some.filter((line) => !others.includes(line));
  const gone = without(before.servers, after.servers);
  const goneWith = (line: string): boolean =>
    gone.some((other) => other.startsWith('-A ') && line.startsWith(`-a ${nameIn(other)} `));
  const removed = gone.filter((line) => !goneWith(line));
  const rest = (['addresses', 'elements'] as const).flatMap((table) => [
    ...without(before[table], after[table]),
    ...without(after[table], before[table]),
  ]);
  return removed.length + without(after.servers, before.servers).length + rest.length;
}

/** `-t 10.96.0.10:80` of the line of a virtual server. */
function nameIn(line: string): string {
  return line.split(' ', 3).slice(1).join(' ');
}

/** A port of a Service, as far as it matters here. */
interface ServicePort {
  readonly name?: string;
  readonly protocol?: Protocol;
  readonly port: number;
  readonly nodePort?: number;
}

interface ServiceObject extends KubeObject {
  readonly spec: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly ports?: readonly ServicePort[];
    readonly sessionAffinity?: string;
    readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
  };
}

interface SliceObject extends KubeObject {
  readonly addressType: IpFamily;
  readonly ports?: readonly { readonly name?: string; readonly protocol?: Protocol; readonly port: number }[];
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly nodeName?: string;
    readonly conditions?: { readonly ready?: boolean };
  }[];
}

/** An endpoint that takes new connections. */
interface Target {
  readonly address: string;
  readonly port: number;
  readonly nodeName: string | undefined;
}

/**
 * What a node's kernel is to hold for Services of the types ClusterIP and NodePort and their EndpointSlices, worked out
 * from the objects in the plainest way, with nothing of the program's own.
 */
export function tablesFor(objects: readonly KubeObject[], node: Node): Tables {
  const services = objects.filter((object): object is ServiceObject => object.kind === 'Service');
  const slices = objects.filter((object): object is SliceObject => object.kind === 'EndpointSlice');
  const found = services.flatMap((service) => tablesOfService(service, slices, node));
  return inOrder({
    servers: found.flatMap(({ servers }) => servers),
    addresses: found.flatMap(({ addresses }) => addresses),
    elements: found.flatMap(({ elements }) => elements),
  });
}

function tablesOfService(service: ServiceObject, slices: readonly SliceObject[], node: Node): Tables[] {
  const { type, clusterIP = 'None', clusterIPs = [clusterIP], ports = [] } = service.spec;
  if (type === 'ExternalName' || clusterIP === 'None') return [];
  const affinity = affinityOf(service);
  return clusterIPs.flatMap((vip) => {
    const set = familyOf(vip) === 'IPv4' ? 'KUBE-' : 'KUBE-6-';
    const own = { servers: [], addresses: [vip], elements: [`${set}IPVS-IPS ${vip}`] };
    const family = familyOf(vip);
    return [
      own,
      ...ports.map((port) =>
        tablesOfPort({ vip, port, set, affinity, targets: targetsOf(service, port, family, slices) }, node),
      ),
    ];
  });
}

interface PortOfService {
  readonly vip: string;
  readonly port: ServicePort;
  /** The beginning of the names of this family's sets. */
  readonly set: string;
  /** The end of the line of a virtual server. */
  readonly affinity: string;
  readonly targets: readonly Target[];
}

function affinityOf({ spec: { sessionAffinity, sessionAffinityConfig } }: ServiceObject): string {
  return sessionAffinity === 'ClientIP'
    ? ` -p ${sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800}`
    : '';
}

function tablesOfPort({ vip, port, set, affinity, targets }: PortOfService, node: Node): Tables {
  const { protocol = 'TCP', port: number, nodePort } = port;
  const element = (address: string, at: number): string => `${address},${protocol.toLowerCase()}:${at}`;
  const places = [
    [vip, number] as const,
    ...(nodePort === undefined
      ? []
      : nodeAddresses(node, familyOf(vip)).map((address) => [address, nodePort] as const)),
  ];
  const local = targets.filter(({ nodeName }) => nodeName === node.name);
  const refused = targets.length === 0 ? places : [];
  return {
    servers: places
      .map(([address, at]) => serverName(address, at, protocol))
      .flatMap((name) => [
        `-A ${name} -s rr${affinity}`,
        ...targets.map((target) => `-a ${name} -r ${hostPort(target.address, target.port)} -m -w 1`),
      ]),
    addresses: [],
    elements: [
      `${set}CLUSTER-IP ${element(vip, number)}`,
      ...(nodePort === undefined ? [] : [`${set}NODE-PORT-${protocol} ${nodePort}`]),
      ...places.slice(1).map(([address]) => `${set}NODE-PORT-IPS ${address}`),
      ...local.map(({ address, port: at }) => `${set}LOOP-BACK ${element(address, at)},${address}`),
      ...refused.map(([address, at]) => `${set}NO-ENDPOINTS ${element(address, at)}`),
    ],
  };
}

function targetsOf(
  service: ServiceObject,
  { name = '', protocol = 'TCP' }: ServicePort,
  family: IpFamily,
  slices: readonly SliceObject[],
): Target[] {
  const { namespace, name: serviceName } = service.metadata;
  return slices
    .filter(({ metadata }) => metadata.namespace === namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === serviceName)
    .filter(({ addressType }) => addressType === family)
    .flatMap(({ ports = [], endpoints = [] }) => {
      const port = ports.find(
        (one) => (one.name ?? '') === name && (one.protocol ?? 'TCP') === protocol,
      )?.port;
      if (port === undefined) return [];
      return endpoints
        .filter(({ conditions }) => conditions?.ready !== false)
        .flatMap(({ addresses, nodeName }) => addresses.map((address) => ({ address, port, nodeName })));
    });
}

/** The addresses of a node in a family: its own, and those on the bridge of its pods. */
export function nodeAddresses(node: Node, family: IpFamily): string[] {
  const all = [...node.addresses, ...node.podCIDRs.map((cidr) => bare(gatewayOf(cidr)))];
  return all.filter((address) => familyOf(address) === family);
}

/** Sorted, and what two services share only once. */
function inOrder({ servers, addresses, elements }: Tables): Tables {
  const sorted = (lines: readonly string[]): string[] => [...new Set(lines)].sort();
  return { servers: sorted(servers), addresses: sorted(addresses), elements: sorted(elements) };
}
