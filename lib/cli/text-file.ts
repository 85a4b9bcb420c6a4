import { readFile } from 'node:fs/promises';

/** The text of a file, `undefined` where it cannot be read. */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}
