import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Document, Pair, ScalarTag, SchemaOptions, Tags } from 'yaml';
import type { Problem } from '../model/problem.ts';

/** A place in a file, both numbers from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One `name: value` of a file. */
export interface FileEntry {
  readonly name: string;
  readonly position: Position;
  /** The entries within it, where the value is a map. */
  readonly entries: readonly FileEntry[] | undefined;
  /** The whole value, as JSON has it. */
  readonly value: unknown;
}

/** A file of one document that is a map, or what keeps it from being read. */
export type FileDocument =
  | { readonly entries: readonly FileEntry[] }
  | { readonly position: Position; readonly fault: Pick<Problem, 'expected' | 'got' | 'hint'> };

/** How configuration is read from YAML, and to be written so that it is read as it was. */
export const yamlOptions: SchemaOptions = { schema: 'core', customTags: wordsForBooleans };

/** Nodes that aliases may stand for: enough for any configuration, too few to exhaust memory. */
const mostAliases = 1000;

/**
 * Reads YAML, or JSON, as Kubernetes' components do: of several documents one may hold something, `yes` and `on` are
 * true, `no` and `off` are false. Of a name that stands twice both entries are given. Never throws.
 */
export function readDocument(text: string): FileDocument {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const documents = parseAllDocuments(text, {
      ...yamlOptions,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
      lineCounter: lines,
    });
    return onlyDocument([...documents], at);
  } catch (error) {
    // Aliases that stand for themselves or for far too much, brackets within brackets without end.
    const got = error instanceof Error ? error.message : String(error);
    return fault(at(0), 'YAML that can be read', got, 'write the values out');
  }
}

function onlyDocument(documents: readonly Document.Parsed[], at: (offset: number) => Position): FileDocument {
  const [error] = documents.flatMap(({ errors }) => errors);
  if (error !== undefined) {
    const got = error.message.split('\n')[0] ?? '';
    return fault(at(error.pos[0]), 'YAML or JSON', got, 'mend it; blanks, not tabs, say what is within what');
  }
  const [document, second] = documents.filter(
    ({ contents }) => contents !== null && !isEmptyScalar(contents),
  );
  if (document === undefined) {
    return fault(at(0), 'a configuration', 'an empty file', 'begin with apiVersion and kind');
  }
  if (second !== undefined) {
    const hint = 'leave only the configuration in the file';
    return fault(at(second.range[0]), 'one document', 'a second one', hint);
  }
  const entries = entriesOf(document.contents, document, at);
  if (entries !== undefined) return { entries };
  return fault(at(0), 'fields as name: value', 'something else', 'begin with apiVersion and kind');
}

function entriesOf(
  node: unknown,
  document: Document,
  at: (offset: number) => Position,
): readonly FileEntry[] | undefined {
  const own = isAlias(node) ? node.resolve(document) : node;
  if (!isMap(own)) return undefined;
  return own.items.map((pair) => ({
    name: nameOf(pair),
    position: at(startOf(pair.key) ?? own.range?.[0] ?? 0),
    // What an alias stands for may hold that alias: such a thing has no end.
    entries: isAlias(pair.value) ? undefined : entriesOf(pair.value, document, at),
    value: valueOf(pair.value, document),
  }));
}

function nameOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) ? node.range?.[0] : undefined;
}

function valueOf(node: unknown, document: Document): unknown {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return null;
  return node.toJS(document, { maxAliasCount: mostAliases });
}

function isEmptyScalar(node: unknown): boolean {
  return isScalar(node) && node.value === null;
}

function fault(position: Position, expected: string, got: string, hint: string): FileDocument {
  return { position, fault: { expected, got, hint } };
}

/** Go's reader of YAML, which kube-proxy has, knows the words of YAML 1.1. */
function wordsForBooleans(tags: Tags): Tags {
  const words: ScalarTag = {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    identify: (value) => typeof value === 'boolean',
    test: /^(?:y|yes|on|true|n|no|off|false)$/i,
    resolve: (text) => /^(?:y|yes|on|true)$/i.test(text),
  };
  return tags.map((tag) => (typeof tag === 'object' && tag.tag === words.tag ? words : tag));
}
