import { isJsonObject, objectIn } from './object.ts';

/** Applies a JSON merge patch (RFC 7386): null removes, objects are merged, everything else takes the place. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, unknown> = { ...objectIn(target) };
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, field);
    else result[field] = mergePatch(result[field], value);
  }
  return result;
}
