import { cidrContains } from '../model/cidr.ts';
import type { NodeFacts, ReservedAddress } from '../model/node-facts.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import type { Problem } from '../model/problem.ts';
import { type Service, serviceKey } from '../model/service.ts';
import { localAddressesOf } from './addresses.ts';
import { isListedWithNodes } from './listed-nodes.ts';

/*
 * Whoever may write a Service may name any address in it, and the traffic of this node to that address then goes to
 * their pods (CVE-2020-8554); an address that the node needs takes it off the network. docs/decisions/refused-addresses.md
 */

/** What stands against serving an address. */
type Objection = Pick<Problem, 'expected' | 'hint' | 'severity' | 'code'>;

/** Whether an address that a service may have as an external IP or of a load balancer is not served on this node. */
export function isRefused(
  address: string,
  service: Service,
  node: NodeFacts,
  options: PlannerOptions,
): boolean {
  return objectionTo(address, service, node, options) !== undefined;
}

/** A problem for each external IP and load balancer address of a service that is not served on this node, with the reason. */
export function refusedAddresses(service: Service, node: NodeFacts, options: PlannerOptions): Problem[] {
  const ingress = service.loadBalancerIngress.filter(({ ipMode }) => ipMode === 'VIP');
  const toAll = options.serviceExternalIPs === false ? toExternalIPs : undefined;
  const written = [
    ...service.externalIPs.map((address, index) => ({
      address,
      field: `spec.externalIPs[${index}]`,
      objection: toAll ?? objectionTo(address, service, node, options),
    })),
    ...ingress.map(({ address }) => ({
      address,
      field: 'status.loadBalancer.ingress',
      objection: objectionTo(address, service, node, options),
    })),
  ];
  const where = `Service ${serviceKey(service.namespace, service.name)}`;
  return written.flatMap(({ address, field, objection }) =>
    objection === undefined ? [] : [{ where, field, got: address, ...objection }],
  );
}

/** Where external IPs are not served, as kube-proxy's feature gate has it (KEP-5707). */
const toExternalIPs: Objection = {
  expected: 'no external IPs, which feature gate AllowServiceExternalIPs=false says',
  hint: 'it is not served; take an address of a load balancer, or leave the gate out',
  severity: 'error',
};

function objectionTo(
  address: string,
  service: Service,
  node: NodeFacts,
  options: PlannerOptions,
): Objection | undefined {
  return (
    objectionOfNode(address, service, node) ??
    objectionOfAllowList(address, service, node, options) ??
    objectionOfCluster(address, service, node, options)
  );
}

/** An address of another machine than this one, which its load balancer's controller has written as it does for every service. */
const toListedNode: Objection = {
  expected: 'an address that belongs to no node',
  hint: 'it is left to the node that has it, as all such addresses are',
  severity: 'warning',
  code: 'node-address',
};

/** What is reserved on an address of the node itself is a port, which other ports do not disturb. */
function objectionOfNode(address: string, service: Service, node: NodeFacts): Objection | undefined {
  const isOwn = localAddressesOf(node).includes(address);
  if (!isOwn && isListedWithNodes(address, service, node)) return toListedNode;
  const reserved = node.reservedAddresses?.find(
    (one) => one.address === address && (!isOwn || hasPort(service, one)),
  );
  if (reserved === undefined) return undefined;
  return reserved.use === 'another node'
    ? {
        expected: 'an address that no other node has',
        hint: 'it is served by that node alone, which keeps that node within reach of this one',
        severity: 'warning',
      }
    : {
        expected: `an address that is not that of the ${reserved.use}`,
        hint: 'it is not served, for this node would lose what it needs there; take another address',
        severity: 'error',
      };
}

function hasPort({ ports }: Service, { port }: ReservedAddress): boolean {
  return port !== 0 && ports.some((one) => one.protocol === 'TCP' && one.port === port);
}

/** Of an address that a controller writes of every load balancer there is nothing to tell of this one. */
function objectionOfAllowList(
  address: string,
  service: Service,
  node: NodeFacts,
  { externalAddressRanges }: PlannerOptions,
): Objection | undefined {
  if (externalAddressRanges === undefined || isIn(externalAddressRanges, address)) return undefined;
  const objection: Objection = {
    expected: `an address in the allowed ranges (${externalAddressRanges.join(', ') || 'none'})`,
    hint: 'it is not served; take one of the allowed ranges, or have its range allowed',
    severity: 'error',
  };
  return isListedWithNodes(address, service, node)
    ? { ...objection, severity: 'warning', code: 'node-address' }
    : objection;
}

/** An address that the cluster gives to pods or services, unless it is the node's own or allowed by name. */
function objectionOfCluster(
  address: string,
  service: Service,
  node: NodeFacts,
  options: PlannerOptions,
): Objection | undefined {
  const hint = 'it is not served, for what is there would no longer be reached; take another address';
  if (service.clusterIPs.includes(address) || isIn(options.serviceRanges ?? [], address)) {
    return { expected: 'an address outside of the cluster IPs', hint, severity: 'error' };
  }
  if (options.externalAddressRanges !== undefined || localAddressesOf(node).includes(address)) {
    return undefined;
  }
  const { localTraffic } = options;
  return localTraffic.by === 'source' && isIn(localTraffic.cidrs, address)
    ? { expected: 'an address outside of the range of the pods', hint, severity: 'error' }
    : undefined;
}

function isIn(cidrs: readonly string[], address: string): boolean {
  return cidrs.some((cidr) => cidrContains(cidr, address));
}
