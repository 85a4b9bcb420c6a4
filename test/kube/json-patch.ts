import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from './object.ts';
import { ApiError, badRequest } from './status.ts';

type Container = Record<string, unknown> | unknown[];

/** Applies a JSON patch (RFC 6902). Throws 422 where a step cannot be done; then nothing is. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('expected a list of JSON patch steps');
  const root = { '': structuredClone(target) };
  for (const step of patch) {
    if (!isJsonObject(step)) throw badRequest('expected a JSON patch step to be an object');
    applyStep(root, step);
  }
  return root[''];
}

function applyStep(root: Container, step: Readonly<Record<string, unknown>>): void {
  const path = pathOf(step['path']);
  switch (step['op']) {
    case 'add':
      add(root, path, step['value']);
      return;
    case 'replace':
      take(root, path);
      add(root, path, step['value']);
      return;
    case 'remove':
      take(root, path);
      return;
    case 'move':
      add(root, path, take(root, pathOf(step['from'])));
      return;
    case 'copy':
      add(root, path, structuredClone(read(root, pathOf(step['from']))));
      return;
    case 'test':
      if (isDeepStrictEqual(read(root, path), step['value'])) return;
      throw impossible(`testing value ${String(step['path'])} failed`);
    default:
      throw badRequest(`expected a JSON patch operation, got ${String(step['op'])}`);
  }
}

/** Steps from the container of the document, whose only key is empty: what a pointer begins with. */
function pathOf(pointer: unknown): string[] {
  if (typeof pointer !== 'string' || (pointer !== '' && !pointer.startsWith('/'))) {
    throw badRequest(`expected a JSON pointer, got ${JSON.stringify(pointer)}`);
  }
  return pointer.split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(root: Container, path: readonly string[]): unknown {
  return path.reduce((value: unknown, step) => child(value, step), root);
}

function child(container: unknown, step: string): unknown {
  const value: unknown = Array.isArray(container)
    ? container[indexIn(container, step)]
    : isJsonObject(container) && Object.hasOwn(container, step)
      ? container[step]
      : undefined;
  if (value === undefined) throw impossible(`there is no ${step} to go to`);
  return value;
}

function add(root: Container, path: readonly string[], value: unknown): void {
  const [container, step] = endOf(root, path);
  if (Array.isArray(container)) {
    const index = step === '-' ? container.length : indexIn(container, step, container.length);
    container.splice(index, 0, value);
  } else container[step] = value;
}

function take(root: Container, path: readonly string[]): unknown {
  const [container, step] = endOf(root, path);
  const value = child(container, step);
  if (Array.isArray(container)) container.splice(Number(step), 1);
  else Reflect.deleteProperty(container, step);
  return value;
}

function endOf(root: Container, path: readonly string[]): [Container, string] {
  const container = read(root, path.slice(0, -1));
  if (!Array.isArray(container) && !isJsonObject(container))
    throw impossible('the path leads into a plain value');
  return [container as Container, path.at(-1) ?? ''];
}

function indexIn(list: readonly unknown[], step: string, last = list.length - 1): number {
  const index = /^(?:0|[1-9]\d*)$/.test(step) ? Number(step) : -1;
  if (index < 0 || index > last) throw impossible(`there is no item ${step}`);
  return index;
}

function impossible(message: string): ApiError {
  return new ApiError(
    422,
    'Invalid',
    `the server rejected our request due to an error in our request: ${message}`,
  );
}
