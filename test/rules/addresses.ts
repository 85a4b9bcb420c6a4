import { BlockList, isIP, SocketAddress } from 'node:net';
import type { KubeFamily } from './objects.ts';

/** The family of an address or network. */
export function family(address: string): KubeFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** An address in the one way that it is compared in. */
export function canonical(address: string): string {
  return new SocketAddress({ address, family: libraryFamily(address) }).address;
}

/** Whether two texts name one address. */
export function same(one: string, other: string): boolean {
  return canonical(one) === canonical(other);
}

/** Whether an address is listed. */
export function among(addresses: readonly string[], address: string): boolean {
  return addresses.some((one) => same(one, address));
}

/** Whether an address lies in one of the networks. One of another family does not. */
export function inAny(networks: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [start = '', prefix = ''] = network.split('/');
    list.addSubnet(start, Number(prefix), libraryFamily(start));
  }
  return list.check(address, libraryFamily(address));
}

/** Networks of addresses that no machine has for others to reach it at, and those of groups of machines. */
const unusable = [
  '0.0.0.0/32',
  '127.0.0.0/8',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  '::1/128',
  'ff00::/8',
];

/** Whether a text is an address that a service can be reached at. */
export function isUsable(address: string): boolean {
  return isIP(address) !== 0 && !inAny(unusable, address);
}

/** Whether an address is one of those that count on one link alone. */
export function isLinkLocal(address: string): boolean {
  return inAny(['169.254.0.0/16', 'fe80::/10'], address);
}

function libraryFamily(address: string): 'ipv4' | 'ipv6' {
  return family(address) === 'IPv4' ? 'ipv4' : 'ipv6';
}
