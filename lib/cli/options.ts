import { Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import type { WrittenConfiguration } from '../config/configuration.ts';
import type { Flag } from '../config/flag.ts';

/** Adds flags of the configuration to a command, under their headings. */
export function addFlags(command: Command, flags: readonly Flag[]): void {
  for (const flag of flags) command.addOption(optionOf(flag));
}

/** What was written for each field, of the options that commander read. */
export function writtenConfiguration(
  flags: readonly Flag[],
  options: Readonly<Record<string, unknown>>,
): WrittenConfiguration {
  const given = flags
    .map((flag) => [flag.field, options[optionOf(flag).attributeName()]] as const)
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

function optionOf(flag: Flag): Option<string> {
  const standard = flag.standard === undefined ? '' : ` (default: ${flag.standard})`;
  return new Option(flag.usage, `${flag.help}${standard}`)
    .helpGroup(flag.group)
    .argParser<unknown>((written, previous) => {
      const value = afterEqualsSign(written);
      if (flag.repeatable !== true) return value;
      return Array.isArray(previous) ? [...(previous as unknown[]), value] : [value];
    });
}

/** What Go's flags mean by `-v=2`: commander takes the sign for a part of the value of a short flag. */
function afterEqualsSign(value: string): string {
  return value.startsWith('=') ? value.slice(1) : value;
}
