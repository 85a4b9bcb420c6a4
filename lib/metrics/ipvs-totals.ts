/** What has gone through the virtual servers of this network namespace since IPVS was loaded, foreign ones included. */
export interface IpvsTotals {
  readonly connections: number;
  readonly inPackets: number;
  readonly outPackets: number;
  readonly inBytes: number;
  readonly outBytes: number;
}

/** Reads `/proc/net/ip_vs_stats`: the third line has the totals, in hexadecimal. Undefined where that is not what came. */
export function ipvsTotals(text: string): IpvsTotals | undefined {
  const numbers = (text.split('\n')[2] ?? '').trim().split(/\s+/).map(hexadecimal);
  const [connections, inPackets, outPackets, inBytes, outBytes] = numbers;
  if (outBytes === undefined || numbers.some((number) => Number.isNaN(number))) return undefined;
  return {
    connections: connections ?? 0,
    inPackets: inPackets ?? 0,
    outPackets: outPackets ?? 0,
    inBytes: inBytes ?? 0,
    outBytes,
  };
}

/** NaN where it is none. */
export function hexadecimal(text: string): number {
  return /^[0-9a-f]+$/i.test(text) ? Number.parseInt(text, 16) : NaN;
}
