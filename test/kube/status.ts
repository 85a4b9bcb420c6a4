import { qualifiedName, type ResourceType } from './resource-type.ts';

/** A `Status` of meta/v1: the body of every error, and the object of an ERROR event. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, string>>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** What a `Status` is about. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly {
    readonly reason?: string;
    readonly message?: string;
    readonly field?: string;
  }[];
  readonly retryAfterSeconds?: number;
}

/** What keeps a request from being answered, with its HTTP status code and its reason. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** What a client may go on with after an expired continue token. */
  readonly continueWith: { readonly token: string; readonly resourceVersion: string } | undefined;

  constructor(
    code: number,
    reason: string,
    message: string,
    details?: StatusDetails,
    continueWith?: { token: string; resourceVersion: string },
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.continueWith = continueWith;
  }

  /** The error as the API shows it. */
  get status(): Status {
    const { continueWith } = this;
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: continueWith
        ? { continue: continueWith.token, resourceVersion: continueWith.resourceVersion }
        : {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details && { details: this.details }),
      code: this.code,
    };
  }
}

function about(type: ResourceType, name: string): StatusDetails {
  return { name, kind: type.plural, ...(type.group !== '' && { group: type.group }) };
}

/** 404 for an object. */
export function notFound(type: ResourceType, name: string): ApiError {
  return new ApiError(404, 'NotFound', `${qualifiedName(type)} "${name}" not found`, about(type, name));
}

/** 404 for a path. */
export function noSuchPath(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource');
}

/** 409 for a name that is taken. */
export function alreadyExists(type: ResourceType, name: string): ApiError {
  return new ApiError(
    409,
    'AlreadyExists',
    `${qualifiedName(type)} "${name}" already exists`,
    about(type, name),
  );
}

/** 409 for a write over a state that the writer has not seen. */
export function conflict(type: ResourceType, name: string): ApiError {
  const message =
    `Operation cannot be fulfilled on ${qualifiedName(type)} "${name}": the object has been modified; ` +
    'please apply your changes to the latest version and try again';
  return new ApiError(409, 'Conflict', message, about(type, name));
}

/** 422 for an object or for options that break a rule. */
export function invalid(kind: string, name: string, field: string, message: string): ApiError {
  const text = `${kind} "${name}" is invalid: ${field}: ${message}`;
  const causes = [{ reason: 'FieldValueInvalid', message, field }];
  return new ApiError(422, 'Invalid', text, { name, kind, causes });
}

/** 400. */
export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

/** 410 for a revision whose history is gone. */
export function tooOld(asked: number, oldest: number): ApiError {
  return new ApiError(410, 'Expired', `too old resource version: ${asked} (${oldest})`);
}

/** 504 for a revision that is not there yet. */
export function tooLarge(asked: number, current: number): ApiError {
  const message = `Too large resource version: ${asked}, current: ${current}`;
  return new ApiError(504, 'Timeout', message, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}
