import { Composer, type Document, isCollection, LineCounter, Parser } from 'yaml';
import { DocumentLines } from './document-lines.ts';
import { mostAliases, yamlOptions } from './yaml-options.ts';

/** One document of a manifest file. */
export interface ManifestDocument {
  /** Undefined where there is an error. */
  readonly value: unknown;
  readonly lines: DocumentLines;
  /** What keeps the document from being read at all. */
  readonly error: DocumentError | undefined;
  /**
   * True where more was written behind it or its own brackets close it: then it cannot be the cut-off beginning of a
   * longer document.
   */
  readonly complete: boolean;
}

/** Why a document cannot be read. */
export interface DocumentError {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Documents that are read in one go before others get their turn. */
const atOnce = 100;

/**
 * Reads the documents of a file, in order, without those that hold nothing. JSON goes through the engine's own parser
 * and is read as YAML only where that fails, which finds the line of the fault and allows many documents.
 *
 * @param pause gives others a turn; a large file takes seconds
 */
export async function readDocuments(
  text: string,
  format: 'YAML' | 'JSON',
  pause: () => Promise<void>,
): Promise<ManifestDocument[]> {
  const json = format === 'JSON' ? parseJson(text) : undefined;
  if (json !== undefined) {
    return [{ value: json.value, lines: new DocumentLines(text, 1), error: undefined, complete: true }];
  }
  const documents: ManifestDocument[] = [];
  const lines = new LineCounter();
  const tokens = new Parser(lines.addNewLine).parse(text);
  for (const document of new Composer({ ...yamlOptions, lineCounter: lines }).compose(tokens)) {
    markComplete(documents);
    documents.push(readDocument(document, text, lines));
    if (documents.length % atOnce === 0) await pause();
  }
  return documents.filter(
    ({ value, error }) => error !== undefined || (value !== null && value !== undefined),
  );
}

function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function markComplete(documents: ManifestDocument[]): void {
  const last = documents.pop();
  if (last !== undefined) documents.push({ ...last, complete: true });
}

function readDocument(document: Document.Parsed, text: string, lines: LineCounter): ManifestDocument {
  const [start, , end] = document.range;
  const firstLine = lines.linePos(start).line;
  const own = text.slice(start, end);
  const [fault] = document.errors;
  if (fault !== undefined) return unreadable(own, lines.linePos(fault.pos[0]).line, fault.message, firstLine);
  const contents = document.contents;
  try {
    return {
      value: document.toJS({ maxAliasCount: mostAliases }) as unknown,
      lines: new DocumentLines(own, firstLine),
      error: undefined,
      complete: document.directives.docEnd || (isCollection(contents) && contents.flow === true),
    };
  } catch (error) {
    return unreadable(own, firstLine, error instanceof Error ? error.message : String(error), firstLine);
  }
}

function unreadable(text: string, line: number, message: string, firstLine: number): ManifestDocument {
  return {
    value: undefined,
    lines: new DocumentLines(text, firstLine),
    error: { line, message },
    complete: false,
  };
}
