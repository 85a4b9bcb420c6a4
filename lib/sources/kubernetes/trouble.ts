/**
 * Why a list or watch came to an end that was not agreed.
 *
 * - `unreachable`: no answer; `cut`: the connection broke within an answer; `silent`: nothing came for too long
 * - `unauthorized` 401, `forbidden` 403, `missing` 404, `throttled` 429, `refused` other 4xx, `server` 5xx
 * - `expired` 410: the version to go on from is no longer known; `ahead`: the server does not know it yet
 * - `unsupported`: the server does not stream lists
 * - `broken`: something that is no event or list of objects; `unknown`: an event of an unknown type;
 *   `unversioned`: an object without name or version
 * - `disorder`: an event of a version that had passed; `backwards`: the server's version is lower than it was
 * - `short`: the server ended a watch as soon as it had begun
 */
export type TroubleReason =
  | 'unreachable'
  | 'cut'
  | 'silent'
  | 'unauthorized'
  | 'forbidden'
  | 'missing'
  | 'throttled'
  | 'refused'
  | 'server'
  | 'expired'
  | 'ahead'
  | 'unsupported'
  | 'broken'
  | 'unknown'
  | 'unversioned'
  | 'disorder'
  | 'backwards'
  | 'short';

/** What ended a list or watch. The message says what was expected, what came and what to do. */
export class Trouble extends Error {
  override readonly name = 'Trouble';
  readonly code: TroubleReason;
  /** Milliseconds that the server asks to wait; 0 where it does not. */
  readonly retryAfter: number;

  constructor(
    code: TroubleReason,
    message: string,
    { retryAfter = 0, cause }: { readonly retryAfter?: number; readonly cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.retryAfter = retryAfter;
  }
}
