import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject } from './object.ts';

/** The lists that are merged, by the last name of their path, and the key of their items; empty for plain values. */
const mergeKeys: Readonly<Record<string, string>> = {
  ports: 'port',
  taints: 'key',
  conditions: 'type',
  finalizers: '',
  ownerReferences: 'uid',
};

/** Kinds whose lists are replaced whole, though they are called as one that is merged. */
const atomicKinds: readonly unknown[] = ['EndpointSlice', 'Endpoints'];

/**
 * Applies a strategic merge patch to an object of the kinds served, with its directives `$patch`, `$setElementOrder/…`,
 * `$deleteFromPrimitiveList/…` and `$retainKeys`.
 */
export function strategicMerge(target: unknown, patch: unknown): unknown {
  const atomic = isJsonObject(target) && atomicKinds.includes(target['kind']);
  return merge(target, patch, (field) => (atomic && field === 'ports' ? undefined : mergeKeys[field]));
}

type KeyOf = (field: string) => string | undefined;

function merge(target: unknown, patch: unknown, keyOf: KeyOf): unknown {
  if (!isJsonObject(patch)) return patch;
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  if (patch['$patch'] === 'delete') return undefined;
  const result: Record<string, unknown> = retained(isJsonObject(target) ? target : {}, patch['$retainKeys']);
  for (const [field, value] of Object.entries(patch)) mergeField(result, field, value, keyOf);
  reorder(result, patch, keyOf);
  return result;
}

function mergeField(result: Record<string, unknown>, field: string, value: unknown, keyOf: KeyOf): void {
  const removal = /^\$deleteFromPrimitiveList\/(.+)$/.exec(field)?.[1];
  if (removal !== undefined) {
    const gone = Array.isArray(value) ? value : [];
    result[removal] = listOf(result[removal]).filter((item) => !gone.includes(item));
  } else if (field.startsWith('$')) {
    return;
  } else if (value === null) {
    Reflect.deleteProperty(result, field);
  } else if (Array.isArray(value)) {
    result[field] = mergeList(listOf(result[field]), value, keyOf(field), keyOf);
  } else {
    result[field] = merge(result[field], value, keyOf);
  }
}

function mergeList(
  target: readonly unknown[],
  patch: readonly unknown[],
  key: string | undefined,
  keyOf: KeyOf,
): unknown[] {
  if (key === undefined || patch.some((item) => directive(item) === 'replace')) {
    return patch.filter((item) => directive(item) !== 'replace');
  }
  if (key === '') return [...new Set([...target, ...patch])];
  const result = [...target];
  for (const item of patch) {
    const index = result.findIndex((one) => sameKey(one, item, key));
    if (directive(item) === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = merge(result[index], item, keyOf);
    else result.push(merge({}, item, keyOf));
  }
  return result;
}

function reorder(result: Record<string, unknown>, patch: JsonObject, keyOf: KeyOf): void {
  for (const [directiveName, order] of Object.entries(patch)) {
    const field = /^\$setElementOrder\/(.+)$/.exec(directiveName)?.[1];
    if (field === undefined || !Array.isArray(order)) continue;
    const key = keyOf(field) ?? '';
    const placeOf = (item: unknown): number => {
      const place = order.findIndex((one) => (key === '' ? one === item : sameKey(one, item, key)));
      return place < 0 ? order.length : place;
    };
    result[field] = listOf(result[field]).toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

function retained(target: JsonObject, keys: unknown): Record<string, unknown> {
  if (!Array.isArray(keys)) return { ...target };
  return Object.fromEntries(Object.entries(target).filter(([field]) => keys.includes(field)));
}

function sameKey(one: unknown, other: unknown, key: string): boolean {
  return isJsonObject(one) && isJsonObject(other) && isDeepStrictEqual(one[key], other[key]);
}

function directive(item: unknown): unknown {
  return isJsonObject(item) ? item['$patch'] : undefined;
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([field]) => !field.startsWith('$')));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
