import { parse as parseYaml } from 'yaml';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { isJsonObject, type KubeObject } from './object.ts';
import { ApiError, badRequest } from './status.ts';
import { strategicMerge } from './strategic-merge.ts';
import type { NewObject } from './store.ts';

/**
 * Applies a patch of the media type to an object: JSON patch, JSON merge patch, strategic merge patch, or an applied
 * configuration, which is merged strategically. What it applies no more is to be gone already (`applied.ts`).
 */
export function patched(object: NewObject, contentType: string, body: string): KubeObject {
  const result = apply(object, contentType.split(';', 1)[0] ?? '', parsePatch(body));
  if (!isJsonObject(result) || !isJsonObject(result['metadata']))
    throw badRequest('the patch leaves no object');
  return result as KubeObject;
}

function apply(object: NewObject, mediaType: string, patch: unknown): unknown {
  switch (mediaType) {
    case 'application/json-patch+json':
      return jsonPatch(object, patch);
    case 'application/merge-patch+json':
      return mergePatch(object, patch);
    case 'application/strategic-merge-patch+json':
    case 'application/apply-patch+yaml':
      return strategicMerge(object, patch);
    default:
      throw new ApiError(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format - accepted media types include: ` +
          `application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`,
      );
  }
}

/** What a patch says, in JSON or YAML. Throws 400 where it is neither. */
export function parsePatch(body: string): unknown {
  try {
    return parseYaml(body);
  } catch {
    throw badRequest('the body of the request is neither JSON nor YAML');
  }
}
