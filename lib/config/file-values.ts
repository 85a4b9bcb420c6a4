import * as z from 'zod';
import { formatDuration } from '../model/duration.ts';
import type { Problem } from '../model/problem.ts';
import { formatBindAddress } from './bind-address.ts';
import { settings } from './configuration.ts';
import type { Configuration } from './configuration.ts';
import type { FileSetting } from './file-fields.ts';
import { zeroIsDefault } from './file-fields.ts';
import { shown } from './setting.ts';
import type { JsonForm } from './setting.ts';

/** What stands for a setting in a file. */
export function jsonFormOf(setting: keyof Configuration): JsonForm {
  const schema = settings.shape[setting];
  const inner = schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return (inner as z.ZodType).meta() as unknown as JsonForm;
}

/** Whether a value in a file says no more than that none was written: `null`, `""`, an empty list or map, some zeros. */
export function isUnset(setting: FileSetting, value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  if (typeof value === 'object') return Object.keys(value).length === 0;
  if (!zeroIsDefault.has(setting)) return false;
  return value === 0 || (typeof value === 'string' && /^0(?:ns|us|ms|s|m|h)?$/.test(value));
}

const forms: Readonly<
  Record<JsonForm['type'], { expected: string; hint: string; is: (value: unknown) => boolean }>
> = {
  boolean: {
    expected: 'true or false',
    hint: 'write it without quotes',
    is: (value) => typeof value === 'boolean',
  },
  integer: { expected: 'a whole number', hint: 'write it in digits, without quotes', is: Number.isInteger },
  string: { expected: 'a text', hint: 'write it in quotes', is: (value) => typeof value === 'string' },
  array: { expected: 'a list of texts', hint: 'write each on a line of its own, behind "- "', is: isTexts },
  object: {
    expected: 'names with values',
    hint: 'write each as name: value on a line of its own, indented',
    is: (value) => typeof value === 'object' && !Array.isArray(value),
  },
};

/** What is wrong with the kind of value that a file has for a setting, be it right by itself. */
export function fieldFault(
  setting: FileSetting,
  value: unknown,
): Pick<Problem, 'expected' | 'got' | 'hint'> | undefined {
  const { type, format } = jsonFormOf(setting);
  const form = forms[type];
  // Without its unit a duration has more to be told than that it is a number.
  if (form.is(value) || (format === 'go-duration' && typeof value === 'number')) return undefined;
  const hint = format === 'cidrs' && isTexts(value) ? `write one text: "${value.join(',')}"` : form.hint;
  return { expected: form.expected, got: shownInFile(value), hint };
}

/** What a file has for a value of the configuration, such that it is read as the same value. */
export function fileValue(setting: FileSetting, configuration: Configuration): unknown {
  const value = configuration[setting];
  switch (jsonFormOf(setting).format) {
    case 'go-duration':
      return formatDuration(value as number);
    case 'cidrs':
      return (value as readonly string[]).join(',');
    case 'address-port':
      return formatBindAddress(value as Configuration['healthzBindAddress']);
    default:
      return value;
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function shownInFile(value: unknown): string {
  return Array.isArray(value) ? JSON.stringify(value) : shown(value);
}
