/** Where a command writes. */
export interface Terminal {
  /** Results, for people and for programs: standard output. */
  readonly out: (text: string) => void;
  /** Messages and logs: standard error. */
  readonly err: (text: string) => void;
}

/** The streams of this process. A reader that goes away early, as `head` does, is no error. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  return {
    out: (text) => {
      process.stdout.write(text);
    },
    err: (text) => {
      process.stderr.write(text);
    },
  };
}

/** Resolves when everything has been written that was handed to the streams of this process. */
export async function everythingWritten(): Promise<void> {
  const streams = [process.stdout, process.stderr];
  await Promise.all(
    streams.map(
      (stream) =>
        new Promise<void>((resolve) => {
          stream.write('', () => {
            resolve();
          });
        }),
    ),
  );
}
