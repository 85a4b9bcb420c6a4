import { readFileSync } from 'node:fs';
import { isMap, isScalar, parseDocument } from 'yaml';
import type { Pair, YAMLMap } from 'yaml';

/** Where the chart is, from the repository's directory. */
export const chartFolder = 'charts/kube-ipvs';

/** One value of the chart, as values.yaml has it. */
export interface ChartValue {
  /** `image.tag` */
  readonly path: string;
  readonly default: unknown;
  /** The comment before it, behind `--`. */
  readonly description: string;
}

/**
 * Every value of the chart that a comment describes, in the order of values.yaml. Throws where a value that is no map
 * has no such comment.
 */
export function chartValues(text = readFileSync(`${chartFolder}/values.yaml`, 'utf8')): ChartValue[] {
  const document = parseDocument(text);
  if (!isMap(document.contents)) throw new Error('values.yaml: expected a map, got none');
  return valuesIn(document.contents, []);
}

function valuesIn(map: YAMLMap, path: readonly string[]): ChartValue[] {
  return map.items.flatMap((pair, index) => {
    if (!isScalar(pair.key)) throw new Error(`values.yaml: ${path.join('.')}: expected a name, got none`);
    const own = [...path, String(pair.key.value)];
    // A comment before the first name of a map belongs to the map.
    const comment = pair.key.commentBefore ?? (index === 0 ? map.commentBefore : undefined);
    const description = descriptionIn(comment ?? '');
    if (description !== undefined) return [{ path: own.join('.'), default: defaultOf(pair), description }];
    if (isMap(pair.value)) return valuesIn(pair.value, own);
    throw new Error(`values.yaml: ${own.join('.')}: expected a comment "# -- …" before it, got none`);
  });
}

function defaultOf({ value }: Pair): unknown {
  return (value as { toJSON?: () => unknown } | null)?.toJSON?.() ?? null;
}

function descriptionIn(comment: string): string | undefined {
  return /(?:^|\n) -- ([^]*)$/.exec(comment)?.[1]?.replace(/\n\s*/g, ' ');
}
