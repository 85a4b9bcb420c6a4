import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { FieldPath } from '../objects/decoded.ts';
import { yamlOptions } from './yaml-options.ts';

/** A document parsed for its positions. */
interface Parsed {
  readonly document: Document;
  readonly lines: LineCounter;
}

/**
 * Finds the line of a field in one document of a manifest. Lines are wanted only where there is something to report, so
 * the document is parsed again then, rather than kept as a tree; answers are kept, and the tree while memory allows.
 */
export class DocumentLines {
  readonly #text: string;
  readonly #firstLine: number;
  readonly #answers = new Map<string, number>();
  #parsed: WeakRef<Parsed> | undefined;

  /**
   * @param text the document alone, YAML or JSON
   * @param firstLine the line of the file that it begins on, from 1
   */
  constructor(text: string, firstLine: number) {
    this.#text = text;
    this.#firstLine = firstLine;
  }

  /** The line of a field, or of the nearest thing around it that is written. */
  lineOf(path: FieldPath): number {
    const key = JSON.stringify(path);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const { document, lines } = this.#parse();
    const line = this.#firstLine - 1 + Math.max(1, lines.linePos(offsetOf(document, path)).line);
    this.#answers.set(key, line);
    return line;
  }

  #parse(): Parsed {
    const kept = this.#parsed?.deref();
    if (kept !== undefined) return kept;
    const lines = new LineCounter();
    const parsed = { document: parseDocument(this.#text, { ...yamlOptions, lineCounter: lines }), lines };
    this.#parsed = new WeakRef(parsed);
    return parsed;
  }
}

function offsetOf(document: Document, path: FieldPath): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    const child = childOf(resolve(node, document), step);
    if (child === undefined) return offset;
    offset = child.start ?? offset;
    node = child.node;
  }
  return offset;
}

function resolve(node: unknown, document: Document): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function childOf(
  node: unknown,
  step: string | number,
): { node: unknown; start: number | undefined } | undefined {
  if (isSeq(node) && typeof step === 'number') {
    const item = node.items[step];
    return item === undefined ? undefined : { node: item, start: startOf(item) };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
  return pair === undefined ? undefined : { node: pair.value, start: startOf(pair.key) };
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
