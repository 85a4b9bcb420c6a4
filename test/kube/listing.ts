import type { ListOptions } from './list-options.ts';
import { keyOf, type KubeObject } from './object.ts';
import type { ResourceType } from './resource-type.ts';
import type { Selector } from './selectors.ts';
import { ApiError, badRequest, tooLarge } from './status.ts';
import type { Store } from './store.ts';

/** One page of a list. */
export interface Page {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  /** What asks for the next page; undefined on the last one. */
  readonly continueToken?: string;
  /** How many objects follow; undefined where a selector makes that unknown. */
  readonly remaining?: number;
}

/** What is asked for beside the options. */
export interface ListScope {
  readonly type: ResourceType;
  /** Empty for all namespaces. */
  readonly namespace: string;
  readonly selector: Selector;
  /** Whether a label or a field selector was given. */
  readonly selects: boolean;
  /** How many revisions the answering server lags behind: it answers as if the newest were not known. */
  readonly behind: number;
}

/** Where a list goes on: `rv` 0 after its snapshot was lost and the client chose to go on regardless. */
interface Continuation {
  readonly rv: number;
  readonly after: string;
}

/**
 * Lists objects with the API's rules: no version is the newest state, 0 any state (and no pages), a version without
 * match is "not older", or exact where pages are asked for. All pages show the same snapshot; one that was compacted
 * since is a 410 that says how to go on with the newest state.
 */
export function listPage(store: Store, scope: ListScope, options: ListOptions): Page {
  if (options.continueToken !== '') return continuedPage(store, scope, options);
  const { resourceVersion = 0, limit } = options;
  const newest = Math.max(store.revision - scope.behind, store.history.oldest);
  if (resourceVersion > newest) throw tooLarge(resourceVersion, newest);
  const exact =
    options.match === 'Exact' || (options.match === undefined && limit > 0 && resourceVersion > 0);
  const revision = exact ? resourceVersion : newest;
  return pageOf(store, scope, revision, '', options.resourceVersion === 0 ? 0 : limit);
}

function continuedPage(store: Store, scope: ListScope, options: ListOptions): Page {
  const { rv, after } = readToken(options.continueToken);
  const revision = rv === 0 ? store.revision : rv;
  if (revision < store.history.oldest) {
    const current = String(store.revision);
    throw new ApiError(
      410,
      'Expired',
      'The provided continue parameter is too old to display a consistent list result.',
      undefined,
      { token: writeToken({ rv: 0, after }), resourceVersion: current },
    );
  }
  return pageOf(store, scope, revision, after, options.limit);
}

function pageOf(store: Store, scope: ListScope, revision: number, after: string, limit: number): Page {
  const all = revision === store.revision ? store.list(scope.type) : store.listAt(scope.type, revision);
  const resourceVersion = String(revision);
  const items: KubeObject[] = [];
  let index = firstBehind(all, after);
  for (; index < all.length && (limit === 0 || items.length < limit); index += 1) {
    const object = all[index];
    if (object && isChosen(object, scope)) items.push(object);
  }
  const rest = all.slice(index);
  if (!rest.some((object) => isChosen(object, scope))) return { items, resourceVersion };
  const last = items.at(-1);
  const continueToken = writeToken({ rv: revision, after: last ? keyOf(last) : '' });
  if (scope.selects) return { items, resourceVersion, continueToken };
  const remaining = rest.filter((object) => isChosen(object, scope)).length;
  return { items, resourceVersion, continueToken, remaining };
}

function isChosen(object: KubeObject, { namespace, selector }: ListScope): boolean {
  return (namespace === '' || object.metadata.namespace === namespace) && selector(object);
}

/** Where the objects begin that come behind a key; a long list is not gone through for every page. */
function firstBehind(all: readonly KubeObject[], after: string): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const object = all[middle];
    if (object && keyOf(object) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

function writeToken(continuation: Continuation): string {
  return Buffer.from(JSON.stringify(continuation)).toString('base64url');
}

function readToken(token: string): Continuation {
  try {
    const { rv, after } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Partial<Continuation>;
    if (typeof rv === 'number' && typeof after === 'string') return { rv, after };
  } catch {
    // Falls through to the answer for a token that is none of ours.
  }
  throw badRequest('continue key is not valid');
}
