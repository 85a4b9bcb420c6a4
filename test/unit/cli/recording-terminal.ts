import type { Terminal } from '../../../lib/cli/terminal.ts';

/** A terminal that keeps what was written to it. */
export interface RecordingTerminal extends Terminal {
  readonly written: { out: string; err: string };
}

/** Makes an empty one. */
export function recordingTerminal(): RecordingTerminal {
  const written = { out: '', err: '' };
  return {
    written,
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
  };
}
