import { createInterface } from 'node:readline';
import type { Child, Ending } from './processes.ts';

/** Exit status of `agent` for a command line that it does not understand. */
const wrongUsage = 2;

/**
 * Hands on each line that a client of `agent` prints.
 * @returns when it has ended and the last line was read
 * @throws {Error} what it complained of, if it did
 */
export async function readLines(child: Child, ended: Ending, take: (line: string) => void): Promise<void> {
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const lines = createInterface({ input: child.stdout });
  lines.on('line', take);
  const read = new Promise<void>((resolve) => lines.once('close', resolve));
  const [code] = await Promise.all([ended, read]);
  if (code === wrongUsage || complaint !== '') throw new Error(complaint.trim());
}
