import type { ServiceRate, TopSort } from '../service-rates.ts';
import { columns } from './columns.ts';

/** Headings of what can be sorted by, in the order of the columns. */
const headings: Readonly<Record<TopSort, string>> = {
  connections: 'CONN/S',
  active: 'ACTIVE',
  bytes: 'BYTES/S',
  packets: 'PACKETS/S',
};

/**
 * Writes rates as a table, the busiest first; that by which it is sorted is marked.
 * @param isWide whether the names of ports are shown too
 */
export function topTable(rates: readonly ServiceRate[], sort: TopSort, isWide = false): string {
  const marked = Object.entries(headings).map(([key, heading]) => (key === sort ? `${heading}*` : heading));
  return columns([
    ['NAMESPACE', 'NAME', ...(isWide ? ['PORT-NAME'] : []), 'VIRTUAL-SERVER', ...marked],
    ...rates.map((rate) => [
      rate.namespace ?? '<unknown>',
      rate.name ?? '<unknown>',
      ...(isWide ? [rate.portName ?? '<unknown>'] : []),
      rate.virtualServer,
      rateText(rate.connections),
      String(rate.active),
      sizeText(rate.bytes),
      rateText(rate.packets),
    ]),
  ]);
}

/** `0`, `0.3`, `12`: so much in a second. */
function rateText(perSecond: number): string {
  if (perSecond === 0) return '0';
  return perSecond < 10 ? perSecond.toFixed(1) : perSecond.toFixed(0);
}

/** `512`, `3.4k`, `12M`: bytes by powers of 1000. */
function sizeText(bytes: number): string {
  const unit = ['', 'k', 'M', 'G', 'T'].findLastIndex((_, power) => bytes >= 1000 ** power);
  if (unit <= 0) return bytes.toFixed(0);
  const size = bytes / 1000 ** unit;
  return `${size.toFixed(size < 10 ? 1 : 0)}${['', 'k', 'M', 'G', 'T'][unit] ?? ''}`;
}
