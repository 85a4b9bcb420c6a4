import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A link of a page, as its author wrote it, and where it leads. */
export interface Link {
  /** The page that has it, from the root of the repository. */
  readonly page: string;
  readonly written: string;
  /** The file or folder, from the root of the repository. */
  readonly path: string;
  /** What stands behind `#`; empty where nothing does. */
  readonly anchor: string;
}

/** Code of a page: a block, or a piece within a line. */
export interface Code {
  readonly page: string;
  readonly text: string;
  readonly isBlock: boolean;
}

const fenced = /^( *)(`{3,}|~{3,})[^\n]*\n(.*?)^\1\2 *$/gms;
const inline = /(`+)(?!`)(.+?)(?<!`)\1(?!`)/gs;

/** Every page of the repository, from its root. */
export function allPages(): string[] {
  return globSync('**/*.md', { exclude: (path) => /^(node_modules|build|dist)(\/|$)/.test(path) }).sort();
}

/** The text of a page. */
export function textOf(page: string): string {
  return readFileSync(page, 'utf8');
}

/** The links within the repository that a page has, pictures included; those in its code are none. */
export function linksOf(page: string, text = textOf(page)): Link[] {
  const prose = text.replaceAll(fenced, '').replaceAll(inline, '');
  return Array.from(prose.matchAll(/\]\(([^()\s]+)\)/g), ([, written = '']) => written)
    .filter((written) => !/^[a-z]+:/.test(written))
    .map((written) => {
      const [path = '', anchor = ''] = written.split('#');
      return { page, written, path: path === '' ? page : join(dirname(page), path), anchor };
    });
}

/** The code of a page. */
export function codeOf(page: string, text = textOf(page)): Code[] {
  const blocks = Array.from(text.matchAll(fenced), ([, , , inner = '']) => ({
    ...{ page, text: inner },
    isBlock: true,
  }));
  const pieces = Array.from(text.replaceAll(fenced, '').matchAll(inline), ([, , inner = '']) => ({
    ...{ page, text: inner.replaceAll(/\s+/g, ' ').trim() },
    isBlock: false,
  }));
  return [...blocks, ...pieces];
}

/** The anchors that the headings of a page have where GitHub, or what does as it does, shows it. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of text.replaceAll(fenced, '').matchAll(/^#{1,6} +(.+?) *#* *$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = plain.replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/** What a shell would run: the lines of a block of code, those that a backslash continues in one piece. */
export function shellLines(block: string): string[] {
  return block
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/^\s*[$#] /, ''));
}
