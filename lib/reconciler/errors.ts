/** What was thrown, as an error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Something was asked of a reconciler that has been stopped. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
  readonly code = 'STOPPED';

  constructor() {
    super('expected a running reconciler, but it has been stopped; make a new one');
  }
}
