import type { Sample } from './sample.ts';

/** A bar, and what was measured against it. */
export interface Bar {
  readonly name: string;
  readonly bar: string;
  readonly measured: string;
  readonly met: boolean;
}

/** `12,345.6`. */
export const number = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });

/** `12.3 (11.9–14.0)`: the median, and between what. */
export function spread({ median, min, max }: Sample): string {
  const digits = median < 100 ? 1 : 0;
  return `${number(median, digits)} (${number(min, digits)}–${number(max, digits)})`;
}

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n');
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
