import { isTrue } from './request-path.ts';
import { badRequest, invalid } from './status.ts';

/** How versions are to match; see `resourceVersionMatch` of the API. */
export type VersionMatch = 'Exact' | 'NotOlderThan';

/** The options of a list and of a watch (meta/v1 ListOptions), read and checked. */
export interface ListOptions {
  /** Undefined where it is not given, which is another thing than 0. */
  readonly resourceVersion: number | undefined;
  readonly match: VersionMatch | undefined;
  /** 0 for no limit. */
  readonly limit: number;
  readonly continueToken: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly bookmarks: boolean;
  readonly sendInitialEvents: boolean;
  /** Undefined where the server may choose. */
  readonly timeoutSeconds: number | undefined;
}

/** Reads the options from a query. Throws 400, and 422 for what does not go together. */
export function parseListOptions(query: URLSearchParams, watch: boolean): ListOptions {
  const options: ListOptions = {
    resourceVersion: countIn(query, 'resourceVersion'),
    match: matchIn(query),
    limit: countIn(query, 'limit') ?? 0,
    continueToken: query.get('continue') ?? '',
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: isTrue(query.get('sendInitialEvents')),
    timeoutSeconds: countIn(query, 'timeoutSeconds'),
  };
  if (watch) checkWatch(options, query);
  else checkList(options, query);
  return options;
}

function checkWatch(options: ListOptions, query: URLSearchParams): void {
  const initial = query.get('sendInitialEvents') !== null;
  if (initial && options.match !== 'NotOlderThan') {
    refuse('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  if (!initial && options.match !== undefined) {
    refuse(
      'resourceVersionMatch',
      'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    );
  }
  if (options.continueToken !== '') refuse('continue', 'continue is forbidden for watch');
}

function checkList(options: ListOptions, query: URLSearchParams): void {
  const { match, resourceVersion, continueToken } = options;
  if (query.get('sendInitialEvents') !== null) {
    refuse('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  }
  if (match !== undefined && resourceVersion === undefined) {
    refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
  }
  if (match !== undefined && continueToken !== '') {
    refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
  }
  if (match === 'Exact' && resourceVersion === 0) {
    refuse('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (continueToken !== '' && resourceVersion !== undefined && resourceVersion !== 0) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
}

function refuse(field: string, message: string): never {
  throw invalid('ListOptions.meta.k8s.io', '', field, `Forbidden: ${message}`);
}

function matchIn(query: URLSearchParams): VersionMatch | undefined {
  const text = query.get('resourceVersionMatch') ?? '';
  if (text === '') return undefined;
  if (text === 'Exact' || text === 'NotOlderThan') return text;
  return refuse('resourceVersionMatch', `Unsupported value: "${text}"`);
}

function countIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? '';
  if (text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`invalid ${name}: "${text}" is no number`);
  return Number(text);
}
