import { ipFamilies } from '../../model/family.ts';
import { type KubeSet, setName } from '../../model/ip-set.ts';

/** What is in each of our sets, by its name for IPv4. */
const purposes: Readonly<Record<KubeSet, string>> = {
  'KUBE-LOOP-BACK': 'endpoints of this node that may ask themselves through a Service',
  'KUBE-CLUSTER-IP': 'cluster IPs with their ports',
  'KUBE-EXTERNAL-IP': 'external IPs with their ports',
  'KUBE-EXTERNAL-IP-LOCAL': 'external IPs served by endpoints of this node alone',
  'KUBE-LOAD-BALANCER': 'load balancer addresses with their ports',
  'KUBE-LOAD-BALANCER-LOCAL': 'load balancer addresses served by endpoints of this node alone',
  'KUBE-LOAD-BALANCER-FW': 'load balancer addresses that not every source may reach',
  'KUBE-LOAD-BALANCER-SOURCE-CIDR': 'the sources that may reach them',
  'KUBE-LOAD-BALANCER-SOURCE-IP': 'those of them that this node itself may reach',
  'KUBE-NODE-PORT-TCP': 'node ports of TCP',
  'KUBE-NODE-PORT-UDP': 'node ports of UDP',
  'KUBE-NODE-PORT-LOCAL-TCP': 'node ports of TCP served by endpoints of this node alone',
  'KUBE-NODE-PORT-LOCAL-UDP': 'node ports of UDP served by endpoints of this node alone',
  'KUBE-NODE-PORT-SCTP-HASH': 'node ports of SCTP',
  'KUBE-NODE-PORT-LOCAL-SCTP-HASH': 'node ports of SCTP served by endpoints of this node alone',
  'KUBE-HEALTH-CHECK-NODE-PORT': 'health check ports',
  'KUBE-IPVS-IPS': 'every address of a Service that this node answers on',
  'KUBE-NO-ENDPOINTS': 'addresses and ports that nobody serves',
  'KUBE-NO-LOCAL-ENDPOINTS': 'addresses and ports that nobody on this node serves, as their policy asks',
  'KUBE-NODE-PORT-IPS': 'addresses of this node that node ports are served on',
};

const byName = new Map<string, string>(
  Object.entries(purposes).flatMap(([set, purpose]) =>
    ipFamilies.map((family) => [setName(set as KubeSet, family), purpose] as const),
  ),
);

/** What is in a set, by the kernel's name of it; `undefined` where it is none of ours. */
export function setPurpose(name: string): string | undefined {
  return byName.get(name);
}
