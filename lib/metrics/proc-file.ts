import { readFileSync } from 'node:fs';

/** What a file under /proc says now; undefined where the kernel has no such file, or does not show it. */
export function procText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** A file with one number in it, likewise. */
export function procNumber(file: string): number | undefined {
  const text = procText(file)?.trim();
  return text === undefined || text === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
}
