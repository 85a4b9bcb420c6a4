import { cidrContains } from '../model/cidr.ts';
import { familyOf, type IpFamily } from '../model/family.ts';
import { type KubeSet, type SetEntry, setEntry } from '../model/ip-set.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { Service } from '../model/service.ts';
import { localAddressesOf } from './addresses.ts';
import type { PlanDraft } from './plan-draft.ts';
import type { ExternalPort } from './planned-port.ts';
import { refusalsOf } from './refusals.ts';
import { addressPortAddressElement, addressPortNetElement, setNames } from './sets.ts';
import { planVirtualServer, serverEntry } from './virtual-servers.ts';

/** Who may reach a service through its load balancer, in one family. */
export interface SourceRanges {
  /** Canonical CIDRs of the family, none of them `/0`; empty where every source may pass. */
  readonly cidrs: readonly string[];
  /** Whether one of the node's own addresses lies in one of them. */
  readonly admitNode: boolean;
}

/** Every source. */
const everyone: SourceRanges = { cidrs: [], admitNode: true };

/** The halves of the whole range of a family: an element of a set of type `hash:ip,port,net` has a prefix of at least 1. */
const halves: Readonly<Record<string, readonly string[]>> = {
  '0.0.0.0/0': ['0.0.0.0/1', '128.0.0.0/1'],
  '::/0': ['::/1', '8000::/1'],
};

/** The source ranges of a service in one family. Ranges of the other family do not restrict this one, as in kube-proxy. */
export function sourceRangesOf(service: Service, family: IpFamily, node: NodeFacts): SourceRanges {
  const ranges = service.loadBalancerSourceRanges.filter((cidr) => familyOf(cidr) === family);
  if (ranges.length === 0) return everyone;
  return {
    cidrs: ranges.flatMap((cidr) => halves[cidr] ?? cidr),
    admitNode: localAddressesOf(node).some((address) => ranges.some((cidr) => cidrContains(cidr, address))),
  };
}

/** Plans a service port on one of the service's load balancer addresses: its virtual server with its set entries. */
export function planLoadBalancer(
  draft: PlanDraft,
  planned: ExternalPort,
  address: string,
  ranges: SourceRanges,
): void {
  const { port } = planned.port;
  const entryIn = (set: KubeSet): SetEntry => serverEntry(set, address, port, planned);
  planVirtualServer(draft, address, port, planned, [
    ...admissions(planned, address, ranges),
    ...(ranges.cidrs.length > 0 ? [entryIn('KUBE-LOAD-BALANCER-FW')] : []),
    entryIn('KUBE-LOAD-BALANCER'),
    ...(planned.reach === 'local' ? [entryIn('KUBE-LOAD-BALANCER-LOCAL')] : []),
    ...(refusalsOf(address, port, planned) ?? []),
  ]);
}

/** Who may pass: listed before the address itself, from when on everyone else is dropped. */
function admissions(
  { family, port: { protocol, port } }: ExternalPort,
  address: string,
  { cidrs, admitNode }: SourceRanges,
): SetEntry[] {
  if (cidrs.length === 0) return [];
  const names = setNames[family];
  const ranges = cidrs.map((cidr) =>
    setEntry(names['KUBE-LOAD-BALANCER-SOURCE-CIDR'], addressPortNetElement(address, protocol, port, cidr)),
  );
  const own = addressPortAddressElement(address, protocol, port, address);
  return admitNode ? [...ranges, setEntry(names['KUBE-LOAD-BALANCER-SOURCE-IP'], own)] : ranges;
}
