import { hexadecimal } from './ipvs-totals.ts';

/** The columns of `/proc/net/stat/nf_conntrack` that tell of packets or connections that were lost. */
export const conntrackFailureReasons = ['insert_failed', 'drop', 'early_drop'] as const;

/** How often each has happened in this network namespace, over all processors. */
export type ConntrackFailures = Readonly<Record<(typeof conntrackFailureReasons)[number], number>>;

/** Reads that file: a line with the names of its columns, and one for each processor, in hexadecimal. */
export function conntrackFailures(text: string): ConntrackFailures | undefined {
  const [header = '', ...lines] = text.trim().split('\n');
  const names = header.trim().split(/\s+/);
  const rows = lines.map((line) => line.trim().split(/\s+/).map(hexadecimal));
  if (rows.length === 0 || !conntrackFailureReasons.every((name) => names.includes(name))) return undefined;
  const sum = (name: string): number =>
    rows.reduce((total, row) => total + (row[names.indexOf(name)] ?? 0), 0);
  return { insert_failed: sum('insert_failed'), drop: sum('drop'), early_drop: sum('early_drop') };
}
