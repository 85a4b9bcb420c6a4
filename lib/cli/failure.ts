/** The exit statuses of the program. */
export const exitStatus = {
  /** All is as it was asked. */
  success: 0,
  /** `diff`: the kernel holds something else. `run --once`: something was refused. Others: it could not be done. */
  failure: 1,
  /** The command line is wrong, or `diff` could not compare. */
  usage: 2,
} as const;

/** Something that keeps a command from going on, told so that a person can mend it. */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** A code of this project's own. */
  readonly code: string;
  /** What to do, in the imperative. */
  readonly hint: string;

  /** @param message what was expected and what came, in one line */
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}
