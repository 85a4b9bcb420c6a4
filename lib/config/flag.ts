import type { Configuration } from './configuration.ts';

/** A flag of the command line that sets one field of the configuration. */
export interface Flag {
  readonly field: keyof Configuration;
  /** As commander wants it: `--ipvs-scheduler <name>`. */
  readonly usage: string;
  readonly help: string;
  /** The heading that help shows it under. */
  readonly group: string;
  /** What help shows as the default. */
  readonly standard?: string;
  /** Whether it may be given several times. */
  readonly repeatable?: true;
}
