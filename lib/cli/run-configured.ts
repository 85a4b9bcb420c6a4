import { writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import type { Logger } from 'pino';
import { readConfigurationFile } from '../config/configuration-file.ts';
import type { Configuration } from '../config/configuration.ts';
import { ConfigurationError } from '../config/configuration-error.ts';
import type { EffectiveConfiguration } from '../config/effective-configuration.ts';
import { allFlags } from '../config/flags.ts';
import { booleanSetting, shown } from '../config/setting.ts';
import { fileContent, formatFile } from '../config/written-file.ts';
import { formatProblem } from '../model/problem.ts';
import { systemClock } from '../sources/clock.ts';
import { programVersion } from './build-info.ts';
import { cleanup } from './cleanup.ts';
import { ConfigurationWatch } from './configuration-watch.ts';
import { addConfigurationFlags, configured, judged, logRemarks, readText } from './configure.ts';
import type { Configured, Options } from './configure.ts';
import type { Context } from './context.ts';
import { exitStatus, Failure } from './failure.ts';
import { canSetConntrackLimits } from './host.ts';
import { initialize } from './initialization.ts';
import { createLog } from './log.ts';
import { setOomScore } from './oom-score.ts';

const group = 'Instead of running:';

/** Adds the flags of `run`: those of the configuration, and kube-proxy's that do something else and end. */
export function addRunFlags(command: Command): void {
  addConfigurationFlags(command, allFlags);
  const others: readonly (readonly [string, string])[] = [
    ['--write-config-to <file>', 'write the configuration, with every default, to a file and end'],
    ['--init-only [boolean]', 'set the kernel settings that take more than NET_ADMIN and end'],
    ['--cleanup [boolean]', 'do what "kube-ipvs cleanup" does and end'],
    ['--version [boolean]', 'print the version and end'],
  ];
  for (const [usage, help] of others) command.addOption(new Option(usage, help).helpGroup(group));
}

/** Does what the flags of `run` ask for, which is to `run` unless they say otherwise. Gives the exit status. */
export async function runConfigured(
  options: Options,
  context: Context,
  run: (configuration: Configuration, context: Context) => Promise<number>,
): Promise<number> {
  const { terminal } = context;
  if (isOn(options, 'version')) {
    terminal.out(`kube-ipvs ${programVersion()}\n`);
    return exitStatus.success;
  }
  const made = await configured(allFlags, options, context);
  const { configuration } = made;
  const log = createLog(configuration, terminal);
  const target = options['writeConfigTo'];
  if (typeof target === 'string' && target !== '') return writeConfiguration(target, made, log);
  logRemarks(made, log);
  if (isOn(options, 'cleanup')) {
    terminal.err('hint: "kube-ipvs cleanup --dry-run" shows what would be removed, and removes nothing\n');
    return cleanup(configuration, false, terminal);
  }
  if (isOn(options, 'initOnly')) return initialize(configuration, log);
  await setOomScore(configuration.oomScoreAdj, log);
  if (configuration.conntrackMaxPerCore > 0 && !(await canSetConntrackLimits())) {
    log.debug({}, 'how many connections are tracked is left as it is: the kernel only shows it here');
  }
  const untilStopped = (): Promise<string> => untilEnded(made, options, context, log);
  return run(configuration, { ...context, untilStopped });
}

function isOn(options: Options, name: 'version' | 'cleanup' | 'initOnly'): boolean {
  const written = options[name] ?? false;
  const result = booleanSetting().safeParse(written);
  if (result.success) return result.data;
  const where = name === 'initOnly' ? '--init-only' : `--${name}`;
  const got = shown(written);
  const hint = 'write the flag alone, or with =true or =false';
  throw new ConfigurationError([{ where, expected: 'true or false', got, hint, severity: 'error' }]);
}

async function writeConfiguration(
  target: string,
  effective: EffectiveConfiguration,
  log: Logger,
): Promise<number> {
  try {
    await writeFile(target, formatFile(fileContent(effective)));
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const message = `${target}: expected a file that can be written, got ${reason}`;
    throw new Failure('not-written', message, 'name another file', { cause: error });
  }
  log.info({ file: target }, 'the configuration is written');
  return exitStatus.success;
}

/** Resolves when a signal comes or the configuration file asks for something else, with what it was. */
async function untilEnded(
  made: Configured,
  options: Options,
  context: Context,
  log: Logger,
): Promise<string> {
  const { file, text } = made;
  if (file === undefined || text === undefined) return context.untilStopped();
  const changed = Promise.withResolvers<string>();
  const watch = new ConfigurationWatch({
    file: file.name,
    text,
    read: () => readText(file.name),
    changed: (next) => {
      if (asksForMore(next, made, options, context, log)) changed.resolve('a changed configuration');
    },
    lost: (error) => {
      const message = error instanceof Error ? error.message : String(error);
      log.error({}, `${message}; what is in force stays`);
    },
    clock: systemClock,
  });
  watch.start();
  try {
    return await Promise.race([context.untilStopped(), changed.promise]);
  } finally {
    watch.stop();
  }
}

/** Whether a new text of the configuration file is valid and asks for something else than what is in force. */
function asksForMore(
  text: string,
  { file, configuration }: Configured,
  options: Options,
  { nodeName }: Context,
  log: Logger,
): boolean {
  const name = file?.name ?? '';
  try {
    const next = judged(allFlags, options, nodeName, readConfigurationFile(name, text));
    if (isDeepStrictEqual(next.configuration, configuration)) {
      log.info({}, `${name} has changed, and nothing of what is in force`);
      return false;
    }
    log.info({}, `${name} has changed: kube-ipvs ends, to be started again with it`);
    return true;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const problem of error.problems) {
      log.error({ problem }, `${formatProblem(problem)}; until then what is in force stays`);
    }
    return false;
  }
}
