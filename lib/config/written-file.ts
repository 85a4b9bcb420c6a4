import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import type { Configuration } from './configuration.ts';
import { fileKinds } from './configuration-file.ts';
import { readConfiguration } from './effective-configuration.ts';
import type { EffectiveConfiguration } from './effective-configuration.ts';
import { yamlOptions } from './file-document.ts';
import { settingPaths } from './file-fields.ts';
import type { FileSetting } from './file-fields.ts';
import { fileValue } from './file-values.ts';

/** A KubeIpvsConfiguration, as JSON has it. */
export interface FileContent {
  readonly apiVersion: typeof fileKinds.KubeIpvsConfiguration;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/**
 * The file that says what is in force, the defaults too. Read on the same machine it is the same configuration. Settings
 * that have no value are left out, and so is the name of a node that nobody wrote down, unless it is asked for.
 *
 * @param which which settings it shall have
 */
export function fileContent(
  { configuration, origins }: EffectiveConfiguration,
  which = (setting: FileSetting): boolean => isOfFile(setting, origins),
): FileContent {
  return contentOf(configuration, which);
}

/** The same of a configuration of which it is not known where its values are from: all of it, unless told which settings. */
export function contentOf(
  configuration: Configuration,
  which: (setting: FileSetting) => boolean = () => true,
): FileContent {
  const content = head();
  for (const [setting, path] of Object.entries(settingPaths) as [FileSetting, string][]) {
    if (configuration[setting] === undefined || !which(setting)) continue;
    place(content, path.split('.'), fileValue(setting, configuration));
  }
  return content;
}

/** Writes the content of a file as YAML, with a line feed at the end. */
export function formatFile(content: FileContent): string {
  return stringify(content, { ...yamlOptions, lineWidth: 0 });
}

/** The settings of a file whose value is not the one that they have unless told. */
export function changedSettings(effective: EffectiveConfiguration): ReadonlySet<FileSetting> {
  const standard = readConfiguration({}, undefined);
  const settings = Object.keys(settingPaths) as FileSetting[];
  return new Set(
    settings.filter(
      (setting) =>
        isOfFile(setting, effective.origins) &&
        !isDeepStrictEqual(effective.configuration[setting], standard[setting]),
    ),
  );
}

/** The name of a node is not for all machines that a file may be copied to. */
function isOfFile(setting: FileSetting, { nodeName }: EffectiveConfiguration['origins']): boolean {
  return setting !== 'nodeName' || nodeName === 'flag' || nodeName === 'file';
}

function head(): Record<string, unknown> & FileContent {
  return { apiVersion: fileKinds.KubeIpvsConfiguration, kind: 'KubeIpvsConfiguration' };
}

function place(
  content: Record<string, unknown>,
  [name = '', ...within]: readonly string[],
  value: unknown,
): void {
  if (within.length === 0) {
    content[name] = value;
    return;
  }
  const group = (content[name] ?? {}) as Record<string, unknown>;
  content[name] = group;
  place(group, within, value);
}
