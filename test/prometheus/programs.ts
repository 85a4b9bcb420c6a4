import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

/** Where setup.sh has unpacked Prometheus, in case the machine has none. */
const unpacked = 'build/prometheus/usr/bin';

/** A program of Prometheus' package: its path, or its name where it is installed. */
export function prometheusProgram(name: 'prometheus' | 'promtool'): string {
  const path = resolve(unpacked, name);
  return existsSync(path) ? path : name;
}

/** What a run of promtool came to. */
export interface Verdict {
  readonly code: number;
  /** Both of its outputs. */
  readonly told: string;
}

/** Runs promtool. */
export async function promtool(...args: readonly string[]): Promise<Verdict> {
  const child = spawn(prometheusProgram('promtool'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { code, told: out + err };
}
