import type { ProcessInput } from '../config/process-input.ts';
import type { Terminal } from './terminal.ts';

/** What every command is handed. */
export interface Context extends Pick<ProcessInput, 'nodeName' | 'apiServer'> {
  readonly terminal: Terminal;
  /** Says what the process shall end with; 0 where nobody says. */
  readonly finish: (status: number) => void;
  /** Resolves with the name of the first signal that asks the process to end. */
  readonly untilStopped: () => Promise<string>;
}
