import type { ServiceFamily } from './service-families.ts';

/** Characters of a piece of text at least, but for the last. */
const pieceLength = 32 * 1024;

/**
 * Rows of numbers, as many in a row as the families have series. A hundred thousand rows are a few megabytes here, and as
 * text a hundred: so they become text in pieces, when they are sent.
 */
export class FigureRows {
  readonly #families: readonly ServiceFamily[];
  readonly #width: number;
  #values: Float64Array;
  #size = 0;

  constructor(families: readonly ServiceFamily[], width: number) {
    this.#families = families;
    this.#width = width;
    this.#values = new Float64Array(64 * width);
  }

  /** How many rows there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a row.
   * @param values in the order of the families and of what splits them
   */
  add(values: readonly number[]): void {
    const start = this.#size * this.#width;
    if (start + this.#width > this.#values.length) this.#grow();
    this.#values.set(values, start);
    this.#size += 1;
  }

  /**
   * Everything in Prometheus' text format, one family after the other, in pieces.
   * @param labelsOf the labels of a row, as they stand between the braces
   */
  *text(labelsOf: (row: number) => string): Generator<string, void> {
    let piece = '';
    for (const line of this.#lines(labelsOf)) {
      piece += line;
      if (piece.length < pieceLength) continue;
      yield piece;
      piece = '';
    }
    if (piece !== '') yield piece;
  }

  *#lines(labelsOf: (row: number) => string): Generator<string, void> {
    let column = 0;
    for (const { name, type, help, split } of this.#families) {
      yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
      const more = split === undefined ? [''] : split[1].map((value) => `,${split[0]}="${value}"`);
      for (let row = 0; row < this.#size; row += 1) {
        const labels = labelsOf(row);
        for (const [index, own] of more.entries()) {
          yield `${name}{${labels}${own}} ${this.#values[row * this.#width + column + index] ?? 0}\n`;
        }
      }
      column += more.length;
    }
  }

  #grow(): void {
    const values = new Float64Array(2 * this.#values.length);
    values.set(this.#values);
    this.#values = values;
  }
}
