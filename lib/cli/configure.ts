import { readFile } from 'node:fs/promises';
import type { Command } from '@commander-js/extra-typings';
import { Option } from '@commander-js/extra-typings';
import type { Logger } from 'pino';
import { readConfigurationFile } from '../config/configuration-file.ts';
import type { ConfigurationFile } from '../config/configuration-file.ts';
import { effectiveConfiguration } from '../config/effective-configuration.ts';
import type { Flag } from '../config/flag.ts';
import { configurationRemarks } from '../config/remarks.ts';
import type { Judged } from '../config/remarks.ts';
import { unusedFlags } from '../config/unused-flags.ts';
import { formatProblem } from '../model/problem.ts';
import type { Context } from './context.ts';
import { Failure } from './failure.ts';
import { addFlags, writtenConfiguration } from './options.ts';

/** The options that commander read, by their names. */
export type Options = Readonly<Record<string, unknown>>;

/** Adds `--config`, flags of the configuration and, out of sight, those of kube-proxy that change nothing. */
export function addConfigurationFlags(command: Command, flags: readonly Flag[]): void {
  command.addOption(
    new Option(
      '--config <file>',
      'a KubeProxyConfiguration or KubeIpvsConfiguration, in YAML or JSON; flags win over it',
    ).helpGroup('Configuration:'),
  );
  addFlags(command, flags);
  for (const name of unusedFlags.keys()) command.addOption(new Option(`${name} [value]`).hideHelp());
}

/** A configuration, and the text of the file that it was made with, where it was made with one. */
export interface Configured extends Judged {
  readonly text: string | undefined;
}

/**
 * Makes the configuration of a command's flags and of the file that they name.
 *
 * @throws ConfigurationError where anything is wrong with it, Failure where the file cannot be read
 */
export async function configured(
  flags: readonly Flag[],
  options: Options,
  { nodeName }: Pick<Context, 'nodeName'>,
): Promise<Configured> {
  const name = configurationFileOf(options);
  if (name === undefined) return { ...judged(flags, options, nodeName, undefined), text: undefined };
  const text = await readText(name);
  return { ...judged(flags, options, nodeName, readConfigurationFile(name, text)), text };
}

/** The same, of a file that was read. */
export function judged(
  flags: readonly Flag[],
  options: Options,
  nodeName: string | undefined,
  file: ConfigurationFile | undefined,
): Judged {
  const written = writtenConfiguration(flags, options);
  const given = [...unusedFlags].filter(([name]) => options[attributeName(name)] !== undefined);
  const effective = effectiveConfiguration({ flags: written, file, nodeName });
  return { ...effective, flags: written, file, unusedFlags: new Map(given) };
}

/** The file that `--config` names; none where it is empty, as in kube-proxy. */
export function configurationFileOf({ config }: Options): string | undefined {
  return typeof config === 'string' && config !== '' ? config : undefined;
}

/** Reads a file of text. Throws Failure where it cannot be read. */
export async function readText(name: string): Promise<string> {
  try {
    return await readFile(name, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new Failure(
      'no-configuration',
      `${name}: expected a configuration file that can be read, got ${reason}`,
      'name another file, or make this one readable',
      { cause: error },
    );
  }
}

/** Tells what of a configuration has no effect, or another one than in kube-proxy. */
export function logRemarks(judged: Judged, log: Logger): void {
  for (const problem of judged.file?.problems ?? []) log.warn({ problem }, formatProblem(problem));
  const { ignored, others } = configurationRemarks(judged);
  if (ignored !== undefined) log.info({}, ignored);
  for (const remark of others) log.info({}, remark);
}

function attributeName(flag: string): string {
  return new Option(flag).attributeName();
}
