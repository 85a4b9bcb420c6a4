import { readFile, readlink } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import type { Configuration } from '../../config/configuration.ts';
import { allFlags } from '../../config/flags.ts';
import { addConfigurationFlags, configured } from '../configure.ts';
import type { Context } from '../context.ts';
import { runArguments } from '../local-processes.ts';
import type { FoundProxy } from './proxy-processes.ts';

/** Options that name a file or a folder. */
const places = ['config', 'manifests', 'kubeconfig'] as const;

/** The configuration of a running kube-ipvs, and its flags. */
export interface RunningConfiguration {
  readonly configuration: Configuration;
  readonly args: readonly string[];
}

/**
 * Makes the configuration that a process runs with, out of its command line and its environment. Rejects where that
 * cannot be done: a file that it read may be out of sight.
 *
 * @param proc where proc(5) is mounted
 */
export async function runningConfiguration(
  { pid, words }: FoundProxy,
  { nodeName }: Pick<Context, 'nodeName'>,
  proc = '/proc',
): Promise<RunningConfiguration> {
  const args = runArguments(words) ?? [];
  const command: Command = new Command('run').exitOverride().configureOutput({ writeErr: () => undefined });
  addConfigurationFlags(command, allFlags);
  command.parse([...args], { from: 'user' });
  const options: Record<string, unknown> = { ...command.opts() };
  const folder = await readlink(join(proc, String(pid), 'cwd')).catch(() => '/');
  for (const place of places) {
    const value = options[place];
    if (typeof value === 'string' && value !== '' && !isAbsolute(value)) options[place] = join(folder, value);
  }
  const own = await nodeNameOf(join(proc, String(pid), 'environ'));
  const { configuration } = await configured(allFlags, options, { nodeName: own ?? nodeName });
  return { configuration, args };
}

async function nodeNameOf(file: string): Promise<string | undefined> {
  try {
    const variables = (await readFile(file, 'utf8')).split('\0');
    return variables.find((variable) => variable.startsWith('NODE_NAME='))?.slice('NODE_NAME='.length);
  } catch {
    return undefined;
  }
}
