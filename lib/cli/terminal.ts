/** Where a command writes. */
export interface Terminal {
  /** Results, for people and for programs: standard output. */
  readonly out: (text: string) => void;
  /** Messages and logs: standard error. */
  readonly err: (text: string) => void;
  /** Where results go to the screen of a person; undefined where a file or a program takes them. */
  readonly screen?: Screen | undefined;
}

/** The screen that a person looks at. */
export interface Screen {
  /** Whether they want colours. */
  readonly colours: boolean;
  /** Has each key told as it is pressed, and not shown. Gives what ends that and leaves the terminal as it was. */
  readonly keys: (pressed: (key: string) => void) => () => void;
  readonly size: () => { readonly columns: number; readonly rows: number };
}

/**
 * The streams of this process. A reader that goes away early, as `head` does, is no error.
 * @param colours whether a person who looks wants colours
 */
export function processTerminal(colours: boolean): Terminal {
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
    screen: processScreen(colours),
  };
}

function processScreen(colours: boolean): Screen | undefined {
  const { stdout } = process;
  if (!stdout.isTTY) return undefined;
  // A terminal that does not know its size says 0.
  const size = (): ReturnType<Screen['size']> => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  return { colours, keys: followKeys, size };
}

function followKeys(pressed: (key: string) => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => undefined;
  const listener = (data: Buffer): void => {
    pressed(data.toString('latin1'));
  };
  stdin.setRawMode(true).on('data', listener).resume();
  return () => {
    stdin.off('data', listener).setRawMode(false).pause();
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
