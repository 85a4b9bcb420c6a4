import type { Logger } from 'pino';
import { ReportedError } from './reporting-api.ts';
import { Trouble, type TroubleReason } from './trouble.ts';

/** What happens in the life of every watch, and mends itself: told in passing. */
const ordinary: readonly TroubleReason[] = ['expired', 'cut', 'short', 'unsupported', 'throttled'];

/** What shows only after the server has let the watch begin. */
const within: readonly TroubleReason[] = [
  'broken',
  'unknown',
  'unversioned',
  'silent',
  'disorder',
  'backwards',
];

/** The Trouble that an error amounts to. */
export function describeTrouble(error: unknown, what: string): Trouble {
  if (error instanceof Trouble) return error;
  const got = error instanceof Error ? error.message : String(error);
  return new Trouble('unreachable', `${what} cannot be read: ${got}; it is tried again`, { cause: error });
}

/** Tells of the troubles of one watch: each once while it lasts, and once that it is over. */
export class TroubleReport {
  readonly #log: Logger;
  readonly #what: string;
  #told: TroubleReason | undefined;
  #current: string | undefined;

  constructor(log: Logger, what: string) {
    this.#log = log;
    this.#what = what;
  }

  /** The message of the trouble that lasts. */
  get current(): string | undefined {
    return this.#current;
  }

  /** A trouble was met. */
  tell(trouble: Trouble): void {
    const fields = { code: trouble.code, what: this.#what };
    if (ordinary.includes(trouble.code)) {
      this.#log.info(fields, trouble.message);
      return;
    }
    this.#current = trouble.message;
    if (trouble.cause instanceof ReportedError) {
      this.#log.debug(fields, trouble.message);
      return;
    }
    if (this.#told === trouble.code) {
      this.#log.debug(fields, trouble.message);
    } else {
      this.#log.error(fields, trouble.message);
    }
    this.#told = trouble.code;
  }

  /** The server has let the watch begin. What was wrong within the last one may come again. */
  opened(): void {
    if (this.#told === undefined || !within.includes(this.#told)) this.clear();
  }

  /** The watch goes well. */
  clear(): void {
    if (this.#told !== undefined) this.#log.info({ what: this.#what }, `${this.#what} are read again`);
    this.#told = undefined;
    this.#current = undefined;
  }
}
