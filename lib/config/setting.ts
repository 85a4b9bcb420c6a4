import * as z from 'zod';
import { parseAddress, parseCidr } from '../model/address.ts';
import type { BindAddress } from '../model/bind-address.ts';
import { readBindAddress } from './bind-address.ts';
import { durationForm, durationHint, parseDuration } from './duration.ts';
import { suggestion } from './suggestion.ts';

/** What stands for a setting in a file, as JSON Schema (draft 2020-12) says it. `format` is a name of this project's own. */
export interface JsonForm {
  readonly type: 'boolean' | 'integer' | 'string' | 'array' | 'object';
  readonly format?: 'go-duration' | 'address-port' | 'cidrs';
  readonly [keyword: string]: unknown;
}

/** How one setting is read from what a person wrote. */
export interface Reading<Value> {
  /** What is accepted, as a noun. */
  readonly expected: string;
  /** What a file of JSON or YAML has for it. */
  readonly json: JsonForm;
  /** Gives undefined for what is not accepted. */
  readonly read: (written: unknown) => Value | undefined;
  /** What to do about a value that was not accepted. */
  readonly hint: (written: unknown) => string;
  /** The part of what was written that is not accepted, where it is not the whole. */
  readonly wrongPart?: (written: unknown) => unknown;
}

/** The details of a refused setting, as they travel in `params` of a zod issue. */
export const refusedSetting = z.object({ expected: z.string(), got: z.string(), hint: z.string() });

/** A refused setting: what was expected, what came and what to do. */
export type RefusedSetting = z.infer<typeof refusedSetting>;

/** A zod issue for a refused setting. */
export function settingIssue(refused: RefusedSetting, input: unknown, path: PropertyKey[] = []) {
  return { code: 'custom' as const, params: { ...refused }, message: refused.expected, input, path };
}

/** Writes a value as it is shown in a message: texts in quotes. */
export function shown(written: unknown): string {
  return Array.isArray(written) ? JSON.stringify(written.join(',')) : JSON.stringify(written);
}

/** A schema that reads one setting, and refuses what it cannot read with what to do about it. */
export function setting<Value>(reading: Reading<Value>) {
  const schema = z.unknown().transform((written, context): Value => {
    const value = reading.read(written);
    if (value !== undefined) return value;
    const wrong = reading.wrongPart?.(written) ?? written;
    const refused = { expected: reading.expected, got: shown(wrong), hint: reading.hint(wrong) };
    context.addIssue(settingIssue(refused, written));
    return z.NEVER;
  });
  return schema.meta({ ...reading.json });
}

/** A text that is not empty; white space around it is dropped, and `as` makes of it what it shall be. */
export function textSetting(expected: string, hint: string, as = (text: string): string => text) {
  return setting({
    expected,
    json: { type: 'string' },
    read: (written) =>
      typeof written === 'string' && written.trim() !== '' ? as(written.trim()) : undefined,
    hint: () => hint,
  });
}

/** The address of an API server; without a scheme it is `https://`. */
export function serverSetting() {
  return setting({
    expected: 'the address of an API server: https://host:port',
    json: { type: 'string' },
    read: (written) => {
      const text = typeof written === 'string' ? written.trim() : '';
      const url = URL.parse(text.includes('://') ? text : `https://${text}`);
      return url?.protocol === 'https:' ? url.href : undefined;
    },
    hint: (written) =>
      String(written).trim().startsWith('http://')
        ? 'write https://: without TLS a server cannot be trusted'
        : 'write it as https://192.0.2.1:6443 or https://[2001:db8::1]:6443',
  });
}

/**
 * Where to listen, `address:port`. Empty, or `0`, is `'off'`: nowhere.
 * @param usual the port where none is written
 */
export function bindAddressSetting(usual: number) {
  const read = (text: string): BindAddress | 'off' | undefined =>
    text === '' || text === '0' ? 'off' : readBindAddress(text, usual);
  return setting({
    expected: 'an address with a port to listen at, or 0 for none',
    json: { type: 'string', format: 'address-port' },
    read: (written) => (typeof written === 'string' ? read(written.trim()) : undefined),
    hint: () => `write it as 0.0.0.0:${usual} or [::1]:${usual}`,
  });
}

/** Longest path of a unix socket: sun_path of 108 bytes (linux/un.h) less the terminating zero. */
const longestSocketPath = 107;

/** The path of a unix socket, or `off`. */
export function socketSetting() {
  const isPath = (text: string): boolean =>
    text.startsWith('/') && !text.endsWith('/') && Buffer.byteLength(text) <= longestSocketPath;
  return setting({
    expected: `an absolute path of at most ${longestSocketPath} bytes, or off`,
    json: { type: 'string', pattern: '^(off|/.*[^/])$' },
    read: (written) =>
      typeof written === 'string' && (written === 'off' || isPath(written)) ? written : undefined,
    hint: () => 'write it as /run/kube-ipvs/kube-ipvs.sock, or off for none',
  });
}

/** An IP address. */
export function addressSetting() {
  return setting({
    expected: 'an IP address',
    json: { type: 'string' },
    read: (written) => {
      const parsed = parseAddress(String(written).trim());
      return 'address' in parsed ? parsed.address : undefined;
    },
    hint: (written) => {
      const parsed = parseAddress(String(written).trim());
      return 'hint' in parsed ? parsed.hint : 'write an address such as 0.0.0.0 or ::';
    },
  });
}

/** Longest name of an interface: IFNAMSIZ (16, linux/if.h) less the terminating zero. */
const longestInterface = 15;

/** The name of a network interface, or the beginning of one. */
export function interfaceSetting(meaning: string) {
  return setting({
    expected: `the name of a network interface: ${meaning}`,
    json: { type: 'string', maxLength: longestInterface },
    read: (written) =>
      typeof written === 'string' && written.length <= longestInterface && /^[^\s/]+$/.test(written)
        ? written
        : undefined,
    hint: () => `write 1 to ${longestInterface} characters without blanks and slashes`,
  });
}

/** A duration in Go's notation, as milliseconds. */
export function durationSetting() {
  return setting({
    expected: durationForm,
    json: { type: 'string', format: 'go-duration' },
    read: (written) => (typeof written === 'string' ? parseDuration(written) : undefined),
    hint: (written) => durationHint(String(written)),
  });
}

/** `true` or `false`, as itself or as one of Go's words for it; a flag without a value is true. */
export function booleanSetting() {
  const words = new Map<unknown, boolean>([
    [true, true],
    [false, false],
    ...['1', 't', 'T', 'true', 'True', 'TRUE'].map((word) => [word, true] as const),
    ...['0', 'f', 'F', 'false', 'False', 'FALSE'].map((word) => [word, false] as const),
  ]);
  return setting({
    expected: 'true or false',
    json: { type: 'boolean' },
    read: (written) => words.get(written),
    hint: () => 'write true or false',
  });
}

/** A whole number within bounds, both included. */
export function integerSetting(lowest: number, highest: number) {
  return setting({
    expected: `a whole number from ${lowest} to ${highest}`,
    json: { type: 'integer', minimum: lowest, maximum: highest },
    read: (written) => {
      const text = String(written).trim();
      const number = /^-?\d{1,10}$/.test(text) ? Number(text) : NaN;
      return number >= lowest && number <= highest ? number : undefined;
    },
    hint: () => `choose a number from ${lowest} to ${highest}`,
  });
}

/** One of a few names. `hints` tells, for a name that is known and yet not accepted, what to do about it. */
export function nameSetting<const Name extends string>(
  names: readonly Name[],
  hints: Readonly<Record<string, string>> = {},
) {
  return setting({
    expected: `one of ${names.join(', ')}`,
    json: { type: 'string', enum: names },
    read: (written) => names.find((name) => name === written),
    hint: (written) => {
      const near = suggestion(String(written), names);
      return hints[String(written)] ?? (near === undefined ? `choose one of them` : `did you mean ${near}?`);
    },
  });
}

function cidrHint(item: string): string {
  const parsed = parseCidr(item);
  return 'hint' in parsed ? parsed.hint : 'write address/prefix';
}

/** The parts of a list: several values, each of which may be a list with commas. */
function listItems(written: unknown): string[] {
  const texts: unknown[] = Array.isArray(written) ? written : [written];
  return texts
    .flatMap((text) => String(text).split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

/** How a list of CIDRs is written. */
interface CidrListForm {
  /** Words that stand for CIDRs. */
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
  /** Whether a file has them as one text with commas. */
  readonly joined?: true;
}

/** CIDRs in canonical text, without duplicates. */
export function cidrListSetting({ aliases = {}, joined }: CidrListForm = {}) {
  const read = (item: string): readonly string[] => {
    const parsed = parseCidr(item);
    return aliases[item] ?? ('cidr' in parsed ? [parsed.cidr] : []);
  };
  const firstWrong = (written: unknown): string | undefined =>
    listItems(written).find((item) => read(item).length === 0);
  return setting({
    expected: 'a CIDR such as 10.244.0.0/16 or fd00:10::/64, or several with commas between',
    json: joined ? { type: 'string', format: 'cidrs' } : { type: 'array', items: { type: 'string' } },
    read: (written): readonly string[] | undefined =>
      firstWrong(written) === undefined ? [...new Set(listItems(written).flatMap(read))] : undefined,
    hint: (wrong) => cidrHint(String(wrong)),
    wrongPart: firstWrong,
  });
}
