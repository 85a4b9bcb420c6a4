import { cidrContains } from '../model/cidr.ts';
import { familyOf, type IpFamily } from '../model/family.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { Service } from '../model/service.ts';
import { localAddressesOf } from './addresses.ts';
import type { PlanDraft } from './plan-draft.ts';
import type { ExternalPort } from './planned-port.ts';
import { addressPortAddressElement, addressPortElement, addressPortNetElement } from './sets.ts';
import { planVirtualServer } from './virtual-servers.ts';

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

/** Plans a service port on one of the service's load balancer addresses: its virtual server and its set entries. */
export function planLoadBalancer(
  draft: PlanDraft,
  planned: ExternalPort,
  address: string,
  ranges: SourceRanges,
): void {
  const { family, port, reach } = planned;
  const element = addressPortElement(address, port.protocol, port.port);
  admit(draft, planned, address, ranges);
  draft.addSetEntry('KUBE-LOAD-BALANCER', family, element);
  if (reach === 'local') {
    draft.addSetEntry('KUBE-LOAD-BALANCER-LOCAL', family, element);
  } else if (reach === 'refused') {
    draft.addSetEntry('KUBE-NO-LOCAL-ENDPOINTS', family, element);
  }
  planVirtualServer(draft, address, port.port, planned);
}

/** Lists who may pass before the address itself, from when on everyone else is dropped. */
function admit(
  draft: PlanDraft,
  { family, port: { protocol, port } }: ExternalPort,
  address: string,
  { cidrs, admitNode }: SourceRanges,
): void {
  if (cidrs.length === 0) return;
  for (const cidr of cidrs) {
    const element = addressPortNetElement(address, protocol, port, cidr);
    draft.addSetEntry('KUBE-LOAD-BALANCER-SOURCE-CIDR', family, element);
  }
  if (admitNode) {
    const element = addressPortAddressElement(address, protocol, port, address);
    draft.addSetEntry('KUBE-LOAD-BALANCER-SOURCE-IP', family, element);
  }
  draft.addSetEntry('KUBE-LOAD-BALANCER-FW', family, addressPortElement(address, protocol, port));
}
