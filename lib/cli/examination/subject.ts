import type { Configuration } from '../../config/configuration.ts';
import { longName, planningFlags } from '../../config/flags.ts';
import { socketFlag } from '../../config/socket-flag.ts';
import { configurationFileOf, configured, type Options } from '../configure.ts';
import type { Context } from '../context.ts';
import { writtenConfiguration } from '../options.ts';
import { daemonAmong, findProxies, type FoundProxy } from './proxy-processes.ts';
import { runningConfiguration } from './running-configuration.ts';

/** The flags of the configuration that an examination takes. */
export const doctorFlags = [...planningFlags, socketFlag];

/** What is examined: a node by its configuration, and the proxies that run on it. */
export interface Subject {
  readonly configuration: Configuration;
  /** Where the configuration was read, for people. */
  readonly source: string;
  /** Whether somebody told it. It is the default one otherwise. */
  readonly told: boolean;
  /** The arguments that give `kube-ipvs run` this configuration. */
  readonly args: readonly string[];
  readonly proxies: readonly FoundProxy[];
}

/**
 * Finds out how kube-ipvs is configured on this node: by the flags of this command where there are any; else as the one
 * that runs is; else as if nothing were said.
 *
 * @throws ConfigurationError where a flag is wrong, Failure where a file cannot be read
 */
export async function findSubject(options: Options, context: Context): Promise<Subject> {
  const proxies = await findProxies();
  const args = argumentsIn(options);
  const { configuration } = await configured(doctorFlags, options, context);
  if (args.length > 0)
    return { configuration, source: 'the flags of this command', told: true, args, proxies };
  const daemon = daemonAmong(proxies);
  if (daemon === undefined) {
    return { configuration, source: 'nothing tells it: the default one', told: false, args: [], proxies };
  }
  const source = `process ${daemon.pid}`;
  try {
    const running = await runningConfiguration(daemon, context);
    const { socket } = options['socket'] === undefined ? running.configuration : configuration;
    return {
      configuration: { ...running.configuration, socket },
      ...{ args: running.args, source: `that of ${source}`, told: true, proxies },
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const words = `the default one, for that of ${source} cannot be read: ${why}`;
    return { configuration, source: words, told: false, args: [], proxies };
  }
}

/** The flags of the configuration that were given to this command, as they were. */
function argumentsIn(options: Options): readonly string[] {
  const written = writtenConfiguration(planningFlags, options);
  const name = configurationFileOf(options);
  const file = name === undefined ? [] : ['--config', name];
  const flags = planningFlags.flatMap((flag) => {
    const value: unknown = written[flag.field];
    const values: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
    return values.flatMap((one) => (one === true ? [longName(flag)] : [longName(flag), String(one)]));
  });
  return [...file, ...flags];
}
