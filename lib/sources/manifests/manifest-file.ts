import type { EndpointSlice } from '../../model/endpoint-slice.ts';
import type { Problem } from '../../model/problem.ts';
import { type Service, serviceKey } from '../../model/service.ts';
import {
  type Decoded,
  type FieldPath,
  type FieldProblem,
  formatPath,
  type LabelListener,
} from '../objects/decoded.ts';
import { decodeEndpointSlice } from '../objects/endpoint-slice-decoder.ts';
import { decodeEndpoints, type Endpoints } from '../objects/endpoints-decoder.ts';
import { Findings } from '../objects/findings.ts';
import { Fields } from '../objects/fields.ts';
import { decodeMetadata } from '../objects/metadata.ts';
import { decodeService, hasSelector } from '../objects/service-decoder.ts';
import { type ManifestDocument, readDocuments } from './documents.ts';
import { classify, type ManifestKind } from './manifest-kind.ts';

/** What an object holds, by its kind. Undefined where it is skipped on purpose or invalid. */
export interface ManifestContents {
  readonly service?: Service | undefined;
  readonly slice?: EndpointSlice | undefined;
  readonly endpoints?: Endpoints | undefined;
}

/** One object of a manifest file. */
export interface ManifestObject extends ManifestContents {
  /** Kind, namespace and name: `Service default/web`. */
  readonly id: string;
  /** `namespace/name`. */
  readonly key: string;
  readonly kind: ManifestKind;
  /** False where it cannot be used: then the last good version of it stays in force. */
  readonly valid: boolean;
  /** Whether a service has a selector. */
  readonly selects: boolean;
  /** See `ManifestDocument`. */
  readonly complete: boolean;
  /** File and line of a field of it: `web.yaml:12`. */
  readonly locate: (path: FieldPath) => string;
}

/** A manifest file as it was read. */
export interface ManifestFile {
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly Problem[];
  /** Kinds in it that are none of ours. */
  readonly ignoredKinds: ReadonlySet<string>;
  /**
   * True where something in it could not be read. What is missing from such a file may stand where it could not be
   * read, so nothing is taken away on its account.
   */
  readonly damaged: boolean;
}

/** How files are read. */
export interface ReadingOptions {
  /** Gives others a turn; a large file takes seconds. */
  readonly pause: () => Promise<void>;
  readonly labelled?: LabelListener | undefined;
}

/** What is gathered while a file is read. */
interface Reading {
  readonly labelled: LabelListener | undefined;
  readonly file: string;
  readonly objects: Map<string, ManifestObject>;
  readonly problems: Problem[];
  readonly ignoredKinds: Set<string>;
  damaged: boolean;
}

/**
 * Reads a manifest file: YAML or JSON by the ending of its name, any number of documents and lists. A fault in one
 * document or object never keeps the others from being read.
 */
export async function readManifest(
  file: string,
  text: string,
  { pause, labelled }: ReadingOptions,
): Promise<ManifestFile> {
  const reading: Reading = {
    file,
    labelled,
    objects: new Map(),
    problems: [],
    ignoredKinds: new Set(),
    damaged: false,
  };
  if (text.trim() === '') reportBlank(reading);
  const format = file.endsWith('.json') ? 'JSON' : 'YAML';
  for (const [index, document] of (await readDocuments(text, format, pause)).entries()) {
    if (index % 100 === 99) await pause();
    if (document.error === undefined) readValue(reading, document, document.value, []);
    else reportUnreadable(reading, document.error, format);
  }
  const { problems, ignoredKinds, damaged } = reading;
  return { problems, ignoredKinds, damaged, objects: [...reading.objects.values()] };
}

function reportBlank(reading: Reading): void {
  reading.damaged = true;
  reading.problems.push({
    where: reading.file,
    expected: 'at least one object, or a comment',
    got: 'an empty file',
    hint: 'remove the file to withdraw what it held; until then that is served',
    severity: 'error',
  });
}

function reportUnreadable(reading: Reading, error: { line: number; message: string }, format: string): void {
  reading.damaged = true;
  reading.problems.push({
    where: `${reading.file}:${error.line}`,
    expected: format,
    got: `a fault: ${error.message.replace(/\.$/, '')}`,
    hint: 'correct it; until then the last good version of what the file held is served',
    severity: 'error',
  });
}

function readValue(
  reading: Reading,
  document: ManifestDocument,
  value: unknown,
  base: FieldPath,
  listKind?: string,
): void {
  const classified = classify(value, listKind);
  const locate = (path: FieldPath): string => `${reading.file}:${document.lines.lineOf([...base, ...path])}`;
  switch (classified.is) {
    case 'object':
      readObject(reading, classified.kind, classified.value, document.complete, locate);
      break;
    case 'list':
      if (listKind !== undefined) {
        refuse(reading, nestedList, locate);
        break;
      }
      for (const [index, item] of classified.items.entries()) {
        readValue(reading, document, item, [...base, 'items', index], kindOf(value));
      }
      break;
    case 'ignored':
      reading.ignoredKinds.add(classified.kind);
      break;
    case 'wrong':
      refuse(reading, classified.problem, locate);
      break;
  }
}

const nestedList: FieldProblem = {
  path: [],
  expected: 'an object in the list',
  got: 'another list',
  hint: 'write its items into the outer list',
  severity: 'error',
};

function refuse(reading: Reading, problem: FieldProblem, locate: ManifestObject['locate']): void {
  reading.damaged = true;
  reading.problems.push(place(problem, locate));
}

function kindOf(value: unknown): string {
  return String((value as { kind: unknown }).kind);
}

function readObject(
  reading: Reading,
  kind: ManifestKind,
  value: object,
  complete: boolean,
  locate: ManifestObject['locate'],
): void {
  const metadata = decodeMetadata(new Fields(value, new Findings()), false);
  const key = metadata && serviceKey(metadata.namespace, metadata.name);
  const id = key === undefined ? kind : `${kind} ${key}`;
  const twin = reading.objects.get(id);
  if (twin !== undefined) {
    reading.problems.push(twinProblem(id, locate([]), twin.locate([])));
    return;
  }
  const { contents, decoded } = decode(kind, value, reading.labelled);
  const valid = decoded.value !== undefined || decoded.skipped !== undefined;
  reading.problems.push(...decoded.problems.map((problem) => place(problem, locate, id)));
  reading.damaged ||= !valid;
  if (key === undefined) return;
  reading.objects.set(id, {
    id,
    key,
    kind,
    ...contents,
    valid,
    selects: kind === 'Service' && hasSelector(value),
    complete,
    locate,
  });
}

function decode(
  kind: ManifestKind,
  value: object,
  labelled: LabelListener | undefined,
): { contents: ManifestContents; decoded: Decoded<unknown> } {
  switch (kind) {
    case 'Service': {
      const decoded = decodeService(value, { unknownFields: 'warn', labelled });
      return { contents: { service: decoded.value }, decoded };
    }
    case 'EndpointSlice': {
      const decoded = decodeEndpointSlice(value);
      return { contents: { slice: decoded.value }, decoded };
    }
    case 'Endpoints': {
      const decoded = decodeEndpoints(value);
      return { contents: { endpoints: decoded.value }, decoded };
    }
  }
}

/** The problem of an object that is written a second time, in the same file or in another. */
export function twinProblem(id: string, where: string, first: string): Problem {
  return {
    where,
    object: id,
    expected: 'every object once',
    got: `one that stands in ${first} too`,
    hint: 'remove one of the two; the first is used',
    severity: 'error',
  };
}

function place(problem: FieldProblem, locate: ManifestObject['locate'], object?: string): Problem {
  const { path, expected, got, hint, severity } = problem;
  return {
    where: locate(path),
    ...(object !== undefined && { object }),
    ...(path.length > 0 && { field: formatPath(path) }),
    expected,
    got,
    hint,
    severity,
  };
}
