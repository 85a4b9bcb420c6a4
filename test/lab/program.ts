import { createInterface } from 'node:readline';
import type { Child, Ending } from './processes.ts';

/** A line that a program wrote. */
export interface LogLine {
  readonly text: string;
  /** What it says, where it is JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** How to find a line. */
export type LogQuery = RegExp | ((line: LogLine) => boolean);

/** Lines shown when an expected one does not come. */
const shownLines = 30;

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function matches(query: LogQuery, line: LogLine): boolean {
  return query instanceof RegExp ? query.test(line.text) : query(line);
}

/** A program that goes on running in a place: a controller on a node, an API server. */
export class Program {
  /** Everything that it wrote until now, standard error included. */
  readonly lines: LogLine[] = [];
  /** Its exit status, 128 + n where signal n ended it. */
  readonly ended: Ending;
  readonly #child: Child;
  readonly #listeners = new Set<(line: LogLine) => void>();

  constructor(child: Child, ended: Ending) {
    this.#child = child;
    this.ended = ended;
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (text) => {
        this.#hear({ text, fields: fieldsOf(text) });
      });
  }

  /** Its process, which is in the namespaces of its place. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the program was not started');
    return this.#child.pid;
  }

  /**
   * The first line that fits, now or within some milliseconds; `from` leaves out as many lines as had come at an
   * earlier moment (`program.lines.length`). Rejects when none comes, with the last lines in the message.
   */
  async log(query: LogQuery, timeout = 10_000, from = 0): Promise<LogLine> {
    const known = this.lines.slice(from).find((line) => matches(query, line));
    if (known !== undefined) return known;
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        act();
      };
      const listener = (line: LogLine): void => {
        if (!matches(query, line)) return;
        finish(() => {
          resolve(line);
        });
      };
      const giveUp = (why: string): void => {
        const shown = this.lines.slice(-shownLines).map((line) => `  ${line.text}`);
        finish(() => {
          reject(
            new Error(
              [`expected a line like ${String(query)}, ${why}; the last lines:`, ...shown].join('\n'),
            ),
          );
        });
      };
      const timer = setTimeout(() => {
        giveUp(`none came in ${timeout} ms`);
      }, timeout);
      this.#listeners.add(listener);
      const gone = (): void => {
        giveUp('the program ended');
      };
      this.ended.then(gone, gone);
    });
  }

  /** Sends a signal and waits for the end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number> {
    this.#child.kill(signal);
    return this.ended;
  }

  /** Asks it to end and gives its exit status. */
  stop(): Promise<number> {
    return this.kill('SIGTERM');
  }

  #hear(line: LogLine): void {
    this.lines.push(line);
    for (const listener of [...this.#listeners]) listener(line);
  }
}
