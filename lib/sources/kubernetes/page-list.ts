import { isObject } from '../objects/fields.ts';
import { troubleOf } from './api-status.ts';
import type { Api } from './api.ts';
import { type BodyOptions, readDocument } from './body.ts';
import { Trouble } from './trouble.ts';
import { metadataOf, versionOf } from './watch-event.ts';

/** What is listed, and how. */
export interface PageListOptions extends BodyOptions {
  readonly api: Api;
  readonly path: string;
  /** Selectors. */
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** A part of a list. */
export interface Page {
  readonly items: readonly unknown[];
  /** Whether the list has begun anew, so that what earlier pages had does not count. */
  readonly restarted: boolean;
  /** The version of the whole list, the same on every page. */
  readonly version: number;
}

/** Objects a page, as client-go has it. */
const pageSize = 500;

/** So often a list may outlive its own version; then it is asked for in one piece. */
const mostRestarts = 2;

/**
 * A consistent list, page by page: one page is held at a time. Where the server has forgotten the version of the list before
 * its last page (410 for a continue token), it begins anew.
 */
export async function* listPages(options: PageListOptions): AsyncGenerator<Page> {
  let restarts = 0;
  let next = '';
  let restarted = true;
  do {
    const page = await readPage(options, next, restarts < mostRestarts ? pageSize : 0);
    if (page === undefined) {
      restarts += 1;
      next = '';
      restarted = true;
      continue;
    }
    yield { items: page.items, restarted, version: page.version };
    restarted = false;
    next = page.next;
  } while (restarted || next !== '');
}

/** The version that the server is at, for the price of one object. */
export async function currentVersion(options: PageListOptions): Promise<number> {
  return (await readPage(options, '', 1))?.version ?? 0;
}

interface ReadPage {
  readonly items: readonly unknown[];
  readonly version: number;
  readonly next: string;
}

/** Undefined where the continue token has expired. */
async function readPage(
  options: PageListOptions,
  next: string,
  limit: number,
): Promise<ReadPage | undefined> {
  const { api, path, query, signal, what } = options;
  const paging = { ...(limit > 0 && { limit: String(limit) }), ...(next !== '' && { continue: next }) };
  const response = await api.request({ path, query: { ...query, ...paging }, signal });
  if (response.status !== 200) {
    const trouble = await troubleOf(response, what, options.clock);
    if (trouble.code === 'expired' && next !== '') return undefined;
    throw trouble;
  }
  return parsePage(await readDocument(response, options), what);
}

function parsePage(document: unknown, what: string): ReadPage {
  const list = isObject(document) ? document : {};
  const items = 'items' in list ? (list.items ?? []) : undefined;
  const version = versionOf(list);
  if (!Array.isArray(items) || version === 0) {
    throw new Trouble(
      'broken',
      `expected a list of ${what} with items and a version, got neither or one of them; it is asked for again`,
    );
  }
  const next = metadataOf(list)['continue'];
  return { items: items as unknown[], version, next: typeof next === 'string' ? next : '' };
}
