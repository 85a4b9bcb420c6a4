import type { EndpointView, ServiceView } from '../services-view.ts';
import { hostPort } from './ipvsadm.ts';

/** Rows of columns, the headings first. */
export type Rows = readonly (readonly string[])[];

/** One line for each virtual server, as `get services` shows them. `wide` adds the rarer columns. */
export function serviceRows(views: readonly ServiceView[], wide: boolean): Rows {
  const headings = [...nameHeadings, 'ADDRESS', 'PORT', 'PROTOCOL', 'SCHEDULER', 'ENDPOINTS'];
  const wideHeadings = ['FLAGS', 'AFFINITY', 'ACTIVE', 'INACTIVE', 'CONNECTIONS', 'BYTES-IN', 'BYTES-OUT'];
  return [
    wide ? [...headings, ...wideHeadings] : headings,
    ...views.map((view) => [...serviceRow(view), ...(wide ? wideServiceRow(view) : [])]),
  ];
}

/** One line for each real server, as `get endpoints` shows them. `wide` adds the rarer columns. */
export function endpointRows(views: readonly ServiceView[], wide: boolean): Rows {
  const headings = [...nameHeadings, 'VIRTUAL-SERVER', 'ENDPOINT', 'WEIGHT', 'ACTIVE', 'INACTIVE'];
  const wideHeadings = ['FORWARDING', 'LIMITS', 'CONNECTIONS', 'BYTES-IN', 'BYTES-OUT'];
  return [
    wide ? [...headings, ...wideHeadings] : headings,
    ...views.flatMap((view) =>
      view.endpoints.map((endpoint) => [
        ...names(view),
        matchText(view),
        ...endpointRow(endpoint),
        ...(wide ? wideEndpointRow(endpoint) : []),
      ]),
    ),
  ];
}

/** The headings of the columns that `names` fills. */
export const nameHeadings = ['NAMESPACE', 'NAME', 'PORT-NAME'];

/** What Kubernetes calls something, in columns. */
export function names({
  namespace,
  name,
  portName,
  foreign,
}: Pick<ServiceView, 'namespace' | 'name' | 'portName' | 'foreign'>): string[] {
  const without = foreign ? '<foreign>' : '<unknown>';
  return [namespace ?? without, name ?? without, portName ?? ''];
}

function serviceRow(view: ServiceView): string[] {
  const serving = view.endpoints.filter(({ weight }) => weight > 0).length;
  return [
    ...names(view),
    view.address ?? `fwmark ${view.firewallMark ?? 0}${view.family === 'IPv6' ? ' (IPv6)' : ''}`,
    String(view.port ?? ''),
    view.protocol ?? '',
    view.scheduler,
    `${serving}/${view.endpoints.length}`,
  ];
}

function wideServiceRow(view: ServiceView): string[] {
  const sum = (count: (endpoint: EndpointView) => number): string =>
    String(view.endpoints.reduce((total, endpoint) => total + count(endpoint), 0));
  return [
    [...view.schedulerFlags, ...(view.onePacket ? ['ops'] : [])].join(',') || '-',
    view.affinityTimeout === null ? '-' : `${view.affinityTimeout}s`,
    sum(({ activeConnections }) => activeConnections),
    sum(({ inactiveConnections }) => inactiveConnections),
    String(view.connections),
    String(view.inBytes),
    String(view.outBytes),
  ];
}

/** `TCP 10.96.0.1:443`, `fwmark 7`. */
function matchText({ protocol, address, port, firewallMark }: ServiceView): string {
  return address === null
    ? `fwmark ${firewallMark ?? 0}`
    : `${protocol ?? ''} ${hostPort(address, port ?? 0)}`;
}

function endpointRow(endpoint: EndpointView): string[] {
  const { address, port, weight, activeConnections, inactiveConnections } = endpoint;
  return [hostPort(address, port), ...[weight, activeConnections, inactiveConnections].map(String)];
}

function wideEndpointRow(endpoint: EndpointView): string[] {
  const { forwarding, upperThreshold, lowerThreshold, connections, inBytes, outBytes } = endpoint;
  const limits = upperThreshold === 0 ? '-' : `${lowerThreshold}-${upperThreshold}`;
  return [forwarding, limits, ...[connections, inBytes, outBytes].map(String)];
}
