import type { Problem } from '../model/problem.ts';
import type { WrittenConfiguration } from './configuration.ts';
import { readDocument } from './file-document.ts';
import type { FileEntry, Position } from './file-document.ts';
import { fieldFault, isUnset } from './file-values.ts';
import type { FileSetting } from './file-fields.ts';
import { ownSettings, settingsByPath } from './file-fields.ts';
import { suggestion } from './suggestion.ts';
import { reasonUnused, unusedFields } from './unused-fields.ts';

/** The kinds of configuration files, and the version of each that is read. */
export const fileKinds = {
  KubeProxyConfiguration: 'kubeproxy.config.k8s.io/v1alpha1',
  KubeIpvsConfiguration: 'kube-ipvs.io/v1alpha1',
} as const;

/** A kind of configuration file. */
export type FileKind = keyof typeof fileKinds;

/** Where a setting stands in a file. */
export interface FilePlace {
  /** `kube-proxy.yaml:12:3`. */
  readonly where: string;
  /** `ipvs.scheduler`. */
  readonly path: string;
}

/** A field of a file that changes nothing here. */
export interface UnusedField extends FilePlace {
  readonly reason: string;
}

/** What a configuration file says. */
export interface ConfigurationFile {
  readonly name: string;
  /** Undefined where it is of neither kind. */
  readonly kind: FileKind | undefined;
  /** The settings it gives, as they are written. */
  readonly written: WrittenConfiguration;
  readonly places: ReadonlyMap<FileSetting, FilePlace>;
  /** The fields that have a value and change nothing. */
  readonly unused: readonly UnusedField[];
  /** Errors keep it from being used. What is a warning is not used, and nothing else is lost. */
  readonly problems: readonly Problem[];
}

/** A configuration file while it is read. */
interface Reading {
  readonly name: string;
  readonly kind: FileKind;
  readonly written: Partial<Record<FileSetting, unknown>>;
  readonly places: Map<FileSetting, FilePlace>;
  readonly unused: UnusedField[];
  readonly problems: Problem[];
}

/**
 * Reads a configuration file of either kind. Fields without a value, `null`, `""` and empty lists, are as not written,
 * as in kube-proxy. What KubeProxyConfiguration does not know is a warning there, and an error in KubeIpvsConfiguration.
 * Never throws.
 *
 * @param name by which problems call the file
 */
export function readConfigurationFile(name: string, text: string): ConfigurationFile {
  const document = readDocument(text);
  if ('fault' in document) {
    const where = at(name, document.position);
    return unusable(name, { where, ...document.fault, severity: 'error' });
  }
  const kind = kindOf(name, document.entries);
  if (typeof kind !== 'string') return unusable(name, kind);
  const reading: Reading = { name, kind, written: {}, places: new Map(), unused: [], problems: [] };
  readEntries(reading, document.entries, []);
  return reading;
}

function unusable(name: string, problem: Problem): ConfigurationFile {
  return { name, kind: undefined, written: {}, places: new Map(), unused: [], problems: [problem] };
}

function at(name: string, { line, column }: Position): string {
  return `${name}:${line}:${column}`;
}

function kindOf(name: string, entries: readonly FileEntry[]): FileKind | Problem {
  const written = (field: string): FileEntry | undefined => entries.find((one) => one.name === field);
  const known = Object.keys(fileKinds) as FileKind[];
  const kind = known.find((one) => one === written('kind')?.value);
  if (kind === undefined) {
    const near = suggestion(String(written('kind')?.value), known);
    const hint = near === undefined ? known.map(headOf).join(', or ') : `did you mean ${near}?`;
    return wrongHead(name, 'kind', written('kind'), known.join(' or '), hint);
  }
  if (written('apiVersion')?.value === fileKinds[kind]) return kind;
  return wrongHead(name, 'apiVersion', written('apiVersion'), fileKinds[kind], headOf(kind));
}

function headOf(kind: FileKind): string {
  return `write "apiVersion: ${fileKinds[kind]}" with "kind: ${kind}"`;
}

function wrongHead(
  name: string,
  field: string,
  entry: FileEntry | undefined,
  expected: string,
  hint: string,
): Problem {
  const where = at(name, entry?.position ?? { line: 1, column: 1 });
  const got = entry === undefined ? 'nothing' : JSON.stringify(entry.value);
  return { where, field, expected, got, hint, severity: 'error' };
}

function readEntries(reading: Reading, entries: readonly FileEntry[], above: readonly string[]): void {
  const seen = new Map<string, FileEntry>();
  for (const entry of entries) {
    const path = [...above, entry.name];
    const first = seen.get(entry.name);
    if (first !== undefined) reading.problems.push(duplicate(reading, path, entry, first));
    seen.set(entry.name, entry);
  }
  for (const entry of seen.values()) readEntry(reading, entry, [...above, entry.name]);
}

function readEntry(reading: Reading, entry: FileEntry, path: readonly string[]): void {
  const dotted = path.join('.');
  if (dotted === 'kind' || dotted === 'apiVersion') return;
  const setting = settingsByPath.get(dotted);
  if (setting !== undefined && isKnownTo(reading.kind, setting)) readSetting(reading, setting, entry, dotted);
  else if (isGroup(dotted)) readGroup(reading, entry, path);
  else readOther(reading, entry, path);
}

function isKnownTo(kind: FileKind, setting: FileSetting): boolean {
  return kind === 'KubeIpvsConfiguration' || !ownSettings.has(setting);
}

/** Whether fields stand within this one, some of which are settings. */
function isGroup(dotted: string): boolean {
  return [...settingsByPath.keys()].some((path) => path.startsWith(`${dotted}.`));
}

function readGroup(reading: Reading, entry: FileEntry, path: readonly string[]): void {
  if (entry.entries !== undefined) {
    readEntries(reading, entry.entries, path);
  } else if (entry.value !== null) {
    reading.problems.push({
      where: at(reading.name, entry.position),
      field: path.join('.'),
      expected: 'fields within it',
      got: JSON.stringify(entry.value),
      hint: 'write its fields on lines of their own, indented',
      severity: 'error',
    });
  }
}

function readSetting(reading: Reading, setting: FileSetting, entry: FileEntry, dotted: string): void {
  if (isUnset(setting, entry.value)) return;
  const where = at(reading.name, entry.position);
  const fault = fieldFault(setting, entry.value);
  if (fault !== undefined) reading.problems.push({ where, field: dotted, ...fault, severity: 'error' });
  else reading.written[setting] = entry.value;
  reading.places.set(setting, { where, path: dotted });
}

function readOther(reading: Reading, entry: FileEntry, path: readonly string[]): void {
  const dotted = path.join('.');
  const where = at(reading.name, entry.position);
  const reason = reasonUnused(path);
  if (reason === undefined) {
    reading.problems.push(unknown(reading.kind, where, path));
  } else if (entry.entries !== undefined && entry.entries.length > 0) {
    for (const inner of entry.entries) readOther(reading, inner, [...path, inner.name]);
  } else if (!isZero(entry.value)) {
    reading.unused.push({ where, path: dotted, reason });
  }
}

/** kube-proxy's own files have every field, those that were not set with the zero of their type. */
function isZero(value: unknown): boolean {
  const zeros: readonly unknown[] = [null, undefined, '', '0', '0s', 0, false];
  return zeros.includes(value) || (typeof value === 'object' && Object.keys(value ?? {}).length === 0);
}

function duplicate(
  { name, kind }: Reading,
  path: readonly string[],
  again: FileEntry,
  first: FileEntry,
): Problem {
  const lenient = kind === 'KubeProxyConfiguration';
  return {
    where: at(name, again.position),
    field: path.join('.'),
    expected: 'each field once',
    got: `it again, after line ${first.position.line}`,
    hint: lenient ? 'the last one counts; remove the others' : 'remove one of them',
    severity: lenient ? 'warning' : 'error',
  };
}

function unknown(kind: FileKind, where: string, path: readonly string[]): Problem {
  const lenient = kind === 'KubeProxyConfiguration';
  const dotted = path.join('.');
  const ours = lenient && settingsByPath.has(dotted);
  const near = nearest(kind, path);
  const meant = near === undefined ? 'remove it' : `did you mean ${near}?`;
  return {
    where,
    field: dotted,
    expected: `a field of ${kind}`,
    got: ours ? 'one of KubeIpvsConfiguration' : 'an unknown one',
    hint: ours
      ? 'it is not used here: "kube-ipvs migrate" makes a KubeIpvsConfiguration of the file'
      : `${lenient ? 'it is not used; ' : ''}${meant}`,
    severity: lenient ? 'warning' : 'error',
  };
}

/** The field that was most likely meant: one of the same name elsewhere, else one beside it of a name like it. */
function nearest(kind: FileKind, path: readonly string[]): string | undefined {
  const name = path.at(-1) ?? '';
  const above = path.slice(0, -1).join('.');
  const settings = [...settingsByPath].filter(([, setting]) => isKnownTo(kind, setting));
  const known = [...settings.map(([dotted]) => dotted), ...unusedFields.keys()];
  const elsewhere = known.find((dotted) => dotted.endsWith(`.${name}`) || dotted === name);
  if (elsewhere !== undefined) return elsewhere;
  const beside = known
    .filter((dotted) => above === '' || dotted.startsWith(`${above}.`))
    .map((dotted) => (above === '' ? dotted : dotted.slice(above.length + 1)).split('.')[0] ?? '');
  const near = suggestion(name, [...new Set(beside)]);
  return near === undefined ? undefined : [...path.slice(0, -1), near].join('.');
}
