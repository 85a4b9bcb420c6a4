import { gateRemarks } from './feature-gates.ts';
import type { ConfigurationFile, UnusedField } from './configuration-file.ts';
import type { WrittenConfiguration } from './configuration.ts';
import type { EffectiveConfiguration } from './effective-configuration.ts';
import type { FileSetting } from './file-fields.ts';
import { flagOf } from './flags.ts';

/** What a person should know of a configuration that is in force, in sentences without a full stop. */
export interface ConfigurationRemarks {
  /** What has no effect here, all in one; undefined where everything has one. */
  readonly ignored: string | undefined;
  /** Everything else. */
  readonly others: readonly string[];
}

/** What a configuration is judged by. */
export interface Judged extends EffectiveConfiguration {
  readonly flags: WrittenConfiguration;
  readonly file: ConfigurationFile | undefined;
  /** Flags that were given and change nothing, by their names, and why. */
  readonly unusedFlags: ReadonlyMap<string, string>;
}

/** Says what of a configuration has no effect, or another one than in kube-proxy. */
export function configurationRemarks({
  configuration,
  flags,
  file,
  unusedFlags,
}: Judged): ConfigurationRemarks {
  const unused = [
    ...[...unusedFlags].map(([name, reason]) => `${name} (${reason})`),
    ...(file?.unused ?? []).map(describeUnused),
  ];
  return {
    ignored: unused.length === 0 ? undefined : `without effect: ${unused.join(', ')}`,
    others: [
      ...overrides(flags, file),
      ...gateRemarks(configuration.featureGates),
      ...(configuration.profiling ? ['profiling is on, and no profiles are served so far'] : []),
      ...(configuration.nodePortAddresses.some(isLoopback)
        ? ['node ports are not served on the loopback addresses of nodePortAddresses, as in kube-proxy']
        : []),
    ],
  };
}

/** A field that is not used, and why: `portRange (no mode uses it any more)`. */
export function describeUnused({ path, reason }: UnusedField): string {
  return `${path} (${reason})`;
}

/** Whether a canonical CIDR is within the loopback addresses. */
export function isLoopback(cidr: string): boolean {
  return cidr.startsWith('127.') || cidr === '::1/128';
}

function overrides(flags: WrittenConfiguration, file: ConfigurationFile | undefined): string[] {
  const both = [...(file?.places ?? [])].filter(([setting]) => flags[setting] !== undefined);
  return both
    .filter(([setting]) => !winsInKubeProxy.has(setting))
    .map(
      ([setting, { path }]) =>
        `${flagOf(setting)} wins over ${path} of the file; kube-proxy ignores the flag`,
    );
}

/** The flags that kube-proxy follows beside a file, too. */
const winsInKubeProxy: ReadonlySet<FileSetting> = new Set<FileSetting>([
  'nodeName',
  'master',
  'verbosity',
  'loggingFormat',
]);
