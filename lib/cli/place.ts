import { parseAddress } from '../model/address.ts';

/** Reads `ADDRESS:PORT`, or `[ADDRESS]:PORT` of IPv6; `undefined` where it is neither. */
export function readPlace(text: string): { readonly address: string; readonly port: number } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const parsed = parseAddress(bracketed ?? plain ?? '');
  if (!('address' in parsed) || (parsed.family === 'IPv6') !== (bracketed !== undefined)) return undefined;
  const number = Number(port);
  return number >= 1 && number <= 65535 ? { address: parsed.address, port: number } : undefined;
}
