/**
 * Anything that a kernel table holds. The key is unique within its table, names the same thing on every read and is
 * fit for a person to read in a log line.
 */
export interface Keyed {
  readonly key: string;
}
