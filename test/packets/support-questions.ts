import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import type { AskOptions } from '../lab/answer.ts';
import type { Guest } from '../lab/guest.ts';
import { Node } from '../lab/node.ts';
import type { Place } from '../lab/place.ts';
import { isWithin } from '../lab/topology.ts';
import type { EndpointSpec, ServiceSpec } from './support-objects.ts';
import { manifestOf, objectsOf } from './support-objects.ts';
import type { Counts, Site } from './support.ts';
import { counted, until } from './support.ts';

/** Both families, by the names that places have for their addresses of them. */
export const families = ['ipv4', 'ipv6'] as const;

/** One of them. */
export type Family = (typeof families)[number];

/** What pods of a site listen on, by protocol. */
export const podPorts = { tcp: 80, udp: 53, sctp: 9000 } as const;

/** What programs on the nodes themselves listen on, once `serveOnNodes` has started them. */
export const nodePorts = { tcp: 8088, udp: 8053 } as const;

/** A protocol that packets may be of. */
export type AskProtocol = keyof typeof podPorts;

/** All of them. */
export const protocols = ['tcp', 'udp', 'sctp'] as const;

/** The same as Kubernetes writes them. */
export const upper = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' } as const;

/** Cluster addresses of a service, by a number of its own. */
export function clusterIPs(number: number): Readonly<Record<Family, string>> {
  return { ipv4: `10.96.5.${number}`, ipv6: `fd00:10:96:5::${number}` };
}

/** Addresses of a service from outside of the cluster, by a number of its own. */
export function outerIPs(number: number): Readonly<Record<Family, string>> {
  return { ipv4: `198.51.100.${number}`, ipv6: `fd00:198:51::${number}` };
}

/** The addresses of each family as what a load balancer writes into the status. */
export function ingressOf(addresses: Readonly<Record<Family, string>>): readonly { readonly ip: string }[] {
  return families.map((family) => ({ ip: addresses[family] }));
}

/** A port for each protocol, all of one number; with a number for it, a node port too. */
export function everyProtocol(port: number, nodePort?: number): ServiceSpec['ports'] {
  return protocols.map((protocol) => ({
    name: protocol,
    protocol: upper[protocol],
    port,
    targetPort: podPorts[protocol],
    ...(nodePort === undefined ? {} : { nodePort }),
  }));
}

/** Does something for every protocol in both families at once: no two share a virtual server. */
export async function inEveryWay(
  ask: (family: Family, protocol: AskProtocol) => Promise<unknown>,
): Promise<void> {
  await Promise.all(families.flatMap((family) => protocols.map((protocol) => ask(family, protocol))));
}

/** The pods of a site that are on a node. */
export function podsOn(site: Site, node: Node): readonly Guest[] {
  return site.pods.filter((pod) => isWithin(pod.ipv4, node.podCIDRs[0] ?? ''));
}

/** A pod of a site as an endpoint, or a node for a pod in its network. */
export function endpoint(
  site: Site,
  place: Place,
  conditions: Omit<EndpointSpec, 'addresses' | 'nodeName'> = {},
): EndpointSpec {
  const node = site.nodes.find((one) => one === place || isWithin(place.ipv4, one.podCIDRs[0] ?? ''));
  if (node === undefined) throw new Error(`expected a pod or a node, got ${place.name}`);
  return { addresses: place.addresses, nodeName: node.name, ...conditions };
}

/** Writes a service with its slices, and other objects with them, to a file of its name. */
export async function put(site: Site, service: ServiceSpec, ...others: readonly object[]): Promise<void> {
  await site.write(`${service.name}.yaml`, manifestOf([...objectsOf(service), ...others]));
}

/** Starts programs on the nodes themselves, such as pods with `hostNetwork` have. */
export async function serveOnNodes(site: Site): Promise<void> {
  const { tcp, udp } = nodePorts;
  for (const node of site.nodes) await node.serve({ http: [tcp], udp: [udp] });
}

/** Somebody who asks a port of an address. */
export interface Question extends Pick<AskOptions, 'source' | 'sourcePort' | 'http'> {
  readonly from: Place;
  readonly to: string;
  readonly port: number;
  /** Default `tcp`. */
  readonly protocol?: AskProtocol;
}

function textOf({ from, to, port, protocol = 'tcp' }: Question): string {
  return `${from.name} asks ${to} port ${port} by ${protocol}`;
}

async function asked(
  question: Question,
  count: number,
  timeout: number,
): Promise<ReturnType<typeof counted>> {
  const { from, to, port, ...options } = question;
  return counted(await from.ask(to, port, { ...options, count, timeout }));
}

/** Asks until what comes back is right, and gives it. */
async function askUntil(
  question: Question,
  count: number,
  timeout: number,
  isRight: (answers: ReturnType<typeof counted>) => boolean,
): Promise<ReturnType<typeof counted>> {
  try {
    return await until(() => asked(question, count, timeout), isRight, 20_000);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${textOf(question)}: ${reason}`, { cause: error });
  }
}

/** How often requests are made at most to see their answers spread evenly. */
const rounds = 3;

/**
 * Sees that these places share the answers to a number of requests evenly, which is a multiple of theirs, and that every
 * request is answered. Where nodes ask each other's node ports, the kernel may take a reply for one to an older connection
 * (docs/kernel-limits.md): that request waits, and may take two turns. It does not happen three times running.
 */
export async function sharedEvenly(
  question: Question,
  count: number,
  ...places: readonly Place[]
): Promise<void> {
  const share = count / places.length;
  const expected = {
    names: Object.fromEntries(places.map(({ name }) => [name, share])),
    errors: {},
  };
  for (let round = 1; ; round += 1) {
    const { names, errors } = await asked(question, count, 3000);
    if (round < rounds && !isDeepStrictEqual({ names, errors }, expected)) continue;
    expect({ names, errors }, textOf(question)).to.deep.equal(expected);
    return;
  }
}

function isSame(found: Counts, names: readonly string[]): boolean {
  return Object.keys(found).join() === [...names].sort().join();
}

/** Waits until a question is answered by each of these places and by nobody else, and gives the sources that they saw. */
export async function answeredBy(
  question: Question,
  ...places: readonly Place[]
): Promise<readonly string[]> {
  const names = places.map(({ name }) => name);
  const { peers } = await askUntil(
    question,
    names.length * 2,
    3000,
    (answers) => isSame(answers.names, names) && isSame(answers.errors, []),
  );
  return Object.keys(peers);
}

/** Waits until a question is answered by one of several places, always the same one, and gives its name. */
export async function answeredByOne(question: Question): Promise<string> {
  const { names } = await askUntil(
    question,
    8,
    3000,
    (answers) => Object.keys(answers.names).length === 1 && isSame(answers.errors, []),
  );
  return Object.keys(names)[0] ?? '';
}

/**
 * Waits until a question is refused. What a node itself sends by UDP, its kernel does not even take from the program;
 * a client by SCTP is not told by Linux that its port is unreachable, and waits. The time leaves room for a second
 * packet, as an ICMP error to the first may pass unheard on one machine.
 */
export async function refused(question: Question): Promise<void> {
  const { from, protocol = 'tcp' } = question;
  const words: readonly string[] = {
    tcp: ['refused'],
    udp: from instanceof Node ? ['refused', 'EPERM'] : ['refused'],
    sctp: ['refused', 'EPERM', 'timeout'],
  }[protocol];
  await askUntil(
    question,
    1,
    protocol === 'sctp' ? 600 : 5000,
    ({ names, errors }) => isSame(names, []) && words.some((word) => isSame(errors, [word])),
  );
}

/** Waits until nobody answers a question, for whatever reason. */
export async function unanswered(question: Question): Promise<void> {
  await askUntil(question, 1, 500, ({ names }) => isSame(names, []));
}
