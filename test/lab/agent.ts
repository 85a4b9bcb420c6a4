import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The repository's directory. */
export const repository = resolve(import.meta.dirname, '../..');

/** Where the compiled agent is. */
export const agentPath = join(repository, 'build/lab/agent');

const sourceFolder = join(import.meta.dirname, 'agent');

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Compiles the agent where it is missing or older than a file it is made from. Needs gcc and a writable `build/`. */
export function buildAgent(): void {
  const files = readdirSync(sourceFolder).map((name) => join(sourceFolder, name));
  if (changedAt(agentPath) >= Math.max(...files.map(changedAt))) return;
  mkdirSync(resolve(agentPath, '..'), { recursive: true });
  // Renamed into place at the end, so that a lab that starts meanwhile never sees half a program.
  const fresh = `${agentPath}.${process.pid}`;
  const sources = files.filter((file) => file.endsWith('.c'));
  execFileSync('gcc', ['-std=gnu17', '-O2', '-static', '-Wall', '-Wextra', '-o', fresh, ...sources], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  renameSync(fresh, agentPath);
}
