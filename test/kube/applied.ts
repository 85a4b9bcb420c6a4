import { isJsonObject, type JsonObject, type ObjectMeta } from './object.ts';

/**
 * What each manager applied last to each object, so that a field that it applies no more goes. Who owns a field
 * besides is not kept: it goes even where another manager wants it too. Lists go as a whole, as the lists do that
 * `strategicMerge` replaces.
 */
export class AppliedConfigurations {
  readonly #last = new Map<string, JsonObject>();

  /** The object without what its manager applied before and does not now. */
  released<Type extends KubeShape>(object: Type, manager: string, next: JsonObject): Type {
    const last = this.#last.get(ownerOf(object, manager));
    return last === undefined ? object : (withoutGone(object, last, next) as Type);
  }

  /** Takes note of what was applied to an object, which it is by its uid. */
  note(object: KubeShape, manager: string, applied: JsonObject): void {
    this.#last.set(ownerOf(object, manager), applied);
  }
}

type KubeShape = JsonObject & { readonly metadata: Partial<ObjectMeta> };

function ownerOf({ metadata }: KubeShape, manager: string): string {
  return `${metadata.uid ?? ''} ${manager}`;
}

function withoutGone(object: JsonObject, last: JsonObject, next: JsonObject): JsonObject {
  const kept = Object.entries(object).filter(([field]) => !(field in last) || field in next);
  return Object.fromEntries(
    kept.map(([field, value]) => {
      const [was, is] = [last[field], next[field]];
      const deeper = isJsonObject(value) && isJsonObject(was) && isJsonObject(is);
      return [field, deeper ? withoutGone(value, was, is) : value];
    }),
  );
}
