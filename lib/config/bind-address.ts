import { parseAddress } from '../model/address.ts';
import type { BindAddress } from '../model/bind-address.ts';

/** An address, an IPv6 one in brackets where a port stands behind it. */
const form = /^(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^:]*))(?::(?<port>[1-9]\d{0,4}))?$/;

/**
 * Reads where to listen, `address:port`. Gives undefined for what is no such place.
 * @param usual the port where none is written
 */
export function readBindAddress(text: string, usual: number): BindAddress | undefined {
  const { bracketed, plain = text, port = usual } = form.exec(text)?.groups ?? {};
  const parsed = parseAddress(bracketed ?? plain);
  if ('reason' in parsed || Number(port) > 65_535) return undefined;
  return { address: parsed.address, port: Number(port) };
}

/** Writes where to listen so that it is read as the same; `0` for nowhere. */
export function formatBindAddress(bound: BindAddress | 'off'): string {
  if (bound === 'off') return '0';
  const { address, port } = bound;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
