import { hostname } from 'node:os';
import type * as z from 'zod';
import { parseAddress } from '../model/address.ts';
import type { Problem } from '../model/problem.ts';
import { configurationSchema, settings } from './configuration.ts';
import type { Configuration, WrittenConfiguration } from './configuration.ts';
import { ConfigurationError } from './configuration-error.ts';
import type { ConfigurationFile } from './configuration-file.ts';
import { isFileSetting, ownSettings } from './file-fields.ts';
import { flagOf } from './flags.ts';
import { refusedSetting, shown } from './setting.ts';

/** Where a configuration comes from. A flag wins over the file, the file over the environment. */
export interface ConfigurationSources {
  /** By field, what the command line has; fields that were not given are absent. */
  readonly flags: WrittenConfiguration;
  readonly file?: ConfigurationFile | undefined;
  /** What the environment calls this node, in `NODE_NAME`. */
  readonly nodeName: string | undefined;
}

/** Where a value of the configuration comes from. */
export type Origin = 'flag' | 'file' | 'environment' | 'host' | 'default';

/** A configuration that is in force, and where its values are from. */
export interface EffectiveConfiguration {
  readonly configuration: Configuration;
  readonly origins: Readonly<Record<keyof Configuration, Origin>>;
}

const fields = Object.keys(settings.shape) as (keyof Configuration)[];

/**
 * Makes one configuration of all that was written.
 *
 * @throws ConfigurationError when anything is not as expected, with all that is wrong
 */
export function effectiveConfiguration(sources: ConfigurationSources): EffectiveConfiguration {
  const given = sources.file?.problems.filter(({ severity }) => severity === 'error') ?? [];
  const merged = merge(sources);
  // Fields that need one another are no use to look at where one of them could not be read.
  const schema = given.length === 0 ? configurationSchema : settings;
  const result = schema.safeParse(merged.written);
  const issues = result.error?.issues ?? [];
  const problems = [...given, ...issues.map((issue) => problemOf(issue, merged, sources.file))];
  if (result.success && problems.length === 0) {
    return { configuration: result.data, origins: merged.origins };
  }
  throw new ConfigurationError(problems);
}

/** The configuration of a command line alone, as `effectiveConfiguration` makes it. */
export function readConfiguration(flags: WrittenConfiguration, nodeName: string | undefined): Configuration {
  return effectiveConfiguration({ flags, nodeName }).configuration;
}

interface Merged {
  readonly written: Partial<Record<keyof Configuration, unknown>>;
  readonly origins: Record<keyof Configuration, Origin>;
}

function merge({ flags, file, nodeName }: ConfigurationSources): Merged {
  const named: Origin = nodeName === undefined ? 'host' : 'environment';
  const merged: Merged = {
    written: {},
    origins: Object.fromEntries(fields.map((field) => [field, 'default'])) as Merged['origins'],
  };
  lay(merged, { nodeName: nodeName ?? hostname() }, named);
  lay(merged, file?.written ?? {}, 'file');
  lay(merged, flags, 'flag');
  if (isIPv6(merged.written.bindAddress)) {
    merged.written.healthzBindAddress ??= '[::]:10256';
    merged.written.metricsBindAddress ??= '[::1]:10249';
  }
  return merged;
}

/** Puts what one origin gives over what is there. */
function lay({ written, origins }: Merged, layer: WrittenConfiguration, origin: Origin): void {
  for (const field of fields) {
    const value = layer[field];
    if (value === undefined || (origin === 'flag' && isNothing(field, value))) continue;
    written[field] = value;
    origins[field] = origin;
  }
}

/** In a flag of kube-proxy's an empty text says that nothing was given; where to listen it says nowhere. */
function isNothing(field: keyof Configuration, value: unknown): boolean {
  const empty = value === '' || (Array.isArray(value) && value.every((item) => item === ''));
  const kept = !isFileSetting(field) || ownSettings.has(field);
  return empty && !kept && field !== 'healthzBindAddress' && field !== 'metricsBindAddress';
}

function isIPv6(address: unknown): boolean {
  const parsed = parseAddress(String(address));
  return 'family' in parsed && parsed.family === 'IPv6';
}

function problemOf(
  issue: z.core.$ZodIssue,
  { written, origins }: Merged,
  file: ConfigurationFile | undefined,
): Problem {
  const params = issue.code === 'custom' ? issue.params : undefined;
  const field = String(issue.path[0]) as keyof Configuration;
  const unnamed = { expected: issue.message, got: shown(written[field]), hint: 'see --help' };
  return {
    ...placeOf(field, origins[field], file),
    ...(refusedSetting.safeParse(params).data ?? unnamed),
    severity: 'error',
  };
}

/** Where a person finds what they wrote, or can write it. */
function placeOf(
  field: keyof Configuration,
  origin: Origin,
  file: ConfigurationFile | undefined,
): Pick<Problem, 'where' | 'field'> {
  const place = origin === 'file' && isFileSetting(field) ? file?.places.get(field) : undefined;
  return place === undefined ? { where: flagOf(field) } : { where: place.where, field: place.path };
}
