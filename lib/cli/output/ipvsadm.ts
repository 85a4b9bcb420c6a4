import { addressBytes, addressFamilies } from '../../../native-bindings/address.ts';
import type { IpvsDestination, IpvsService } from '../../../native-bindings/ipvs-values.ts';
import { protocolNumbers } from '../../model/protocol.ts';
import { virtualServerFlags } from '../../model/virtual-server.ts';
import type { HeldVirtualServer } from '../held.ts';
import { sortRealServers, sortVirtualServers } from './ipvsadm-order.ts';
import type { IpvsadmSortKey } from './ipvsadm-order.ts';
import { flagNames } from './scheduler-flags.ts';

/** The option that names a virtual server of a protocol. */
const protocolOptions: Readonly<Record<number, string>> = {
  [protocolNumbers.TCP]: '-t',
  [protocolNumbers.UDP]: '-u',
  [protocolNumbers.SCTP]: '--sctp-service',
};

/** The option of a forwarding method (`IP_VS_CONN_F_*`); that of a local server is the one of direct routing. */
const forwardingOptions: Readonly<Record<number, string>> = { 0: '-m', 1: '-g', 2: '-i', 3: '-g' };

const tunnel = 2;

/** `IP_VS_CONN_F_TUNNEL_TYPE_*` by number (linux/ip_vs.h). */
const tunnelTypes = ['ipip', 'gue', 'gre'] as const;

/** `IP_VS_TUNNEL_ENCAP_FLAG_*` by number. */
const tunnelChecksums = ['--tun-nocsum', '--tun-csum', '--tun-remcsum'] as const;

/** Sorts virtual servers as ipvsadm lists them, and the real servers of each. */
export function inIpvsadmOrder(held: readonly HeldVirtualServer[]): HeldVirtualServer[] {
  return sortVirtualServers(held, ({ service }) => serviceKey(service)).map(({ service, destinations }) => ({
    service,
    destinations: sortRealServers(destinations, destinationKey),
  }));
}

/**
 * Writes virtual servers, which `inIpvsadmOrder` has sorted, as `ipvsadm -Sn` does; `ipvsadm -R` reads it. One difference: for a third
 * flag, which `sh` and `mh` do not have, ipvsadm prints a `-b` with nothing behind it that it cannot read itself.
 */
export function formatIpvsadm(held: readonly HeldVirtualServer[]): string {
  return held.map((server) => virtualServerRule(server) + realServerRules(server)).join('');
}

/** The rules of the real servers alone, `-a …`, in the order and form of `formatIpvsadm`. */
export function formatIpvsadmRealServers(held: readonly HeldVirtualServer[]): string {
  return held.map(realServerRules).join('');
}

function virtualServerRule({ service }: HeldVirtualServer): string {
  return `-A ${serviceName(service)} -s ${service.scheduler}${serviceOptions(service)}\n`;
}

function realServerRules({ service, destinations }: HeldVirtualServer): string {
  const name = serviceName(service);
  return destinations.map((destination) => `-a ${name} ${realServer(destination)}\n`).join('');
}

function serviceName(service: IpvsService): string {
  if (service.fwmark !== undefined) {
    return `-f ${service.fwmark | 0}${service.family === 'IPv6' ? ' -6' : ''}`;
  }
  return `${protocolOptions[service.protocol] ?? '-t'} ${hostPort(service.address, service.port)}`;
}

function serviceOptions(service: IpvsService): string {
  const names = flagNames(service.scheduler, service.flags);
  return [
    ...((service.flags & virtualServerFlags.persistent) === 0
      ? []
      : [` -p ${service.timeout}${mask(service)}`]),
    ...(service.persistenceEngine === undefined ? [] : [` --pe ${service.persistenceEngine}`]),
    ...((service.flags & virtualServerFlags.onePacket) === 0 ? [] : [' -o']),
    ...(names.length === 0 ? [] : [` -b ${names.join(',')}`]),
  ].join('');
}

/** The mask that persistence groups clients by, where it is not that of one client. */
function mask({ family, netmask }: IpvsService): string {
  if (family === 'IPv6') return netmask === 128 ? '' : ` -M ${netmask}`;
  if (netmask === 32) return '';
  const bits = netmask === 0 ? 0 : 0xffffffff << (32 - netmask);
  return ` -M ${[24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.')}`;
}

function realServer(destination: IpvsDestination): string {
  const { address, port, forwarding, weight } = destination;
  const method = forwardingOptions[forwarding] ?? '-g';
  return `-r ${hostPort(address, port)} ${method} -w ${weight}${tunnelOptions(destination)}`;
}

function tunnelOptions(destination: IpvsDestination): string {
  return destination.forwarding === tunnel && destination.tunnelType !== undefined
    ? encapsulation(destination.tunnelType, destination)
    : '';
}

function encapsulation(tunnelType: number, { tunnelPort = 0, tunnelFlags = 0 }: IpvsDestination): string {
  const type = tunnelTypes[tunnelType] ?? String(tunnelType);
  if (type === 'ipip') return ' --tun-type ipip';
  const port = type === 'gue' ? ` --tun-port ${tunnelPort}` : '';
  return ` --tun-type ${type}${port} ${tunnelChecksums[tunnelFlags] ?? '--tun-nocsum'}`;
}

/** `10.0.0.1:80`, `[fd00::1]:80`. */
export function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function serviceKey({ fwmark, protocol, address, port, family }: IpvsService): IpvsadmSortKey {
  const number = addressFamilies[family ?? 'IPv4'];
  return { mark: fwmark ?? 0, family: number, protocol, words: address === '' ? [] : wordsOf(address), port };
}

function destinationKey({ address, port }: IpvsDestination): IpvsadmSortKey {
  return { mark: 0, family: 0, protocol: 0, words: wordsOf(address), port };
}

/** An address as numbers of 32 bits. */
function wordsOf(address: string): number[] {
  const bytes = addressBytes(address);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getUint32(index * 4));
}
