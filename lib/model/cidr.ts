import ipaddr from 'ipaddr.js';

/** Whether an address lies in a CIDR, both in canonical text. An address of another family does not. */
export function cidrContains(cidr: string, address: string): boolean {
  const [network, prefix] = ipaddr.parseCIDR(cidr);
  const candidate = ipaddr.parse(address);
  return candidate.kind() === network.kind() && candidate.match(network, prefix);
}
